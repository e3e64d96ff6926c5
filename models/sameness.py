"""When two stored values are the same: by what they say, not by how they are written."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from bson import Decimal128


def is_same(one: Any, other: Any) -> bool:
    """Return whether two values of MongoDB say the same.

    9.50 and 9.5 are the same price, 1 and 1.0 the same number, whatever their types; 1 and true are not, nor are a
    number and its text. NaN is the same as itself. Lists are compared element by element, objects field by field
    whatever their order.

    >>> is_same(Decimal128("9.50"), Decimal128("9.5")), is_same(1, True), is_same([1, "a"], [1.0, "a"])
    (True, False, True)
    """
    kind = type(one)
    if kind is not type(other):
        return (
            not isinstance(one, bool) and not isinstance(other, bool) and bool(_exact(one, other) == _exact(other, one))
        )
    if kind is list:
        return len(one) == len(other) and all(map(is_same, one, other))
    if kind is dict:
        return one.keys() == other.keys() and all(is_same(value, other[name]) for name, value in one.items())
    if one == other:
        return True
    if kind is Decimal128:
        first, second = one.to_decimal(), other.to_decimal()
        return bool(first == second) or (first.is_nan() and second.is_nan())
    return kind is float and one != one and other != other


def _exact(value: Any, other: Any) -> Any:
    """Return a number as a decimal where the other one is: a double as the decimal that it is written as."""
    if isinstance(value, Decimal128):
        return value.to_decimal()
    return Decimal(str(value)) if isinstance(value, float) and isinstance(other, Decimal128) else value


def holds(values: list[Any], value: Any) -> bool:
    """Return whether a list has a value.

    >>> holds([1, "a"], True), holds([Decimal128("9.50")], Decimal128("9.5"))
    (False, True)
    """
    return any(is_same(known, value) for known in values)
