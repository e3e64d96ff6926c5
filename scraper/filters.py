"""The FILTER language: `price<10`, `title~garden`, `tags:love,life`, `!description`; to a MongoDB filter.

Only the operators below are ever sent, and a value is always a value of the field's type: text from a filter never
becomes an operator, a regular expression or JavaScript.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import mongoengine as me
from bson import Decimal128, ObjectId
from bson.errors import InvalidId

from scraper.errors import UsageError, expected_one_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mongoengine import Document
    from mongoengine.base import BaseField

_CONDITION = re.compile(r"(?P<field>[\w.]+)(?P<operator>!=|<=|>=|=|<|>|~|:)(?P<value>.*)", re.DOTALL)
_PRESENCE = re.compile(r"(?P<absent>!?)(?P<field>[\w.]+)")
_COMPARISONS = {"=": "$eq", "!=": "$ne", "<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def mongo_filter(document: type[Document], filters: Iterable[str]) -> dict[str, Any]:
    """Return the MongoDB filter that all of `filters` make together; raise UsageError for one that makes no sense.

    >>> from models.books import Book
    >>> mongo_filter(Book, ["rating>=4", "title~sea"])
    {'$and': [{'rating': {'$gte': 4}}, {'title': {'$regex': 'sea', '$options': 'i'}}]}
    """
    conditions = [_condition(document, text) for text in filters]
    if not conditions:
        return {}
    return {"$and": conditions} if len(conditions) > 1 else conditions[0]


def field_path(document: type[Document], name: str) -> tuple[str, BaseField]:
    """Return the column and the field of `name`, which may be nested as in `counts.pages`; raise UsageError."""
    owner: Any = document
    columns: list[str] = []
    field: Any = None
    for part in name.split("."):
        if isinstance(field, me.DictField):
            columns.append(part)
            continue
        known = getattr(owner, "_fields", {})
        if part not in known:
            expected = expected_one_of(part, known) if known else f"'{columns[-1]}' has no fields of its own"
            raise UsageError(f"'{name}' is not a field of {document._get_collection_name()}: {expected}")
        field = known[part]
        columns.append(field.db_field)
        inner = field.field if isinstance(field, me.ListField) else field
        owner = getattr(inner, "document_type", None)
    return ".".join(columns), field


def value_of(field: BaseField, text: str) -> Any:
    """Return a text as a value of the field's type; raise UsageError."""
    try:
        return _reader(field)(text)
    except (ValueError, InvalidOperation, InvalidId, OverflowError):
        raise UsageError(f"'{field.name}' is '{text}', expected {_KINDS.get(type(field), 'a text')}") from None


def end_of(time: str) -> datetime:
    """Return the first moment after a day or a time (UTC unless it says another zone); raise UsageError.

    >>> end_of("2026-11-21")
    datetime.datetime(2026, 11, 22, 0, 0, tzinfo=datetime.timezone.utc)
    """
    try:
        moment = _moment(time)
        return moment + (timedelta(days=1) if _DAY.fullmatch(time) else timedelta(milliseconds=1))
    except (ValueError, OverflowError):
        raise UsageError(f"the time is '{time}', expected {_KINDS[me.DateTimeField]}") from None


def start_of(time: str) -> datetime:
    """Return the first moment of a day, or a time (UTC unless it says another zone); raise UsageError.

    >>> start_of("2026-11-21")
    datetime.datetime(2026, 11, 21, 0, 0, tzinfo=datetime.timezone.utc)
    """
    try:
        return _moment(time)
    except (ValueError, OverflowError):
        raise UsageError(f"the time is '{time}', expected {_KINDS[me.DateTimeField]}") from None


def _condition(document: type[Document], text: str) -> dict[str, Any]:
    match = _CONDITION.fullmatch(text)
    if match:
        column, field = field_path(document, match["field"])
        return {column: _test(text, match["operator"], match["value"], field)}
    match = _PRESENCE.fullmatch(text)
    if not match:
        raise UsageError(
            f"filter {text!r} is not understood, expected one of field=value field!=value field<value field<=value "
            f"field>value field>=value field~text field:a,b field !field"
        )
    column, field = field_path(document, match["field"])
    empty: list[Any] = [None, []] if isinstance(field, me.ListField) else [None]
    return {column: {"$in" if match["absent"] else "$nin": empty}}


def _test(text: str, operator: str, value: str, field: BaseField) -> dict[str, Any]:
    inner = field.field if isinstance(field, me.ListField) else field
    if operator == "~":
        if not isinstance(inner, me.StringField | me.DictField):
            raise UsageError(f"filter '{text}': ~ looks into text, and '{field.name}' is no text; use = < <= > >=")
        return {"$regex": re.escape(value), "$options": "i"}
    read = _reader(inner)
    try:
        if operator == ":":
            return {"$in": [read(part.strip()) for part in value.split(",")]}
        if isinstance(inner, me.DateTimeField) and _DAY.fullmatch(value):
            return _day_test(operator, read(value))
        return {_COMPARISONS[operator]: read(value)}
    except (ValueError, InvalidOperation, InvalidId, OverflowError):
        raise UsageError(
            f"filter '{text}': '{field.name}' is compared with '{value}', expected {_KINDS.get(type(inner), 'a text')}"
        ) from None


def _day_test(operator: str, day: datetime) -> dict[str, Any]:
    """Compare with a whole day: `=` is any time of it, `<=` is until its end, `>` is after its end (UTC)."""
    tomorrow = day + timedelta(days=1)
    tests: dict[str, dict[str, Any]] = {
        "=": {"$gte": day, "$lt": tomorrow},
        "!=": {"$not": {"$gte": day, "$lt": tomorrow}},
        "<": {"$lt": day},
        "<=": {"$lt": tomorrow},
        ">": {"$gte": tomorrow},
        ">=": {"$gte": day},
    }
    return tests[operator]


def _number(value: str) -> Decimal128:
    number = Decimal(value)
    if not number.is_finite():
        raise ValueError(value)
    return Decimal128(number)


def _moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _truth(value: str) -> bool:
    if value.lower() not in _WORDS:
        raise ValueError(value)
    return _WORDS[value.lower()]


def _integer(value: str) -> int:
    number = int(value)
    if not -(2**63) <= number < 2**63:
        raise OverflowError(value)
    return number


_READERS: dict[type, Callable[[str], Any]] = {
    me.IntField: _integer,
    me.FloatField: lambda value: _number(value).to_decimal().__float__(),
    me.Decimal128Field: _number,
    me.BooleanField: _truth,
    me.DateTimeField: _moment,
    me.ObjectIdField: ObjectId,
}
_KINDS = {
    me.IntField: "a whole number",
    me.FloatField: "a number",
    me.Decimal128Field: "a number",
    me.BooleanField: "true or false",
    me.DateTimeField: "a time such as 2026-11-21 or 2026-11-21T18:30+00:00",
    me.ObjectIdField: "an id of 24 hexadecimal digits",
}


def _reader(field: BaseField) -> Callable[[str], Any]:
    return _READERS.get(type(field), str)
