"""Rename fields: in the records, in their history, and in what was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.record import schema_of
from models.system import Change, Rejected
from scraper.storage.migration.stored import SchemaFinding, keep, old_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymongo.database import Database

    from models.record import Record

BATCH = 1000


class Renames:
    """The fields of one document that had another name, as their `was=` says."""

    def __init__(self, database: Database[dict[str, Any]], document: type[Record]) -> None:
        schema = schema_of(document)
        self._document, self._name = document, schema.collection
        self._database, self._records = database, database[schema.collection]
        self._changes = database[Change._get_collection_name()]
        self._rejected = database[Rejected._get_collection_name()]
        self._pairs = [
            (old, name, schema.columns[name]) for name in schema.content for old in old_columns(document, name)
        ]

    def find(self) -> Iterator[SchemaFinding]:
        """Yield what has an old name."""
        for old, name, column in self._pairs:
            counts = {
                "records": self._records.count_documents({old: {"$exists": True}}),
                "changes": self._changes.count_documents(self._of_history(old)),
                "refused items": self._rejected.count_documents(self._of_refused(old, name)),
            }
            if total := sum(counts.values()):
                what = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
                yield SchemaFinding(f"rename `{old}` to `{column}` in {what}", total)

    def apply(self, progress: Callable[[int], None]) -> None:
        """Rename in batches; where a record has both names the new one counts and the other value is kept."""
        for old, name, column in self._pairs:
            while batch := list(self._records.find({old: {"$exists": True}}, limit=BATCH)):
                both = [record for record in batch if column in record and record[column] != record[old]]
                keep(
                    self._database,
                    self._document,
                    [(one, {name: one[old]}, {name: f"the record had `{old}` and `{column}`"}) for one in both],
                )
                self._records.update_many(
                    {"_id": {"$in": [record["_id"] for record in batch]}},
                    [
                        {
                            "$set": {
                                column: {
                                    "$cond": [{"$eq": [{"$type": f"${column}"}, "missing"]}, f"${old}", f"${column}"]
                                }
                            }
                        },
                        {"$unset": old},
                    ],
                )
                progress(len(batch))
            self._changes.update_many({"records": self._name, "field": old}, {"$set": {"field": column}})
            self._changes.update_many(
                {"records": self._name, "others.field": old},
                {"$set": {"others.$[one].field": column}},
                array_filters=[{"one.field": old}],
            )
            self._rejected.update_many(self._of_refused(old, name), {"$rename": {f"raw.{old}": f"raw.{name}"}})

    def _of_history(self, old: str) -> dict[str, Any]:
        return {"records": self._name, "$or": [{"field": old}, {"others.field": old}]}

    def _of_refused(self, old: str, name: str) -> dict[str, Any]:
        return {"records": self._name, f"raw.{old}": {"$exists": True}, f"raw.{name}": {"$exists": False}}
