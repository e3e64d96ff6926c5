"""Store batches for one run, through lost connections, and keep what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from models.learned import LearnedRecord
from models.system import Change, Rejected
from scraper.storage.indexes import ensure_indexes, ensure_untold_index
from scraper.storage.outage import UntilLost
from scraper.storage.records.plan import Outcome, Sighting
from scraper.storage.records.rejected import rejection
from scraper.storage.records.upsert import Upsert

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bson import ObjectId
    from mongoengine import Document
    from pymongo.database import Database

    from models.record import Found
    from scraper.storage.connection import Connection

RecordIds = dict[str, list["ObjectId"]]
"""The `_id` of records, by the name of their collection."""


class Store:
    """Write batches of found records for one run.

    Every write is acknowledged from MongoDB's journal before it counts, and writing a batch again changes nothing, so a
    batch whose answer was lost is simply written again.
    """

    def __init__(self, connection: Connection, run: ObjectId, spider: str, listeners: Sequence[str] = ()) -> None:
        """Write for a run of a spider; what is new and what changes is to be told to the `listeners`."""
        self._connection, self._run, self._spider, self._listeners = connection, run, spider, listeners
        self._indexed: set[type[Document]] = set()
        self._all_new: dict[type[Document], bool] = {}
        self._until_lost = UntilLost(connection, "the last batch is not stored")

    def write(self, batch: Sequence[Found], seen: Sighting | None = None) -> list[Outcome]:
        """Return what became of each record, in order; raise DatabaseLostError when MongoDB stays away.

        `seen` tells of which page records are that are read again; None: the page has just been fetched.
        Blocks: call it in a thread.
        """
        return self._until_lost.do(lambda: self._write_once(batch, seen))

    def see(self, pages: Sequence[RecordIds]) -> list[int]:
        """Note that records were seen again as they are, page by page; return how many of each page are not there.

        Raises DatabaseLostError. Blocks: call it in a thread.
        """
        return self._until_lost.do(lambda: self._see_once(pages))

    def _write_once(self, batch: Sequence[Found], seen: Sighting | None) -> list[Outcome]:
        database, now = self._connection.open(), _now()
        outcomes: dict[int, Outcome] = {}
        self._ensure_indexes(database, Change)
        for document in dict.fromkeys(found.document for found in batch):
            self._ensure_indexes(database, document)
            if issubclass(document, LearnedRecord) and document.is_news:
                document.tell(database)
            upsert = Upsert(database, document, self._run, now, seen, self._listeners)
            mine = [found for found in batch if found.document is document and not found.faults]
            # A crawl of an empty collection finds new records only: half of its database work would be to look first.
            self._all_new[document] = upsert.write(mine, expect_new=self._all_new[document]) and self._all_new[document]
            outcomes.update(upsert.outcomes())
        refused = [found for found in batch if found.faults]
        if refused:
            self._ensure_indexes(database, Rejected)
            database[Rejected._get_collection_name()].bulk_write(
                [rejection(found, seen or Sighting(now, self._run), self._spider) for found in refused], ordered=False
            )
        return [Outcome.REFUSED if found.faults else outcomes[id(found)] for found in batch]

    def _see_once(self, pages: Sequence[RecordIds]) -> list[int]:
        database, now = self._connection.open(), _now()
        missing: set[tuple[str, ObjectId]] = set()
        for name in {name for page in pages for name in page}:
            ids = {record for page in pages for record in page.get(name, [])}
            there = {"_id": {"$in": list(ids)}, "gone_at": None}
            seen = database[name].update_many(there, {"$set": {"run": self._run}, "$max": {"last_seen": now}})
            if seen.matched_count < len(ids):
                missing |= {(name, record) for record in ids.difference(database[name].distinct("_id", there))}
        return [sum((name, record) in missing for name, ids in page.items() for record in ids) for page in pages]

    def _ensure_indexes(self, database: Database[dict[str, Any]], document: type[Document]) -> None:
        if document not in self._indexed:
            ensure_indexes(database, document)
            if self._listeners:
                ensure_untold_index(database[document._get_collection_name()])
            self._indexed.add(document)
            self._all_new[document] = database[document._get_collection_name()].find_one({}, ["_id"]) is None


def _now() -> datetime:
    """Return the time as MongoDB keeps it, to the millisecond."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
