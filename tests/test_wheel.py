"""What a user does, from the wheel and without a checkout: also every command of docs/how-to, as it is typed."""

from __future__ import annotations

import re
from pathlib import Path
from zipfile import ZipFile

import pytest
from support import ROOT
from wheel import Installed, build

from scraper.core.project import BUNDLED, VERSION

pytestmark = pytest.mark.timeout(600)
"""A page is a dozen commands, each of which starts anew: too much for one test's usual time on a busy machine."""

HOW_TO = ROOT / "docs" / "how-to"
FIRST, *FURTHER = PAGES = (
    "your-own-repository",
    "coming-from-scrapy",
    "own-selenium-or-beautifulsoup",
    "notebook",
    "is-everything-fine",
    "redesigned-site",
    "web",
    "troubleshooting",
    "upgrade",
)
"""In the order in which they are followed: the first makes the project that the others work in."""

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)
FAST = {"SWATHE_CRAWL_DELAY_S": "0", "SWATHE_MONGODB_IDLE_STOP_S": "60"}
"""Saved pages wait for nobody; and one start of MongoDB does for several commands."""


class Follower:
    """Does what a page says: writes the files, types the commands, and looks whether they print what it shows.

    Lines of Python run after the commands, together, in a folder of the project.
    """

    def __init__(self, installed: Installed, registry: Path, folder: Path) -> None:
        self.folder = folder
        self._installed = installed
        who = {f"GIT_{role}_{what}": "a@b.example" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        self._environ = {**FAST, **who, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(registry), "PIP_QUIET": "1"}

    def follow(self, name: str) -> int:
        """Follow a page to its end, and return how many commands that were."""
        typed, lines = 0, ""
        for kind, text in BLOCK.findall((HOW_TO / f"{name}.md").read_text()):
            if kind == "console":
                for command, shown in COMMAND.findall(text):
                    self._type(command, shown)
                    typed += 1
            elif kind == "pycon":
                lines += text + "\n"
            elif given := re.match(r"# ([\w./-]+)\n", text):
                (self.folder / given[1]).write_text(text)
        if lines:
            (self.folder / "tests" / "lines.txt").write_text(lines)
            self._type("cd tests", "")
            self._type("python -m doctest lines.txt", "")
            self.folder = self.folder.parent
        return typed

    def _type(self, command: str, shown: str) -> None:
        if command.startswith("cd "):
            self.folder /= command.removeprefix("cd ")
            return
        line, _, code = command.partition(" # exit ")
        ended = self._installed("bash", "-c", line, cwd=self.folder, code=int(code or 0), **self._environ)
        printed = [" ".join(said.split()) for said in (ended.out + ended.err).splitlines()]
        for expected in shown.splitlines():
            pattern = ".*".join(re.escape(" ".join(part.split())) for part in expected.split("\u2026"))
            assert any(re.search(pattern, said) for said in printed), f"$ {command}\n{expected}\nis not in\n{ended}"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this repository."""
    return build(tmp_path_factory.mktemp("wheel") / "build")


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """An environment in which the wheel is installed."""
    return Installed(tmp_path_factory.mktemp("venv") / "env", wheel)


@pytest.fixture(scope="module")
def follower(installed: Installed, wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Follower:
    """Who has followed the first page, in a folder whose path is not plain, with a registry that has the wheel."""
    above = tmp_path_factory.mktemp("w") / "Läden Ω"
    above.mkdir()
    follower = Follower(installed, wheel.parent, above)
    assert follower.follow(FIRST) > 10
    return follower


@pytest.fixture
def shop(follower: Follower) -> Path:
    """The project's folder."""
    return follower.folder


def test_the_wheel_runs_without_a_checkout_and_bears_the_changelog_s_version(
    wheel: Path, installed: Installed, tmp_path: Path
) -> None:
    released = re.search(r"^## (\S+?),? ", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert released
    assert released[1] == VERSION
    assert wheel.name.startswith(f"swathe-{VERSION}-py3-")
    assert {"scraper/__init__.pyi", "scraper/py.typed", "models/py.typed"} <= set(ZipFile(wheel).namelist())
    assert installed("swathe", "--version", cwd=tmp_path).out == f"swathe {VERSION}\n"
    where = installed("python", "-c", "import scraper, models; print(scraper.__file__, models.__file__)", cwd=tmp_path)
    assert all(Path(file).is_relative_to(installed.folder) for file in where.out.split())


def test_without_a_project_a_command_says_how_to_make_one(installed: Installed, tmp_path: Path) -> None:
    line = installed("swathe", "query", "books", cwd=tmp_path, code=2).error_line
    assert line.startswith(f"swathe: there is no project here: {tmp_path} has no scrapy.cfg")
    assert line.endswith("make one with `swathe init NAME`")
    assert not list(tmp_path.iterdir())


def test_the_demo_s_project_has_the_bundled_spiders_and_is_none_of_a_user_s(
    installed: Installed, shop: Path, tmp_path: Path
) -> None:
    (tmp_path / "scrapy.cfg").write_text(f"[settings]\ndefault = {BUNDLED}\n")
    assert "books" in installed("scrapy", "list", cwd=tmp_path).out.split()
    assert "books" in installed("swathe", "query", "book", cwd=tmp_path, code=2).error_line
    added = installed("scrapy", "genspider", "talks", "https://a.example/", cwd=tmp_path, code=2)
    assert added.error_line.endswith("has the bundled spiders alone: make a project of yours, `swathe init NAME`")
    line = installed("swathe", "demo", cwd=shop, code=2).error_line
    assert line == f"swathe: the demo is a project of its own, and this is {shop}: run it in another folder"


@pytest.mark.parametrize("name", FURTHER)
def test_what_a_page_says_works_as_it_is_typed(follower: Follower, name: str) -> None:
    assert follower.follow(name) > 1


def test_every_page_is_followed_and_the_index_leads_to_it() -> None:
    assert sorted(page.stem for page in HOW_TO.iterdir()) == sorted(PAGES)
    index = (ROOT / "docs" / "index.md").read_text()
    for page in (ROOT / "docs").rglob("*.md"):
        assert page.name == "index.md" or f"({page.relative_to(ROOT / 'docs')})" in index, page


def test_every_command_works_in_every_folder_of_a_project(installed: Installed, shop: Path) -> None:
    for folder in (shop / "shop" / "spiders", shop / "tests" / "pages"):
        rows = installed("swathe", "query", "products", "--format", "csv", "--select", "title", cwd=folder, **FAST).out
        assert sorted(rows.split()) == ["Clock", "Kettle", "Lamp", "Mug", "Umbrella", "title"]
    assert "example" in installed("scrapy", "list", cwd=shop / "shop").out.split()
    assert [path.parent for path in shop.rglob(".swathe")] == [shop], "the data are in the project's folder alone"
    assert (
        "from shop.models.tools import Tools\nfrom scraper import NextLink, SiteSpider, first\n"
        in (shop / "shop" / "spiders" / "tools.py").read_text()
    )


def test_a_project_s_files_are_valid(installed: Installed, shop: Path) -> None:
    for schema, name in (("compose-spec", "docker-compose.yml"), ("github-workflows", ".github/workflows/ci.yml")):
        check = ["-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", name]
        installed("python", *check, cwd=shop)
    assert len((shop / "README.md").read_text().split("\n\n", 1)[1].splitlines()) <= 10


def test_two_projects_do_not_meet(installed: Installed, shop: Path, tmp_path: Path) -> None:
    installed("swathe", "init", "other", "--bare", cwd=tmp_path)
    other = tmp_path / "other"
    assert {path.name for path in (other / "other").rglob("*.py")} == {"__init__.py", "settings.py", "pipelines.py"}
    assert installed("scrapy", "list", cwd=other).out.strip() == ""
    line = installed("swathe", "query", "products", cwd=other, code=2).error_line
    assert "there are no records 'products'" in line
    assert "complete" not in installed("swathe", "runs", cwd=other, **FAST).out
    assert installed("swathe", "db", "uri", cwd=other).out != installed("swathe", "db", "uri", cwd=shop).out


def test_an_upgrade_goes_on_with_the_data_and_there_is_no_way_back_for_a_newer_project(
    installed: Installed, shop: Path, wheel: Path, tmp_path: Path
) -> None:
    newer = build(tmp_path / "newer", "0.2.0")
    installed.install(newer)
    try:
        assert installed("swathe", "--version", cwd=shop).out == "swathe 0.2.0\n"
        assert "5 unchanged" in installed("swathe", "crawl", "example", cwd=shop, **FAST).err
        installed("swathe", "init", "late", cwd=tmp_path)
    finally:
        installed.install(wheel)
    line = installed("swathe", "runs", cwd=tmp_path / "late", code=2).error_line
    assert line.endswith(f"is a project of Swathe 0.2.0, found Swathe {VERSION}: `pip install -U swathe`")
