"""Swathe: what spiders and models need, in one line: `from scraper import NextLink, Record, SiteSpider, cleaners`.

A name is imported when it is first asked for, so that a command does not wait for what it does not use. Which names
there are, and where each is from, says `__init__.pyi`, which type checkers and editors read as well.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any


@cache
def _homes() -> dict[str, str]:
    """Return the names that can be imported from here, with the module of each."""
    import ast
    from pathlib import Path

    stub = ast.parse(Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8"))
    return {
        alias.name: str(node.module) for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }


def __getattr__(name: str) -> Any:
    """Import a name of the list; the submodules are imported as everywhere."""
    if name == "__all__":
        return sorted(_homes())
    if name.startswith("_") or name not in _homes():
        raise AttributeError(f"module 'scraper' has no attribute {name!r}")
    home = import_module(_homes()[name])
    value = getattr(home, name, None) or import_module(f"{home.__name__}.{name}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return what can be imported from here."""
    return sorted({*globals(), *_homes()})
