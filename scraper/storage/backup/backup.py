"""Back a database up into one file, while others may write into it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scraper.core.atomic_file import PRIVATE_FILE, whole_file
from scraper.storage.backup.archive import NAME, ArchiveWriter
from scraper.storage.backup.restoring import is_temporary

if TYPE_CHECKING:
    from collections.abc import Callable
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
