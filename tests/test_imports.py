"""The import rule of docs/explanation/design.md, and the guard against other people's packages."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import ROOT

OURS = ("spiders", "pipelines", "scraper", "models")


def imported_modules(file: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module, "a relative import"
            assert not node.level, "a relative import"
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def outsiders(file: Path, *packages: str) -> set[str]:
    """What a module imports that is neither Python's nor in these packages."""
    ours = tuple(f"{package}." for package in packages)
    return {
        name
        for name in imported_modules(file)
        if not f"{name}.".startswith(ours) and name.partition(".")[0] not in sys.stdlib_module_names
    }


@pytest.mark.parametrize(
    ("folder", "packages"),
    [("scraper/demo", ("scraper.demo",)), ("tests/practice", ("practice", "scraper.demo"))],
    ids=["demo", "practice"],
)
def test_the_practice_site_knows_nothing_of_what_scrapes_it(folder: str, packages: tuple[str, ...]) -> None:
    files = sorted((ROOT / folder).glob("*.py"))
    assert files
    for file in files:
        assert outsiders(file, *packages, "aiohttp", "jinja2") == set(), file.relative_to(ROOT)


def test_nothing_that_is_installed_imports_what_only_tests_need() -> None:
    tests = {
        path.stem for path in (ROOT / "tests").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert {"practice", "support"} <= tests
    for package in OURS:
        for file in (ROOT / package).rglob("*.py"):
            used = {name.partition(".")[0] for name in imported_modules(file)}
            assert used & (tests | {"tests"}) == set(), file.relative_to(ROOT)


def python(*arguments: str, cwd: Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("SWATHE", "SCRAPY", "PYTHON"))}
    if path:
        environ["PYTHONPATH"] = str(path)
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environ, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_package_of_another_distribution_is_a_clear_error_and_not_silently_ours(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "__init__.py").write_text("")
    for command in (["-m", "scraper"], ["-m", "scrapy", "list"]):
        run = python(*command, cwd=ROOT / "docs", path=tmp_path)
        assert run.returncode == 2, run
        assert f"the package 'models' would come from {tmp_path / 'models'}, expected {ROOT / 'models'}" in run.stderr


def test_an_installed_copy_in_another_checkout_is_a_clear_error(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    (checkout / "scraper" / "core").mkdir(parents=True)
    shutil.copy(ROOT / "scrapy.cfg", checkout)
    shutil.copy(ROOT / "scraper" / "core" / "project.py", checkout / "scraper" / "core")
    run = python("-c", "from scraper.cli import main; main()", "spiders", cwd=checkout, path=ROOT)
    assert run.returncode == 2
    assert f"this is the copy of Swathe in {ROOT}, but you are in the checkout {checkout}" in run.stderr
