"""What a command imports: what it needs, and nothing that takes long to import besides."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from scraper.cli.app import COMMANDS, loaded

if TYPE_CHECKING:
    from pathlib import Path

    from practice import PracticeServer
    from support import Swathe

DATABASE = {"bson", "mongoengine", "pymongo"}
CRAWLING = {"OpenSSL", "lxml", "scrapy", "twisted"}
SELDOM = {
    "aiohttp",
    "apprise",
    "bs4",
    "dateparser",
    "fastapi",
    "feedparser",
    "ftfy",
    "jinja2",
    "prometheus_client",
    "prompt_toolkit",
    "pyarrow",
    "redis",
    "requests",
    "selenium",
    "uvicorn",
    "xlsxwriter",
}
"""What only some call of a command needs; no command imports it for being called."""
OF_SCRAPY_S_OWN_HTTP = {"scrapy.core.downloader.contextfactory", "scrapy.core.downloader.handlers.http11"}


class Imports:
    """What commands import, by running them."""

    def __init__(self, swathe: Swathe, folder: Path) -> None:
        self.swathe = swathe
        self._target = folder / "imports.json"

    def of(self, *arguments: str, code: int = 0, **environ: str) -> set[str]:
        """Run a command and return the modules it has imported at its end, packages among them."""
        program = (
            "import atexit, json, sys\n"
            "modules = sys.modules\n"
            "def tell():\n"
            "    there = [name for name, module in modules.items() if module is not None]\n"
            f"    with open({str(self._target)!r}, 'w') as file:\n"
            "        json.dump(there, file)\n"
            "atexit.register(tell)\n"
            "from scraper.cli import main\n"
            "main()\n"
        )
        self.swathe.run([sys.executable, "-c", program, *arguments], code=code, **environ)
        return set(json.loads(self._target.read_text()))


@pytest.fixture
def imports(swathe: Swathe, tmp_path: Path) -> Imports:
    """What commands import."""
    return Imports(swathe, tmp_path)


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_what_shows_the_commands_imports_neither_database_nor_scrapy(imports: Imports, option: str) -> None:
    assert not imports.of(option) & (DATABASE | CRAWLING | SELDOM)


@pytest.mark.parametrize("command", [("query", "quotes"), ("runs",)], ids=" ".join)
def test_what_only_reads_the_database_imports_neither_scrapy_nor_what_only_other_commands_need(
    imports: Imports, command: tuple[str, ...]
) -> None:
    there = imports.of(*command)
    assert there >= DATABASE
    assert not there & (CRAWLING | SELDOM)


def test_a_crawl_imports_no_browser_and_nothing_that_only_other_commands_need(
    imports: Imports, site: PracticeServer
) -> None:
    there = imports.of("crawl", "quotes", "--start", f"{site.url}quotes/", "--max-pages", "1", code=3)
    assert "scrapy" in there
    assert not there & OF_SCRAPY_S_OWN_HTTP, "pages are asked for by the handler here"
    assert sorted(there & SELDOM - {"dateparser", "ftfy", "requests"}) == []  # Scrapy's cookies take requests along


def test_the_list_of_commands_says_what_each_says_of_itself() -> None:
    for name, (_, shown) in COMMANDS.items():
        said = " ".join((loaded(name).help or "").split("\n\n")[0].split())
        assert said.startswith(shown.removesuffix(".")), name
