"""Read the history: the changes of one record, and records as they were at a time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import combinations, islice, pairwise
from typing import TYPE_CHECKING, Any

from models.questions import as_stored
from models.record import JOINT, key_text, schema_of
from models.system import Change
from scraper.errors import UsageError
from scraper.query.values import value_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from mongoengine import Document
    from pymongo.database import Database

    from models.record import Record

    Mongo = Database[dict[str, Any]]

CHANGES = Change._get_collection_name()
SPLITS = 200
"""In how many ways a key in one text is taken apart, when its values hold the joint themselves."""

NEAR, COMPARED = 3, 5_000
"""Near matches that are named, and keys that are looked through for them."""

UNDONE = "__undone"

READ_AT_ONCE = 1_000
"""Documents that are fetched with one answer: MongoDB's own measure is 16 MB, which is 100 MB of Python's objects."""


@dataclass(frozen=True)
class Selection:
    """Documents that meet a MongoDB filter, now or as they were just before the moment `until`."""

    document: type[Document]
    conditions: dict[str, Any]
    until: datetime | None = None

    def count(self, database: Mongo) -> int:
        """Return how many there are."""
        collection = database[self.document._get_collection_name()]
        counted = list(collection.aggregate([*self.stages(), {"$count": "total"}]))
        return int(counted[0]["total"]) if counted else 0

    def rows(
        self, database: Mongo, columns: Sequence[str], order: Sequence[tuple[str, int]] = (), limit: int = 0
    ) -> Iterable[dict[str, Any]]:
        """Return `columns` of each, at most `limit`; 0 for all. They are read while they are taken."""
        collection = database[self.document._get_collection_name()]
        # MongoDB takes no field beside the one that it is in.
        shown = [column for column in columns if not any(column.startswith(f"{other}.") for other in columns)]
        if self.until is None:
            found = collection.find(self.conditions, shown, limit=limit, batch_size=READ_AT_ONCE)
            return found.sort(list(order)).allow_disk_use(True) if order else found
        stages = [*self.stages(), *in_order(order, limit), {"$project": dict.fromkeys(shown, 1)}]
        return collection.aggregate(stages, allowDiskUse=True, batchSize=READ_AT_ONCE)

    def stages(self) -> list[dict[str, Any]]:
        """Return the selection as the first stages of an aggregation."""
        return [{"$match": self.conditions}] if self.until is None else self._undoing()

    def _undoing(self) -> list[dict[str, Any]]:
        """Return how records are made what they were: later changes are undone, the latest first."""
        undo = [
            {"$match": {"when": {"$gte": self.until}, "$expr": {"$lte": ["$when", "$$version"]}}},
            {"$sort": {"when": -1}},
            {"$project": {"field": 1, "old": 1, "version": 1}},
        ]
        # Of a field that is named twice the last one counts, which is the earliest change.
        old_value = {"k": "$$this.field", "v": {"$ifNull": ["$$this.old", None]}}
        old_values = {"$arrayToObject": {"$map": {"input": f"${UNDONE}", "in": old_value}}}
        changed_at = {"$ifNull": [{"$last": f"${UNDONE}.version"}, "$changed_at"]}
        return [
            {"$match": {"first_seen": {"$lt": self.until}}},
            {
                "$lookup": {
                    "from": CHANGES,
                    "localField": "_id",
                    "foreignField": "record",
                    "let": {"version": "$changed_at"},
                    "pipeline": undo,
                    "as": UNDONE,
                }
            },
            {"$replaceWith": {"$mergeObjects": ["$$ROOT", old_values, {"changed_at": changed_at}]}},
            {"$unset": UNDONE},
            {"$match": {"$and": [{"gone_at": None}, self.conditions]}},
        ]


def in_order(order: Sequence[tuple[str, int]], limit: int) -> list[dict[str, Any]]:
    """Return the stages that sort by columns (1 up, -1 down) and keep `limit` at most; 0 for all."""
    return [*([{"$sort": dict(order)}] if order else []), *([{"$limit": limit}] if limit else [])]


def changes_of(database: Mongo, record: dict[str, Any], limit: int = 0) -> Iterator[dict[str, Any]]:
    """Yield the changes of a record, the latest first.

    One that is later than the record's last change was claimed by a process that ended before it could write the
    record; it is left out, as the record is not so.
    """
    query = {"record": record["_id"], "when": {"$lte": record.get("changed_at")}}
    yield from database[CHANGES].find(query, sort=[("when", -1), ("_id", 1)], limit=limit)


def find_record(database: Mongo, document: type[Record], key: Sequence[str]) -> dict[str, Any]:
    """Return the record whose key has these values, or one text of them with ` / ` between; raise UsageError."""
    schema = schema_of(document)
    # As it is typed first: another program may have stored what no cleaner leaves.
    readings = [*_readings(key, len(schema.key)), *_readings(as_stored(key), len(schema.key))]
    if not readings:
        raise UsageError(
            f"the key of {schema.collection} is {JOINT.join(schema.key)}, found {len(key)} of its {len(schema.key)} "
            f"values: '{JOINT.join(key)}'"
        )
    collection = database[schema.collection]
    for reading in readings:
        fields = zip(schema.key, reading, strict=True)
        found = collection.find_one(
            {schema.columns[name]: value_of(schema.fields[name], text) for name, text in fields}
        )
        if found is not None:
            return found
    shown = JOINT.join(key)
    near = [f"'{name}'" for name in _near(database, document, shown)]
    hint = f"did you mean {' or '.join(near)}?" if near else f"`swathe query {schema.collection}` shows what there is"
    raise UsageError(f"there is no record '{shown}' in {schema.collection}: {hint}")


def _readings(key: Sequence[str], count: int) -> list[list[str]]:
    return [list(key)] if len(key) == count else list(islice(_splits(JOINT.join(key), count), SPLITS))


def _splits(text: str, count: int) -> Iterator[list[str]]:
    parts = text.split(JOINT)
    for places in combinations(range(1, len(parts)), count - 1):
        bounds = [0, *places, len(parts)]
        yield [JOINT.join(parts[start:end]) for start, end in pairwise(bounds)]


def _near(database: Mongo, document: type[Record], text: str) -> list[str]:
    """Return keys that contain the text, or are like it."""
    schema = schema_of(document)
    collection, columns = database[schema.collection], [schema.columns[name] for name in schema.key]
    contains = {"$regex": re.escape(text), "$options": "i"}
    found = collection.find({"$or": [{column: contains} for column in columns]}, columns, limit=NEAR)
    keys = [key_text(document, record) for record in found]
    if keys:
        return keys
    some = [key_text(document, record) for record in collection.find({}, columns, limit=COMPARED)]
    return get_close_matches(text, some, n=NEAR)
