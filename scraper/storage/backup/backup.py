"""Back a database up into one file while others write into it, and restore it: an empty one, or in place of all."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import bson
from bson.raw_bson import RawBSONDocument
from mongoengine import DateTimeField, ValidationError
from pymongo.errors import BulkWriteError, OperationFailure

from models.record import Record
from models.registry import all_documents
from scraper.core.atomic_file import PRIVATE_FILE, whole_file
from scraper.errors import FileError, UsageError
from scraper.storage.backup.archive import NAME, ArchiveReader, ArchiveWriter, Begin
from scraper.storage.backup.replacement import PREFIX, is_temporary, put_in_place, remove_temporary
from scraper.storage.run_heartbeat import LOST_AFTER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pymongo.database import Database

    Mongo = Database[dict[str, Any]]

LAST = ("changes", "runs")
"""Collections that others refer to. What they had when the others were read, they have later, too."""

READ_AT_ONCE = 1_000


def back_up(database: Mongo, target: Path, advance: Callable[[str, int], object]) -> dict[str, int]:
    """Write all collections into a file, whole or not at all, and return how many documents each has.

    A server by itself has no snapshots. So records are read before their changes: a change is written before its
    record (see `scraper.storage.records.change_log`), so no record in the backup lacks one, and a change that is too
    new for its record is taken for one that was not carried out yet. `advance` is told the collection and its documents
    so far.
    """
    with whole_file(target, PRIVATE_FILE) as file:
        archive = ArchiveWriter(file, database.name)
        for name in collection_names(database):
            collection = database[name]
            indexes = [dict(index) for index in collection.list_indexes() if index["name"] != "_id_"]
            archive.begin(name, [{part: index[part] for part in index if part not in ("v", "ns")} for index in indexes])
            batches: Any = collection.find_raw_batches(batch_size=READ_AT_ONCE)
            for documents in batches:
                archive.add(documents)
                advance(name, archive.counts[name])
        archive.end()
    return archive.counts


def collection_names(database: Mongo) -> list[str]:
    """Return the collections that a backup holds, in the order in which it reads them."""
    names = database.list_collection_names(filter={"type": "collection"})
    kept = [name for name in names if NAME.fullmatch(name) and not is_temporary(name)]
    return sorted(kept, key=lambda name: (LAST.index(name) if name in LAST else -1, name))


AGE = "expireAfterSeconds"
"""The option of an index with which MongoDB removes documents by their age; no index of Swathe's has it."""


class Customs:
    """Looks through what a backup brings, which somebody else may have written."""

    def __init__(self, path: Path) -> None:
        self._path, self._documents = path, all_documents()

    def check_indexes(self, collection: str, indexes: list[Any]) -> None:
        """Raise FileError for an index that would remove documents, or that is none."""
        for index in indexes:
            if not isinstance(index, dict) or AGE in index:
                raise self._refused(f"an index of '{collection}' would remove documents by their age ({AGE})")

    def check_document(self, collection: str, data: bytes) -> None:
        """Raise FileError for a document with a value of another type than its field has.

        Of a record only what Swathe keeps about it is looked at: its own fields may be of an earlier schema, which
        `swathe migrate` takes along.
        """
        if (document := self._documents.get(collection)) is None:
            return
        fields = Record._fields if issubclass(document, Record) else document._fields
        found = bson.decode(data)
        for field in fields.values():
            value = found.get(field.db_field)
            if value is not None and (fault := _fault(field, value)):
                shown = f"{field.db_field} is {value!r:.60}"
                raise self._refused(f"a document of '{collection}' is none: {shown}, {fault}")

    def _refused(self, what: str) -> FileError:
        return FileError(f"{self._path} cannot be restored ({what}): nothing was changed; use another backup")


def _fault(field: Any, value: Any) -> str:
    """Return what is wrong with a stored value for a field; empty when nothing is."""
    if isinstance(field, DateTimeField):  # it would take a text, too
        return "" if isinstance(value, datetime) else "expected a time"
    try:
        field.validate(field.to_python(value))
    except (ValidationError, TypeError, ValueError, AttributeError, KeyError) as error:
        return " ".join(f"expected another value: {error}".split())[:120]
    return ""


def check_archive(path: Path, room_bytes: int | None = None) -> ArchiveReader:
    """Read a backup to its end and return what it holds; raise FileError when it is damaged, foreign or too large."""
    reader = ArchiveReader(path)
    for _ in reader.parts():
        if room_bytes is not None and reader.size_bytes > room_bytes:
            raise FileError(
                f"{path} unpacks to more than the {room_bytes // 2**20} MB that the database's disk has left: "
                f"free some space, or choose another [mongodb] data_dir"
            )
    return reader


def check_database(database: Mongo, *, replace: bool) -> None:
    """Raise UsageError when a restore would replace documents without leave, or under a live run."""
    live = database["runs"].find_one({"state": "running", "heartbeat_at": {"$gte": datetime.now(UTC) - LOST_AFTER}})
    if live:
        raise UsageError(f"the run {live['_id']} of {live['spider']} is under way: restore when it has ended")
    counts = {name: database[name].estimated_document_count() for name in collection_names(database)}
    if any(counts.values()) and not replace:
        raise UsageError(
            f"the database '{database.name}' holds {sum(counts.values())} documents ({', '.join(sorted(counts))}): "
            f"--yes replaces them all, or set [mongodb] database to another name"
        )


def restore(database: Mongo, path: Path, advance: Callable[[str, int], object]) -> dict[str, int]:
    """Replace the database by what a backup holds, and return the documents by collection.

    The present collections stay as they are until the new ones are complete, with their indexes, and the backup's
    checksum was right. Raise FileError for a backup that MongoDB does not take.
    """
    reader = ArchiveReader(path)
    remove_temporary(database)
    try:
        with _tidy_on_failure(database):
            _load(database, reader, advance)
    except (BulkWriteError, OperationFailure) as error:
        what = str((error.details or {}).get("writeErrors", [{}])[0].get("errmsg") or error)[:300]
        raise FileError(f"{path} cannot be restored ({what}): nothing was changed; use another backup") from error
    put_in_place(database, list(reader.counts))
    return reader.counts


@contextmanager
def _tidy_on_failure(database: Mongo) -> Iterator[None]:
    try:
        yield
    except BaseException:
        remove_temporary(database)
        raise


def _load(database: Mongo, reader: ArchiveReader, advance: Callable[[str, int], object]) -> None:
    begun: Begin | None = None
    customs = Customs(reader.path)
    for part in reader.parts():
        if isinstance(part, Begin):
            _index(database, begun)
            begun = part
            customs.check_indexes(begun.collection, begun.indexes)
            database.create_collection(PREFIX + begun.collection)
        elif begun is not None:
            documents = list(reader.split(part))
            for document in documents:
                customs.check_document(begun.collection, document)
            raw = [RawBSONDocument(document) for document in documents]
            database[PREFIX + begun.collection].insert_many(raw, ordered=False)
            advance(begun.collection, reader.counts[begun.collection])
    _index(database, begun)


def _index(database: Mongo, begun: Begin | None) -> None:
    """Make a collection's indexes, once it has its documents: that is quicker than one by one."""
    if begun is not None and begun.indexes:
        database.command("createIndexes", PREFIX + begun.collection, indexes=begun.indexes)
