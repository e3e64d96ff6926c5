"""`swathe profile`: what fields hold, counted once and exactly."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bson import Decimal128, ObjectId

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
    assert (rows["price"]["smallest"], rows["price"]["largest"]) == (0.5, 9.5)
    assert (rows["rating"]["filled"], rows["rating"]["filled by month"]) == ("50.0%", ["2026-10 100%", "2026-11 0%"])
    assert rows["description"]["filled"] == "0.0%"
    assert "5 records" in swathe("profile", "books", "price<5").out
    assert "boks" in swathe("profile", "boks", code=2).error_line


def test_values_of_any_kind_are_profiled_and_none_steers_the_terminal(swathe: Swathe, database: Mongo) -> None:
    hostile, long = "\x1b]0;pwn\x07\x1b[31mred\x9b2J\n[bold]line", "x" * 100_000
    seen = {"first_seen": datetime(2026, 10, 2, tzinfo=UTC), "url": "http://x/"}
    day = datetime(2026, 1, 1, tzinfo=UTC)
    titles = [hostile, None, long, 5, {"a": Decimal128("1.50")}, b"bytes", ["tin", None, ["oak"]], long[:-1] + "y"]
    prices = [Decimal128("NaN"), Decimal128("sNaN"), float("nan"), day, 3, 3.5, ObjectId(), Decimal128("-7")]
    pairs = zip(titles, prices, strict=True)
    database.books.insert_many(
        {"upc": f"u{n}", "title": title, "price": price, **seen} for n, (title, price) in enumerate(pairs)
    )
    table = swathe("profile", "books").out
    assert not {"\x1b", "\x07", "\x9b"} & set(table)
    assert "red" in table
    assert "[bold]line" in swathe("profile", "books", "upc=u0").out
    rows = {
        row["field"]: row for row in map(json.loads, swathe("profile", "books", "--format", "json").out.splitlines())
    }
    # Of the list its two values: "tin", and the inner list as a text.
    assert (rows["title"]["filled"], rows["title"]["distinct"]) == ("87.5%", "8")
    assert (len(rows["title"]["longest"]), rows["title"]["shortest"]) == (100_000, "tin")
    assert '{"a": 1.50}' in swathe("profile", "books", "upc=u4").out
    assert (rows["price"]["smallest"], rows["price"]["largest"], rows["price"]["top"]) == (-7, 3.5, ["NaN (3)"])


def test_no_records_are_one_line(swathe: Swathe) -> None:
    assert swathe("profile", "books").out == "0 records\n"
    line = swathe("profile", "\x1b[31mboks", code=2).error_line
    assert "\x1b" not in line
    assert "there are no records" in line


def test_of_many_long_texts_only_the_beginnings_are_held() -> None:
    held = FieldProfile("text")
    for number in range(300):
        held.take(f"{'x' * 100_000}{number}", "2026-11")
        held.take(f"{'x' * 100_000}{number}", "2026-11")
    assert (held.distinct, [count for _, count in held.top()]) == (300, [2] * 5)
    assert max(len(str(value)) for value in held.counts) < 1_000


def test_of_more_values_than_are_counted_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scraper.query.profile.MOST_COUNTED", 3)
    held = FieldProfile("tags")
    for value in (["a", "b"], ["a"], ["c", "d"], ["a", "d"]):
        held.take(value, "2026-11")
    assert (held.distinct, held.is_cut, held.top()) == (3, True, [("a", 3)])
