"""Bring the key up to date: what fills it, records that it makes equal, and its unique index."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from models.record import WHOLE_RECORD, schema_of
from scraper.errors import UsageError
from scraper.storage.indexes import KEY_INDEX, ensure_indexes, key_columns
from scraper.storage.migration.retypes import ASIDE
from scraper.storage.migration.stored import SchemaFinding, keep, old_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymongo.database import Database

    from models.record import Record

    Row = dict[str, Any]

BATCH = 200
EXAMPLES = 3


class Keys:
    """The key of one document, and its other indexes."""

    def __init__(self, database: Database[dict[str, Any]], document: type[Record]) -> None:
        self._database, self._document, self._schema = database, document, schema_of(document)
        self._records = database[self._schema.collection]
        self._key = tuple(self._schema.columns[name] for name in self._schema.key)
        fields = self._schema.fields
        self._defaults = {
            self._schema.columns[name]: fields[name].default
            for name in self._schema.content
            if fields[name].default is not None and not callable(fields[name].default)
        }

    @property
    def is_stale(self) -> bool:
        """Whether there is a unique index over another key."""
        return key_columns(self._records) not in (None, self._key)

    def find(self) -> Iterator[SchemaFinding]:
        """Yield what would be filled in, merged and indexed; raise UsageError where the key cannot be made."""
        for column, default in self._defaults.items():
            if count := self._records.count_documents(self._lacking(column)):
                yield SchemaFinding(f"set `{column}` to its default {default!r} in {count} records", count)
        self.refuse_records_without_key()
        groups = list(islice(self._equal(), EXAMPLES)) if self._has_to_merge else []
        if groups:
            total = sum(len(group["records"]) - 1 for group in self._equal())
            examples = [f"{len(g['records'])} records have {' / '.join(map(str, g['_id'].values()))}" for g in groups]
            what = f"keep {total} records in `rejected`: a newer one has the same {', '.join(self._schema.key)}"
            yield SchemaFinding(what, total, tuple(examples))
        if (indexed := key_columns(self._records)) != self._key and self._records.find_one({}, ["_id"]):
            instead = f", instead of that over {', '.join(indexed)}" if indexed else ""
            yield SchemaFinding(f"make the unique index over {', '.join(self._key)}{instead}", 1)
        if names := self._useless_indexes():
            yield SchemaFinding(f"drop the indexes of old names: {', '.join(names)}", len(names))

    def refuse_records_without_key(self) -> None:
        """Raise UsageError where nothing fills a part of the key that stored records lack."""
        for name, column in zip(self._schema.key, self._key, strict=True):
            places = [column, *old_columns(self._document, name), f"{column}{ASIDE}"]
            without = self._records.count_documents(dict.fromkeys(places))
            if without and column not in self._defaults:
                raise UsageError(
                    f"{without} of '{self._schema.collection}' have no `{name}`, which is part of the key: give it "
                    f"`default=`, or `was=` when it had another name, then migrate"
                )

    def release(self) -> None:
        """Drop the unique index, which stands in the way while values of the key are written."""
        if key_columns(self._records) is not None:
            self._records.drop_index(KEY_INDEX)

    def apply(self, progress: Callable[[int], None]) -> None:
        """Fill, merge and index; what is merged away is in `rejected` before it is removed."""
        for column, default in self._defaults.items():
            value = self._schema.fields[self._name_of(column)].to_mongo(default)
            progress(self._records.update_many(self._lacking(column), {"$set": {column: value}}).modified_count)
        self._set_aside_records_without_key(progress)
        groups = self._equal() if self._has_to_merge else iter(())
        while batch := list(islice(groups, BATCH)):
            for group in batch:
                self._merge(group["records"])
            progress(len(batch))
        if self.is_stale:
            self.release()
        for name in self._useless_indexes():
            self._records.drop_index(name)
        ensure_indexes(self._database, self._document)

    @property
    def _has_to_merge(self) -> bool:
        """Whether records may share a key; where the unique index stands, and nothing is renamed, they do not."""
        return key_columns(self._records) != self._key

    def _merge(self, ids: list[Any]) -> None:
        """Let the record that was seen last stand for all; what it lacks it takes from the others."""
        records = list(self._records.find({"_id": {"$in": ids}}, sort=[("last_seen", -1), ("_id", -1)]))
        newest, older = records[0], records[1:]
        content = self._schema.content
        reason = {WHOLE_RECORD: f"another record has the same {', '.join(self._schema.key)} and was seen later"}
        keep(self._database, self._document, [(one, self._values(one), reason) for one in older])
        taken: Row = {}
        for column in (self._schema.columns[name] for name in content):
            found = next((one[column] for one in records if one.get(column) is not None), None)
            if newest.get(column) is None and found is not None:
                taken[column] = found
        first_seen = [one["first_seen"] for one in records if one.get("first_seen")]
        update: Row = {"$set": taken} if taken else {}
        if first_seen:
            update["$min"] = {"first_seen": min(first_seen)}
        if update:
            self._records.update_one({"_id": newest["_id"]}, update)
        self._records.delete_many({"_id": {"$in": [one["_id"] for one in older]}})

    def _values(self, record: Row) -> Row:
        return {name: record.get(self._schema.columns[name]) for name in self._schema.content}

    def _equal(self) -> Iterator[Row]:
        """Yield the `_id` and `records` of each key that several records have."""
        key = {name: self._value_of(name) for name in self._schema.key}
        stages: list[Row] = [
            {"$group": {"_id": key, "records": {"$push": "$_id"}}},
            {"$match": {"records.1": {"$exists": True}}},
        ]
        yield from self._records.aggregate(stages, allowDiskUse=True)

    def _value_of(self, name: str) -> Row:
        """Return the expression for a value of the key, also where it still has an old name or none."""
        column = self._schema.columns[name]
        places = [f"${place}" for place in (column, *old_columns(self._document, name))]
        return {"$ifNull": [*places, self._defaults.get(column)]}

    def _set_aside_records_without_key(self, progress: Callable[[int], None]) -> None:
        """Move records whose key could not be converted to `rejected`, whole."""
        for name, column in zip(self._schema.key, self._key, strict=True):
            while batch := list(self._records.find({column: None, f"{column}{ASIDE}": {"$ne": None}}, limit=BATCH)):
                reason = {name: "it is part of the key and cannot be converted"}
                cases = [(one, {**self._values(one), name: one[f"{column}{ASIDE}"]}, reason) for one in batch]
                keep(self._database, self._document, cases)
                self._records.delete_many({"_id": {"$in": [one["_id"] for one in batch]}})
                progress(len(batch))

    def _useless_indexes(self) -> list[str]:
        """Return the indexes that Swathe made for names that fields had before."""
        old = {was for name in self._schema.content for was in old_columns(self._document, name)}
        return [name for name in self._records.index_information() if name in old]

    def _lacking(self, column: str) -> Row:
        name = self._name_of(column)
        return {place: {"$exists": False} for place in (column, *old_columns(self._document, name))}

    def _name_of(self, column: str) -> str:
        return next(name for name, place in self._schema.columns.items() if place == column)
