"""The spiders of a project by name: a broken module is left out alone, and Scrapy's own kinds are taken into runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Spider
from scrapy.settings import Settings

from scraper.errors import UsageError
from scraper.spider import SiteSpider
from scraper.spider.loader import AdoptingLoader, GuardedLoader, all_spiders, project_settings, spider_class
from spiders.books import BooksSpider

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PLAIN = "import scrapy\n\nclass {}(scrapy.Spider):\n    name = '{}'\n"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Settings]:
    """Return what writes a package of spiders of that name and returns settings that name it."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def written(name: str, **modules: str) -> Settings:
        (tmp_path / name).mkdir()
        for module, text in {"__init__": "", **modules}.items():
            (tmp_path / name / f"{module}.py").write_text(text)
        return Settings({"SPIDER_MODULES": [name]})

    return written


def test_a_module_that_cannot_be_imported_is_left_out_alone(package: Callable[..., Settings]) -> None:
    settings = package("loaded_alone", fine=PLAIN.format("Fine", "fine"), broken="import no_such_module_of_ours")
    assert GuardedLoader.from_settings(settings).list() == ["fine"]


def test_a_spider_whose_records_cannot_be_stored_is_left_out_alone(package: Callable[..., Settings]) -> None:
    keyless = """from scraper import Record, SiteSpider
import mongoengine

class Thing(Record):
    meta = {"collection": "keyless_things"}
    name = mongoengine.StringField()

class Keyless(SiteSpider):
    name = "keyless"
    start_url = "http://h/"
    records = (Thing,)
"""
    settings = package("loaded_keyed", fine=PLAIN.format("Fine", "fine"), keyless=keyless)
    assert GuardedLoader.from_settings(settings).list() == ["fine"]


def test_modules_within_packages_are_found_and_two_spiders_of_a_name_are_warned_about(
    package: Callable[..., Settings],
) -> None:
    settings = package("loaded_twice", one=PLAIN.format("One", "same"), two=PLAIN.format("Two", "same"))
    with pytest.warns(UserWarning, match="There are several spiders with the same name"):
        assert GuardedLoader.from_settings(settings).list() == ["same"]


def test_a_scrapy_project_s_spider_has_runs_with_the_adopting_loader_alone(package: Callable[..., Settings]) -> None:
    settings = package("loaded_plain", fine=PLAIN.format("Fine", "fine"))
    assert not hasattr(GuardedLoader.from_settings(settings).load("fine"), "has_runs")
    adopted: Any = AdoptingLoader.from_settings(settings).load("fine")
    assert adopted.has_runs
    assert issubclass(adopted, Spider)
    with pytest.raises(KeyError, match="Spider not found: nobody"):
        AdoptingLoader.from_settings(settings).load("nobody")


def test_a_spider_is_found_by_name_and_one_of_scrapy_s_own_kinds_is_taken_into_runs(
    package: Callable[..., Settings],
) -> None:
    loader = GuardedLoader.from_settings(package("loaded_named", fine=PLAIN.format("Fine", "fine")))
    found = spider_class("fine", loader)
    assert issubclass(found, SiteSpider)
    with pytest.raises(UsageError, match="there is no spider 'fin': did you mean 'fine'"):
        spider_class("fin", loader)
    assert spider_class("books") is BooksSpider


def test_all_spiders_are_those_of_the_project_in_the_order_of_their_names() -> None:
    found = all_spiders()
    assert list(found) == sorted(found) == ["books", "quotes", "quotes-filter", "quotes-login", "quotes-table"]
    assert all(spider.name == name for name, spider in found.items())


def test_the_project_s_settings_leave_no_name_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    before = dict(os.environ)
    assert project_settings()["BOT_NAME"] == "swathe"
    assert dict(os.environ) == before
