"""Components of others, enabled as their manuals say, work beside Swathe's own and see items one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_type_hints

import pytest
from odd_site import PYTHONPATH, Answer, OddSite, command_of, names, rows
from scrapy import Request
from scrapy.utils.request import RequestFingerprinter
from support import last_run

from scraper.core import meta as meta_keys
from scraper.crawl.components import missing_components
from scraper.errors import CrawlError
from scraper.fetch.http.continued import EndlessRequestError, continue_from
from scraper.spider import SiteSpider
from scraper.spider.loader import project_settings

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]

NEXT = '<a class=next href="/?page=2">next</a>'


def two_pages(asked: Any) -> str | Answer:
    pages = {None: rows(names(1, 3), more=NEXT), "2": rows(names(4, 5))}
    return pages.get(asked.query.get("page"), Answer(status=404))


def command(spider: str, start: str, *more: str) -> list[str]:
    told = [part.replace("odd_spiders", "plugged_spiders") for part in command_of(spider, start)]
    return [*told, *more]


def test_components_of_others_see_one_item_at_a_time_and_take_nobodys_place(swathe: Swathe, database: Mongo) -> None:
    with OddSite(two_pages) as site:
        done = swathe.run(command("plugged", site.url), code=3, PYTHONPATH=PYTHONPATH)
    run = last_run(database)
    stored = {quote["text"]: quote["author"] for quote in database.quotes.find()}
    assert stored == dict.fromkeys(["Thing 01", "Thing 04", "Thing 05"], "by odd")
    seen = [
        *(("seen/by_media", 5), ("seen/by_middleware", 5), ("seen/dropped/Thing 02/DropItem", 2)),
        ("seen/robots/True", 2),
        *((f"seen/scraped/{text}", 2) for text in stored),
    ]
    assert done.out.strip() == str(seen), "each of the two `Seeing` hears of every item once"
    (reason,) = run["reasons"]
    assert "an item pipeline (Files, Pipeline) returned None, expected the item" in reason or "1 record" in reason
    assert run["counts"]["errors"] == 1
    assert run["counts"]["items_new"] == 3
    assert "1 item was dropped by an item pipeline: of no use" in run["notes"]
    assert database.hosts.count_documents({}) == 1, "politeness has kept its ledger"


def test_a_crawl_without_one_of_our_components_says_so_first(swathe: Swathe, database: Mongo) -> None:
    with OddSite(two_pages) as site:
        done = swathe.run(command("bare", site.url), code=3, PYTHONPATH=PYTHONPATH)
    said = [line for line in done.err.splitlines() if line.startswith("swathe: warning: ")]
    assert [line.split()[2] for line in said] == [
        "pipelines.store.StorePipeline",
        "scraper.fetch.politeness.middleware.Politeness",
        "DUPEFILTER_CLASS",
    ]
    assert database.quotes.count_documents({}) == 0
    assert [f"swathe: warning: {note}" for note in last_run(database)["notes"][-3:]] == said


def test_a_crawl_that_nothing_records_does_not_begin(swathe: Swathe) -> None:
    done = swathe.run(command("unrecorded", "http://127.0.0.1:9/"), code=2, PYTHONPATH=PYTHONPATH)
    assert "EXTENSIONS switches off scraper.runs.recorder.RunRecorder, without which" in done.error_line


def test_a_limit_weighed_by_the_page_is_not_mixed_with_what_takes_items_one_by_one(
    swathe: Swathe, database: Mongo
) -> None:
    with OddSite(two_pages) as site:
        swathe.run(command("plugged", site.url, "-a", "since_known=3"), code=3, PYTHONPATH=PYTHONPATH)
    assert "--since-known weighs the records of a page together" in last_run(database)["reasons"][0]


def test_a_component_that_cannot_be_built_is_named_in_the_last_line(swathe: Swathe, database: Mongo) -> None:
    done = swathe.run(command("unbuilt", "http://127.0.0.1:9/"), code=1, PYTHONPATH=PYTHONPATH)
    said = "the crawl of 'unbuilt' could not be set up: ValueError: no key was given"
    assert done.err.splitlines()[-1] == f"swathe: {said}"
    assert (last_run(database)["state"], last_run(database)["reasons"]) == ("failed", [said])


def test_a_slot_that_a_request_names_is_used(swathe: Swathe, tmp_path: Path) -> None:
    with OddSite(lambda _: rows(names(1, 2))) as site:
        told = command("slow", site.url, "-s", f"HTTPCACHE_DIR={tmp_path}")
        done = swathe.run(told, code=None, PYTHONPATH=PYTHONPATH)
        (first, *_), (second, *_) = [[float(part) for part in line.split()] for line in done.out.splitlines()]
        assert second - first > 1.4, "the slot's delay lies between the two"
        again = swathe.run([*told, "-s", "HTTPCACHE_IGNORE_MISSING=0"], code=None, PYTHONPATH=PYTHONPATH)
        assert int(again.out.splitlines()[0].split()[1]) > 0, "the start page came out of the cache"


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("ITEM_PIPELINES", {"nowhere.P": 1}, "ITEM_PIPELINES names a component that cannot be loaded: ModuleNotFound"),
        ("EXTENSIONS", {"nowhere.E": 1}, "EXTENSIONS names a component that cannot be loaded: ModuleNotFoundError"),
        (
            "DOWNLOAD_DELYA",
            3,
            "DOWNLOAD_DELYA has no effect unless a plugin of yours knows it: did you mean DOWNLOAD_",
        ),
        ("DELTAFETCH_DIR", "x", ""),
    ],
)
def test_settings_that_nothing_comes_of_are_named(name: str, value: Any, line: str) -> None:
    settings = project_settings()
    assert missing_components(settings) == []
    settings.set(name, value)
    try:
        said = missing_components(settings)
    except CrawlError as error:
        said = [str(error)]
    assert len(said) == bool(line)
    assert line in "".join(said)


def test_a_middleware_that_makes_ever_new_requests_is_stopped() -> None:
    before = Request("http://h/0")
    for number in range(100):
        after = before.replace(url=f"http://h/{number}")
        continue_from(before, after, RequestFingerprinter(None))
        before = after
    with pytest.raises(EndlessRequestError, match="led to 100 requests in a row"):
        continue_from(before, before.copy(), RequestFingerprinter(None))
    linked = Request("http://h/next", meta=before.meta)
    continue_from(linked, after := Request("http://h/there"), RequestFingerprinter(None))
    assert after.meta[meta_keys.CONTINUES][2] == 1, "a page of its own begins to count anew"


def test_the_annotations_of_callbacks_can_be_looked_up() -> None:
    for callback in (SiteSpider.on_list_page, SiteSpider.on_record_page, SiteSpider.parse, SiteSpider.page_failed):
        assert get_type_hints(callback)["return"]
