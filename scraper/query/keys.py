"""Which fields of the items of a spider tell one from another, as far as the stored ones show it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

from models.learned import LearnedRecord, column_of, learned_documents

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.database import Database

    Mongo = Database[dict[str, Any]]

KINDS = ("text", "whole", "time")
"""What a field of a key may hold."""

MOST_PAIRED = 8
"""Fields of which pairs are tried, when none does alone."""


@dataclass(frozen=True)
class KeyCandidate:
    """Fields, and how many of a collection's records have them, with how many different values."""

    records: str
    fields: tuple[str, ...]
    count: int
    filled: int
    distinct: int

    @property
    def would_do(self) -> bool:
        """Whether every record has the fields, each with values of its own."""
        return self.count == self.filled == self.distinct > 0


def key_candidates(database: Mongo, spider: str) -> list[KeyCandidate]:
    """Return the fields of a spider's items, alone and where none would do in pairs; the likeliest first. Blocks.

    Looked at are the records that were not gone when they were stored last.
    """
    found: list[KeyCandidate] = []
    for document in learned_documents().values():
        if spider in document.spiders:
            found += _of(database, document)
    return sorted(found, key=lambda one: (not one.would_do, len(one.fields), -one.filled, -one.distinct))


def _of(database: Mongo, document: type[LearnedRecord]) -> list[KeyCandidate]:
    names = ["url", *(name for name, kind in document.columns.items() if kind in KINDS)]
    single = list(_counted(database, document, [(name,) for name in names]))
    if any(one.would_do for one in single):
        return single
    whole = sorted((one for one in single if one.filled == one.count), key=lambda one: -one.distinct)[:MOST_PAIRED]
    return [*single, *_counted(database, document, list(combinations([one.fields[0] for one in whole], 2)))]


def _counted(
    database: Mongo, document: type[LearnedRecord], candidates: list[tuple[str, ...]]
) -> Iterator[KeyCandidate]:
    records = document._get_collection_name()
    stored = database[records]
    count = stored.count_documents({"gone_at": None})
    for fields in candidates:
        columns = ["url" if name == "url" else column_of(name) for name in fields]
        there: dict[str, Any] = {"gone_at": None, **{column: {"$nin": [None, ""]} for column in columns}}
        value = {str(number): f"${column}" for number, column in enumerate(columns)}
        [facts] = list(
            stored.aggregate(
                [
                    {"$match": there},
                    {"$group": {"_id": value, "count": {"$sum": 1}}},
                    {"$group": {"_id": None, "filled": {"$sum": "$count"}, "distinct": {"$sum": 1}}},
                ],
                allowDiskUse=True,
            )
        ) or [{"filled": 0, "distinct": 0}]
        yield KeyCandidate(records, fields, count, facts["filled"], facts["distinct"])
