"""`swathe query` over every collection: times, nested fields, order, counts by value, plans, saved queries."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import mongoengine
import pytest
from bson import Decimal128
from support import ROOT

import models.registry
from models.books import Book
from models.registry import all_documents
from models.system import Change, Rejected, Run
from scraper.cli.app import app
from scraper.cli.completing import suggestions
from scraper.cli.output import write_csv, write_json
from scraper.errors import ConfigError, UsageError
from scraper.query.filters import mongo_filter
from scraper.query.grouping import group_by
from scraper.query.question import Wanted, ask
from scraper.query.times import span_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
NOON = datetime(2026, 3, 30, 12, tzinfo=UTC)
"""The day after the clocks were changed in Berlin."""


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026-03-29", utc(2026, 3, 28, 23), utc(2026, 3, 29, 22)),
        ("yesterday", utc(2026, 3, 28, 23), utc(2026, 3, 29, 22)),
        ("today", utc(2026, 3, 29, 22), utc(2026, 3, 30, 22)),
        ("Tomorrow", utc(2026, 3, 30, 22), utc(2026, 3, 31, 22)),
        ("now", NOON, None),
        ("3 days ago", utc(2026, 3, 27, 13), None),
        ("-3d", utc(2026, 3, 27, 13), None),
        ("1 week ago", utc(2026, 3, 23, 13), None),
        ("-72h", utc(2026, 3, 27, 12), None),
        ("90 min ago", utc(2026, 3, 30, 10, 30), None),
        ("in 2 hours", utc(2026, 3, 30, 14), None),
        ("+30s", utc(2026, 3, 30, 12, 0, 30), None),
        ("2026-03-30T08:00", utc(2026, 3, 30, 6), None),
        ("2026-03-30T08:00Z", utc(2026, 3, 30, 8), None),
        ("2026-03-30 08:00:00+05:00", utc(2026, 3, 30, 3), None),
    ],
)
def test_a_time_is_read_in_the_zone_by_the_calendar(text: str, start: datetime, end: datetime | None) -> None:
    assert span_of(text, BERLIN, NOON) == (start, end or start + timedelta(milliseconds=1))


@pytest.mark.parametrize(
    ("zone", "text", "start"),
    [
        ("Africa/Cairo", "2026-04-24", utc(2026, 4, 23, 22)),
        ("America/Santiago", "2026-09-06", utc(2026, 9, 6, 4)),
        ("Europe/Berlin", "2026-03-29T02:30", utc(2026, 3, 29, 1, 30)),
        ("Europe/Berlin", "2026-10-25T02:30", utc(2026, 10, 25, 0, 30)),
    ],
)
def test_a_time_that_the_clock_leaves_out_is_not_an_hour_early(
    monkeypatch: pytest.MonkeyPatch, zone: str, text: str, start: datetime
) -> None:
    assert span_of(text, ZoneInfo(zone)).start == start
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert span_of(text).start == start
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    "text", ["", "soon", "3 days", "3 blue moons ago", "-d", "2026-02-30", "99:99", "-999999w", "9999-12-31", "--3d"]
)
def test_a_text_that_is_no_time_is_an_error_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="expected a time such as 2026-11-21"):
        span_of(text, UTC, NOON)


def test_a_zone_moves_moments_but_not_days_of_the_calendar() -> None:
    author = all_documents()["authors"]
    assert mongo_filter(author, ["born_date=1896-01-31"], NEW_YORK) == {
        "born_date": {"$gte": utc(1896, 1, 31), "$lt": utc(1896, 2, 1)}
    }
    assert mongo_filter(author, ["first_seen=2026-01-31"], NEW_YORK) == {
        "first_seen": {"$gte": utc(2026, 1, 31, 5), "$lt": utc(2026, 2, 1, 5)}
    }


RUNS = [
    {"_id": "a", "spider": "books", "counts": {"pages": 9}, "arguments": {"start": "http://x/", "max_pages": 5},
     "records": {"books": {"new": 7}}, "lists": [{"start": "s", "pages": 3}, {"start": "t", "pages": 4}],
     "started_at": utc(2026, 3, 30, 12)},
    {"_id": "b", "spider": "quotes", "counts": {"pages": 30}, "arguments": {"max_pages": "5"}, "lists": [],
     "started_at": utc(2026, 3, 29, 22, 30), "exit_code": 0},
]  # fmt: skip


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (["counts.pages>10"], "b"),
        (["counts.pages>=9", "counts.pages<30"], "a"),
        (["lists.pages=4"], "a"),
        (["!lists"], "b"),
        (["records.books.new>5"], "a"),
        (["arguments.max_pages=5"], "a b"),
        (["arguments.max_pages<6"], "a"),
        (["arguments.max_pages!=5"], ""),
        (["arguments.start~X/"], "a"),
        (["arguments.start"], "a"),
        (["started_at:2026-03-29,2026-03-31"], "b"),
        (["started_at:2026-03-29,2026-03-30"], "a b"),
        (["exit_code"], "b"),
    ],
)
def test_fields_inside_others_are_asked_for_by_their_types(database: Mongo, filters: list[str], found: str) -> None:
    database.runs.insert_many(RUNS)
    rows = database.runs.find(mongo_filter(Run, filters, UTC), sort=[("_id", 1)])
    assert " ".join(row["_id"] for row in rows) == found


ODD = [
    {"_id": "a", "arguments": {"a.b": 3, "c": {"d.e": [1, 9]}, "Size (cm)": 15.5, "t": "x,y"}, "spider": "one, two"},
    {"_id": "b", "arguments": {"a.b": "Three", "c": {"d.e": 5}, "Size (cm)": [1, 99], "t": "x\\"}, "spider": "two"},
    {"_id": "c", "arguments": {"a": {"b": 3}, "c": 1}, "lists": [{"pages": 1}, {"pages": 9}]},
]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ([r"arguments.a\.b=3"], "a"),
        (["arguments.a.b=3"], "c"),
        ([r"arguments.a\.b!=3"], "b c"),
        ([r"arguments.a\.b:3,Three"], "a b"),
        ([r"arguments.a\.b!:3,Three"], "c"),
        ([r"arguments.a\.b<5"], "a"),
        ([r"arguments.a\.b~THR"], "b"),
        ([r"arguments.a\.b"], "a b"),
        ([r"!arguments.a\.b"], "c"),
        ([r"arguments.c.d\.e=2..8"], "b"),
        ([r"arguments.c.d\.e=9"], "a"),
        (["arguments.Size (cm)=2..98"], "a"),
        (["arguments.Size (cm)=99.."], "b"),
        (["arguments.Size (cm)!=2..98"], "b c"),
        (["lists.pages=2..8"], ""),
        (["lists.pages=2..9"], "c"),
        ([r"spider:one\, two,three"], "a"),
        (["spider:one, two"], "b"),
        ([r"arguments.t:x\,y,x\\"], "a b"),
    ],
)
def test_any_key_and_any_value_can_be_written(database: Mongo, filters: list[str], found: str) -> None:
    database.runs.insert_many(ODD)
    rows = database.runs.find(mongo_filter(Run, filters, UTC), sort=[("_id", 1)])
    assert " ".join(row["_id"] for row in rows) == found


def test_a_key_with_a_dot_can_be_shown_and_grouped_by(database: Mongo) -> None:
    database.runs.insert_many(ODD)
    assert answer(database, records="runs", select=r"arguments.a\.b,arguments.t", sort="id") == [
        [3, "x,y"],
        ["Three", "x\\"],
        [None, None],
    ]
    name = r"arguments.c.d\.e"
    assert answer(database, records="runs", group_by=name, sort=name) == [[None, 1], [[1, 9], 1], [5, 1]]


def test_old_and_new_values_of_any_type_can_be_compared(database: Mongo) -> None:
    values = [Decimal128("9.5"), 12, "12", 0.1, "cheap", True]
    database.changes.insert_many([{"new": value} for value in values])

    def found(*filters: str) -> list[Any]:
        return [row["new"] for row in database.changes.find(mongo_filter(Change, filters))]

    assert found("new<10") == [Decimal128("9.5"), 0.1]
    assert found("new=12") == [12, "12"]
    assert found("new=0.1") == [0.1]
    assert found("new=true") == [True]
    assert found("new:cheap,9.5") == [Decimal128("9.5"), "cheap"]
    assert found("new!=12") == [Decimal128("9.5"), 0.1, "cheap", True]
    assert found("new~HEA") == ["cheap"]
    assert found("new=0.05..9.5") == [Decimal128("9.5"), 0.1]
    assert found("new!=1..") == ["12", 0.1, "cheap", True]


@pytest.mark.parametrize(
    ("document", "filters", "line"),
    [
        (Book, ["prize<10"], "did you mean 'price'? The fields of books are upc, title, price, currency"),
        (Book, ["price<cheap"], "expected a number; the fields of books are upc, title, price"),
        (Book, ["price=Infinity"], "expected a number"),
        (Book, ["price=nan"], "expected a number"),
        (Book, ["price<1e999999"], "expected a number"),
        (Book, ["price<0." + "1" * 40], "expected a number"),
        (Book, ["changed_at>-9999999999d"], "expected a time such as"),
        (Book, ["title~\udcff"], "is not understood"),
        (Book, ["title~a\0b"], "is not understood"),
        (Book, ["title~" + "a" * 40_000], "has 40000 characters, expected 1 to 5000"),
        (Run, ["counts=5"], "'counts' is no single value, expected one inside it: counts.pages, counts.not_modified"),
        (Run, ["counts.pges=5"], "did you mean 'counts.pages'? The fields of 'counts' are pages, not_modified"),
        (Run, ["arguments=5"], "expected one inside it: arguments.NAME"),
        (Run, ["arguments.$where=1"], "'arguments.$where' is not a field of runs"),
        (Rejected, ["faults.prize=x"], "the fields of 'faults' are field, found, problem"),
    ],
)
def test_bad_filters_are_one_line_that_lists_the_fields(document: Any, filters: list[str], line: str) -> None:
    with pytest.raises(UsageError) as fault:
        mongo_filter(document, filters)
    assert line in str(fault.value)
    assert "\n" not in str(fault.value)
    assert len(str(fault.value)) < 1000


def test_a_filter_is_never_a_pattern_and_no_bomb(database: Mongo) -> None:
    database.books.insert_one({"title": "a" * 5_000 + "!"})
    database.books.insert_one({"title": "the (a+)+$ of it"})
    started = time.process_time()
    found = list(database.books.find(mongo_filter(Book, ["title~(A+)+$"])))
    assert [row["title"] for row in found] == ["the (a+)+$ of it"]
    assert time.process_time() - started < 10
    hostile = mongo_filter(Book, ["title~" + "é(" * 2_500])
    assert database.books.count_documents(hostile) == 0


def test_a_document_of_any_module_of_models_is_found_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    class Frontier(mongoengine.Document):
        meta = {"collection": "frontier_of_a_test"}  # noqa: RUF012
        __module__ = "models.frontier_of_a_test"
        url = mongoengine.StringField()
        body = mongoengine.BinaryField()

    monkeypatch.setitem(sys.modules, Frontier.__module__, ModuleType(Frontier.__module__))
    assert models.registry.all_documents()["frontier_of_a_test"] is Frontier
    assert ask(Wanted("frontier_of_a_test", ["url~x"])).columns == {"url": ("url",)}
    Frontier.__module__ = "elsewhere"
    assert "frontier_of_a_test" not in models.registry.all_documents()


BOOKS = [
    {"upc": "a", "title": "A", "price": Decimal128("1.00"), "category": "x", "rating": 1},
    {"upc": "b", "title": "B", "price": Decimal128("2.00"), "category": "x", "rating": 5},
    {"upc": "c", "title": "C", "price": Decimal128("9.00"), "category": "y", "rating": 3},
    {"upc": "d", "title": "D", "price": Decimal128("4.00")},
]


def answer(database: Mongo, *filters: str, limit: int = 0, records: str = "books", **wanted: Any) -> list[list[Any]]:
    question = ask(Wanted(records, filters, **wanted))
    return [list(row.values()) for row in question.rows(database, limit)]


def test_records_are_counted_by_value_the_most_frequent_first(database: Mongo) -> None:
    database.books.insert_many([dict(book) for book in BOOKS])
    assert answer(database, group_by="category") == [["x", 2], [None, 1], ["y", 1]]
    assert answer(database, "price>1", group_by="category", limit=1) == [[None, 1]]
    assert answer(database, group_by="category", sort="-category") == [["y", 1], ["x", 2], [None, 1]]
    assert answer(
        database, "category", group_by="category", select="count,min(price),max(rating),avg(price)", sort="avg(price)"
    ) == [
        ["x", 2, Decimal128("1.00"), 5, Decimal128("1.5000")],
        ["y", 1, Decimal128("9.00"), 3, Decimal128("9.0000")],
    ]
    assert ask(Wanted("books", group_by="category")).count(database) == 3


def test_several_fields_are_grouped_by_and_sums_are_exact_of_groups_and_of_all(database: Mongo) -> None:
    database.books.insert_many([dict(book) for book in BOOKS])
    database.books.insert_one({"upc": "e", "title": "E", "category": "z", "rating": 3})
    assert answer(database, group_by="category,rating", select="sum(price)", sort="category,-rating") == [
        [None, None, Decimal128("4.00")],
        ["x", 5, Decimal128("2.00")],
        ["x", 1, Decimal128("1.00")],
        ["y", 3, Decimal128("9.00")],
        ["z", 3, None],
    ]
    everything = {"select": "count,sum(price),min(price),max(rating),avg(rating)"}
    assert answer(database, **everything) == [[5, Decimal128("16.00"), Decimal128("1.00"), 5, 3.0]]
    assert answer(database, "rating>9", **everything) == [[0, None, None, None, None]]
    database.runs.insert_many([dict(run) for run in RUNS])
    assert answer(database, records="runs", group_by="lists.start", select="sum(lists.pages)", sort="lists.start") == [
        [None, None],
        ["s", 3],
        ["t", 4],
    ]


@pytest.mark.parametrize(
    ("period", "zone", "found"),
    [
        ("day", UTC, [["2026-03-29", 1], ["2026-12-31", 1], ["2027-01-03", 1]]),
        ("day", BERLIN, [["2026-03-30", 1], ["2027-01-01", 1], ["2027-01-03", 1]]),
        ("week", UTC, [["2026-W13", 1], ["2026-W53", 2]]),
        ("month", BERLIN, [["2026-03", 1], ["2027-01", 2]]),
        ("year", UTC, [["2026", 2], ["2027", 1]]),
    ],
)
def test_times_are_grouped_by_the_calendar_of_the_zone(
    database: Mongo, period: str, zone: ZoneInfo, found: list[Any]
) -> None:
    times = utc(2026, 3, 29, 22, 30), utc(2026, 12, 31, 23, 30), utc(2027, 1, 3, 12)
    database.authors.insert_many([{"name": str(when), "first_seen": when, "born_date": when} for when in times])
    name = f"{period}(first_seen)"
    assert answer(database, records="authors", group_by=name, sort=name, zone=zone) == found
    days = answer(database, records="authors", group_by="day(born_date)", sort="day(born_date)", zone=zone)
    assert [day for day, _ in days] == ["2026-03-29", "2026-12-31", "2027-01-03"]


def test_lists_are_counted_by_element_also_inside_others(database: Mongo) -> None:
    database.quotes.insert_many([{"tags": ["a", "b"]}, {"tags": ["b"]}, {"tags": []}, {}])
    assert answer(database, records="quotes", group_by="tags") == [[None, 2], ["b", 2], ["a", 1]]
    database.rejected.insert_many([{"faults": [{"field": "price"}, {"field": "upc"}]}, {"faults": [{"field": "upc"}]}])
    assert answer(database, records="rejected", group_by="faults.field") == [["upc", 2], ["price", 1]]
    assert answer(database, records="rejected", select="faults.field") == [[["price", "upc"]], [["upc"]]]


def test_several_fields_sort_and_an_inner_field_can_be_shown_with_its_outer_one(database: Mongo) -> None:
    database.books.insert_many([dict(book) for book in BOOKS])
    assert answer(database, sort="-category,price", select="upc") == [["c"], ["a"], ["b"], ["d"]]
    database.runs.insert_many([dict(run) for run in RUNS])
    assert answer(database, records="runs", select="counts,counts.pages", sort="spider") == [
        [{"pages": 9}, 9],
        [{"pages": 30}, 30],
    ]


@pytest.mark.parametrize(
    ("wanted", "line"),
    [
        ({"group_by": "nope"}, "'nope' is not a field of books: the fields of books are upc"),
        ({"sort": "prcie"}, "'prcie' is not a field of books: did you mean 'price'?"),
        ({"sort": "price,-ratnig"}, "did you mean 'rating'?"),
        ({"group_by": "category", "sort": "prcie"}, "--sort prcie: with --group-by a shown column sorts"),
        ({"group_by": "category", "select": "avg(title)"}, "'title' holds no numbers: expected one of: price, rating"),
        (
            {"group_by": "category", "select": "price"},
            "expected count, sum(FIELD), min(FIELD), max(FIELD) or avg(FIELD) of a number",
        ),
        ({"group_by": "category", "select": "sum(prize)"}, "'prize' is not a field of books: did you mean 'price'?"),
        ({"group_by": "category", "select": "mode(price)"}, "expected count, sum(FIELD)"),
        ({"select": "title,sum(price)"}, "--select title: beside sums expected count"),
        ({"group_by": "month(title)"}, "'title' holds no times: expected one of: changed_at, first_seen, gone_at"),
        ({"group_by": "moon(first_seen)"}, "did you mean 'month'? Expected one of: day, month, week, year"),
        ({"records": "runs", "select": "sum(lists.pages)"}, "several values in each record: add --group-by lists"),
        (
            {"records": "runs", "sort": r"arguments.a\.b"},
            "has a key with a dot: it can be asked for, shown and grouped",
        ),
        ({"text": '" - '}, "has no word in it"),
        ({"text": "sea", "as_of": "today"}, "--text: a text search looks into the records as they are now"),
        ({"records": "runs", "text": "sea"}, "'runs' has no field with search=True: expected one of: authors, books"),
        ({"records": "runs", "as_of": "today"}, "'runs' has no history"),
        ({"records": "bocks"}, "there are no records 'bocks': did you mean 'books'?"),
    ],
)
def test_an_option_that_makes_no_sense_is_one_clear_line(wanted: dict[str, str], line: str) -> None:
    with pytest.raises(UsageError) as fault:
        ask(Wanted(**{"records": "books", **wanted}))
    assert line in str(fault.value)


def test_a_mean_of_times_is_refused_but_their_first_and_last_are_told() -> None:
    assert group_by(Book, ["category"], ["min(first_seen)"]).columns["min(first_seen)"]
    with pytest.raises(UsageError, match="holds no numbers"):
        group_by(Book, ["category"], ["avg(first_seen)"])


@pytest.mark.parametrize("records", sorted(all_documents()))
def test_every_collection_can_be_asked_also_when_it_is_empty(database: Mongo, records: str) -> None:
    question = ask(Wanted(records))
    assert list(question.rows(database)) == []
    assert question.count(database) == 0
    assert "nothing: no documents yet" in str(question.plan(database))


def test_a_plan_tells_the_index_or_that_every_document_was_read(database: Mongo) -> None:
    database.books.insert_many([dict(book) for book in BOOKS])
    by_scan = ask(Wanted("books", ["price<3"], sort="price")).plan(database)
    assert str(by_scan) == (
        "no index (COLLSCAN, every document is read): 0 keys and 4 documents examined, 2 returned; "
        "sorted in memory (SORT)"
    )
    database.books.create_index("price", name="price")
    by_index = ask(Wanted("books", ["price<3"], sort="price")).plan(database)
    assert str(by_index) == "index price (IXSCAN): 2 keys and 2 documents examined, 2 returned"
    grouped = ask(Wanted("books", ["price<3"], group_by="category")).plan(database)
    assert grouped.indexes == ("price",)
    assert ask(Wanted("books", ["price<3"], as_of="now")).plan(database).indexed is False


def test_times_are_shown_in_the_local_zone_or_in_utc_and_json_is_always_in_utc(swathe: Swathe, database: Mongo) -> None:
    database.runs.insert_many([dict(run) for run in RUNS])
    show = ["query", "runs", "started_at=2026-03-30", "--select", "spider,started_at", "--sort", "started_at"]
    local = swathe(*show, TZ="Europe/Berlin").out
    assert "2026-03-30 00:30" in local
    assert "2026-03-30 14:00" in local
    assert "2 runs; times in " in local
    universal = swathe(*show, "--utc", TZ="Europe/Berlin").out
    assert "2026-03-30 12:00" in universal
    assert "1 runs; times in UTC" in universal
    rows = json.loads(swathe(*show, "--format", "json", TZ="Europe/Berlin").out)
    assert [row["started_at"] for row in rows] == ["2026-03-29T22:30:00+00:00", "2026-03-30T12:00:00+00:00"]


def test_a_moment_at_midnight_is_no_day_and_a_day_no_moment(swathe: Swathe, database: Mongo) -> None:
    database.authors.insert_one({"name": "A", "born_date": utc(1879, 3, 14), "first_seen": utc(2026, 1, 1)})
    shown = swathe("query", "authors", "--select", "name,born_date,first_seen", TZ="America/New_York").out
    assert "1879-03-14 " in shown
    assert "2025-12-31 19:00" in shown
    grouped = ["query", "authors", "--group-by", "name", "--select", "max(born_date),max(first_seen)"]
    shown = swathe(*grouped, TZ="America/New_York").out
    assert "1879-03-14 " in shown
    assert "2025-12-31 19:00" in shown


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        (["--as-of", ""], "the time is '', expected a time such as"),
        (["--text", ""], "--text: "),
        (["--limit", "99999999999999999999"], "should be less than or equal to 1000000000"),
    ],
)
def test_an_option_that_makes_no_sense_is_not_passed_over(
    swathe: Swathe, database: Mongo, options: list[str], fault: str
) -> None:
    assert fault in " ".join(swathe("query", "books", *options, code=2).err.split())


@pytest.mark.parametrize("buffered", [True, False])
def test_output_that_cannot_be_written_is_one_line(swathe: Swathe, database: Mongo, buffered: bool) -> None:
    environ = {**swathe.environ, "PYTHONUNBUFFERED": "" if buffered else "1"}
    database.books.insert_one({"upc": "a", "title": "Bělotice"})
    asked = [sys.executable, "main.py", "query", "books", "--select", "title", "--format", "csv"]
    with open("/dev/full", "w") as full:  # noqa: PTH123
        ran = subprocess.run(asked, cwd=ROOT, env=environ, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (ran.returncode, ran.stderr) == (1, "swathe: the output could not be written: No space left on device\n")
    assert "B\\u011blotice" in swathe(*asked[2:], PYTHONIOENCODING="ascii").out


@pytest.mark.parametrize(
    ("records", "filters", "near"),
    [
        ("books", ["category=Poetri"], ["no books have category 'Poetri': did you mean 'Poetry'?"]),
        ("books", ["category=poetry"], ["no books have category 'poetry': did you mean 'Poetry'?"]),
        ("books", ["category!=Poetri"], ["no books have category 'Poetri': did you mean 'Poetry'?"]),
        ("books", ["category:Travel,Poetri"], ["no books have category 'Poetri': did you mean 'Poetry'?"]),
        ("books", ["category=Poetry", "title~nothing"], []),
        ("books", ["category=Knitting"], []),
        ("books", ["title=Far Awy"], ["no books have title 'Far Awy': did you mean 'Far Away'?"]),
        (
            "books",
            ["category:Poetri,Knitting,Travle"],
            [
                "no books have category 'Poetri': did you mean 'Poetry'?",
                "no books have category 'Travle': did you mean 'Travel'?",
            ],
        ),
        ("runs", ["verdict=complet"], ["no runs have verdict 'complet': did you mean 'complete'?"]),
    ],
)
def test_a_value_that_is_nearly_one_of_the_field_s_is_named(
    database: Mongo, records: str, filters: list[str], near: list[str]
) -> None:
    rows = [{"upc": "a", "category": "Poetry", "title": "Far Away"}, {"upc": "b", "category": "Travel", "title": "B"}]
    database.books.insert_many(rows)
    database.books.create_index("category", name="category")
    question = ask(Wanted(records, filters))
    assert question.near_values(database, is_empty=not list(question.rows(database))) == near


def test_a_near_value_is_looked_for_in_an_index_beyond_the_first_records(database: Mongo) -> None:
    database.books.create_index("category", name="category")
    database.books.insert_many([{"upc": f"{n}", "category": "A" if n < 3_000 else f"Kind {n}"} for n in range(3_200)])
    near = ask(Wanted("books", ["category=Kind 3100x"])).near_values(database, is_empty=True)
    assert near == ["no books have category 'Kind 3100x': did you mean 'Kind 3100'?"]


def test_the_commands_tell_a_near_value_on_standard_error(swathe: Swathe, database: Mongo, tmp_path: Path) -> None:
    book = {"upc": "a", "category": "Poesía", "title": "Far Away"}
    database.books.insert_one({**book, **dict.fromkeys(("first_seen", "last_seen", "changed_at"), NOON)})
    line = "note: no books have title 'far away': did you mean 'Far Away'?\n"
    for asked in (["query", "books"], ["query", "books", "--format", "csv"], ["export", "books", f"{tmp_path}/a.csv"]):
        assert swathe(*asked, "title=far away").err == line
        assert swathe(*asked, "title=Far Away").err == ""
    assert swathe("query", "books", "category=Poesi\u0301a", "--count").out == "1\n"
    assert swathe("query", "books", "--text", "Poesi\u0301a Fa\u00adr", "--explain").out.count("Poesía") == 1
    assert "0 changes" in swathe("history", "books", "a\u200b").out


def test_a_text_search_makes_its_index_where_no_crawl_has(swathe: Swathe, database: Mongo) -> None:
    assert "0 books" in swathe("query", "books", "--text", "sea").out
    database.books.insert_many([{"upc": "a", "title": "By the Sea"}, {"upc": "b", "title": "Season"}])
    assert swathe("query", "books", "--text", "SEA", "--count").out == "1\n"
    explained = swathe("query", "books", "--text", "sea", "--explain").out
    assert '"$text": {"$search": "\\"sea\\""}' in explained
    assert "served by  text index record_text (IXSCAN)" in explained


SAVED = {"SWATHE_QUERIES_CHEAP": "books price<5 --sort -price --select upc --format jsonl"}


def test_a_saved_query_is_added_to_and_outdone_by_what_is_typed(swathe: Swathe, database: Mongo) -> None:
    database.books.insert_many([dict(book) for book in BOOKS])
    assert swathe("query", "--saved", "cheap", **SAVED).out == '{"upc": "d"}\n{"upc": "b"}\n{"upc": "a"}\n'
    assert swathe("query", "category=x", "--saved=Cheap", "--limit", "1", **SAVED).out == '{"upc": "b"}\n'
    assert swathe("query", "--saved", "cheap", "--format", "csv", "--sort", "upc", **SAVED).out == "upc\na\nb\nd\n"


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("books prize<5", "cannot be asked: 'prize' is not a field of books: did you mean 'price'?"),
        ("bocks price<5", "cannot be asked: there are no records 'bocks'"),
        ("books price<5 --srot price", "cannot be asked: No such option: --srot"),
        ("books --limit x", "cannot be asked: "),
        ("books 'price<5", "cannot be asked: No closing quotation"),
        ("--saved cheap", "cannot be asked: a saved query cannot begin with another one"),
        ("", "cannot be asked: "),
    ],
)
def test_a_saved_query_that_no_longer_fits_is_one_line_that_names_it(
    monkeypatch: pytest.MonkeyPatch, line: str, fault: str
) -> None:
    monkeypatch.setenv("SWATHE_QUERIES_CHEAP", line)
    with pytest.raises(ConfigError) as told:
        app(["query", "--saved", "cheap", "in_stock=true"])
    assert str(told.value).startswith(f"the saved query 'cheap' ({line}) cannot be asked: ")
    assert fault in str(told.value)
    assert "\n" not in str(told.value)


def test_a_fault_of_what_is_typed_is_not_blamed_on_the_saved_query(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWATHE_QUERIES_CHEAP", "books price<5")
    with pytest.raises(UsageError, match=r"^'in_stok' is not a field of books"):
        app(["query", "--saved", "cheap", "in_stok=true"])
    with pytest.raises(UsageError, match="there is no saved query 'chaep': did you mean 'cheap'"):
        app(["query", "--saved", "chaep"])


def test_what_mongodb_refuses_is_one_line(swathe: Swathe, database: Mongo) -> None:
    database.create_collection("books", viewOn="x", pipeline=[{"$set": {"y": {"$divide": [1, 0]}}}])
    database.x.insert_one({})
    assert "MongoDB at" in swathe("query", "books", code=1).error_line


def test_numbers_that_json_lacks_are_texts_and_stored_escapes_stay_harmless(swathe: Swathe, database: Mongo) -> None:
    odd = {"lists": [float("nan"), float("-inf"), 1.5], "big": Decimal128("NaN"), "say": "\x1b[2J\u202eevil\x9b"}
    database.runs.insert_one({"spider": "s", "arguments": odd})
    line = swathe("query", "runs", "--select", "arguments", "--format", "jsonl").out

    def refuse(name: str) -> None:
        raise AssertionError(name)

    told = json.loads(line, parse_constant=refuse)["arguments"]
    assert told == {"lists": ["nan", "-inf", 1.5], "big": "NaN", "say": odd["say"]}
    for format_ in ("table", "csv", "json"):
        out = swathe("query", "runs", "--group-by", "arguments.say", "--format", format_).out
        assert "evil" in out
        assert not {"\x1b", "\x9b", "\u202e"} & set(out)


@pytest.mark.parametrize("write", ["jsonl", "json", "csv"])
def test_rows_are_written_one_by_one_as_they_come(
    write: str, capsys: pytest.CaptureFixture[str], database: Mongo
) -> None:
    written: list[int] = []

    def rows() -> Iterator[dict[str, Any]]:
        for number in range(3):
            written.append(capsys.readouterr().out.count("row"))
            yield {"upc": f"row{number}"}

    if write == "csv":
        write_csv(rows(), ["upc"])
    else:
        write_json(rows(), ["upc"], lines=write == "jsonl")
    assert written == [0, 1, 1]
    database.books.insert_many([{"upc": str(number)} for number in range(300)])
    question = ask(Wanted("books", select="upc"))
    rows_of_mongo = question.rows(database)
    assert next(rows_of_mongo) == {"upc": "0"}
    assert sum(1 for _ in rows_of_mongo) == 299


@pytest.mark.parametrize(
    ("line", "some"),
    [
        ("", ["books", "runs", "changes", "help"]),
        ("boo", ["books"]),
        ("books ", ["price", "title", "id"]),
        ("books pri", ["price"]),
        ("books price", ["price<", "price>=", "price~"]),
        ("books !gon", ["gone_at"]),
        ("books in_stock=t", ["true"]),
        ("books changed_at>=y", ["yesterday"]),
        ("runs state=fin", ["finished"]),
        ("runs state:finished,los", ["lost"]),
        ("runs counts.pa", ["counts.pages"]),
        ("runs counts.nope.x", []),
        ("books price<5 --so", ["--sort"]),
        ("books --sort -pri", ["price"]),
        ("books --select upc,ti", ["title"]),
        ("books --format js", ["json", "jsonl"]),
        ("nonsense pri", []),
    ],
)
def test_completion_knows_what_can_follow(line: str, some: list[str]) -> None:
    options = {"--sort": (), "--select": (), "--format": ("table", "json", "jsonl", "csv")}
    words, typed = suggestions(line, options)
    assert set(some) <= set(words)
    assert bool(some) == bool(words)
    assert line.endswith(typed)
    assert all(word.startswith(typed) for word in words)


def test_without_a_terminal_the_prompt_is_refused(swathe: Swathe) -> None:
    assert "-i needs a terminal" in swathe("query", "-i", code=2).error_line
