from __future__ import annotations

from typing import ClassVar

import mongoengine as me
import pytest
from bson import Decimal128, Int64

from models.cleaners import amount, canonical_url
from models.record import Found, Record, schema_of
from models.sameness import holds, is_same
from scraper.storage.records.plan import Entry, WritePlan

NAN = float("nan")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *[(Decimal128("9.50"), Decimal128("9.5")), (Decimal128("0"), Decimal128("-0.00")), (1, 1.0), (1, Int64(1))],
        *[
            (Decimal128("9.50"), 9.5),
            (Decimal128("0.10"), 0.1),
            (Decimal128("9"), 9),
            ([Decimal128("NaN")], [Decimal128("NaN")]),
        ],
        *[(NAN, NAN), (Decimal128("NaN"), Decimal128("NaN")), (None, None), ("a", "a"), (True, True)],
        *[([1, NAN], [1.0, NAN]), ({"a": Decimal128("1.0"), "b": [True]}, {"b": [True], "a": Decimal128("1")})],
    ],
)
def test_values_that_say_the_same_are_the_same(one: object, other: object) -> None:
    assert is_same(one, other)
    assert is_same(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        *[(1, True), (0, False), (1, "1"), (Decimal128("9.50"), Decimal128("9.51")), (None, False), (None, "")],
        *[([1], [True]), ([1, 2], [2, 1]), ([1], [1, 1]), ({"a": 1}, {"a": True}), ({"a": 1}, {"b": 1}), (1.0, True)],
        *[(Decimal128("1"), True), (Decimal128("9.5"), "9.5"), (Decimal128("0.1"), 0.1000001), (Decimal128("1"), NAN)],
        *[("a", "b"), (NAN, 0.0), (Decimal128("NaN"), Decimal128("1")), ([], None)],
    ],
)
def test_values_that_say_something_else_are_not(one: object, other: object) -> None:
    assert not is_same(one, other)
    assert not is_same(other, one)


def test_a_list_holds_a_value_by_what_it_says() -> None:
    assert holds([Decimal128("9.50")], Decimal128("9.5"))
    assert not holds([1, 0], True)


class Priced(Record):
    meta: ClassVar = {"collection": "priced"}

    name = me.StringField(required=True, key=True)
    price = me.Decimal128Field(clean=amount)
    image = me.StringField(clean=canonical_url)
    extra = me.DynamicField()


def changes(old: dict[str, object], new: dict[str, object]) -> set[str]:
    """Return what storing a record over another would write as its changes."""
    found = Found(Priced, "https://a.example/", {})
    plan = WritePlan(schema_of(Priced), [Entry(found, {"name": "a", **new})], {"name": "a", "gone_at": None, **old})
    plan.decide()
    return {*plan.tracked, *plan.quiet}


@pytest.mark.parametrize(
    ("field", "old", "new"),
    [
        ("price", Decimal128("9.50"), Decimal128("9.5")),
        ("image", "https://a.example/?b=2&a=1", "https://a.example/?a=1&b=2"),
        ("extra", [1, {"a": NAN}], [1, {"a": NAN}]),
    ],
)
def test_the_same_written_otherwise_is_no_change_and_not_written(field: str, old: object, new: object) -> None:
    assert changes({field: old}, {field: new}) == set()


@pytest.mark.parametrize(
    ("field", "old", "new"),
    [
        ("price", Decimal128("9.50"), Decimal128("9.51")),
        ("image", "https://a.example/?a=1", "https://a.example/?a=2"),
        ("extra", 1, True),
        ("extra", [0], [False]),
    ],
)
def test_another_value_is_a_change(field: str, old: object, new: object) -> None:
    assert changes({field: old}, {field: new}) == {field}
