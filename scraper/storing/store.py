"""Store batches for one run, through lost connections, and keep what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pymongo.errors import PyMongoError

from models.system import Change, Rejected
from scraper.errors import DatabaseError, DatabaseLostError
from scraper.mongo.breaks import through_breaks
from scraper.mongo.connection import explain
from scraper.mongo.indexes import ensure_indexes
from scraper.storing.plan import Outcome
from scraper.storing.rejecting import rejection
from scraper.storing.upsert import Upsert

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bson import ObjectId
    from mongoengine import Document
    from pymongo.database import Database

    from models.record import Found
    from scraper.mongo.connection import Connection


class Store:
    """Write batches of found records for one run.

    Every write is acknowledged from MongoDB's journal before it counts, and writing a batch again changes nothing, so a
    batch whose answer was lost is simply written again.
    """

    def __init__(self, connection: Connection, run: ObjectId, spider: str) -> None:
        self._connection, self._run, self._spider = connection, run, spider
        self._indexed: set[type[Document]] = set()
        self._all_new: dict[type[Document], bool] = {}
        self._lost: DatabaseError | None = None

    def write(self, batch: Sequence[Found]) -> list[Outcome]:
        """Return what became of each record, in order; raise DatabaseLostError when MongoDB stays away.

        Blocks: call it in a thread.
        """
        if self._lost is not None:
            raise self._lost  # the crawl is being ended; do not let every batch in flight wait again
        try:
            return through_breaks(self._connection, lambda: self._write_once(batch))
        except PyMongoError as error:
            what = explain(error, self._connection.address)
            self._lost = DatabaseLostError(f"the last batch is not stored: {what}")
            raise self._lost from error
        except DatabaseError as error:
            self._lost = error
            raise

    def _write_once(self, batch: Sequence[Found]) -> list[Outcome]:
        database, now = self._connection.open(), _now()
        outcomes: dict[int, Outcome] = {}
        self._ensure_indexes(database, Change)
        for document in dict.fromkeys(found.document for found in batch):
            self._ensure_indexes(database, document)
            upsert = Upsert(database, document, self._run, now)
            mine = [found for found in batch if found.document is document and not found.faults]
            # A crawl of an empty collection finds new records only: half of its database work would be to look first.
            self._all_new[document] = upsert.write(mine, expect_new=self._all_new[document]) and self._all_new[document]
            outcomes.update(upsert.outcomes())
        refused = [found for found in batch if found.faults]
        if refused:
            self._ensure_indexes(database, Rejected)
            database[Rejected._get_collection_name()].bulk_write(
                [rejection(found, self._run, self._spider, now) for found in refused], ordered=False
            )
        return [Outcome.REFUSED if found.faults else outcomes[id(found)] for found in batch]

    def _ensure_indexes(self, database: Database[dict[str, Any]], document: type[Document]) -> None:
        if document not in self._indexed:
            ensure_indexes(database, document)
            self._indexed.add(document)
            self._all_new[document] = database[document._get_collection_name()].find_one({}, ["_id"]) is None


def _now() -> datetime:
    """Return the time as MongoDB keeps it, to the millisecond."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
