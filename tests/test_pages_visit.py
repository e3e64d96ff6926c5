"""Crawling again: what has not changed is neither read nor stored, and nothing that is there is lost by that."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from mirror import SITE, Mirror, books_of, with_books
from practice import PracticeServer, enlarge, load_site
from support import last_run

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]

QUOTES = enlarge(load_site(), quotes=60, books=1)


@pytest.fixture
def mirror(swathe: Swathe, database: Mongo) -> Mirror:
    return Mirror(swathe, database)


def counts(run: dict[str, Any]) -> dict[str, int]:
    """Return the counts that are not 0."""
    return {name: count for name, count in run["counts"].items() if count and name != "requests"}


def without_bookkeeping(database: Mongo, name: str) -> list[dict[str, Any]]:
    return list(database[name].find({}, {"run": 0, "last_seen": 0}, sort=[("_id", 1)]))


def test_an_unchanged_site_is_asked_and_not_read_again(mirror: Mirror, database: Mongo) -> None:
    first = mirror.crawl(SITE)
    before, asked = without_bookkeeping(database, "books"), sorted(mirror.asked)
    again = mirror.crawl(SITE)
    assert again["verdict"] == "complete"
    assert sorted(mirror.asked) == asked, "every page is asked whether it has changed"
    pages = first["counts"]["pages"]
    assert counts(again) == {"pages": pages, "not_modified": pages, "items_unchanged": 60}
    assert without_bookkeeping(database, "books") == before
    assert database.books.count_documents({"run": again["_id"], "last_seen": {"$gt": again["started_at"]}}) == 60
    assert [seen["entries"] for seen in again["lists"]] == [seen["entries"] for seen in first["lists"]]
    assert database.changes.count_documents({}) == 0


def test_of_a_changed_site_the_changed_pages_are_read(mirror: Mirror, database: Mongo) -> None:
    mirror.crawl(SITE)
    dearer = {book.upc: book.price + 1 for book in SITE.all_books[5:55:5]}
    run = mirror.crawl(with_books(replace(book, price=dearer.get(book.upc, book.price)) for book in SITE.all_books))
    assert run["verdict"] == "complete"
    read = run["counts"]["pages"] - run["counts"]["not_modified"]
    assert 10 < read <= 10 + len(run["lists"]) * 20
    assert (run["counts"]["items_changed"], run["counts"]["items_unchanged"]) == (10, 50)
    assert {row["key"]: row["new"].to_decimal() for row in database.changes.find()} == dearer


def test_a_page_whose_etag_is_new_but_shows_the_same_is_not_stored_again(mirror: Mirror, database: Mongo) -> None:
    mirror.crawl(SITE)
    before = without_bookkeeping(database, "books")
    other_look = replace(SITE, all_books=tuple(replace(book, reviews=book.reviews) for book in SITE.all_books))
    database.visits.update_many({}, {"$set": {"etag": '"another"'}})
    run = mirror.crawl(other_look)
    pages = run["counts"]["pages"]
    assert counts(run) == {"pages": pages, "pages_same": pages, "items_unchanged": 60}
    assert without_bookkeeping(database, "books") == before
    assert counts(mirror.crawl(SITE))["not_modified"] == pages, "the new ETag is sent the next time"


def test_a_site_without_etags_is_read_and_not_stored_again(swathe: Swathe, database: Mongo) -> None:
    with PracticeServer(QUOTES) as server:
        start = f"{server.url}quotes/tableful/"
        for _ in range(2):
            swathe("crawl", "quotes-table", "--start", start)
    run = last_run(database)
    assert run["counts"]["not_modified"] + run["counts"]["pages_same"] == run["counts"]["pages"]
    assert (run["verdict"], run["counts"]["items_unchanged"]) == ("complete", 60)


def test_an_author_whose_first_page_dropped_her_is_still_known_of_the_others(mirror: Mirror, database: Mongo) -> None:
    first = mirror.crawl(QUOTES, spider="quotes")
    assert first["verdict"] == "complete"
    shared = next(q.author for q in QUOTES.all_quotes[:10] if q.author in [o.author for o in QUOTES.all_quotes[10:]])
    other = next(quote.author for quote in QUOTES.all_quotes if quote.author != shared)
    site = replace(
        QUOTES,
        all_quotes=tuple(
            replace(quote, author=other) if number < 10 and quote.author == shared else quote
            for number, quote in enumerate(QUOTES.all_quotes)
        ),
    )
    run = mirror.crawl(site, spider="quotes")
    assert run["verdict"] == "complete"
    assert run["counts"]["not_modified"] > 0
    assert database.authors.count_documents({"gone_at": {"$ne": None}}) == 0


def test_what_is_gone_comes_back_although_its_page_never_changed(mirror: Mirror, database: Mongo) -> None:
    mirror.crawl(SITE)
    dropped = {book.upc for book in SITE.all_books[10:13]}
    run = mirror.crawl(with_books(book for book in SITE.all_books if book.upc not in dropped))
    assert run["counts"]["items_gone"] == 3
    back = mirror.crawl(SITE)
    assert (back["verdict"], back["counts"]["items_changed"]) == ("complete", 3)
    assert all(book["gone_at"] is None for book in books_of(database).values())


def test_a_record_that_somebody_removed_is_missed_and_read_the_next_time(mirror: Mirror, database: Mongo) -> None:
    mirror.crawl(SITE)
    database.books.delete_one({"upc": SITE.all_books[7].upc})
    run = mirror.crawl(SITE, code=3)
    assert run["reasons"][0].startswith("1 records of pages that have not changed are not in the database any more")
    assert mirror.crawl(SITE)["counts"]["items_new"] == 1
    assert len(books_of(database)) == 60


def test_a_page_with_a_refused_record_is_read_every_time(mirror: Mirror, database: Mongo) -> None:
    broken = with_books([replace(SITE.all_books[0], title=" "), *SITE.all_books[1:]])
    for _ in range(2):
        run = mirror.crawl(broken, code=3)
        assert run["counts"]["items_refused"] == 1
    assert run["counts"]["pages"] - run["counts"]["not_modified"] == 1


def test_other_code_reads_every_page(mirror: Mirror, database: Mongo) -> None:
    mirror.crawl(SITE)
    database.visits.update_many({}, {"$set": {"code": "older"}})
    assert "not_modified" not in counts(mirror.crawl(SITE))


def test_a_file_of_records_has_all_of_them(mirror: Mirror, tmp_path: Path) -> None:
    mirror.crawl(SITE)
    run = mirror.crawl(SITE, "--output", str(tmp_path / "books.jsonl"))
    assert counts(run)["not_modified"] > 0, "though not all were read"
    assert len((tmp_path / "books.jsonl").read_text().splitlines()) == 60


def test_every_page_is_read_after_some_days(mirror: Mirror, database: Mongo) -> None:
    mirror.crawl(SITE)
    database.visits.update_many({}, [{"$set": {"read_at": {"$subtract": ["$read_at", 31 * 86_400_000]}}}])
    assert "not_modified" not in counts(mirror.crawl(SITE))


def test_with_changed_entries_only_no_other_page_is_asked_for(mirror: Mirror, database: Mongo) -> None:
    first = mirror.crawl(SITE)
    lists = len([path for path in mirror.asked if "page-" in path or path.endswith("/books/")])
    book = SITE.all_books[20]
    cheaper = with_books(replace(b, price=Decimal("0.99")) if b.upc == book.upc else b for b in SITE.all_books)
    run = mirror.crawl(cheaper, "--set", "crawl.follow=changed")
    assert run["verdict"] == "complete"
    assert (run["counts"]["passed_over"], run["counts"]["items_unchanged"]) == (59, 59)
    assert run["counts"]["pages"] == lists + 1 == first["counts"]["pages"] - 59
    assert [(row["key"], row["field"]) for row in database.changes.find()] == [(book.upc, "price")]
    assert database.books.count_documents({"gone_at": {"$ne": None}}) == 0


@pytest.mark.parametrize(("spider", "pages"), [("books", 2), ("quotes", 2)])
def test_a_list_is_left_after_known_records_in_a_row(mirror: Mirror, database: Mongo, spider: str, pages: int) -> None:
    site = SITE if spider == "books" else QUOTES
    mirror.crawl(site, spider=spider)
    removed = database[spider].distinct("_id")[-1]
    run = mirror.crawl(site, "--since-known", "25", spider=spider)
    assert (run["verdict"], run["arguments"]["since_known"]) == ("complete", 25)
    assert run["lists"][0]["pages"] == pages
    assert database[spider].count_documents({"gone_at": {"$ne": None}}) == 0, "what was not looked at is not gone"
    assert database[spider].find_one({"_id": removed}) is not None


def test_since_known_reads_on_where_records_are_new(mirror: Mirror, database: Mongo) -> None:
    mirror.crawl(with_books(SITE.all_books[30:]))
    run = mirror.crawl(SITE, "--since-known", "10")
    assert len(books_of(database)) == 60
    assert run["lists"][0]["pages"] == 2, "the last ten of the second page are known"


def test_since_known_needs_a_memory(swathe: Swathe) -> None:
    result = swathe("crawl", "books", "--since-known", "5", "--set", "crawl.revalidate=false", code=2)
    assert "--since-known needs what is known of pages: set [crawl] revalidate to true" in result.error_line


def test_a_visit_says_where_its_page_led(mirror: Mirror, database: Mongo) -> None:
    mirror.crawl(SITE)
    from scraper.pages.visit import PageVisit

    for row in database.visits.find():
        visit = PageVisit.from_row(row)
        onward = visit.led_to()
        assert bool(onward.event) == bool(onward.requests), "list pages lead to books, books nowhere"
        assert json.loads(json.dumps(onward.requests)) == onward.requests
