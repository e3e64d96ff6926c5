"""What several modules, or a module and its page or test, must agree on."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest
from product_source import product_files
from support import ROOT

from scraper.query.export.export import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UNNAMED = ("scraper", "models")
"""Packages that the names of tests leave out."""


def test_the_manual_and_the_command_name_every_format_of_exports() -> None:
    manual, command = ((ROOT / path).read_text() for path in ("docs/reference/exports.md", "scraper/cli/export.py"))
    for suffix in FORMATS:
        assert f"`{suffix}`" in manual
        assert re.search(rf"{re.escape(suffix)}[ ,]", command)


def modules() -> Iterator[Path]:
    """Yield the modules of the product; a package itself is one where it does something."""
    for file in product_files():
        defined = (isinstance(node, ast.FunctionDef | ast.ClassDef) for node in ast.parse(file.read_text()).body)
        if not file.stem.startswith("__") or any(defined):
            yield file


def names_of_tests(module: Path) -> list[str]:
    """Return the names that the tests of a module may have, the most specific first."""
    path = module.relative_to(ROOT).with_suffix("")
    package, *inner = path.parent.parts if path.name == "__init__" else path.parts
    named = inner if inner and package in UNNAMED else [package, *inner]
    names = ["_".join(named[:length]) for length in range(len(named), 0, -1)]
    if len(named) > 2:
        names.insert(1, f"{named[0]}_{named[-1]}")
    return [*names, package] if package == "models" and len(named) == 1 else names


def test_the_test_of_a_module_is_found_by_its_name() -> None:
    there = {
        file.stem.removeprefix("test_")
        for file in (ROOT / "tests").glob("test_*.py")
        if re.search(r"^(?:async )?def test_", file.read_text(), re.MULTILINE)
    }
    untested = {str(file.relative_to(ROOT)): names_of_tests(file) for file in modules()}
    assert len(untested) > 300
    untested = {module: names for module, names in untested.items() if there.isdisjoint(names)}
    assert untested == {}, "tests/test_NAME.py is missing, with one of these names"


@pytest.mark.parametrize(
    ("module", "names"),
    [
        ("scraper/schedule/alerts/webhooks.py", "schedule_alerts_webhooks schedule_webhooks schedule_alerts schedule"),
        ("scraper/core/text.py", "core_text core"),
        ("scraper/core/config/__init__.py", "core_config core"),
        ("scraper/__init__.py", "scraper"),
        ("scraper/login.py", "login"),
        ("models/cleaners/dates.py", "cleaners_dates cleaners"),
        ("models/exact.py", "exact models"),
        ("pipelines/clean.py", "pipelines_clean pipelines"),
    ],
)
def test_a_test_is_looked_for_under_these_names(module: str, names: str) -> None:
    assert names_of_tests(ROOT / module) == names.split()
