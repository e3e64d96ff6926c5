"""`swathe profile`: what fields hold, counted once and exactly."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bson import Decimal128

from scraper.query.profile import FieldProfile

if TYPE_CHECKING:
    import pytest
    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]


def test_the_fields_of_stored_records_are_profiled(swathe: Swathe, database: Mongo) -> None:
    months = (datetime(2026, 10, 2, tzinfo=UTC), datetime(2026, 11, 3, tzinfo=UTC))
    database.books.insert_many(
        {
            "upc": f"u{n}", "title": "A title" if n % 2 else "Another, longer title", "price": Decimal128(f"{n}.50"),
            "rating": n % 5 + 1 if n < 5 else None, "in_stock": n > 2, "first_seen": months[n >= 5], "url": f"http://x/{n}",
        }
        for n in range(10)
    )  # fmt: skip
    lines = swathe("profile", "books", "--format", "json").out.splitlines()
    rows = {row["field"]: row for row in map(json.loads, lines)}
    assert (rows["upc"]["filled"], rows["upc"]["distinct"], rows["upc"]["top"]) == ("100.0%", "10", [])
    assert (rows["title"]["shortest"], rows["title"]["longest"]) == ("A title", "Another, longer title")
    assert rows["title"]["top"] == ["Another, longer title (5)", "A title (5)"]
    assert (str(rows["price"]["smallest"]), str(rows["price"]["largest"])) == ("0.50", "9.50")
    assert (rows["rating"]["filled"], rows["rating"]["filled by month"]) == ("50.0%", ["2026-10 100%", "2026-11 0%"])
    assert rows["description"]["filled"] == "0.0%"
    assert "5 records" in swathe("profile", "books", "price<5").out
    assert "boks" in swathe("profile", "boks", code=2).error_line


def test_of_more_values_than_are_counted_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scraper.query.profile.MOST_COUNTED", 3)
    held = FieldProfile("tags")
    for value in (["a", "b"], ["a"], ["c", "d"], ["a", "d"]):
        held.take(value, "2026-11")
    assert (held.distinct, held.is_cut, held.top()) == (3, True, [("a", 3)])
