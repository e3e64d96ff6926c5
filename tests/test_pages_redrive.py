"""Redrive: what was refused is stored once the spider or the document is mended, whatever happens meanwhile."""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId
from stored_pages import Project, connected, contents, healthy_tag, last_run, project
from support import until

from models.quotes import Quote
from models.record import Found
from scraper.core.text import counted
from scraper.pages.redrive import Redrive, pages_of
from scraper.pages.reread import TodaysSpiders
from scraper.spider.loader import project_settings
from scraper.storage.records.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from practice import PracticeServer
    from pymongo.database import Database
    from support import Swathe

    from scraper.storage.connection import Connection

    Mongo = Database[dict[str, Any]]

BROKEN = ("spiders/quotes.py", 'author = first(item, "small.author::text")', 'author = first(item, ".writer::text")')
TOO_SHORT = (
    "models/quotes.py",
    "key=True, clean=cleaners.unquoted, search=True)",
    "key=True, max_length=3, clean=cleaners.unquoted)",
)


@pytest.fixture
def connection(data_dir: Path, database: Mongo, server: Any) -> Iterator[Connection]:
    with connected(data_dir, database) as connection:
        yield connection


@pytest.fixture
def tried(swathe: Swathe, tmp_path: Path) -> Project:
    return project(tmp_path, swathe)


def mend(tried: Project, file: str, right: str, wrong: str) -> None:
    tried.change(file, wrong, right)


def undisturbed(tried: Project, database: Mongo, start: str) -> dict[str, list[dict[str, Any]]]:
    """Return what a crawl stores that nothing went wrong with, and leave the database empty."""
    tried("crawl", "quotes", "--start", start)
    found = {name: contents(database, name) for name in ("quotes", "authors")}
    for name in database.list_collection_names():
        database[name].delete_many({})
    return found


@pytest.mark.parametrize(("fault", "keep", "source"), [(BROKEN, "rejected", "page"), (TOO_SHORT, "none", "raw")])
def test_what_was_refused_is_stored_once_the_cause_is_mended_as_if_nothing_had_happened(
    tried: Project, database: Mongo, site: PracticeServer, fault: tuple[str, str, str], keep: str, source: str
) -> None:
    expected = undisturbed(tried, database, healthy_tag(site))
    tried.change(*fault)
    tried("crawl", "quotes", "--start", healthy_tag(site), "--set", f"pages.keep={keep}", code=3)
    crawled, refused = last_run(database), list(database.rejected.find())
    assert database.quotes.count_documents({}) == 0
    assert len(refused) == crawled["counts"]["items_refused"] == len(expected["quotes"]) > 1
    assert f"{len(refused)} stay" in tried("rejected", "redrive", code=3).out
    mend(tried, *fault)
    assert "nothing was written" in tried("rejected", "redrive", "--dry-run").out
    assert (database.quotes.count_documents({}), database.rejected.count_documents({})) == (0, len(refused))
    assert f"{len(refused)} leave 'rejected', 0 stay" in tried("rejected", "redrive").out
    assert {name: contents(database, name) for name in expected} == expected
    assert database.rejected.count_documents({}) == 0
    runs = list(database.runs.find({"kind": "redrive"}, sort=[("started_at", 1)]))
    assert [run["counts"]["items_new"] for run in runs] == [0, len(refused)]
    traces = {trace["_id"]: trace for trace in database.redriven.find()}
    assert traces.keys() == {item["_id"] for item in refused}
    for trace in traces.values():
        assert (trace["source"], trace["outcome"], trace["run"]) == (source, "new", runs[1]["_id"])
    assert {trace["key"] for trace in traces.values()} == {
        f"{quote['text']} / {quote['author']}" for quote in expected["quotes"]
    }
    for quote in database.quotes.find():
        assert quote["run"] == crawled["_id"], "the crawl has seen it"
        assert quote["first_seen"] == quote["last_seen"] == quote["changed_at"] < crawled["ended_at"]


