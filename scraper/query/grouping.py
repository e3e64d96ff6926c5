"""`--group-by`: how many there are of each value of a field, and the least, greatest and mean of numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mongoengine import DateTimeField

from scraper.errors import UsageError, expected_one_of
from scraper.query.filters import field_path, list_columns
from scraper.query.values import NUMBERS, element

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mongoengine import Document

COUNT = "count"
DIGITS = 4
"""Decimal places of a mean."""

_OPERATORS = {"min": "$min", "max": "$max", "avg": "$avg"}
_AGGREGATE = re.compile(r"(?P<operator>\w+)\((?P<field>[\w.]+)\)")


@dataclass(frozen=True)
class Grouping:
    """Documents counted by the values of a field; `columns` says under which name each shown column is in a row."""

    stages: list[dict[str, Any]]
    columns: dict[str, str]


def group_by(document: type[Document], field: str, select: Sequence[str]) -> Grouping:
    """Count documents by a field, of a list by each element, the most frequent value first; raise UsageError.

    `select` names further columns: `min(FIELD)`, `max(FIELD)` and `avg(FIELD)`.
    """
    column, _ = field_path(document, field)
    columns = {field: "_id", COUNT: COUNT}
    gathered: dict[str, Any] = {"_id": f"${column}", COUNT: {"$sum": 1}}
    rounded: dict[str, Any] = {}
    for number, name in enumerate(name for name in select if name not in columns):
        columns[name] = f"v{number}"
        gathered[f"v{number}"] = _aggregate(document, name)
        if name.startswith("avg("):
            rounded[f"v{number}"] = {"$round": [f"$v{number}", DIGITS]}
    unwound = [
        {"$unwind": {"path": f"${within}", "preserveNullAndEmptyArrays": True}}
        for within in list_columns(document, field)
    ]
    stages = [*unwound, {"$group": gathered}, *([{"$set": rounded}] if rounded else [])]
    shown = {name: columns[name] for name in select} if select else columns
    return Grouping(stages, {field: "_id", **shown})


def fields_name(column: str) -> str:
    """Return the name of the field that a shown column is about.

    >>> fields_name("max(price)"), fields_name("price")
    ('price', 'price')
    """
    match = _AGGREGATE.fullmatch(column)
    return match["field"] if match else column


def _aggregate(document: type[Document], name: str) -> dict[str, Any]:
    match = _AGGREGATE.fullmatch(name)
    if not match or match["operator"] not in _OPERATORS:
        raise UsageError(
            f"--select {name}: with --group-by expected {COUNT}, min(FIELD), max(FIELD) or avg(FIELD) of a number"
        )
    column, field = field_path(document, match["field"])
    kinds = NUMBERS if match["operator"] == "avg" else (*NUMBERS, DateTimeField)
    if not isinstance(element(field), kinds):
        numbers = [known for known, kept in document._fields.items() if isinstance(kept, NUMBERS)]
        raise UsageError(
            f"--select {name}: '{match['field']}' holds no numbers: {expected_one_of(match['field'], numbers)}"
        )
    return {_OPERATORS[match["operator"]]: f"${column}"}
