"""What the list alone shows of a record whose own page is read: it comes along, and never from an earlier crawl."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from odd_site import Answer, Asked, OddSite, crawled, thing
from odd_spiders import Listed
from stored_pages import connected
from support import last_run

from scraper.pages.archive import PAGES, body_of
from scraper.pages.reread import TodaysSpiders

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]

Rows = list[tuple[str, str, str]]
"""What entries show: number, a text, and a tag in an attribute."""

FIRST: Rows = [("01", "Ann", "a"), ("02", "Ben", "b"), ("03", "Cid", "c")]


class Shop:
    """A list whose entries change, and own pages that never do: they answer 304."""

    def __init__(self) -> None:
        self.rows = FIRST
        self.list_etag = False

    def answer(self, asked: Asked) -> Answer:
        if asked.path == "/":
            shown = "".join(
                f"<li class=item data-tag={tag}><a class=t href=/thing/{number}>x</a> <i class=by>{by}</i></li>"
                for number, by, tag in self.rows
            )
            return self._tagged(asked, f"<html><ul>{shown}</ul></html>", "list" if self.list_etag else "")
        return self._tagged(asked, thing(asked.path), "same")

    def _tagged(self, asked: Asked, body: str, etag: str) -> Answer:
        headers = {"ETag": f'"{etag}"'} if etag else {}
        if etag and asked.etag == headers["ETag"]:
            return Answer(status=304, headers=headers)
        return Answer(body, headers=headers)


def stored(database: Mongo) -> Rows:
    return sorted(
        (row["text"][-2:], row["goodreads_url"].rpartition("/")[2], row["tags"][0]) for row in database.quotes.find()
    )


def test_a_value_of_the_list_is_stored_with_the_record_of_its_own_page(swathe: Swathe, database: Mongo) -> None:
    shop = Shop()
    with OddSite(shop.answer) as site:
        assert crawled(swathe, database, "listed", site.url)[1:] == ("complete", [])
        assert stored(database) == FIRST
        crawled(swathe, database, "listed", site.url)
        again = last_run(database)
    assert (again["counts"]["not_modified"], again["counts"]["items_unchanged"]) == (3, 3)
    assert stored(database) == FIRST


@pytest.mark.parametrize("spider", ["listed", "carrying"])
@pytest.mark.parametrize("follow", ["all", "changed"])
def test_a_value_that_changed_in_the_list_is_stored_although_the_own_page_has_not(
    swathe: Swathe, database: Mongo, follow: str, spider: str
) -> None:
    shop, how = Shop(), {"SWATHE_CRAWL_FOLLOW": follow}
    with OddSite(shop.answer) as site:
        crawled(swathe, database, spider, site.url)
        # A text of an entry; an attribute, which no text of it tells.
        shop.rows = [("01", "Ann", "a"), ("02", "Bea", "b"), ("03", "Cid", "z")]
        crawled(swathe, database, spider, site.url, **how)
        assert stored(database) == shop.rows
        run = last_run(database)
        assert (run["counts"]["items_changed"], run["counts"]["items_unchanged"]) == (2, 1)
        told = {(row["key"], row["field"]) for row in database.changes.find()}
        assert told == {("Thing 02 / odd", "goodreads_url"), ("Thing 03 / odd", "tags")}
        shop.rows = FIRST
        crawled(swathe, database, spider, site.url, **how)
        assert stored(database) == FIRST, "what was read first is remembered no longer"


def test_a_list_that_is_not_modified_leads_to_own_pages_with_its_values(swathe: Swathe, database: Mongo) -> None:
    shop = Shop()
    shop.list_etag = True
    with OddSite(shop.answer) as site:
        crawled(swathe, database, "listed", site.url)
        database.quotes.update_many({}, {"$set": {"goodreads_url": "http://other.example/"}})
        database.visits.delete_many({"url": {"$regex": "thing"}})
        crawled(swathe, database, "listed", site.url)
    assert last_run(database)["counts"]["not_modified"] == 1
    assert stored(database) == FIRST


def test_two_entries_with_other_values_for_one_record_leave_a_doubt_every_time(swathe: Swathe, database: Mongo) -> None:
    shop = Shop()
    shop.rows = [*FIRST, ("02", "Bea", "b")]
    with OddSite(shop.answer) as site:
        for _ in range(2):
            _, verdict, (why, *_) = crawled(swathe, database, "listed", site.url, code=3)
            assert verdict == "unknown"
            assert "1 entry leads to another entry's page, with other values for its record: " in why
            assert why.endswith("/thing/02")
        shop.rows = [*FIRST, FIRST[0]]
        assert crawled(swathe, database, "listed", site.url)[1] == "complete", "said twice alike it is no doubt"


def test_a_kept_page_is_read_again_with_what_the_list_showed(
    swathe: Swathe, database: Mongo, data_dir: Path, server: Any
) -> None:
    shop = Shop()
    with OddSite(shop.answer) as site:
        crawled(swathe, database, "listed", site.url, SWATHE_PAGES_KEEP="all")
    with connected(data_dir, database):
        spiders = TodaysSpiders(database, classes={Listed.name: Listed})
        read = {}
        for page in database[PAGES].find({"url": {"$regex": "thing"}}):
            (found,) = spiders.read(page, body_of(database, page) or b"").found
            read[found.raw["text"][-2:]] = (found.raw["goodreads_url"], found.raw["tags"][0])
    assert read == {number: (by, tag) for number, by, tag in FIRST}