def test_what_fails_again_stays_with_its_new_reason_and_only_the_chosen_items_are_tried(
    tried: Project, database: Mongo, site: PracticeServer
) -> None:
    tried.change(*BROKEN)
    tried("crawl", "quotes", "--start", healthy_tag(site), code=3)
    mend(tried, *BROKEN)
    tried.change(*TOO_SHORT)
    first, *others = list(database.rejected.find())
    tried("rejected", "redrive", str(first["_id"]), code=3)
    (again,) = database.rejected.find({"_id": first["_id"]})
    assert [fault["field"] for fault in again["faults"]] == ["text"]
    assert again["raw"]["author"], "what today's spider finds"
    assert (again["first_seen"], again["last_seen"]) == (first["first_seen"], first["last_seen"])
    assert list(database.rejected.find({"_id": {"$ne": first["_id"]}})) == others
    mend(tried, *TOO_SHORT)
    tried("rejected", "redrive", str(first["_id"])[-8:])
    assert database.rejected.count_documents({}) == len(others)
    assert database.quotes.count_documents({}) == 1
    assert "0 items tried again" in tried("rejected", "redrive", "--spider", "books").out
    assert tried("rejected", "redrive", "ffff", code=2).error_line.startswith("swathe: no refused items have the id")


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (["--records", "quotes", "--spider", "quotes", "--since", "2020-01-01"], 1),
        (["--records", "books"], 0),
        (["--since", "2999-01-01"], 0),
    ],
)
def test_the_list_shows_the_items_that_are_asked_for(
    swathe: Swathe, connection: Connection, database: Mongo, options: list[str], count: int
) -> None:
    refuse(connection, ObjectId())
    assert f"{counted(count, 'refused item')}" in swathe("rejected", "list", *options).out


def test_redrives_at_once_and_killed_ones_lose_nothing_and_double_nothing(
    swathe: Swathe, connection: Connection, database: Mongo
) -> None:
    texts = [f"Saying number {number}" for number in range(100)]
    for text in texts:
        refuse(connection, ObjectId(), text=text)
    refused = {item["_id"] for item in database.rejected.find()}
    for patience in (1, 10, 25):
        redrives = [swathe.start("rejected", "redrive") for _ in range(2)]
        before = database.redriven.count_documents({})
        until(
            lambda before=before, patience=patience: database.redriven.count_documents({}) >= before + patience,
            "items leave",
        )
        for redrive in redrives:
            os.kill(redrive.pid, signal.SIGKILL)
            redrive.communicate()
        assert refused == {item["_id"] for item in database.rejected.find()} | set(database.redriven.distinct("_id"))
    assert 0 < database.rejected.count_documents({}) < len(refused), "the last two have something left to do"
    last = [swathe.start("rejected", "redrive") for _ in range(2)]
    assert [redrive.communicate() and redrive.returncode for redrive in last] == [0, 0]
    assert database.rejected.count_documents({}) == 0
    assert sorted(quote["text"] for quote in database.quotes.find()) == sorted(texts)
    assert set(database.redriven.distinct("_id")) == refused
    assert database.changes.count_documents({}) == 0


def refuse(connection: Connection, run: ObjectId, **raw: Any) -> Found:
    """Store a quote with a fault."""
    found = Found(Quote, "http://127.0.0.1/", {"text": "So be it.", "author": "Ann", **raw})
    found.faults["tags"] = "for the test"
    Store(connection, run, "quotes").write([found])
    return found


def redriven(connection: Connection, database: Mongo, *, items: list[dict[str, Any]] | None = None) -> list[str]:
    run = ObjectId()
    redrive = Redrive(database, TodaysSpiders(database, project_settings()), Store(connection, run, "quotes"), run)
    tried = [one for page in pages_of(items or list(database.rejected.find())) for one in redrive.retry(page)]
    return [one.outcome or one.why for one in tried]


def test_older_raw_values_do_not_overwrite_newer_ones(connection: Connection, database: Mongo) -> None:
    run, later = ObjectId(), ObjectId()
    refuse(connection, run, tags=["old"])
    newer = Found(Quote, "http://127.0.0.1/", {"text": "So be it.", "author": "Ann", "tags": ["new"]})
    TodaysSpiders(database, project_settings()).check([newer])
    Store(connection, later, "quotes").write([newer])
    before = database.quotes.find_one()
    assert redriven(connection, database) == ["superseded"]
    assert database.quotes.find_one() == before
    assert database.rejected.count_documents({}) == 0
    (trace,) = database.redriven.find()
    assert (trace["outcome"], trace["key"]) == ("superseded", "So be it. / Ann")


