"""`--group-by`, sums and means: documents counted by the values of fields, or all of them together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfoNotFoundError

from mongoengine import DateTimeField
from tzlocal import get_localzone_name

from scraper.errors import UsageError, expected_one_of
from scraper.query.fields import FieldPath, field_path
from scraper.query.values import NUMBERS, element, holds_days

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import tzinfo

    from mongoengine import Document

COUNT = "count"
DIGITS = 4
"""Decimal places of a mean."""

AGGREGATES = ("min", "max", "avg", "sum")
PERIODS = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m", "year": "%Y"}
"""Stretches of the calendar, and how MongoDB writes the one that a time is in; weeks are those of ISO 8601."""

_CALL = re.compile(r"(?P<function>\w+)\((?P<field>.+)\)")


@dataclass(frozen=True)
class Grouping:
    """Documents counted by values; `columns` says under which names each shown column is in a row."""

    stages: list[dict[str, Any]]
    columns: dict[str, tuple[str, ...]]
    names: tuple[str, ...]
    """The columns that documents are grouped by; without any all are one group, even when there are no documents."""


def group_by(
    document: type[Document], names: Sequence[str], select: Sequence[str], zone: tzinfo | None = None
) -> Grouping:
    """Count documents by fields, of a list by each element; by none of them all together; raise UsageError.

    `names` may have `day(FIELD)`, `week`, `month` and `year` of a time, in `zone`, None for this machine's. `select`
    names further columns: `sum(FIELD)`, `min`, `max` and `avg`.
    """
    groups = {name: _group(document, name, zone) for name in names}
    columns: dict[str, tuple[str, ...]] = {name: ("_id", f"g{number}") for number, name in enumerate(groups)}
    unwound = list(dict.fromkeys(column for path, _ in groups.values() for column in path.lists))
    key = {columns[name][1]: value for name, (_, value) in groups.items()}
    gathered: dict[str, Any] = {"_id": key or None, COUNT: {"$sum": 1}}
    finished: dict[str, Any] = {}
    for number, name in enumerate(name for name in select if name not in (*columns, COUNT)):
        column = f"v{number}"
        function, value = _aggregate(document, name, unwound)
        gathered[column] = {f"${function}": value}
        if function == "avg":
            finished[column] = {"$round": [f"${column}", DIGITS]}
        if function == "sum":  # MongoDB's sum of no numbers is 0, their mean is null
            gathered[f"{column}_any"] = {"$avg": value}
            finished[column] = {"$cond": [{"$eq": [f"${column}_any", None]}, None, f"${column}"]}
        columns[name] = (column,)
    stages = [
        *({"$unwind": {"path": f"${column}", "preserveNullAndEmptyArrays": True}} for column in unwound),
        {"$group": gathered},
        *([{"$set": finished}] if finished else []),
    ]
    columns[COUNT] = (COUNT,)
    shown = dict.fromkeys([*groups, *(select or [COUNT])])
    return Grouping(stages, {name: columns[name] for name in shown}, tuple(groups))


def is_aggregate(column: str) -> bool:
    """Return whether a column is a number made of all documents, as in `sum(price)`."""
    match = _CALL.fullmatch(column)
    return bool(match and match["function"] in AGGREGATES)


def fields_name(column: str) -> str:
    """Return the name of the field that a shown column is about.

    >>> fields_name("max(price)"), fields_name("price")
    ('price', 'price')
    """
    match = _CALL.fullmatch(column)
    return match["field"] if match else column


def _group(document: type[Document], name: str, zone: tzinfo | None) -> tuple[FieldPath, Any]:
    """Return the field that documents are grouped by, and the value as an expression."""
    match = _CALL.fullmatch(name)
    if not match:
        path = field_path(document, name)
        return path, path.expression
    path = field_path(document, match["field"])
    if match["function"] not in PERIODS:
        raise UsageError(f"--group-by {name}: {expected_one_of(match['function'], PERIODS)}")
    if not isinstance(element(path.field), DateTimeField):
        times = [known for known, kept in document._fields.items() if isinstance(kept, DateTimeField)]
        raise UsageError(f"--group-by {name}: '{path.name}' holds no times: {expected_one_of(path.name, times)}")
    zone = UTC if holds_days(path.field) else zone
    written = {"date": path.expression, "format": PERIODS[match["function"]], "timezone": _zone_name(zone)}
    is_time = {"$eq": [{"$type": path.expression}, "date"]}
    return path, {"$cond": [is_time, {"$dateToString": written}, None]}


def _zone_name(zone: tzinfo | None) -> str:
    """Return a zone as MongoDB knows it."""
    try:
        return get_localzone_name() if zone is None else str(zone)
    except ZoneInfoNotFoundError as error:
        raise UsageError(f"this machine's time zone has no name ({error}), expected one in TZ; or add --utc") from None


def _aggregate(document: type[Document], name: str, unwound: Sequence[str]) -> tuple[str, Any]:
    """Return the function of a column, and the value that it is of as an expression."""
    match = _CALL.fullmatch(name)
    if not match or match["function"] not in AGGREGATES:
        raise UsageError(
            f"--select {name}: beside sums expected {COUNT}, sum(FIELD), min(FIELD), max(FIELD) or avg(FIELD) "
            f"of a number, or a field that --group-by names"
        )
    path = field_path(document, match["field"])
    kinds = NUMBERS if match["function"] in ("avg", "sum") else (*NUMBERS, DateTimeField)
    if not isinstance(element(path.field), kinds):
        numbers = [known for known, kept in document._fields.items() if isinstance(kept, NUMBERS)]
        raise UsageError(f"--select {name}: '{path.name}' holds no numbers: {expected_one_of(path.name, numbers)}")
    if inside := [column for column in path.lists if column not in unwound]:
        raise UsageError(
            f"--select {name}: '{path.name}' has several values in each record: add --group-by {inside[0]}"
        )
    return match["function"], path.expression
