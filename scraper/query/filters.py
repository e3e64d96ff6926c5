"""The FILTER language: `price<10`, `title~garden`, `tags:love,life`, `!description`; to a MongoDB filter.

Only the operators below are ever sent, and a value is always a value of the field's type: text from a filter never
becomes an operator, a regular expression or JavaScript.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

import mongoengine as me
from bson import Decimal128

from models.questions import as_stored
from scraper.errors import UsageError
from scraper.query.fields import FieldPath, field_path, inner_fields, listed, split_at
from scraper.query.times import EXPECTED, span_of
from scraper.query.values import NUMBERS, element, holds_days, is_dynamic, number_in, readings, value_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime, tzinfo

    from mongoengine import Document

LONGEST_PART = 5_000
"""Characters that a text is searched for at most: MongoDB takes patterns of up to 32 kB, escaped."""

SHOWN = 100
"""Characters of a filter that an error repeats."""

OPERATORS = ("=", "!=", "<", "<=", ">", ">=", "~", "!~", ":", "!:")
RANGE = ".."

_NAME = r"(?P<field>(?:\\.|[^\\=!<>~:])+)"
_CONDITION = re.compile(_NAME + r"(?P<operator>![=~:]|<=|>=|[=<>~:])(?P<value>.*)", re.DOTALL)
_PRESENCE = re.compile(rf"(?P<absent>!?){_NAME}", re.DOTALL)
_COMPARISONS = {"<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}
_MISTAKEN = {"==": "=", "!==": "!=", "=~": "~", "!=~": "!~", "=<": "<=", "=>": ">=", "<>": "!="}
"""What other languages write, and the operator that is meant."""

Test = dict[str, Any]
"""What MongoDB holds a value against, such as `{"$gte": 1, "$lte": 5}`."""


@dataclass(frozen=True)
class Filter:
    """One FILTER of a comparison, read but not yet MongoDB's."""

    path: FieldPath
    operator: str
    value: str

    @property
    def values(self) -> list[str]:
        """The texts that the field is compared with."""
        if not self.operator.endswith(":"):
            return [self.value]
        return [re.sub(r"\\([\\,])", r"\1", part.strip()) for part in split_at(",", self.value)]

    @property
    def is_negated(self) -> bool:
        """Whether the records are wanted that do not meet it."""
        return self.operator.startswith("!")


def mongo_filter(document: type[Document], filters: Iterable[str], zone: tzinfo | None = None) -> dict[str, Any]:
    """Return the MongoDB filter that all of `filters` make together; raise UsageError for one that makes no sense.

    A time that names no zone is in `zone`; None is the zone of this machine.

    >>> from models.books import Book
    >>> mongo_filter(Book, ["rating>=4", "title~sea"])
    {'$and': [{'rating': {'$gte': 4}}, {'title': {'$regex': 'sea', '$options': 'i'}}]}
    """
    conditions = [_condition(document, text, zone) for text in filters]
    if not conditions:
        return {}
    return {"$and": conditions} if len(conditions) > 1 else conditions[0]


def read_filter(document: type[Document], text: str) -> Filter | None:
    """Return a FILTER that compares; None for one of another kind; raise UsageError for an unknown field."""
    match = _CONDITION.fullmatch(as_stored(text)) if _is_text(text) else None
    return Filter(field_path(document, match["field"]), match["operator"], match["value"]) if match else None


def end_of(time: str, zone: tzinfo | None = None) -> datetime:
    """Return the first moment after a day or a time; one that names no zone is in `zone`; raise UsageError.

    >>> end_of("2026-11-21", UTC)
    datetime.datetime(2026, 11, 22, 0, 0, tzinfo=datetime.timezone.utc)
    """
    try:
        return span_of(time, zone).end
    except ValueError as error:
        raise UsageError(str(error)) from None


def start_of(time: str, zone: tzinfo | None = None) -> datetime:
    """Return the first moment of a day or a time, read as `end_of` does; raise UsageError.

    >>> start_of("2026-11-21", UTC)
    datetime.datetime(2026, 11, 21, 0, 0, tzinfo=datetime.timezone.utc)
    """
    try:
        return span_of(time, zone).start
    except ValueError as error:
        raise UsageError(str(error)) from None


