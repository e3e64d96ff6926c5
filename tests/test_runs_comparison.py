"""Two runs of a spider held against each other: counts, fields, lists, and what became of records in between."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId
from scheduling import NOON

from scraper.errors import UsageError
from scraper.runs.comparison import compare, net_changes

if TYPE_CHECKING:
    from pymongo.database import Database
    from support import Swathe

DAY = timedelta(days=1)
RUNS = [ObjectId() for _ in range(3)]


def run(number: int, **fields: Any) -> dict[str, Any]:
    at = NOON + number * DAY
    return {
        "_id": RUNS[number], "spider": "books", "arguments": {"start": "x"}, "state": "finished", "verdict": "complete",
        "kind": "crawl", "started_at": at - timedelta(hours=1), "ended_at": at, "records": {"books": 4 - number},
        "counts": {"pages": 9 + number, "items_new": 2}, "reasons": [],
        "quality": {"records": [{"collection": "books", "filled": {"title": 4, "price": 4 - number}}]},
        "lists": [{"start": "x", "entries": 10 + number, "pages": 2}], **fields,
    }  # fmt: skip


def change(book: dict[str, Any], number: int, field: str, old: Any, new: Any) -> dict[str, Any]:
    when = NOON + number * DAY - timedelta(minutes=9)
    made = {"records": "books", "record": book["_id"], "run": RUNS[number], "when": when}
    return {"_id": f"{book['upc']}{field}{number}", "field": field, "old": old, "new": new, **made}


def book(upc: str, since: int, **fields: Any) -> dict[str, Any]:
    first = NOON + since * DAY - timedelta(minutes=9)
    return {"_id": ObjectId(), "upc": upc, "first_seen": first, "run": RUNS[2], "url": f"http://x/{upc}", **fields}


@pytest.fixture
def stored(database: Database[dict[str, Any]]) -> Database[dict[str, Any]]:
    """Three runs, of which the last two changed a few books."""
    dearer, back_again, gone, new, brief, returned, foreign = books = [
        book("dearer", 0), book("back-again", 0), book("gone", 0, gone_at=NOON), book("new", 2),
        book("brief", 1, gone_at=NOON), book("returned", 0), book("foreign", 2, run=ObjectId()),
    ]  # fmt: skip
    database["books"].insert_many(books)
    database["changes"].insert_many(
        [
            change(dearer, 1, "price", 5, 6), change(dearer, 2, "price", 6, 7), change(back_again, 1, "price", 5, 6),
            change(back_again, 2, "price", 6, 5), change(gone, 2, "gone_at", None, NOON),
            change(brief, 2, "gone_at", None, NOON), change(returned, 2, "gone_at", NOON, None),
            change(new, 0, "price", 1, 2), {**change(foreign, 2, "price", 1, 2), "run": ObjectId()},
        ]
    )  # fmt: skip
    doubtful = {"verdict": "incomplete", "reasons": ["1 page could not be read"]}
    database["runs"].insert_many([run(0), run(1), run(2, **doubtful), run(2, _id=ObjectId(), spider="quotes")])
    return database


def test_it_says_what_came_went_and_changed_between_the_ends_of_two_runs(stored: Database[dict[str, Any]]) -> None:
    found = compare(stored, run(2), run(0))
    assert found.before["_id"] == RUNS[0], "the earlier one is first, however they are named"
    assert [(one.what, one.key, dict(one.fields)) for one in found.changes] == [
        ("came", "new", {}),
        ("came", "returned", {}),
        ("went", "gone", {}),
        ("changed", "dearer", {"price": (5, 7)}),
    ]
    assert found.counts[0] == {"count": "pages", "before": 9, "after": 11, "difference": 2}
    assert list(found.fields) == [{"filled": "books.price", "before": 4, "after": 2, "difference": -2}]
    assert list(found.lists) == [{"list": "x entries", "before": 10, "after": 12, "difference": 2}]


def test_only_runs_of_one_spider_can_be_compared(stored: Database[dict[str, Any]]) -> None:
    with pytest.raises(UsageError, match=r"of 'books' and run .* of 'quotes', expected two runs of one spider"):
        compare(stored, run(0), run(2, spider="quotes", _id=ObjectId()))
    with pytest.raises(UsageError, match="both are run"):
        compare(stored, run(0), run(0))


def test_a_change_that_was_undone_is_none() -> None:
    assert net_changes([{"record": 1, "field": "a", "old": 1, "new": 2}, {"record": 1, "field": "a", "new": 1}]) == {}


def test_the_command_shows_both_and_says_what_it_leaves_out(swathe: Swathe, stored: Database[dict[str, Any]]) -> None:
    shown = swathe("runs", "compare", str(RUNS[0]), str(RUNS[2]), "--limit", "1").out
    assert "1 page could not be read" in shown
    assert "records: 2 came, 1 went, 1 changed; 1 are not shown: --limit 0 shows all" in shown
    said = json.loads(swathe("runs", "compare", str(RUNS[0]), str(RUNS[2]), "--format", "json").out)
    assert said["changes"][3]["fields"] == {"price": [5, 7]}
