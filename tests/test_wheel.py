"""What a user does, from the wheel and without a checkout."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support import ROOT
from wheel import Installed, build

from scraper.core.project import VERSION


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this repository."""
    return build(tmp_path_factory.mktemp("wheel") / "build")


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """An environment in which the wheel is installed."""
    return Installed(tmp_path_factory.mktemp("venv") / "env", wheel)


def test_the_wheel_runs_without_a_checkout_and_bears_the_changelog_s_version(
    wheel: Path, installed: Installed, tmp_path: Path
) -> None:
    released = re.search(r"^## (\S+?),? ", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert released
    assert released[1] == VERSION
    assert wheel.name.startswith(f"swathe-{VERSION}-py3-")
    assert installed("swathe", "--version", cwd=tmp_path).out == f"swathe {VERSION}\n"
    where = installed("python", "-c", "import scraper, models; print(scraper.__file__, models.__file__)", cwd=tmp_path)
    assert all(Path(file).is_relative_to(installed.folder) for file in where.out.split())


def test_without_a_project_a_command_says_how_to_make_one(installed: Installed, tmp_path: Path) -> None:
    line = installed("swathe", "query", "books", cwd=tmp_path, code=2).error_line
    assert line.startswith(f"swathe: there is no project here: {tmp_path} has no scrapy.cfg")
    assert line.endswith("make one with `swathe init NAME`")
    assert not list(tmp_path.iterdir())


def test_the_demo_runs_where_no_project_is(installed: Installed, tmp_path: Path) -> None:
    shown = installed("swathe", "demo", cwd=tmp_path)
    queries = shown.out.split("Three queries to try:\n")[1].splitlines()
    assert queries[0].strip() == "cd swathe-demo"
    assert [path.name for path in tmp_path.iterdir()] == ["swathe-demo"]
    titles = installed("swathe", "query", "books", "--count", cwd=tmp_path / "swathe-demo").out
    assert int(titles) > 50
