"""Bring stored values to their field's type of today: in the records and in their history."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pymongo import UpdateOne

from models.record import schema_of
from models.system import Change
from scraper.storage.migration.stored import (
    SchemaFinding,
    converted,
    fits,
    keep,
    of_other_type,
    old_columns,
    stored_types,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pymongo.database import Database

    from models.record import Record

BATCH = 1000
EXAMPLES = 3

ASIDE = "_unconverted"
"""What follows a field's name where a record keeps the value that could not be converted."""


@dataclass
class ValueCount:
    """How many values, and the first of them."""

    count: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, example: str) -> None:
        """Count one."""
        self.count += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(example)


class Retypes:
    """The fields of one document, and the stored values that are not of their type."""

    def __init__(self, database: Database[dict[str, Any]], document: type[Record]) -> None:
        schema = schema_of(document)
        self._database, self._document, self._schema = database, document, schema
        self._records = database[schema.collection]
        self._changes = database[Change._get_collection_name()]
        self._typed = [name for name in schema.content if stored_types(schema.fields[name])]

    def find(self) -> Iterator[SchemaFinding]:
        """Yield what would be converted, and what cannot be; also under a name that is to be renamed first."""
        for name in self._typed:
            tally = {True: ValueCount(), False: ValueCount()}
            for column in (self._schema.columns[name], *old_columns(self._document, name)):
                for record in self._records.find(self._other(name, column), [column, "url"]):
                    value = record[column]
                    try:
                        new = converted(self._document, name, value, str(record.get("url", "")))
                        tally[True].add(f"{_short(value)} → {_short(new)}")
                    except ValueError as error:
                        tally[False].add(f"{_short(value)}: {_short(error)}")
            what = f"to {type(self._schema.fields[name]).__name__}"
            if count := tally[True].count:
                yield SchemaFinding(f"convert `{name}` {what} in {count} records", count, tuple(tally[True].examples))
            if count := tally[False].count:
                text = f"set aside `{name}` as `{name}{ASIDE}` in {count} records: it cannot be converted {what}"
                yield SchemaFinding(text, count, tuple(tally[False].examples))
            if count := sum(1 for _ in self._history(name)):
                yield SchemaFinding(f"convert `{name}` {what} in {count} changes", count)

    def touches(self, names: tuple[str, ...]) -> bool:
        """Return whether values of one of the fields are to be converted."""
        typed = [name for name in names if name in self._typed]
        return any(self._records.find_one(self._other(name, self._schema.columns[name])) for name in typed)

    def apply(self, progress: Callable[[int], None]) -> None:
        """Convert in batches; a value that cannot be is kept in `rejected`, and in the record under another name."""
        for name in self._typed:
            column = self._schema.columns[name]
            while batch := list(self._records.find(self._other(name, column), limit=BATCH)):
                self._convert(name, column, batch)
                progress(len(batch))
            for change in self._history(name):
                self._changes.update_one({"_id": change["_id"]}, {"$set": self._of_today(name, change)})

    def _convert(self, name: str, column: str, batch: list[dict[str, Any]]) -> None:
        writes, cases = [], []
        for record in batch:
            # Not if the value is another by now: the next batch meets it again.
            same = {"_id": record["_id"], column: record[column]}
            try:
                new = converted(self._document, name, record[column], str(record.get("url", "")))
                writes.append(UpdateOne(same, {"$set": {column: new}}))
            except ValueError as error:
                cases.append((record, {name: record[column]}, {name: f"it cannot be converted: {error}"}))
                writes.append(UpdateOne(same, {"$rename": {column: f"{column}{ASIDE}"}}))
        keep(self._database, self._document, cases)
        self._records.bulk_write(writes, ordered=False)

    def _history(self, name: str) -> Iterator[dict[str, Any]]:
        """Yield the changes with values that can be converted; the others stay as they were."""
        columns = [self._schema.columns[name], *old_columns(self._document, name)]
        query = {
            "records": self._schema.collection,
            "$or": [{"field": {"$in": columns}}, {"others.field": {"$in": columns}}],
        }
        return (change for change in self._changes.find(query) if self._of_today(name, change))

    def _of_today(self, name: str, change: dict[str, Any]) -> dict[str, Any]:
        """Return the parts of a change that are to be written anew."""
        columns = (self._schema.columns[name], *old_columns(self._document, name))
        parts = {"": change} | {f"others.{place}.": other for place, other in enumerate(change.get("others", ()))}
        values = {}
        for path, part in parts.items():
            for which in ("old", "new"):
                if part["field"] in columns and not fits(self._schema.fields[name], part.get(which)):
                    try:
                        values[path + which] = converted(self._document, name, part[which], change.get("url", ""))
                    except ValueError:
                        continue
        return values

    def _other(self, name: str, column: str) -> dict[str, Any]:
        return of_other_type(self._document, name, column) or {}


def _short(value: Any) -> str:
    text = str(value) if isinstance(value, Exception) else repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