def _condition(document: type[Document], text: str, zone: tzinfo | None) -> dict[str, Any]:
    if condition := read_filter(document, text):
        try:
            _refuse_mistaken(condition)
            met = _met(condition, UTC if holds_days(condition.path.field) else zone)
        except UsageError as error:
            raise UsageError(f"filter '{text[:SHOWN]}': {error}; {listed(document)}") from None
        return {"$nor": [met]} if condition.is_negated else met
    match = _PRESENCE.fullmatch(as_stored(text)) if _is_text(text) else None
    if not match:
        raise UsageError(
            f"filter {text[:SHOWN]!r} is not understood, expected one of field=value field!=value field<value "
            f"field<=value field>value field>=value field=1..5 field~text field!~text field:a,b field!:a,b field "
            f"!field; {listed(document)}"
        )
    path = field_path(document, match["field"])
    is_absent = _where(path, {"$in": [None, []] if isinstance(path.field, me.ListField) else [None]})
    return is_absent if match["absent"] else {"$nor": [is_absent]}


def _is_text(text: str) -> bool:
    """Return whether MongoDB can take a text: neither bytes that are no UTF-8 nor the end mark of its patterns."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _refuse_mistaken(condition: Filter) -> None:
    written = condition.operator + condition.value[:1]
    if meant := _MISTAKEN.get(written):
        as_list = f"{condition.path.name}{condition.operator.replace('=', ':')}{condition.value[0]}…"
        is_text = isinstance(element(condition.path.field), me.StringField) and condition.operator.endswith("=")
        other = f", or {as_list} for a text that begins so" if is_text else ""
        raise UsageError(f"{written} is no operator, write {condition.path.name}{meant}…{other}")


def _met(condition: Filter, zone: tzinfo | None) -> dict[str, Any]:
    """Return what MongoDB is asked, whether negated or not."""
    path, inner = condition.path, element(condition.path.field)
    if isinstance(inner, me.EmbeddedDocumentField | me.DictField):
        inside = ", ".join(f"{path.name}.{name}" for name in inner_fields(inner)) or f"{path.name}.NAME"
        raise UsageError(f"'{path.name}' is no single value, expected one inside it: {inside}")
    if condition.operator.endswith("~"):
        return _where(path, _containing(condition))
    if condition.operator in _COMPARISONS:
        return _where(path, _compared(path, condition.operator, condition.value, zone))
    tests = [test for text in condition.values for test in _equal(path, text, zone)]
    whole = [test["$eq"] for test in tests if "$eq" in test]
    single = [_where(path, {"$in": whole} if len(whole) > 1 else {"$eq": whole[0]})] if whole else []
    met = [*single, *(_where(path, test) for test in tests if "$eq" not in test)]
    return met[0] if len(met) == 1 else {"$or": met}


def _containing(condition: Filter) -> Test:
    operator, value = condition.operator, condition.value
    if not isinstance(element(condition.path.field), me.StringField | me.DynamicField):
        raise UsageError(f"{operator} looks into text, and '{condition.path.name}' is no text; use = != < <= > >=")
    if not 0 < len(value) <= LONGEST_PART:
        raise UsageError(f"the text after {operator} has {len(value)} characters, expected 1 to {LONGEST_PART}")
    return {"$regex": re.escape(value), "$options": "i"}


def _compared(path: FieldPath, operator: str, value: str, zone: tzinfo | None) -> Test:
    """Return the test of an order: `<=` a day is until its end, `>` after its end."""
    inner = element(path.field)
    if isinstance(inner, me.DateTimeField):
        start, end = _span(path, value, zone)
        return {"<": {"$lt": start}, "<=": {"$lt": end}, ">": {"$gte": end}, ">=": {"$gte": start}}[operator]
    if is_dynamic(inner):
        number = number_in(value)
        return {_COMPARISONS[operator]: value if number is None else number}
    return {_COMPARISONS[operator]: value_of(inner, value)}


def _equal(path: FieldPath, value: str, zone: tzinfo | None) -> Iterator[Test]:
    """Yield the tests of which a value that is equal, or within a range, meets one."""
    inner = element(path.field)
    low, mark, high = (part.strip() for part in value.partition(RANGE))
    if is_dynamic(inner):
        yield from ({"$eq": meant} for meant in readings(value))
        if (low or high) and mark and all(not end or number_in(end) is not None for end in (low, high)):
            yield _bounds(path, low, high, zone)
    elif mark and isinstance(inner, (*NUMBERS, me.DateTimeField)):
        yield _bounds(path, low, high, zone)
    elif isinstance(inner, me.DateTimeField):
        start, end = _span(path, value, zone)
        yield {"$gte": start, "$lt": end}
    else:
        yield {"$eq": value_of(inner, value)}


def _bounds(path: FieldPath, low: str, high: str, zone: tzinfo | None) -> Test:
    """Return the test of a range, which has both of its ends; one of them may be open."""
    if not (low or high):
        raise UsageError(f"the range of '{path.name}' has no end, expected one such as 1..5, 1.. or ..5")
    bounds = {
        **(_compared(path, ">=", low, zone) if low else {}),
        **(_compared(path, "<=", high, zone) if high else {}),
    }
    ends = [bound.to_decimal() if isinstance(bound, Decimal128) else bound for bound in bounds.values()]
    if ends[0] > ends[-1] or (len(ends) > 1 and "$lt" in bounds and ends[0] == ends[1]):
        raise UsageError(f"the range of '{path.name}' ends before it begins, expected {high}{RANGE}{low}")
    return bounds


def _span(path: FieldPath, value: str, zone: tzinfo | None) -> tuple[datetime, datetime]:
    try:
        return span_of(value, zone)
    except ValueError:
        raise UsageError(f"'{path.name}' is compared with '{value}', expected {EXPECTED}") from None


def _where(path: FieldPath, test: Test) -> dict[str, Any]:
    """Return the condition that the value at a path, of a list any of its elements, meets a test."""
    if not path.is_column:
        return {"$expr": _by_expression(path, test)}
    if not {"$gte", "$gt"} & test.keys() or len(test) == 1:
        return {path.column: test}
    # Two bounds: one element has to meet both, where MongoDB would take two elements for it.
    if path.lists:
        outer = path.lists[-1]
        inside = path.column[len(outer) + 1 :]
        return {outer: {"$elemMatch": {inside: test} if inside else test}}
    if is_dynamic(path.field):
        single = {"$and": [{path.column: {"$not": {"$type": "array"}}}, {path.column: test}]}
        return {"$or": [single, {path.column: {"$elemMatch": test}}]}
    return {path.column: test}


def _by_expression(path: FieldPath, test: Test) -> dict[str, Any]:
    """Return the same as an expression, as MongoDB's filters have no name for a key with a dot."""
    each = {"$and": [_expressed(operator, wanted) for operator, wanted in test.items() if operator != "$options"]}
    values = {"$cond": [{"$isArray": "$$value"}, {"$concatArrays": ["$$value", ["$$value"]]}, ["$$value"]]}
    found = {"$anyElementTrue": [{"$map": {"input": values, "in": each}}]}
    return {"$let": {"vars": {"value": path.expression}, "in": found}}


def _expressed(operator: str, wanted: Any) -> dict[str, Any]:
    if operator == "$in":
        return {"$in": ["$$this", {"$literal": wanted}]}
    if operator == "$eq":
        return {"$eq": ["$$this", {"$literal": wanted}]}
    is_text = {"$eq": [{"$type": "$$this"}, "string"]}
    if operator == "$regex":
        pattern = {"input": "$$this", "regex": {"$literal": wanted}, "options": "i"}
        return {"$cond": [is_text, {"$regexMatch": pattern}, False]}
    # In expressions, texts are greater than numbers; in filters, they are not compared.
    same_type = is_text if isinstance(wanted, str) else {"$isNumber": "$$this"}
    return {"$and": [same_type, {operator: ["$$this", {"$literal": wanted}]}]}
