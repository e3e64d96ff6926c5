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


@pytest.fixture(scope="module")
def shop(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the example, whose site was crawled, in a folder whose path is not plain."""
    above = tmp_path_factory.mktemp("w") / "Läden Ω"
    above.mkdir()
    said = installed("swathe", "init", "shop", cwd=above).out
    commands = [line.strip() for line in said.splitlines() if line.startswith("  ")]
    assert commands == ["cd shop", "swathe crawl example", "swathe query products 'price<20' --sort price"]
    installed("bash", "-ec", "\n".join(commands), cwd=above, **FAST)
    return above / "shop"


FAST = {"SWATHE_CRAWL_DELAY_S": "0", "SWATHE_MONGODB_IDLE_STOP_S": "20"}
"""Saved pages wait for nobody; and one start of MongoDB does for several commands."""


def test_every_command_works_in_every_folder_of_a_project(installed: Installed, shop: Path) -> None:
    for folder in (shop / "shop" / "spiders", shop / "tests" / "pages"):
        assert installed("scrapy", "list", cwd=folder).out == "example\n"
        rows = installed("swathe", "query", "products", "--format", "csv", "--select", "title", cwd=folder, **FAST).out
        assert sorted(rows.split()) == ["Clock", "Kettle", "Lamp", "Mug", "Umbrella", "title"]
    assert "products" in installed("swathe", "spiders", cwd=shop).out
    assert "5 unchanged" in installed("scrapy", "crawl", "example", cwd=shop / "shop", **FAST).err
    assert not list(shop.rglob("*/.swathe")), "the data are in the project's folder alone"
    status = installed("swathe", "db", "status", cwd=shop / "tests", **FAST).out
    assert str(shop / ".swathe") in status.replace("\n", "")


def test_a_project_s_own_test_passes_and_its_files_are_valid(installed: Installed, shop: Path) -> None:
    assert "1 passed" in installed("python", "-m", "pytest", "-q", cwd=shop, PYTHONDONTWRITEBYTECODE="1").out
    for schema, name in (("compose-spec", "docker-compose.yml"), ("github-workflows", ".github/workflows/ci.yml")):
        check = ["-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", name]
        installed("python", *check, cwd=shop)
    said = (shop / "README.md").read_text()
    assert len(said.split("\n\n", 1)[1].splitlines()) <= 10


def test_a_second_site_is_added_and_runs_by_a_schedule(installed: Installed, shop: Path) -> None:
    added = installed("scrapy", "genspider", "tools", "https://tools.example/", "-t", "list", cwd=shop / "shop").out
    assert "wrote shop/models/tools.py" in added
    spider = shop / "shop" / "spiders" / "tools.py"
    text = spider.read_text()
    assert "from shop.models.tools import Tools\nfrom scraper import NextLink, SiteSpider, first\n" in text
    spider.write_text(text.replace("    records =", '    saved_pages = "tests/pages"\n    records ='))
    (shop / "config.local.ini").write_text(
        "[queries]\ncheap = products price<20 --count\n[schedule]\ntools = 0 6 * * *\n"
    )
    assert installed("swathe", "query", "--saved", "cheap", cwd=shop, **FAST).out.strip() == "3"
    assert "tools: complete" in installed("swathe", "schedule", "trigger", "tools", cwd=shop, **FAST).out
    installed("swathe", "schedule", "run", "--once", cwd=shop, **FAST)
    assert "Kettle" in installed("swathe", "query", "tools", cwd=shop, **FAST).out


def test_two_projects_do_not_meet(installed: Installed, shop: Path, tmp_path: Path) -> None:
    installed("swathe", "init", "other", "--bare", cwd=tmp_path)
    other = tmp_path / "other"
    assert {path.name for path in (other / "other").rglob("*.py")} == {"__init__.py", "settings.py", "pipelines.py"}
    assert installed("scrapy", "list", cwd=other).out.strip() == ""
    line = installed("swathe", "query", "products", cwd=other, code=2).error_line
    assert "there are no records 'products'" in line
    assert "complete" not in installed("swathe", "runs", cwd=other, **FAST).out
    assert "complete" in installed("swathe", "runs", cwd=shop, **FAST).out
    assert installed("swathe", "db", "uri", cwd=other).out != installed("swathe", "db", "uri", cwd=shop).out


def test_an_upgrade_goes_on_with_the_data(installed: Installed, shop: Path, wheel: Path, tmp_path: Path) -> None:
    newer = build(tmp_path / "newer", "0.2.0")
    installed.install(newer)
    try:
        assert installed("swathe", "--version", cwd=shop).out == "swathe 0.2.0\n"
        assert "5 unchanged" in installed("swathe", "crawl", "example", cwd=shop, **FAST).err
        installed("swathe", "config", "init", "--force", cwd=shop)
        options = (shop / "config.ini").read_text()
        assert "\ndatabase = shop\n" in options
        assert "\n[rendering]\n" in options
        installed("swathe", "init", "late", cwd=tmp_path)
    finally:
        installed.install(wheel)
    line = installed("swathe", "runs", cwd=tmp_path / "late", code=2).error_line
    assert line.endswith(f"is a project of Swathe 0.2.0, found Swathe {VERSION}: `pip install -U swathe`")
