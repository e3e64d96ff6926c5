"""Scrapy's settings as Swathe makes them: each component that they name is there, ours or Scrapy's."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from scrapy.settings import default_settings
from scrapy.utils.misc import load_object
from support import ROOT

from scraper import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

BASES = [name for name in vars(settings) if name.endswith("_BASE")]


def named(value: Any) -> Iterator[str]:
    """Yield the paths of ours that a setting names."""
    for part in value if isinstance(value, list | dict) else [value]:
        if isinstance(part, str) and part.startswith(("scraper.", "pipelines.")):
            yield part
    if isinstance(value, dict):
        yield from named(list(value.values()))


def test_every_component_of_ours_that_a_setting_names_is_there() -> None:
    paths = {path for name, value in vars(settings).items() if name.isupper() for path in named(value)}
    paths.discard(settings.COMMANDS_MODULE)
    assert len(paths) > 30
    for path in paths:
        assert load_object(path)


@pytest.mark.parametrize("path", sorted(settings.REPLACED))
def test_what_of_scrapy_s_is_replaced_is_one_of_scrapy_s(path: str) -> None:
    """A part that Scrapy has renamed would be there beside ours."""
    load_object(path)
    assert [name for name in BASES if path in getattr(default_settings, name, {})]
    assert not [name for name in BASES if path in getattr(settings, name)]


def test_what_of_scrapy_s_is_not_replaced_stays_where_it_was() -> None:
    for name in ("EXTENSIONS_BASE", "SPIDER_MIDDLEWARES_BASE", "DOWNLOADER_MIDDLEWARES_BASE"):
        theirs, ours = getattr(default_settings, name), getattr(settings, name)
        kept = {path: order for path, order in theirs.items() if path not in settings.REPLACED}
        assert kept.items() <= ours.items()


def test_pages_come_from_the_web_alone() -> None:
    handlers = settings.DOWNLOAD_HANDLERS_BASE
    assert {scheme for scheme, handler in handlers.items() if handler} == {"http", "https", "data"}
    assert set(default_settings.DOWNLOAD_HANDLERS_BASE) == set(handlers), "a new one of Scrapy's is looked at first"


def test_who_does_not_listen_is_not_there_and_who_does_is_told_of_the_end() -> None:
    first, events = "scraper.schedule.alerts.watcher.after_crawl", "scraper.events.publisher"
    assert ({}, [first]) == (settings.LISTENING, settings.AFTER_CRAWL)
    code = "from scraper import settings; print(*settings.LISTENING, *settings.AFTER_CRAWL)"
    environ = {"SWATHE_EVENTS_AMQP_URL": "amqp://127.0.0.1/"}
    out = subprocess.check_output([sys.executable, "-c", code], text=True, cwd=ROOT, env=environ)
    assert out.split() == [f"{events}.PublishEvents", first, f"{events}.after_crawl"]


def test_a_configuration_that_cannot_be_used_is_one_line_and_no_traceback() -> None:
    command = [sys.executable, "-m", "scrapy", "list"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env={"SWATHE_CRAWL_DELAY_S": "soon"})
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("swathe: ")
    assert "SWATHE_CRAWL_DELAY_S is 'soon'" in line
