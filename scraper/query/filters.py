"""The FILTER language: `price<10`, `title~garden`, `tags:love,life`, `!description`; to a MongoDB filter.

Only the operators below are ever sent, and a value is always a value of the field's type: text from a filter never
becomes an operator, a regular expression or JavaScript.
"""

from __future__ import annotations

import re
from datetime import UTC
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import mongoengine as me

from models.record import BOOKKEEPING
from scraper.errors import UsageError
from scraper.query.times import EXPECTED, span_of
from scraper.query.values import element, holds_days, kind_of, readings, value_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime, tzinfo

    from mongoengine import Document
    from mongoengine.base import BaseField

LONGEST_PART = 5_000
"""Characters that a text is searched for at most: MongoDB takes patterns of up to 32 kB, escaped."""

SHOWN = 100
"""Characters of a filter that an error repeats."""

OPERATORS = ("=", "!=", "<", "<=", ">", ">=", "~", ":")
_CONDITION = re.compile(r"(?P<field>[\w.]+)(?P<operator>!=|<=|>=|=|<|>|~|:)(?P<value>.*)", re.DOTALL)
_PRESENCE = re.compile(r"(?P<absent>!?)(?P<field>[\w.]+)")
_COMPARISONS = {"=": "$eq", "!=": "$ne", "<": "$lt", "<=": "$lte", ">": "$gt", ">=": "$gte"}


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


def field_path(document: type[Document], name: str) -> tuple[str, BaseField]:
    """Return the column and the field of `name`, which may be nested as in `counts.pages`; raise UsageError."""
    *_, last = _steps(document, name)
    return last


def list_columns(document: type[Document], name: str) -> list[str]:
    """Return the columns on the way to `name`, and its own, that hold lists; the outermost first; raise UsageError."""
    return [column for column, field in _steps(document, name) if isinstance(field, me.ListField)]


def inner_fields(owner: Any) -> dict[str, BaseField]:
    """Return the fields of a document, its own first, or those inside one of its fields; none when it has none."""
    inner = owner if isinstance(owner, type) else getattr(element(owner), "document_type", None)
    fields: dict[str, BaseField] = getattr(inner, "_fields", {})
    return {name: fields[name] for name in sorted(fields, key=lambda name: name == "id" or name in BOOKKEEPING)}


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


def _steps(document: type[Document], name: str) -> Iterator[tuple[str, BaseField]]:
    """Yield column and field of each part of a dotted name."""
    owner: Any = document
    columns: list[str] = []
    for part in name.split("."):
        if isinstance(owner, me.DictField | me.DynamicField) and re.fullmatch(r"\w+", part):
            columns.append(part)
            owner = me.DynamicField()
            owner.name = name
            yield ".".join(columns), owner
            continue
        known = inner_fields(owner)
        if part not in known:
            raise UsageError(f"'{name}' is not a field of {_what_is_known(document, part, columns, known)}")
        columns.append(known[part].db_field)
        yield ".".join(columns), known[part]
        owner = element(known[part])


def _what_is_known(document: type[Document], part: str, columns: list[str], known: Iterable[str]) -> str:
    """Phrase what was expected in place of an unknown field; the fields are always listed."""
    collection = document._get_collection_name()
    if not known:
        return f"{collection}: '{'.'.join(columns)}' has no fields of its own; {_listed(document)}"
    near = get_close_matches(part, known, n=1)
    hint = f"did you mean {'.'.join([*columns, near[0]])!r}? " if near else ""
    inside = f"the fields of '{'.'.join(columns)}' are {', '.join(known)}" if columns else _listed(document)
    return f"{collection}: {hint}{inside[0].upper() if hint else inside[0]}{inside[1:]}"


def _listed(document: type[Document]) -> str:
    return f"the fields of {document._get_collection_name()} are {', '.join(inner_fields(document))}"


def _condition(document: type[Document], text: str, zone: tzinfo | None) -> dict[str, Any]:
    match = _CONDITION.fullmatch(text)
    if match and _is_text(text):
        column, field = field_path(document, match["field"])
        try:
            return _test(column, field, match["operator"], match["value"], UTC if holds_days(field) else zone)
        except UsageError as error:
            raise UsageError(f"filter '{text[:SHOWN]}': {error}; {_listed(document)}") from None
    match = _PRESENCE.fullmatch(text)
    if not match:
        raise UsageError(
            f"filter {text[:SHOWN]!r} is not understood, expected one of field=value field!=value field<value "
            f"field<=value field>value field>=value field~text field:a,b field !field; {_listed(document)}"
        )
    column, field = field_path(document, match["field"])
    empty: list[Any] = [None, []] if isinstance(field, me.ListField) else [None]
    return {column: {"$in" if match["absent"] else "$nin": empty}}


def _is_text(text: str) -> bool:
    """Return whether MongoDB can take a text: neither bytes that are no UTF-8 nor the end mark of its patterns."""
    return "\0" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _test(column: str, field: BaseField, operator: str, value: str, zone: tzinfo | None) -> dict[str, Any]:
    inner = element(field)
    if isinstance(inner, me.EmbeddedDocumentField | me.DictField):
        inside = ", ".join(f"{field.name}.{name}" for name in inner_fields(field)) or f"{field.name}.NAME"
        raise UsageError(f"'{field.name}' is no single value, expected one inside it: {inside}")
    if operator == "~":
        if not isinstance(inner, me.StringField | me.DynamicField):
            raise UsageError(f"~ looks into text, and '{field.name}' is no text; use = < <= > >=")
        if len(value) > LONGEST_PART:
            raise UsageError(f"the text after ~ has {len(value)} characters, expected {LONGEST_PART} at most")
        return {column: {"$regex": re.escape(value), "$options": "i"}}
    if isinstance(inner, me.DateTimeField):
        return _time_test(column, field, operator, value, zone)
    if kind_of(field) is None:
        return {column: _dynamic_test(operator, value)}
    if operator == ":":
        return {column: {"$in": [value_of(inner, part.strip()) for part in value.split(",")]}}
    return {column: {_COMPARISONS[operator]: value_of(inner, value)}}


def _time_test(column: str, field: BaseField, operator: str, value: str, zone: tzinfo | None) -> dict[str, Any]:
    """Compare with a span of time: `=` is any time in it, `<=` is until its end, `>` is after its end."""
    if operator == ":":
        parts = [_time_test(column, field, "=", part.strip(), zone) for part in value.split(",")]
        return {"$or": parts}
    try:
        start, end = span_of(value, zone)
    except ValueError:
        raise UsageError(f"'{field.name}' is compared with '{value}', expected {EXPECTED}") from None
    tests: dict[str, dict[str, Any]] = {
        "=": {"$gte": start, "$lt": end},
        "!=": {"$not": {"$gte": start, "$lt": end}},
        "<": {"$lt": start},
        "<=": {"$lt": end},
        ">": {"$gte": end},
        ">=": {"$gte": start},
    }
    return {column: tests[operator]}


def _dynamic_test(operator: str, value: str) -> dict[str, Any]:
    """Compare a field that may hold anything: with all that the text can mean, in order with the number it names."""
    if operator in ("=", "!=", ":"):
        texts = value.split(",") if operator == ":" else [value]
        return {"$nin" if operator == "!=" else "$in": [meant for text in texts for meant in readings(text.strip())]}
    _, *others = readings(value)
    return {_COMPARISONS[operator]: others[0] if others else value}
