"""What each field of stored records holds: how many have it, how many values there are, the extremes, usual ones."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from hashlib import blake2b
from math import isnan
from typing import TYPE_CHECKING, Any

from bson import Decimal128, ObjectId

from models.record import schema_of
from scraper.core.text import json_text
from scraper.query.documents import record_called
from scraper.query.filters import mongo_filter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pymongo.database import Database

TOP, EXAMPLES, MONTHS = 5, 3, 6
MOST_COUNTED = 100_000
"""Different values of a field of which each is counted; of more it is said that there are so many at least."""

LONGEST_COUNTED = 500
"""Characters of a text that is counted as it is."""

EMPTY: tuple[Any, ...] = (None, "", [])
COUNTED = (str, bool, int, float, Decimal, datetime, ObjectId)


@dataclass(frozen=True)
class LongText:
    """A long text, as it is counted."""

    beginning: str
    digest: str

    def __str__(self) -> str:
        return f"{self.beginning}…"


@dataclass
class FieldProfile:
    """What one field holds."""

    name: str
    records: int = 0
    filled: int = 0
    shortest: str | None = None
    longest: str | None = None
    extremes: dict[str, list[Any]] = field(default_factory=dict)
    """Of numbers and of times, if a field has both: how many there are, the smallest and the largest; not of NaN."""
    examples: list[Any] = field(default_factory=list)
    counts: Counter[Any] = field(default_factory=Counter)
    """How often each value is there, list values one by one."""
    by_month: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    """Records first seen in a month (UTC, `2026-11`), and those of them that have the field."""

    @property
    def distinct(self) -> int:
        """How many different values there are, up to `MOST_COUNTED`."""
        return len(self.counts)

    @property
    def smallest(self) -> Any:
        """The smallest number or time, of which there are more; None for neither."""
        return max(self.extremes.values(), key=lambda one: one[0], default=(0, None, None))[1]

    @property
    def largest(self) -> Any:
        """The largest number or time, as `smallest`."""
        return max(self.extremes.values(), key=lambda one: one[0], default=(0, None, None))[2]

    @property
    def is_cut(self) -> bool:
        """Whether there are more different values than are counted."""
        return len(self.counts) >= MOST_COUNTED

    def top(self) -> list[tuple[Any, int]]:
        """Return the commonest values that are there more than once, with how often."""
        return [(value, count) for value, count in self.counts.most_common(TOP) if count > 1]

    def months(self) -> dict[str, float]:
        """Return the share of records that have the field, by the month in which they were first seen, the last six."""
        return {month: filled / seen for month, (seen, filled) in sorted(self.by_month.items())[-MONTHS:]}

    def take(self, value: Any, month: str) -> None:
        """Count the value of one record."""
        self.records += 1
        has_it = value not in EMPTY
        self.by_month[month][0] += 1
        self.by_month[month][1] += has_it
        if not has_it:
            return
        self.filled += 1
        if len(self.examples) < EXAMPLES and value not in self.examples:
            self.examples.append(value)
        for part in value if isinstance(value, list) else [value]:
            if part not in EMPTY:
                self._take_part(part.to_decimal() if isinstance(part, Decimal128) else part)

    def _take_part(self, part: Any) -> None:
        key = _counted_as(part)
        if key in self.counts or not self.is_cut:
            self.counts[key] += 1
        if isinstance(part, str):
            self.shortest = part if self.shortest is None or len(part) < len(self.shortest) else self.shortest
            self.longest = part if self.longest is None or len(part) > len(self.longest) else self.longest
        elif kind := _ordered_as(part):
            number, smallest, largest = self.extremes.get(kind, (0, part, part))
            self.extremes[kind] = [number + 1, min(smallest, part), max(largest, part)]


def _counted_as(part: Any) -> Any:
    """Return what a value is counted as: long texts by their beginning and a digest, so that memory is bounded."""
    if isinstance(part, dict | list):
        part = json_text(part)
    if isinstance(part, str) and len(part) > LONGEST_COUNTED:
        digest = blake2b(part.encode(errors="surrogatepass"), digest_size=16).hexdigest()
        return LongText(part[:LONGEST_COUNTED], digest)
    if _is_nan(part):
        return "NaN"
    return part if isinstance(part, COUNTED) else str(part)


def _ordered_as(part: Any) -> str:
    """Return the kind of values among which one is the smallest; empty for such as have no order, and NaN."""
    if isinstance(part, datetime):
        return "time"
    is_number = isinstance(part, int | float | Decimal) and not isinstance(part, bool)
    return "number" if is_number and not _is_nan(part) else ""


def _is_nan(part: Any) -> bool:
    return part.is_nan() if isinstance(part, Decimal) else isinstance(part, float) and isnan(part)


def profile(database: Database[Any], records: str, filters: Iterable[str] = ()) -> list[FieldProfile]:
    """Return what the fields of records hold, in the order of their document; raise UsageError for an unknown name.

    Every record that meets the filters is read once; memory is bounded by `MOST_COUNTED` values a field.
    """
    document = record_called(records)
    schema = schema_of(document)
    found = {name: FieldProfile(name) for name in schema.content}
    columns = {name: schema.columns[name] for name in schema.content}
    wanted = {**dict.fromkeys(columns.values(), 1), "first_seen": 1}
    for row in _rows(database, document._get_collection_name(), mongo_filter(document, filters), wanted):
        seen = row.get("first_seen")
        month = f"{seen:%Y-%m}" if seen is not None else "unknown"
        for name, column in columns.items():
            found[name].take(row.get(column), month)
    return list(found.values())


def _rows(database: Database[Any], collection: str, where: dict[str, Any], wanted: dict[str, int]) -> Iterator[Any]:
    with database[collection].find(where, wanted) as cursor:
        yield from cursor
