from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, ClassVar

import mongoengine as me
import pytest
from bson import Decimal128

from models.cleaners import day, without_prefix
from models.cleaners.refusal import shown
from models.exact import exact_reader
from models.record import Found, Record, schema_of
from pipelines.clean import clean
from pipelines.validate import validate

NOON = dt.datetime(2026, 5, 3, 12, tzinfo=dt.UTC)
MIDNIGHT = dt.datetime(2026, 5, 3, tzinfo=dt.UTC)


class Plain(Record):
    meta: ClassVar = {"collection": "plain"}

    name = me.StringField(required=True, key=True)
    whole = me.IntField()
    fraction = me.FloatField()
    money = me.DecimalField()
    price = me.Decimal128Field()
    on = me.BooleanField()
    at = me.DateTimeField()
    parts = me.ListField(me.IntField())
    born = me.DateTimeField(clean=[without_prefix("Published on"), day("MDY")])


class Ruled(Record):
    meta: ClassVar = {"collection": "ruled"}

    name = me.StringField(required=True, key=True)
    low = me.IntField()

    def clean(self) -> None:
        if self.low is not None and self.low > 100:
            raise me.ValidationError(errors={"low": "is too much"})


def found(document: type[Record] = Plain, **raw: Any) -> Found:
    one = Found(document, "https://a.example/", {"name": "a", **raw})
    clean(one)
    validate(one)
    return one


@pytest.mark.parametrize(
    ("field", "raw", "stored"),
    [
        *[("whole", 12, 12), ("whole", "12", 12), ("whole", "-3", -3), ("whole", 12.0, 12), ("whole", Decimal(12), 12)],
        *[
            ("fraction", 12.5, 12.5),
            ("fraction", "12.5", 12.5),
            ("fraction", 3, 3.0),
            ("fraction", Decimal("0.1"), 0.1),
        ],
        *[("money", "12.50", 12.5), ("money", 12, 12.0), ("price", "9.50", Decimal128("9.50"))],
        *[("price", 9.5, Decimal128("9.5")), ("price", Decimal("1" * 34), Decimal128("1" * 34))],
        *[("on", True, True), ("on", False, False), ("at", NOON, NOON), ("at", "2026-05-03T12:00:00Z", NOON)],
        *[
            ("at", "2026-05-03T14:00+02:00", NOON),
            ("at", "2026-05-03", MIDNIGHT),
            ("at", dt.date(2026, 5, 3), MIDNIGHT),
        ],
        *[("parts", [1, "2", 3.0], [1, 2, 3]), ("parts", [], [])],
        *[("name", "cafe\u0301", "café"), ("name", "\ufeffsoft\xadly", "softly"), ("name", " as it is ", " as it is ")],
    ],
)
def test_a_field_without_a_cleaner_takes_a_value_that_is_the_field_s(field: str, raw: object, stored: object) -> None:
    one = found(**{field: raw})
    assert one.faults == {}
    assert one.stored[field] == stored
    assert type(one.stored[field]) is type(stored)


@pytest.mark.parametrize(
    ("field", "raw"),
    [
        *[
            ("whole", raw)
            for raw in (12.7, "12.7", "12,000", "twelve", True, float("nan"), float("inf"), 2**63, "9" * 30)
        ],
        *[("whole", raw) for raw in (10**30, Decimal("NaN"), Decimal("1E+999999"), [1], "", "٣", "1e3", " 12")],
        *[("fraction", raw) for raw in (True, "12,5", "NaN", "1e999", float("inf"), float("nan"), 10**400, "1" * 30)],
        *[("fraction", raw) for raw in (Decimal("0.1234567890123456789012345"), [1.5], b"1.5", "१.५")],
        *[("money", raw) for raw in (12.345, "12.345", "1e999", float("nan"), "9" * 30, True, 10**5000)],
        *[("price", raw) for raw in ("NaN", float("inf"), "1" * 35, 10**34, True, "9,50", Decimal("1E+6145"), [1])],
        *[("on", raw) for raw in (1, 0, "true", "no", 1.0, [])],
        *[
            ("at", raw)
            for raw in ("2026", "2026-05", "May 2026", "May 3", "12:30", "3", "2026-02-30", "tomorrow", 1777777777)
        ],
        *[("at", raw) for raw in ("2026-05-03T25:00", "0001-01-01T00:00+05:00", True, b"2026-05-03", "05/03/2026")],
        *[("parts", raw) for raw in ([1.5], [True], ["x"], "12", {"a": 1})],
    ],
    ids=shown,
)
def test_what_is_not_the_field_s_is_a_fault_of_the_field_and_never_a_traceback(field: str, raw: object) -> None:
    one = found(**{field: raw})
    assert list(one.faults) == [field]
    assert field not in one.stored
    if field != "parts":
        assert ", expected " in one.faults[field]
    assert "Traceback" not in one.faults[field]
    assert "InvalidOperation" not in one.faults[field]


