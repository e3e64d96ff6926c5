"""The version of the code that makes records of pages: the same code, or not, across runs, workers and restarts."""

from __future__ import annotations

import sys
from functools import cache
from hashlib import blake2b
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from scraper.core.project import VERSION, project

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARED = ("models", "pipelines")
"""The parts of a project that every spider's records go through; the second may be one module."""


def code_version(spider: type) -> str:
    """Return what tells the code of a spider from other code, 24 hex digits.

    It covers the modules that the spider is written in, with what they import from beside them, all of `models` and
    `pipelines`, and the version of Swathe. The files are read as they are when it is first asked for.
    """
    return version_of(spider.__mro__)


@cache
def version_of(bases: tuple[type, ...]) -> str:
    """Return the version of the code of classes, of which the later ones are bases of the first."""
    files = {path for part in SHARED for path in project().path(part).rglob("*.py")} | {project().path("pipelines.py")}
    for module in _own_modules(bases):
        files.add(_file_of(module))
    version = blake2b(VERSION.encode(), digest_size=12)
    # A spider that was typed in has no file. The order must not depend on where the files lie.
    for name, content in sorted((path.name, path.read_bytes() if path.is_file() else b"") for path in files):
        version.update(f"\0{name}\0{len(content)}\0".encode() + content)
    return version.hexdigest()


def _own_modules(classes: tuple[type, ...]) -> list[ModuleType]:
    """Return the modules of classes, up to Swathe's own, and what they import from their folders."""
    todo = [sys.modules[base.__module__] for base in classes if _is_own(base.__module__)]
    found: dict[str, ModuleType] = {}
    folders = {_file_of(module).parent for module in todo}
    while todo:
        module = todo.pop()
        if module.__name__ not in found:
            found[module.__name__] = module
            todo += (other for other in _imported_by(module) if not folders.isdisjoint(_file_of(other).parents))
    return list(found.values())


def _imported_by(module: ModuleType) -> Iterator[ModuleType]:
    for value in list(vars(module).values()):
        name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
        if isinstance(name, str) and _is_own(name) and name in sys.modules:
            yield sys.modules[name]


def _is_own(module: str) -> bool:
    """Return whether a module is neither Python's, Scrapy's, nor Swathe's own."""
    package = module.partition(".")[0]
    return package not in ("scraper", "scrapy", *SHARED) and package not in sys.stdlib_module_names


def _file_of(module: ModuleType) -> Path:
    return Path(getattr(module, "__file__", None) or module.__name__)
