"""Spiders that were written for Scrapy run unchanged, and what they yield is stored with a history and a verdict."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from hashlib import md5
from typing import TYPE_CHECKING, Any

import pytest
from bson import Decimal128
from odd_site import PYTHONPATH, Answer, OddSite, command_of, names, rows, thing
from support import last_run

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]

NEXT = '<a class=next href="/?page=2">next</a>'


def site_of_things(asked: Any) -> str | Answer:
    if asked.path.startswith("/thing/"):
        return thing(asked.path)
    if asked.path == "/sitemap.xml":
        links = "".join(f"<url><loc>http://127.0.0.1:{PORT[0]}/thing/{number:02}</loc></url>" for number in range(1, 6))
        return Answer(f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{links}</urlset>', kind="text/xml")
    if asked.path == "/busy" and BUSY:
        return Answer(status=BUSY.pop())
    if asked.path == "/manual.pdf":
        return Answer(b"%PDF-1.7", kind="application/pdf")
    if asked.path == "/feed.xml":
        return Answer("<rss><item><title>A</title></item><item><title>B</title></item></rss>", kind="text/xml")
    first = rows(names(1, 3), "/thing/{}", NEXT)
    pages = {None: first, "1": first, "2": rows(names(4, 5), "/thing/{}")}
    return pages.get(asked.query.get("page"), Answer(status=404))


PORT: list[int] = []
BUSY: list[int] = []


@pytest.fixture
def site() -> Any:
    with OddSite(site_of_things) as site:
        PORT[:], BUSY[:] = [site.port], [503]
        yield site


def crawl(swathe: Swathe, spider: str, start: str, *more: str, code: int = 3, **environ: str) -> Any:
    told = [part.replace("odd_spiders", "plain_spiders") for part in command_of(spider, start)]
    return swathe.run([*told, *more], code=code, PYTHONPATH=PYTHONPATH, **environ)


def command_without_start(spider: str) -> list[str]:
    """Return the command that crawls with a spider which has no address to begin at."""
    told = [part.replace("odd_spiders", "plain_spiders") for part in command_of(spider, "")]
    at = told.index("start=")
    return [*told[: at - 1], *told[at + 1 :]]


def test_the_tutorial_is_stored_in_a_collection_of_its_own_and_can_be_asked_about(
    swathe: Swathe, database: Mongo, site: Any, tmp_path: Path
) -> None:
    feed = tmp_path / "things.jsonl"
    done = crawl(swathe, "tutorial", site.url, "-a", "tag=new", "-a", "max_pages=many", "-O", str(feed))
    run = last_run(database)
    assert (run["verdict"], run["counts"]["items_new"], run["records"]) == ("unknown", 5, {"tutorial": 5})
    assert run["arguments"] == {"start": site.url, "tag": "new", "max_pages": "many"}
    assert 'declare how many records it must find, as at_least = {"tutorial": 100}' in run["reasons"][0]
    assert "items of 'tutorial' are told apart by all that they hold" in done.err
    assert [json.loads(line)["name"] for line in feed.read_text().splitlines()] == names(1, 5)
    stored = database.tutorial.find_one({"name": "Thing 04"})
    assert stored["url"] == f"{site.url}?page=2"
    assert (stored["link"], stored["tag"], stored["run"]) == (f"{site.url}thing/04", "new", run["_id"])
    asked = swathe("query", "tutorial", "name>Thing 03", "--count")
    assert asked.out.strip() == "2"
    assert "did you mean 'name'" in swathe("query", "tutorial", "nme=x", code=2).err
    keys = swathe("keys", "tutorial").out
    assert "name, link" not in keys
    assert keys.rstrip().endswith('declare in the spider: item_key = ("name",)') or 'item_key = ("link",)' in keys
    assert "no items of 'books' were stored" in swathe("keys", "books", code=2).error_line
    crawl(swathe, "tutorial", site.url, "-a", "tag=old", "-a", "max_pages=many")
    assert database.tutorial.count_documents({"gone_at": None}) == 10, "another argument is another crawl"


def test_an_own_pipeline_comes_first_and_a_lambda_as_a_callback_is_called(
    swathe: Swathe, database: Mongo, site: Any
) -> None:
    crawl(swathe, "with-pipeline", site.url, "-a", "max_depth=1", code=3)
    crawl(swathe, "with-pipeline", site.url, code=3)
    run = last_run(database)
    assert {row["item_id"]: row["number"] for row in database.with_pipeline.find()} == {
        f"{site.url}thing/{number:02}": number for number in (1, 3)
    }
    assert "1 item was dropped by an item pipeline: no even prime" in run["notes"]
    assert any("3 requests could not be stored" in note and "<lambda>" in note for note in run["notes"])
    assert run["reasons"] == ["2 with_pipeline were found, the spider expects 4 or more"]


def test_a_middleware_sees_what_another_one_raised_before_the_callback(
    swathe: Swathe, database: Mongo, site: Any
) -> None:
    crawl(swathe, "refused", site.url)
    run = last_run(database)
    assert {row["name"] for row in database.refused.find()} == {"Thing 01", "instead of 02"}
    assert (run["counts"]["dead_pages"], run["counts"]["errors"]) == (2, 0)
    said = sorted(problem["what"] for problem in run["problems"])
    assert said == ["could not be fetched: no 02", "could not be fetched: no 03"]


def test_rules_are_followed_and_a_key_tells_items_apart(swathe: Swathe, database: Mongo, site: Any) -> None:
    for _ in range(2):
        crawl(swathe, "rules", site.url)
    assert [run["counts"]["items_new"] for run in database.runs.find()] == [5, 0]
    offer = database.offers.find_one({"item_id": "4"})
    assert (offer["sku"], offer["price"], offer["day"]) == (4, Decimal128("12.50"), datetime(2026, 5, 3, tzinfo=UTC))
    assert offer["more"] == {"tags": ["a", "b"], "page": None}


@pytest.mark.parametrize(
    ("spider", "page", "collection", "expected"),
    [
        ("mapped", "sitemap.xml", "mapped", {"Thing 01", "Thing 05"}),
        ("fed", "feed.xml", "fed", {"A", "B"}),
        ("soup", "", "quotes", {"Thing 01", "from start"}),
    ],
)
def test_other_kinds_of_spiders_and_items_are_stored(
    swathe: Swathe, database: Mongo, site: Any, spider: str, page: str, collection: str, expected: set[str]
) -> None:
    crawl(swathe, spider, f"{site.url}{page}")
    texts = {str(row.get("name") or row.get("title") or row.get("text")) for row in database[collection].find()}
    assert expected <= texts
    assert last_run(database)["counts"]["errors"] == 0


def test_what_mongodb_does_not_take_is_kept_with_its_reason(swathe: Swathe, database: Mongo, site: Any) -> None:
    crawl(swathe, "odd", site.url)
    (good,) = database.odd.find()
    kept = {"bytes": b"\x00\xff", "set": ["a", "b"], "id": 7, "save": "x", "run_": "fast", "Größe in cm": 1.5}
    assert {name: good.get(name) for name in kept} == kept
    refused = {row["raw"]["name"]: row["faults"][0] for row in database.rejected.find()}
    assert {name: fault["field"] for name, fault in refused.items()} == {
        "bad $x": "$x", "bad a.b": "a.b", "bad _id": "_id", "bad nan": "nan", "bad big": "big", "bad what": "what",
        "wide": "(record)",
    }  # fmt: skip
    run = last_run(database)
    assert run["counts"]["items_refused"] == 7
    assert any("yielded a str, expected a request or an item" in problem["what"] for problem in run["problems"])


def test_an_item_without_a_page_is_told_to_have_an_address(swathe: Swathe, database: Mongo) -> None:
    swathe.run(command_without_start("homeless"), code=3, PYTHONPATH=PYTHONPATH)
    assert [row["place"] for row in database.homeless.find()] == ["somewhere"]
    (refused,) = database.rejected.find()
    (fault,) = refused["faults"]
    assert (fault["field"], refused["raw"]["place"]) == ("url", "nowhere")
    assert "give the item a `url`" in fault["problem"]


def test_swathe_crawl_takes_arguments_of_a_spider_s_own(swathe: Swathe) -> None:
    assert "-a tag: expected NAME=VALUE" in swathe("crawl", "quotes", "-a", "tag", code=2).error_line
    said = swathe("crawl", "quotes", "-a", "tag=new", code=2).error_line
    assert "spider 'quotes' has no argument 'tag'" in said
    assert 'arguments = (*SiteSpider.arguments, "tag")' in said


SINGLE = """
from plain_spiders import Tutorial
from scrapy import Request


