"""What a document's field holds, and a text as a value of it."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import mongoengine as me
from bson import Decimal128, ObjectId
from bson.errors import InvalidId

from models.cleaning import cleaners_of
from scraper.errors import UsageError
from scraper.query.times import EXPECTED, span_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from mongoengine.base import BaseField

NUMBERS = (me.IntField, me.LongField, me.FloatField, me.DecimalField, me.Decimal128Field)
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class ValueType(NamedTuple):
    """A type of values: what is expected of a text, and the value of one; `read` raises ValueError."""

    expected: str
    read: Callable[[str], Any]


def kind_of(field: BaseField) -> ValueType | None:
    """Return the type of a field's values, of a list those of its elements; None when any value may stand there."""
    inner = element(field)
    return next((kind for types, kind in _KINDS if isinstance(inner, types)), None)


def element(field: BaseField) -> BaseField:
    """Return what a list field is a list of; any other field itself."""
    while isinstance(field, me.ListField) and field.field is not None:
        field = field.field
    return field


def holds_days(field: BaseField) -> bool:
    """Return whether values are days of the calendar, kept as midnight UTC, which no time zone moves."""
    return isinstance(field, me.DateField) or any(hasattr(cleaner, "makes_days") for cleaner in cleaners_of(field)[-1:])


def is_dynamic(field: BaseField) -> bool:
    """Return whether any value may stand in a field."""
    return kind_of(field) is None


def number_in(text: str) -> Decimal128 | None:
    """Return the number that a text is; None for any other text."""
    try:
        return _number(text)
    except (ValueError, ArithmeticError):
        return None


def value_of(field: BaseField, text: str) -> Any:
    """Return a text as a value of the field's type, a time in UTC; raise UsageError, saying what was expected."""
    kind = kind_of(field)
    if kind is None:
        return text
    try:
        return kind.read(text)
    except (ValueError, ArithmeticError, InvalidId):
        raise UsageError(f"'{field.name}' is compared with '{text}', expected {kind.expected}") from None


def readings(text: str) -> list[Any]:
    """Return every value that a text can mean where a field may hold anything.

    >>> readings("0.5")
    ['0.5', Decimal128('0.5'), 0.5]
    """
    found: list[Any] = [text]
    for read in (_number, _fraction, _truth):
        try:
            found.append(read(text))
        except (ValueError, ArithmeticError):
            continue
    return found


def _number(text: str) -> Decimal128:
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError(text)
    return Decimal128(number)


def _fraction(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError(text)
    return number


def _integer(text: str) -> int:
    number = int(text)
    if not -(2**63) <= number < 2**63:
        raise OverflowError(text)
    return number


def _truth(text: str) -> bool:
    if text.lower() not in _WORDS:
        raise ValueError(text)
    return _WORDS[text.lower()]


_KINDS: tuple[tuple[tuple[type, ...], ValueType], ...] = (
    ((me.BooleanField,), ValueType("true or false", _truth)),
    ((me.IntField,), ValueType("a whole number", _integer)),
    ((me.FloatField, me.DecimalField), ValueType("a number", _fraction)),
    ((me.Decimal128Field,), ValueType("a number", _number)),
    ((me.DateTimeField,), ValueType(EXPECTED, lambda text: span_of(text, UTC).start)),
    ((me.ObjectIdField, me.ReferenceField), ValueType("an id of 24 hexadecimal digits", ObjectId)),
    ((me.UUIDField,), ValueType("a UUID", UUID)),
    ((me.StringField,), ValueType("a text", str)),
)