@pytest.mark.parametrize("nothing", ["\u2800", "\xad", "\ufeff\u200b", "\u3164", "  ", ""])
def test_a_text_that_nobody_sees_is_none(nothing: str) -> None:
    assert found(name=nothing).faults == {"name": "nothing was found, expected a value"}


def no_a(value: str) -> None:
    if "a" in value:
        raise me.ValidationError("has an a")


TEXTS: dict[str, dict[str, Any]] = {
    "any": {},
    "required": {"required": True},
    "short": {"max_length": 2},
    "long": {"min_length": 2},
    "none": {"max_length": 0},
    "pattern": {"regex": "^b"},
    "choice": {"choices": ("a", "b")},
    "checked": {"validation": no_a},
}
KINDS: dict[str, me.fields.BaseField] = {
    **{f"text {name}": me.StringField(db_field="in_mongo", **given) for name, given in TEXTS.items()},
    **{f"list of {name}": me.ListField(me.StringField(**given)) for name, given in TEXTS.items()},
    "list required": me.ListField(me.StringField(), required=True),
    "list short": me.ListField(me.StringField(), max_length=1),
    "list of choices": me.ListField(me.StringField(), choices=("a", "b")),
    "list checked": me.ListField(me.StringField(), validation=no_a),
    "list of lists": me.ListField(me.ListField(me.StringField())),
    "list of anything": me.ListField(),
    "sorted": me.SortedListField(me.StringField()),
    "address": me.URLField(),
    "mail": me.EmailField(),
    "object": me.DictField(),
}
VALUES = [
    "a",
    "b",
    "abc",
    "",
    1,
    b"a",
    None,
    [],
    ["a"],
    ["b", "abc"],
    [""],
    [None],
    ["a", 1],
    ("a",),
    {"a": "b"},
    [["a"]],
]


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_taken_and_what_is_stored_of_it_is_what_mongoengine_says(kind: str) -> None:
    of_kind = KINDS[kind]
    own = type("Kind", (me.Document,), {"value": of_kind, "meta": {"collection": "kind", "auto_create_index": False}})
    record = type("KindRecord", (Record,), {"name": me.StringField(required=True, key=True), "value": of_kind})
    for value in VALUES:
        one = Found(record, "https://a.example/", {})
        one.values = {"name": "a", "url": one.url, "value": value}
        validate(one)
        # What exactly is made of a value is another matter: MongoEngine is asked of that.
        given = one.values["value"]
        document = own()
        document._data["value"] = given
        try:
            document.validate()
        except (me.ValidationError, TypeError, ValueError, AttributeError):
            assert list(one.faults) == ["value"], (kind, value)
        else:
            assert not one.faults, (kind, value, one.faults)
            stored, expected = one.stored[of_kind.db_field], None if given is None else of_kind.to_mongo(given)
            assert (stored, type(stored)) == (expected, type(expected)), (kind, value)


def test_every_field_at_fault_is_named_and_one_at_fault_before_stays_as_it_was() -> None:
    one = Found(Plain, "https://a.example/", {})
    one.values = {"name": None, "whole": "12.7", "price": "1.5", "at": "yesterday", "parts": "1"}
    one.faults = {"price": "is odd"}
    validate(one)
    assert list(one.faults) == ["price", "url", "name", "whole", "at", "parts"]
    assert (one.faults["price"], one.faults["url"], one.stored) == ("is odd", one.faults["name"], {})


def test_rules_between_fields_see_only_exact_values() -> None:
    assert found(Ruled, low=12.7).faults.keys() == {"low"}
    assert found(Ruled, low="101").faults == {"low": "is too much"}
    assert found(Ruled, low="12").stored["low"] == 12


def test_cleaners_in_a_list_work_one_on_what_the_other_gave() -> None:
    assert found(born="Published on May 3, 2026").stored["born"] == MIDNIGHT
    assert found(born="Published on").stored["born"] is None
    assert "is no full date" in found(born="Published on May 3").faults["born"]


def test_a_cleaner_in_a_list_is_given_the_page_where_it_asks_for_it() -> None:
    class Linked(Record):
        meta: ClassVar = {"collection": "linked"}

        name = me.StringField(required=True, key=True)
        link = me.StringField(clean=[str.strip, lambda value, page_url: page_url + value])

    assert found(Linked, link=" b ").stored["link"] == "https://a.example/b"


@pytest.mark.parametrize("cleaners", [[], ["one_line"], "one_line", 5])
def test_what_is_no_cleaner_is_refused_where_it_is_declared(cleaners: object) -> None:
    class Wrong(Record):
        meta: ClassVar = {"collection": "wrong"}

        name = me.StringField(required=True, key=True, clean=cleaners)

    with pytest.raises(TypeError, match=r"'name' has clean=.*: expected a cleaner, or a list of them"):
        schema_of(Wrong)


def test_a_field_of_another_kind_takes_what_it_gets() -> None:
    assert exact_reader(me.DictField()) is None
    assert exact_reader(me.ListField()) is None
