"""Names that several modules must agree on stand in one place, and nothing uses another."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from support import ROOT

from models.system import RunCounts
from scraper.core import statistics

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


def test_statistics_are_named_in_one_module() -> None:
    elsewhere = {
        f"{file.relative_to(ROOT)}: {text}"
        for file in product_files()
        if file != ROOT / "scraper" / "core" / "statistics.py"
        for text in texts_of(file)
        if re.search(r"\bswathe/[a-z]", text)
    }
    assert not elsewhere


def test_every_count_of_a_run_comes_from_a_statistic() -> None:
    assert set(statistics.COUNTS) == set(RunCounts._fields)