def test_newer_raw_values_change_an_older_record_and_its_history(connection: Connection, database: Mongo) -> None:
    older = Found(Quote, "http://127.0.0.1/", {"text": "So be it.", "author": "Ann", "tags": ["old"]})
    TodaysSpiders(database, project_settings()).check([older])
    Store(connection, ObjectId(), "quotes").write([older])
    run = ObjectId()
    refuse(connection, run, tags=["new"])
    (item,) = database.rejected.find()
    assert redriven(connection, database) == ["changed"]
    stored, change = database.quotes.find_one(), database.changes.find_one()
    assert stored is not None
    assert change is not None
    assert (stored["tags"], stored["run"], stored["last_seen"]) == (["new"], run, item["last_seen"])
    assert (change["old"], change["new"]) == (["old"], ["new"])
    assert change["when"] == stored["changed_at"]


def test_a_record_that_is_gone_since_does_not_come_back(connection: Connection, database: Mongo) -> None:
    run = ObjectId()
    refuse(connection, run)
    (item,) = database.rejected.find()
    redriven(connection, database)
    database.quotes.update_one({}, {"$set": {"gone_at": item["last_seen"] + timedelta(days=1)}})
    database.rejected.insert_one(item)
    assert redriven(connection, database) == ["superseded"]
    (stored,) = database.quotes.find()
    assert stored["gone_at"] is not None


def test_values_that_are_added_to_a_list_are_added_again(connection: Connection, database: Mongo) -> None:
    first = Found(Quote, "http://127.0.0.1/", {"text": "So be it.", "author": "Ann", "tags": ["a"]})
    TodaysSpiders(database, project_settings()).check([first])
    Store(connection, ObjectId(), "quotes").write([first])
    found = Found(Quote, "http://127.0.0.1/", {"text": "So be it.", "author": "Ann", "tags": ["b"]}).adding("tags")
    found.faults["tags"] = "for the test"
    Store(connection, ObjectId(), "quotes").write([found])
    assert redriven(connection, database) == ["changed"]
    (stored,) = database.quotes.find()
    assert stored["tags"] == ["a", "b"]


@pytest.mark.parametrize("tags", [{"a": 1}, ["x" * 5_000_000, "y" * 5_000_000]], ids=["a dict", "too large"])
def test_a_text_that_only_shows_a_raw_value_is_not_stored_for_it(
    connection: Connection, database: Mongo, tags: Any
) -> None:
    refuse(connection, ObjectId(), tags=tags)
    (why,) = redriven(connection, database)
    assert why == "its page is not kept, and of tags only a text that shows the raw value"
    (item,) = database.rejected.find()
    assert item["faults"][-1] == {"field": "(record)", "found": None, "problem": why}
    redriven(connection, database)
    (again,) = database.rejected.find()
    assert len(again["faults"]) == len(item["faults"])


def test_an_item_that_a_crawl_refuses_again_meanwhile_stays(connection: Connection, database: Mongo) -> None:
    refuse(connection, ObjectId())
    items = list(database.rejected.find())
    refuse(connection, ObjectId())
    assert redriven(connection, database, items=items) == ["new"]
    assert database.rejected.count_documents({}) == 1
    assert redriven(connection, database) in (["unchanged"], ["superseded"])
    assert database.rejected.count_documents({}) == 0
    assert database.redriven.count_documents({}) == 1


def test_items_of_a_document_that_is_no_more_stay(connection: Connection, database: Mongo) -> None:
    refuse(connection, ObjectId())
    database.rejected.update_one({}, {"$set": {"records": "sayings"}})
    assert redriven(connection, database) == ["no document of models/ has the collection 'sayings' any more"]


def test_a_page_whose_spider_is_no_more_leaves_the_raw_values(
    tried: Project, database: Mongo, site: PracticeServer
) -> None:
    tried.change(*TOO_SHORT)
    tried("crawl", "quotes", "--start", healthy_tag(site), code=3)
    mend(tried, *TOO_SHORT)
    tried.change("spiders/quotes.py", 'name = "quotes"', 'name = "sayings"')
    tried("rejected", "redrive")
    assert database.rejected.count_documents({}) == 0
    assert database.redriven.distinct("source") == ["raw"]
