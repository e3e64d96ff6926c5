"""What a disturbed crawl leaves, to be held against one that was not: for tests and `benchmarks/chaos.py`."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from practice import Fault
from practice.enlargement import enlarge
from support import last_run

from scraper.demo.site import load_site

if TYPE_CHECKING:
    from pymongo.database import Database

    from scraper.demo.site import DemoSite

    Mongo = Database[dict[str, Any]]

COUNTS = ("pages", "items_refused", "items_gone", "dead_pages", "errors")
QUICK = ["--set", "RETRY_TIMES=1", "--set", "store.batch_wait_ms=20", "--set", "frontier.lease_s=3"]


def sites(books: int) -> tuple[DemoSite, DemoSite, dict[str, Fault]]:
    """Return a site, what has become of it the next time, and the fault of one of its pages then."""
    before = enlarge(load_site(), quotes=1, books=books)
    dearer = replace(
        before,
        all_books=tuple(
            replace(book, price=book.price + Decimal("1.50")) if book.price and number % 9 == 0 else book
            for number, book in enumerate(before.all_books[: len(before.all_books) - 3])
        ),
    )
    return before, dearer, {before.all_books[17].path: Fault(status=500)}


def outcome(database: Mongo) -> dict[str, Any]:
    """Return all that a crawl leaves, without times and ids."""
    run = last_run(database)
    runs = {row["_id"]: number for number, row in enumerate(database.runs.find(sort=[("started_at", 1)]))}
    times = ("_id", "first_seen", "last_seen", "changed_at", "gone_at")
    return {
        "books": sorted(
            ({**{k: v for k, v in row.items() if k not in times}, "run": runs[row["run"]], "gone": bool(row["gone_at"])}
             for row in database.books.find()), key=lambda row: row["upc"],
        ),
        "changes": sorted(
            (row["key"], row["field"], str(row.get("old")) if row["field"] == "price" else bool(row.get("old")),
             str(row.get("new")) if row["field"] == "price" else bool(row.get("new")), runs[row["run"]])
            for row in database.changes.find()
        ),
        "rejected": sorted((row["records"], row["fingerprint"]) for row in database.rejected.find()),
        "verdict": (run["state"], run["verdict"], run["exit_code"], run["reasons"], run["notes"]),
        "lists": run["lists"],
        "problems": run["problems"],
        "records": run["records"],
        "counts": {name: run["counts"][name] for name in COUNTS},
        "stored": sum(run["counts"][f"items_{what}"] for what in ("new", "changed", "unchanged")),
        "runs": len(runs),
    }  # fmt: skip


def assert_same(left: dict[str, Any], expected: dict[str, Any]) -> None:
    for part, value in expected.items():
        assert left[part] == value, part
