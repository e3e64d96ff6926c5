"""The source of what the tests look through for names: every module of the product, and the texts in its code."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from support import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


PRODUCT = ("scraper", "pipelines", "spiders", "models")


def texts_of(file: Path) -> Iterator[str]:
    """Yield the texts that a module's code holds, without its docstrings."""
    tree = ast.parse(file.read_text())
    documentation = {node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in documentation:
            yield node.value


def product_files() -> Iterator[Path]:
    for package in PRODUCT:
        yield from (ROOT / package).rglob("*.py")
