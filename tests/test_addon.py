"""Swathe in a Scrapy project as it is: one line in its settings, and what the project has set wins."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from odd_site import OddSite, names, rows
from scrapy.addons import AddonManager
from scrapy.settings import Settings
from support import last_run

from scraper import settings as ours
from scraper.addon import OF_PROJECTS, Swathe

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database

    Mongo = Database[dict[str, Any]]


PROJECT = {
    "scrapy.cfg": "[settings]\ndefault = kept.settings\n",
    "kept/__init__.py": "",
    "kept/settings.py": """BOT_NAME = "kept"
SPIDER_MODULES = ["kept.spiders"]
ROBOTSTXT_OBEY = True
ADDONS = {"scraper.addon.Swathe": 300}
ITEM_PIPELINES = {"kept.pipelines.Shout": 300}
""",
    "kept/pipelines.py": """class Shout:
    def process_item(self, item):
        item["name"] = item["name"].upper()
        return item
""",
    "kept/spiders/__init__.py": "",
    "kept/spiders/things.py": """import scrapy

class Things(scrapy.Spider):
    name = "things"

    def parse(self, response):
        for entry in response.css("li.item a::text"):
            yield {"name": entry.get()}
        yield from response.follow_all(css="a.next", callback=self.parse)
""",
}


@pytest.fixture
def site() -> Iterator[OddSite]:
    """Two pages of a list."""
    first = rows(names(1, 3), "/thing/{}", '<a class=next href="/?page=2">next</a>')
    with OddSite(lambda asked: rows(names(4, 5), "/thing/{}") if asked.query.get("page") else first) as site:
        yield site


@pytest.mark.parametrize("by", ["scrapy", "scraper"])
def test_a_scrapy_project_adds_one_line(swathe: Any, database: Mongo, site: Any, tmp_path: Path, by: str) -> None:
    for name, text in PROJECT.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    start = ["-a", f"start={site.url}"] if by == "scrapy" else ["--start", site.url]
    code, keep = 0 if by == "scrapy" else 3, {"SWATHE_PAGES_KEEP": "all"}
    swathe.run([sys.executable, "-m", by, "crawl", "things", *start], code=code, cwd=tmp_path, **keep)
    run = last_run(database)
    assert (run["verdict"], run["records"]) == ("unknown", {"things": 5})
    assert database.things.find_one({"name": "THING 04"})["run"] == run["_id"]
    settings = tmp_path / "kept" / "settings.py"
    replay = [sys.executable, "-m", "scraper", "pages", "replay", "things"]
    said = swathe.run(replay, code=None, cwd=tmp_path).out
    assert "items go through pipelines of the spider's own" in " ".join(said.split())
    settings.write_text(settings.read_text().replace("ITEM_PIPELINES", "NO_PIPELINES"))
    said = swathe.run(replay, code=None, cwd=tmp_path).out
    assert "5 different" in said or "5 new" in said, said
    # Of another length: Python takes a file as it was compiled when it was written in the same second and is as long.
    settings.write_text(settings.read_text().replace("ADDONS", "NO_ADDONS"))
    without = swathe.run([sys.executable, "-m", "scraper", "crawl", "things"], code=2, cwd=tmp_path)
    assert "kept.settings does not name Swathe, expected the line ADDONS = " in without.error_line


def added_to(project: dict[str, Any]) -> Settings:
    settings = Settings({"ADDONS": {"scraper.addon.Swathe": 300}, **project})
    AddonManager.load_pre_crawler_settings(settings)
    return settings


def test_a_project_has_what_our_settings_say_except_where_its_code_is() -> None:
    settings = added_to({"BOT_NAME": "kept", "SPIDER_MODULES": ["kept.spiders"]})
    for name, value in vars(ours).items():
        if name.isupper() and name not in OF_PROJECTS:
            assert settings[name] == value, name
    assert (settings["BOT_NAME"], settings["SPIDER_MODULES"]) == ("kept", ["kept.spiders"])
    assert settings["SPIDER_LOADER_CLASS"] == "scraper.spider.loader.AdoptingLoader"
    assert settings["COMMANDS_MODULE"] == "", "the commands of a project of Swathe's are not the project's"


def test_what_the_project_has_set_wins_and_what_scrapy_would_do_does_not() -> None:
    settings = added_to({"ROBOTSTXT_OBEY": False, "SPIDER_LOADER_CLASS": "kept.Loader"})
    assert settings["ROBOTSTXT_OBEY"] is False
    assert settings["SPIDER_LOADER_CLASS"] == "kept.Loader"
    assert settings["TELNETCONSOLE_ENABLED"] is False


def test_settings_that_are_ours_already_stay_as_they_are() -> None:
    settings = Settings({"SWATHE": "there"})
    Swathe.update_pre_crawler_settings(settings)
    assert settings["SWATHE"] == "there"
    assert settings["TELNETCONSOLE_ENABLED"]
