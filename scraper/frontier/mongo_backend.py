"""The frontier in MongoDB: one document a request, in the collection `frontier`."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pymongo import DESCENDING, UpdateMany, UpdateOne
from pymongo.errors import BulkWriteError

from models.frontier import DEAD, DONE, LEASED, PENDING, QueuedRequest
from models.system import Run
from scraper.core.processes import is_gone, this_process
from scraper.frontier.mongo_runs import work_of
from scraper.frontier.protocol import Batch, Taken, Written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bson import ObjectId
    from pymongo.collection import Collection

    from scraper.core.supervision import HeldPage
    from scraper.crawl.request_stats import Work
    from scraper.frontier.protocol import Ack, Put
    from scraper.storage.connection import Connection

DUPLICATE_KEY = 11000
INDEX = [("run", 1), ("state", 1), ("priority", DESCENDING), ("seq", DESCENDING)]
WORKERS = ["workers", "frontier.joined"]
WANTED = ("request", "priority", "seq", "taken", "alone", "hung")


class MongoFrontier:
    """The requests of one run, for one worker. Workers show their signs of life in the run's document."""

    def __init__(self, connection: Connection, run: ObjectId, worker: str, lease_s: float) -> None:
        self._connection, self._run, self._worker = connection, run, worker
        self._lease = timedelta(seconds=lease_s)
        self.shared = False
        self._all_taken = True
        """Whether every acknowledgement was taken, for certain."""
        self._company: tuple[int, bool] | None = None
        """How many workers had ever joined when it was last looked, and whether there were others then."""

    @cached_property
    def _requests(self) -> Collection[dict[str, Any]]:
        return self._connection.open()[QueuedRequest._get_collection_name()]

    @cached_property
    def _runs(self) -> Collection[dict[str, Any]]:
        return self._connection.open()[Run._get_collection_name()]

    def join(self) -> None:
        """Become a worker of the run, and give back what dead workers had."""
        self._requests.create_index(INDEX, name="open", partialFilterExpression={"listed": True})
        self._runs.update_one({"_id": self._run}, {"$inc": {"frontier.joined": 1}})
        self.renew()

    def renew(self) -> int:
        """Show a sign of life; return how many requests of dead workers were given back. It need not have joined."""
        # Read before the workers are: whoever has a request was a worker before.
        owners = self._requests.distinct("owner", {"run": self._run, "listed": True, "state": LEASED})
        sign = {"seen_at": datetime.now(UTC), **this_process()}
        run = (
            self._runs.find_one_and_update(
                {"_id": self._run}, {"$set": {f"workers.{self._worker}": sign}}, WORKERS, return_document=True
            )
            or {}
        )
        workers = run.get("workers", {})
        self.shared = run.get("frontier", {}).get("joined", 0) > 1
        alive = {name for name, place in workers.items() if self._lives(place)}
        dead = [name for name in owners if name not in alive]
        given_back = self._give_back({"owner": {"$in": dead}}) if dead else 0
        if forgotten := {f"workers.{name}": "" for name in workers if name not in alive}:
            self._runs.update_one({"_id": self._run}, {"$unset": forgotten})
        return given_back

    def leave(self) -> None:
        """Give back every request that this worker has, and be none any more."""
        self._give_back({"owner": self._worker})
        self._runs.update_one({"_id": self._run}, {"$unset": {f"workers.{self._worker}": ""}})

    def leave_hung(self, page: HeldPage, what: str) -> None:
        """Leave in the place of a process that hangs on a page: nobody is to begin that page again."""
        mine = {"_id": page.id, "owner": self._worker, "state": LEASED}
        back = {"$set": {"state": PENDING, "hung": what}, "$unset": {"owner": ""}}
        if not self._requests.update_one(mine, back).matched_count and page.data:
            # It was begun before it was stored.
            self._insert([self._document(page, page.url, leased=False) | {"hung": what}])
        self._requests.update_many(
            {"run": self._run, "listed": True, "state": LEASED, "owner": self._worker, "taken": {"$gt": 0}},
            {"$inc": {"taken": -1}},
        )
        self.leave()

    def write(self, batch: Batch) -> Written:
        """Add, acknowledge, release and take; written again after a lost answer, it changes nothing."""
        written = Written()
        if batch.puts:
            self._add(batch, written)
        if changes := [*self._acknowledgements(batch.acks), *self._releases(batch)]:
            # Together, and after what they rely on: a parent is done only when its children are here.
            written_to = self._requests.bulk_write(changes, ordered=False).matched_count
            self._all_taken &= written_to == len(batch.acks) + len(batch.releases) + bool(batch.alone)
        if batch.take:
            written.taken = self._take(batch.take)
        return written

    def open_requests(self) -> int:
        """Return whether requests are pending or with another worker: 0 for none, else 1.

        For a worker that knows of none of its own: what is still in its name, after a lost answer, goes back.
        """
        self._give_back({"owner": self._worker})
        states = {"run": self._run, "listed": True, "state": {"$in": [PENDING, LEASED]}}
        return self._requests.count_documents(states, limit=1)

    def own_work(self) -> Work | None:
        """Return what came of the acknowledgements that were taken of this worker; None when all were."""
        return None if self._all_taken else work_of(self._requests, self._run, self._worker)

    def others_changed(self) -> bool:
        """Return whether others may have done work since this was last asked."""
        run = self._runs.find_one({"_id": self._run}, WORKERS) or {}
        earlier = self._company
        self._company = now = (run.get("frontier", {}).get("joined", 0), len(run.get("workers", {})) > 1)
        # Who was there before may have done something before it went.
        return now != earlier or now[1]

    def others_work(self) -> Work:
        """Return what other workers have done for the run so far."""
        return work_of(self._requests, self._run, {"$ne": self._worker})

    def _lives(self, place: dict[str, Any]) -> bool:
        return place["seen_at"] > datetime.now(UTC) - self._lease and not is_gone(place)

    def _give_back(self, whose: dict[str, Any]) -> int:
        leased = {"run": self._run, "listed": True, "state": LEASED, **whose}
        back = {"$set": {"state": PENDING}, "$unset": {"owner": ""}}
        return self._requests.update_many(leased, back).modified_count

    def _add(self, batch: Batch, written: Written) -> None:
        now = datetime.now(UTC).timestamp()
        due = [put for put in batch.puts if put.not_before <= now]
        mine = {put.id for put in due[: batch.lease]}
        documents = [self._document(put, put.request.url, leased=put.id in mine) for put in batch.puts]
        for put, document in zip(batch.puts, documents, strict=True):
            if put.not_before and put.id not in mine:
                document["not_before"] = datetime.fromtimestamp(put.not_before, UTC)
        there = self._insert(documents)
        written.duplicates = len(there)
        written.leased = [put for put in due[: batch.lease] if put.id not in there]
        written.pending = len(batch.puts) - len(there) - len(written.leased)

    def _insert(self, documents: list[dict[str, Any]]) -> set[bytes]:
        """Insert what is new and return the ids that were there already."""
        try:
            self._requests.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            faults = (error.details or {})["writeErrors"]
            if any(fault["code"] != DUPLICATE_KEY for fault in faults):
                raise
            return {fault["op"]["_id"] for fault in faults}
        return set()

    def _document(self, put: Put | HeldPage, url: str, *, leased: bool) -> dict[str, Any]:
        document = {
            "_id": put.id,
            "run": self._run,
            "url": url,
            "state": LEASED if leased else PENDING,
            "listed": True,
            "priority": put.priority,
            "seq": put.seq,
            "taken": int(leased),
            "request": put.data,
        }
        if leased:
            document["owner"] = self._worker
        return document

    def _acknowledgements(self, acks: Sequence[Ack]) -> list[UpdateMany | UpdateOne]:
        """Return the updates, one for all that came to the same. What another worker has meanwhile is left to it."""
        plain: defaultdict[tuple[tuple[str, int], ...], list[bytes]] = defaultdict(list)
        single: list[UpdateMany | UpdateOne] = []
        for ack in acks:
            if ack.is_plain:
                plain[tuple(sorted(ack.counts.items()))].append(ack.id)
            else:
                single.append(UpdateOne({"_id": ack.id, "owner": self._worker, "state": LEASED}, _ended(ack)))
        many = [
            UpdateMany(
                {"_id": {"$in": ids}, "owner": self._worker, "state": LEASED},
                {"$set": {"state": DONE, "tally": dict(counts)}, "$unset": {"request": "", "listed": ""}},
            )
            for counts, ids in plain.items()
        ]
        return [*many, *single]

    def _releases(self, batch: Batch) -> list[UpdateMany | UpdateOne]:
        changes: list[UpdateMany | UpdateOne] = []
        if batch.releases:
            back = {"$set": {"state": PENDING}, "$unset": {"owner": ""}}
            changes.append(UpdateMany({"_id": {"$in": batch.releases}, "owner": self._worker, "state": LEASED}, back))
        if batch.alone:
            changes.append(UpdateOne({"_id": batch.alone, "owner": self._worker}, {"$inc": {"alone": 1}}))
        return changes

    def _take(self, number: int) -> list[Taken]:
        """Take pending requests that are due, the first by their order, as far as nobody else takes them meanwhile."""
        due = {"run": self._run, "listed": True, "state": PENDING, "not_before": {"$not": {"$gt": datetime.now(UTC)}}}
        rows = {row["_id"]: row for row in self._requests.find(due, WANTED, sort=INDEX[2:], limit=number)}
        if not rows:
            return []
        mine = {"$set": {"state": LEASED, "owner": self._worker}, "$inc": {"taken": 1}}
        taken = self._requests.update_many({"_id": {"$in": list(rows)}, "state": PENDING}, mine).modified_count
        if taken < len(rows):
            still = {"_id": {"$in": list(rows)}, "state": LEASED, "owner": self._worker}
            rows = {row["_id"]: rows[row["_id"]] for row in self._requests.find(still, ["_id"])}
        return [
            Taken(
                id_,
                row["request"],
                row["priority"],
                row["seq"],
                row["taken"] + 1,
                row.get("alone", 0),
                row.get("hung", ""),
            )
            for id_, row in rows.items()
        ]


def _ended(ack: Ack) -> dict[str, Any]:
    """Return the update that ends a request; a dead letter keeps the request, to be tried again."""
    fields = {
        "state": DEAD if ack.failed else DONE,
        "tally": dict(ack.counts),
        "order": ack.order,
        "notes": ack.notes,
        "event": ack.event,
        "depth": ack.depth,
        "error": ack.failed.what if ack.failed else "",
        "reason": ack.failed.reason if ack.failed else "",
    }
    gone = {"not_before": ""} if ack.failed else {"request": "", "listed": "", "not_before": ""}
    return {"$set": {name: value for name, value in fields.items() if value or name == "tally"}, "$unset": gone}
