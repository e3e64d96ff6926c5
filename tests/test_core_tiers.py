"""The tiers are named in one module, the cheapest first, and the manual has all of them."""

from __future__ import annotations

import ast
import re
from itertools import pairwise
from typing import TYPE_CHECKING

from product_source import product_files
from support import ROOT

from scraper.core.tiers import TIERS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


WITH_TIERS_OF_THEIR_OWN = ("scraper/probe/", "scraper/paging/chain.py")
"""What writes tiers out still: `probe` has `none` among them, and a list begins with `html`."""


def tiers_named_in(file: Path) -> Iterator[str]:
    """Yield where a module writes a tier's name out: compared, assigned, handed on, returned or listed as one."""
    for node in ast.walk(ast.parse(file.read_text())):
        parts: list[ast.expr | None] = []
        if isinstance(node, ast.Compare) and re.search(r"\b_?tiers?\b|\bflags\b", ast.unparse(node)):
            parts = [node.left, *node.comparators]
        elif (isinstance(node, ast.AnnAssign) and re.search(r"\bTier\b", ast.unparse(node.annotation))) or (
            isinstance(node, ast.keyword) and node.arg in ("tier", "flags")
        ):
            parts = [node.value]
        elif isinstance(node, ast.Call) and re.search(r"(^|\.)(attempt|learn|Decision)$", ast.unparse(node.func)):
            parts = list(node.args)
        elif isinstance(node, ast.FunctionDef) and node.returns and re.search(r"\bTier\b", ast.unparse(node.returns)):
            parts = [found.value for found in ast.walk(node) if isinstance(found, ast.Return)]
        elif isinstance(node, ast.Dict | ast.Tuple | ast.List | ast.Set):
            listed = node.keys if isinstance(node, ast.Dict) else node.elts
            parts = (
                listed if len({one.value for one in listed if isinstance(one, ast.Constant)} & set(TIERS)) > 1 else []
            )
        for part in parts:
            for one in ast.walk(part) if part is not None else ():
                if isinstance(one, ast.Constant) and one.value in TIERS:
                    yield f"{file.relative_to(ROOT)}:{one.lineno} {one.value}"


def test_tiers_are_named_in_one_module() -> None:
    table = ROOT / "scraper" / "core" / "tiers.py"
    assert len(set(tiers_named_in(table))) >= len(TIERS)  # it would be noticed elsewhere, too
    elsewhere = {
        name
        for file in product_files()
        if file != table and not str(file.relative_to(ROOT)).startswith(WITH_TIERS_OF_THEIR_OWN)
        for name in tiers_named_in(file)
    }
    assert not elsewhere


def test_the_manual_and_config_ini_list_every_tier_the_cheapest_first() -> None:
    assert all(cheaper.cost < dearer.cost for cheaper, dearer in pairwise(TIERS.values()))
    manual = (ROOT / "docs" / "reference" / "rendering.md").read_text()
    rows = [f"| `{name}` | {tier.how} | {tier.reader} |" for name, tier in TIERS.items()]
    assert "| tier | how | needs of the spider |\n|---|---|---|\n" + "\n".join(rows) + "\n\n" in manual
    assert f"\ntiers = {', '.join(TIERS)}\n" in (ROOT / "config.ini").read_text()
