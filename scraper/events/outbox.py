"""The outbox: what listeners have not been told, marked in the very document that says it.

A record is inserted, and a change is claimed, with the names of its listeners in `_untold`: in one write, so that no
crash can part the two. Who has told a listener takes its name out; a crash between the two lets it be told again under
the same id. A claim that is not carried out waits until it is: nobody hears of a change that the history does not have.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from models.record import UNTOLD
from models.registry import record_documents
from models.system import Change
from scraper.events.event import events_of_changes, events_of_new
from scraper.storage.indexes import ensure_untold_index

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from pymongo.database import Database

    from scraper.events.event import Event

    Mongo = Database[dict[str, Any]]

BATCH = 500
CHANGES = Change._get_collection_name()


class Outbox:
    """What one listener has not been told. Every method blocks."""

    def __init__(self, database: Mongo, listener: str) -> None:
        self._database, self._listener = database, listener

    def prepare(self) -> None:
        """Create the indexes of what is untold."""
        for name in (CHANGES, *record_documents()):
            ensure_untold_index(self._database[name])

    def batches(self, only: Mapping[str, Any] | None = None) -> Iterator[list[Event]]:
        """Yield the events that wait, new records first, those of one record in their order; `only` narrows them."""
        wanted = {UNTOLD: self._listener, **(only or {})}
        new: set[tuple[str, Any]] = set()
        for records in record_documents():
            found = self._database[records].find(wanted, batch_size=BATCH)
            while batch := list(islice(found, BATCH)):
                new |= {(records, record["_id"]) for record in batch}
                yield events_of_new(self._database, records, batch)
        claims = self._database[CHANGES].find(wanted, batch_size=BATCH).sort("when", 1).allow_disk_use(True)
        while batch := list(islice(claims, BATCH)):
            if events := self._in_order(events_of_changes(self._database, batch), new):
                yield events

    def waiting(self) -> tuple[int, datetime | None]:
        """Return how many events wait, and since when the oldest one does."""
        found: list[dict[str, Any]] = []
        for name in (CHANGES, *record_documents()):
            since = {"$min": "$when" if name == CHANGES else "$first_seen"}
            untold: dict[str, Any] = {"$match": {UNTOLD: self._listener}}
            found += self._database[name].aggregate(
                [untold, {"$group": {"_id": None, "count": {"$sum": 1}, "since": since}}]
            )
        return sum(row["count"] for row in found), min((row["since"] for row in found), default=None)

    def runs_waiting_since(self, before: datetime) -> set[Any]:
        """Return the runs with something that waits since before a time."""
        old = {UNTOLD: self._listener, "when": {"$lt": before}}
        runs = set(self._database[CHANGES].distinct("run", old))
        for name in record_documents():
            runs |= set(self._database[name].distinct("run", {UNTOLD: self._listener, "first_seen": {"$lt": before}}))
        return runs

    def told(self, events: Iterable[Event]) -> None:
        """Note that the listener has been told."""
        ids: dict[str, list[Any]] = {}
        for event in events:
            is_new = event.kind == "new"
            ids.setdefault(event.records if is_new else CHANGES, []).append(event.record if is_new else event.id)
        rest = {"$setDifference": [f"${UNTOLD}", [self._listener]]}
        left = {"$cond": [{"$eq": [rest, []]}, "$$REMOVE", rest]}
        for where, which in ids.items():
            told = {"_id": {"$in": which}, UNTOLD: self._listener}
            self._database[where].update_many(told, [{"$set": {UNTOLD: left}}])

    def _in_order(self, events: list[Event], new: set[tuple[str, Any]]) -> list[Event]:
        """Return the events without those of records of which it is untold that they are new: they come next time.

        `new` has the records whose turn it was this time.
        """
        late: set[tuple[str, Any]] = set()
        for records in {event.records for event in events}:
            ids = list({event.record for event in events if event.records == records})
            untold = {"_id": {"$in": ids}, UNTOLD: self._listener}
            late |= {(records, record["_id"]) for record in self._database[records].find(untold, ["_id"])}
        late -= new
        return [event for event in events if (event.records, event.record) not in late]
