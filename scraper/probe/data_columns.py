"""The fields of records that are data: JSON of an API, or what a page carries for its scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scraper.probe.column_types import LABELS, Kind, field_name, kind_of
from scraper.probe.columns import Column, Columns, keyed
from scraper.probe.data_paths import expression, paths_in, value_at

if TYPE_CHECKING:
    from collections.abc import Sequence

WHOLE, FLOAT, TRUTH = (
    Kind("IntField", "", lambda value: value),
    Kind("FloatField", "", lambda value: value),
    Kind("BooleanField", "", lambda value: value),
)
DEEPEST = 2
LEAST_REQUIRED = 10


def data_columns(entries: Sequence[Any]) -> Columns:
    """Return the fields of entries; the selector of each is the Python expression that reads it from `data`."""
    rows = [entry for entry in entries if isinstance(entry, dict)]
    found: list[Column] = []
    unsure: list[str] = []
    for path in dict.fromkeys(path for row in rows for path in paths_in(row, DEEPEST)):
        values = [value_at(row, path) for row in rows]
        filled = [value for value in values if value not in (None, "", [])]
        if not filled:
            continue
        kind = _kind(filled)
        # The name of an author is the author.
        short = path[0] if path[-1] in ("name", "title") else "_".join(path) if path[-1] in ("id", "url") else path[-1]
        name = field_name(short)
        if kind is None or not name:
            unsure.append(f"{'.'.join(path)} holds {type(filled[0]).__name__}s of several kinds: left out")
            continue
        if name in {column.name for column in found}:
            name = field_name("_".join(path))
        many = kind is LABELS
        held = tuple(tuple(value if many else [value]) if value not in (None, "", []) else () for value in values)
        required = len(filled) == len(rows) >= LEAST_REQUIRED and not many
        found.append(Column(name, expression(path, rows), kind, many, held, required=required))
    return Columns(tuple(keyed(found)), len(rows), tuple(unsure))


def _kind(values: list[Any]) -> Kind | None:
    """Return the type of values as JSON has them; None for a mixture, or for lists of objects."""
    types = {type(value) for value in values}
    if types == {str}:
        return kind_of(values)
    if types == {bool}:
        return TRUTH
    if types == {int}:
        return WHOLE
    if types <= {int, float}:
        return FLOAT
    return LABELS if types == {list} and all(isinstance(part, str) for value in values for part in value) else None
