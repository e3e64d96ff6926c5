"""How a value becomes a field's where no cleaner read it: exactly, or not at all, never by a library's guess."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING, Any

import mongoengine as me
from bson import Decimal128

from models.cleaners.numeric import MAX_DIGITS, is_number, whole
from models.cleaners.refusal import refusal
from models.cleaners.text import plain_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from mongoengine.base import BaseField

    Reader = Callable[[Any], Any]

INTEGERS = range(-(2**63), 2**63)
"""What BSON holds as an integer."""

DOUBLE_DIGITS = 17
"""Digits that a double can keep apart."""

LARGEST_DOUBLE = Decimal("1.797e308")

WHOLE = "a whole number of at most 64 bits"
FRACTION = "a number of at most 17 digits"
TIME = "a time in ISO 8601 such as '2026-05-03T10:30:00Z', or a day such as '2026-05-03'"
TRUTH = "true or false"
OR_CLEANER = "or give the field a cleaner"

_WHOLE = re.compile(r"[-+]?[0-9]{1,30}")
_NUMBER = re.compile(r"[-+]?[0-9]{1,400}(?:\.[0-9]{1,400})?(?:[eE][-+]?[0-9]{1,4})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}.{0,30}")


def exact_reader(field: BaseField) -> Reader | None:
    """Return the function that gives a field's value or raises ValueError; None for a field that takes what it gets.

    >>> exact_reader(me.IntField())("12"), exact_reader(me.BooleanField())(True)
    (12, True)
    >>> exact_reader(me.IntField())(12.7)
    Traceback (most recent call last):
    ValueError: 12.7 is no whole number, expected a whole number of at most 64 bits, or give the field a cleaner
    """
    if isinstance(field, me.ListField):
        inner = exact_reader(field.field) if field.field is not None else None
        return None if inner is None else lambda value: _list_of(inner, value)
    if isinstance(field, me.DecimalField):
        return lambda value: _decimal(value, field)
    readers: tuple[tuple[type[BaseField], Reader], ...] = (
        (me.ComplexDateTimeField, as_given),
        (me.StringField, _text if not hasattr(field, "clean") else as_given),
        (me.BooleanField, _truth),
        (me.IntField, _whole),
        (me.FloatField, _double),
        (me.Decimal128Field, _decimal128),
        (me.DateTimeField, _time),
    )
    return next((reader for kind, reader in readers if isinstance(field, kind)), None)


def as_given(value: Any) -> Any:
    """Return the value, which its cleaner or MongoEngine itself has taken exactly."""
    return value


def _list_of(reader: Reader, value: Any) -> Any:
    if not isinstance(value, list | tuple):
        return value  # MongoEngine says that it is no list
    return [part if part is None else reader(part) for part in value]


def _text(value: Any) -> Any:
    return plain_text(value) if isinstance(value, str) else value


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    raise refusal(value, f"is no truth value, expected {TRUTH}, {OR_CLEANER}")


def _whole(value: Any) -> int:
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        number = int(value)
    elif is_number(value):
        number = whole(value, value, f"{WHOLE}, {OR_CLEANER}")
    else:
        raise refusal(value, f"is no whole number, expected {WHOLE}, {OR_CLEANER}")
    if number not in INTEGERS:
        raise refusal(value, f"is out of range, expected {WHOLE}")
    return number


def _double(value: Any) -> float:
    if isinstance(value, float) and isfinite(value):
        return value
    number = _finite(value, FRACTION)
    if abs(number) > LARGEST_DOUBLE or len(_significant(number)) > DOUBLE_DIGITS:
        raise refusal(value, f"is more than a double holds, expected {FRACTION}: take a Decimal128Field for more")
    return float(number)


def _decimal128(value: Any) -> Any:
    if isinstance(value, Decimal128):
        value = value.to_decimal()
    number = _finite(value, f"a number of at most {MAX_DIGITS} digits")
    if len(number.as_tuple().digits) > MAX_DIGITS or not -6000 < number.adjusted() < 6000:
        raise refusal(value, f"is more than a Decimal128 holds, expected a number of at most {MAX_DIGITS} digits")
    return number


def _decimal(value: Any, field: Any) -> Decimal:
    number = _finite(value, FRACTION)
    decimals = max(-int(number.normalize().as_tuple().exponent), 0)
    if decimals > field.precision:
        raise refusal(value, f"has {decimals} decimals, expected at most the field's precision, {field.precision}")
    if len(_significant(number)) > DOUBLE_DIGITS - 2 or abs(number) > LARGEST_DOUBLE:
        raise refusal(value, f"is more than a DecimalField holds, expected {FRACTION}: take a Decimal128Field for more")
    return number


def _time(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    if isinstance(value, str) and (_DAY.fullmatch(value) or _TIME.fullmatch(value)):
        try:
            written = datetime.fromisoformat(value.upper())
            return written.astimezone(UTC) if written.tzinfo else written.replace(tzinfo=UTC)
        except (ValueError, OverflowError) as error:
            raise refusal(value, f"is no time of the calendar, expected {TIME}") from error
    raise refusal(value, f"is no full time, expected {TIME}, {OR_CLEANER}")


def _finite(value: Any, expected: str) -> Decimal:
    """Return a number exactly; a float by its text, as a page shows it."""
    number: Decimal | None = None
    if isinstance(value, str):
        number = Decimal(value) if _NUMBER.fullmatch(value) else None
    elif isinstance(value, float):
        number = Decimal(str(value))
    elif is_number(value):
        number = Decimal(value)
    if number is None or not number.is_finite():
        raise refusal(value, f"is no finite number, expected {expected}, {OR_CLEANER}")
    return number


def _significant(number: Decimal) -> str:
    return "".join(map(str, number.as_tuple().digits)).strip("0")
