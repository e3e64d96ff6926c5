"""Keep hosts in MongoDB: a change is one compare-and-set, by the document's version and on the server's clock."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError
from pymongo.write_concern import WriteConcern

from models.hosts import Host
from models.record import schema_of
from scraper.fetch.politeness.terms import HostSnapshot
from scraper.storage.outage import UntilLost

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.collection import Collection

    from scraper.storage.connection import Connection

T = TypeVar("T")

FORGOTTEN_AFTER = timedelta(seconds=60)
"""A process that was not seen for this long is taken off a host's list."""

_LONGEST_PAUSE_S = 0.05
_NOT_RULED = frozenset({"_id", "processes", "version", "seen_at"})


@dataclass(frozen=True)
class _KnownHost:
    """A host as the last answer showed it."""

    document: dict[str, Any]
    at_s: float
    """`time.monotonic()` of the answer, whose `seen_at` is the server's time."""

    def seen(self) -> HostSnapshot:
        """Return the host, for a rule to change, and the server's time as it goes on from the answer."""
        now: datetime = self.document["seen_at"] + timedelta(seconds=time.monotonic() - self.at_s)
        return HostSnapshot(Host._from_son(self.document), now)


class MongoHosts:
    """The hosts of one process' MongoDB; not for more than one thread."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[str, _KnownHost] = {}
        self._collection: Collection[dict[str, Any]] | None = None
        self._until_lost = UntilLost(connection, "no more requests can be spaced")

    def beat(self, host: str, process: str) -> HostSnapshot:
        """Note that a process crawls a host, and return the host; raise DatabaseError without MongoDB."""
        return self._until_lost.do(lambda: self._beat(host, process))

    def change(self, host: str, process: str, rule: Callable[[Host, datetime], T]) -> tuple[T, HostSnapshot]:
        """Let a rule change a host on its own; raise DatabaseError without MongoDB."""
        return self._until_lost.do(lambda: self._change(host, process, rule))

    def leave(self, host: str, process: str) -> None:
        """Take a process off a host's list; raise DatabaseError without MongoDB."""
        self._until_lost.do(lambda: self._hosts().update_one({"_id": host}, {"$unset": {f"processes.{process}": ""}}))

    def _beat(self, host: str, process: str) -> HostSnapshot:
        alive = {"$set": {f"processes.{process}": "$$NOW", "seen_at": "$$NOW", "version": {"$ifNull": ["$version", 0]}}}
        return self._update({"_id": host}, [alive], upsert=True).seen()

    def _change(self, host: str, process: str, rule: Callable[[Host, datetime], T]) -> tuple[T, HostSnapshot]:
        # What the last answer showed is still true unless another process came between: then one round trip is enough.
        known = self._known.get(host)
        seen = known.seen() if known else self._beat(host, process)
        while True:
            result = rule(seen.host, seen.now)
            try:
                return result, self._replace(seen, process).seen()
            except DuplicateKeyError:
                time.sleep(random.uniform(0, _LONGEST_PAUSE_S))  # noqa: S311 - so that two do not meet again
                seen = self._beat(host, process)

    def _replace(self, seen: HostSnapshot, process: str) -> _KnownHost:
        """Write a changed host; raise DuplicateKeyError when another process has changed it."""
        host = seen.host
        values = host.to_mongo()
        # A literal, since a text that begins with a dollar sign would be an expression.
        rules = {
            name: {"$literal": values.get(name)} for name in schema_of(Host).columns.values() if name not in _NOT_RULED
        }
        alive = {f"processes.{process}": "$$NOW", "seen_at": "$$NOW", "version": host.version + 1}
        gone = [f"processes.{name}" for name, at in host.processes.items() if seen.now - at > FORGOTTEN_AFTER]
        stages: list[dict[str, Any]] = [{"$set": {**rules, **alive}}, *([{"$unset": gone}] if gone else [])]
        # With upsert, a version that is no longer there becomes an insert of the same _id, and so a clear error.
        return self._update({"_id": host.host, "version": host.version}, stages, upsert=True)

    def _update(self, query: dict[str, Any], stages: list[dict[str, Any]], *, upsert: bool) -> _KnownHost:
        document = self._hosts().find_one_and_update(query, stages, upsert=upsert, return_document=ReturnDocument.AFTER)
        assert document is not None, "with upsert there is always one"
        assert document is not None, "with upsert there is always one"
        known = self._known[document["_id"]] = _KnownHost(document, time.monotonic())
        return known

    def _hosts(self) -> Collection[dict[str, Any]]:
        if self._collection is None:
            database = self._connection.open()
            # Lost with a machine, it is learned again: no turn waits for the journal.
            self._collection = database.get_collection(
                schema_of(Host).collection, write_concern=WriteConcern(w=1, j=False)
            )
        return self._collection
