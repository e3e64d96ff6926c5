"""Restore a database from a backup: into an empty one, or in place of all that is there."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bson.raw_bson import RawBSONDocument
from pymongo.errors import BulkWriteError, OperationFailure

from scraper.errors import FileError, UsageError
from scraper.storage.backup.archive import ArchiveReader, Begin
from scraper.storage.backup.backup import collection_names
from scraper.storage.backup.restoring import PREFIX, put_in_place, remove_temporary
from scraper.storage.backup.taken import Customs
from scraper.storage.run_heartbeat import LOST_AFTER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pymongo.database import Database

    Mongo = Database[dict[str, Any]]


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