class Mine(Tutorial):
    async def start(self):
        yield Request("data:,", self.parse_data)
        yield Request("{0}busy")

    def parse_data(self, response):
        yield {{"name": "from data"}}
        yield Request("http://127.0.0.1:9/")
"""


def test_runspider_stores_nothing_and_works_as_in_scrapy(
    swathe: Swathe, database: Mongo, site: Any, tmp_path: Path
) -> None:
    feed = tmp_path / "out.json"
    single = tmp_path / "single.py"
    single.write_text(SINGLE.format(site.url))
    command = [sys.executable, "-m", "scrapy", "runspider", str(single), "-O", str(feed), "-s", "LOG_LEVEL=WARNING"]
    done = swathe.run(command, code=0, PYTHONPATH=PYTHONPATH)
    assert sorted(row["name"] for row in json.loads(feed.read_text())) == [*names(1, 5), "from data"], done.err
    assert site.paths.count("/busy") == 2, "it was asked for again after a 503"
    assert "leads to 127.0.0.1:9, an address that a page must not reach" in done.err
    assert database.runs.count_documents({}) == 0


def test_files_are_fetched_and_stand_with_their_item(
    swathe: Swathe, database: Mongo, site: Any, tmp_path: Path
) -> None:
    crawl(swathe, "media", site.url, "-s", f"FILES_STORE={tmp_path}", code=0)
    stored = database.media.find_one()
    assert stored["files"][0]["checksum"] == md5(b"%PDF-1.7", usedforsecurity=False).hexdigest()
    assert (tmp_path / stored["files"][0]["path"]).read_bytes() == b"%PDF-1.7"


def test_a_callback_that_gets_no_json_says_that_the_page_has_changed(swathe: Swathe, database: Mongo) -> None:
    pages = {
        "/": '{"name": "start", "more": ["/deep", "/html", "/other", "/fine"]}',
        "/deep": "[" * 10**6 + "]" * 10**6,
        "/html": "<p>Please come back later",
        "/other": '{"title": "without a name"}',
        "/fine": '{"name": "fine", "more": []}',
    }
    with OddSite(lambda asked: Answer(pages[asked.path], kind="application/json")) as odd:
        crawl(swathe, "api", odd.url)
    run = last_run(database)
    assert run["records"] == {"api": 2}
    assert run["failed"] == {"layout-changed": 2, "own-code": 1}
    told = " ".join(problem["what"] for problem in run["problems"])
    assert "answered with what is no JSON: RecursionError" in told
    assert "answered with what is no JSON: JSONDecodeError" in told
    assert "raised in the spider: KeyError: 'name'" in told
