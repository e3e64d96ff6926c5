"""What each field of stored records holds: how many have it, how many values there are, the extremes, usual ones."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bson import Decimal128

from models.record import schema_of
from scraper.query.documents import record_called
from scraper.query.filters import mongo_filter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pymongo.database import Database

TOP, EXAMPLES, MONTHS = 5, 3, 6
MOST_COUNTED = 100_000
"""Different values of a field of which each is counted; of more it is said that there are so many at least."""


@dataclass
class FieldProfile:
    """What one field holds."""

    name: str
    records: int = 0
    filled: int = 0
    shortest: str | None = None
    longest: str | None = None
    smallest: Any = None
    largest: Any = None
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
        has_it = value not in (None, "", [])
        self.by_month[month][0] += 1
        self.by_month[month][1] += has_it
        if not has_it:
            return
        self.filled += 1
        if len(self.examples) < EXAMPLES and value not in self.examples:
            self.examples.append(value)
        for part in value if isinstance(value, list) else [value]:
            self._take_part(part.to_decimal() if isinstance(part, Decimal128) else part)

    def _take_part(self, part: Any) -> None:
        if isinstance(part, dict):
            part = str(part)
        if part in self.counts or not self.is_cut:
            self.counts[part] += 1
        if isinstance(part, str):
            self.shortest = part if self.shortest is None or len(part) < len(self.shortest) else self.shortest
            self.longest = part if self.longest is None or len(part) > len(self.longest) else self.longest
        elif not isinstance(part, bool):
            self.smallest = part if self.smallest is None or part < self.smallest else self.smallest
            self.largest = part if self.largest is None or part > self.largest else self.largest


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
