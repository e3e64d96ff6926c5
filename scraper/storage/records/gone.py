"""What a run has stored and what of its scope it has not seen: records that are gone, when it took everything."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from mongoengine import DateTimeField

from models.record import schema_of
from models.system import LIMITS, Run
from models.visits import Visit
from scraper.storage.records.bulk import send
from scraper.storage.records.change_log import ChangeLog, update_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from bson import ObjectId
    from pymongo.collection import Collection
    from pymongo.database import Database

    from models.record import Record

BATCH = 500
PASSES = 3
"""How often records are looked for whose last change somebody else had claimed."""


def mark_gone(
    database: Database[dict[str, Any]], documents: Iterable[type[Record]], run_id: ObjectId, now: datetime,
    listeners: Sequence[str] = (),
) -> int:  # fmt: skip
    """Give `gone_at` to every record in the run's scope that the run has not seen; return how many.

    The scope of a run is what runs of the same spider from the same start, with the same arguments of its own, saw
    last, also limited ones: so a crawl of one category, or of a mirror, says nothing about the others. Only for a run
    that is complete. What is gone is to be told to the `listeners`. Blocks.
    """
    run = database[Run._get_collection_name()].find_one({"_id": run_id})
    if run is None:
        return 0
    return sum(_mark(database, document, run, now, listeners) for document in documents)


@dataclass(frozen=True)
class RunRecords:
    """What one pass over a collection says of a run."""

    stored: int = 0
    """How many different records the run has stored, or seen as they are."""
    taken: int = 0
    """How many another run has stored, or seen, since this one began: it may have had them before that."""
    unseen: int = 0
    """How many of its scope it has not seen: those that are gone if it is complete."""
    newest: dict[str, datetime] = field(default_factory=dict)
    """By field, the latest time that the run has stored."""

    def known(self, found: int) -> int:
        """Return how many different records the run is known to have had, if it found this many, some maybe twice.

        A record bears the run that saw it last. Where two spiders store the same at the same time, the one that ends
        first would otherwise seem to have found little.

        >>> RunRecords(stored=2, taken=40).known(42), RunRecords(stored=10).known(12), RunRecords(taken=9).known(3)
        (42, 10, 3)
        """
        return self.stored + min(self.taken, max(0, found - self.stored))


def records_of(database: Database[dict[str, Any]], document: type[Record], run_id: ObjectId) -> RunRecords:
    """Read a collection once for all that the end of a run asks of it. Blocks."""
    schema = schema_of(document)
    run = database[Run._get_collection_name()].find_one({"_id": run_id})
    either = [{"run": run_id}, *([] if run is None else [{"gone_at": None, "run": {"$ne": run_id}}])]
    times = [name for name in schema.content if isinstance(schema.fields[name], DateTimeField)]
    count = {"count": {"$sum": 1}, **{name: {"$max": f"${schema.columns[name]}"} for name in times}}
    since = {"$gte": ["$last_seen", None if run is None else run["started_at"]]}
    by = {"run": "$run", "since": since}
    rows = list(database[schema.collection].aggregate([{"$match": {"$or": either}}, {"$group": {"_id": by, **count}}]))
    own = [row for row in rows if row["_id"]["run"] == run_id]
    others = [row for row in rows if row["_id"]["run"] != run_id]
    taken = sum(row["count"] for row in others if row["_id"]["since"])
    before = {row["_id"]["run"]: row["count"] for row in others if not row["_id"]["since"]}
    unseen = [] if run is None else _same_scope(database, run, list(before))
    newest = {name: max(found) for name in times if (found := [row[name] for row in own if row[name] is not None])}
    return RunRecords(sum(row["count"] for row in own), taken, sum(before[other] for other in unseen), newest)


def forget_pages_of(visits: Collection[dict[str, Any]], spider: str, collection: str, ids: list[ObjectId]) -> None:
    """Forget every page on which a spider found one of the records, so that it is read again. Blocks."""
    visits.delete_many({"spider": spider, f"records.{collection}": {"$in": ids}})


def _mark(
    database: Database[dict[str, Any]], document: type[Record], run: dict[str, Any], now: datetime,
    listeners: Sequence[str],
) -> int:  # fmt: skip
    schema = schema_of(document)
    log = ChangeLog(database, schema, run["_id"], now, listeners=listeners)
    collection = database[schema.collection]
    wanted = [*(schema.columns[name] for name in schema.key), "url", "changed_at", "gone_at"]
    marked = 0
    for _ in range(PASSES):
        unseen = _unseen(run)
        in_scope = {"run": {"$in": _same_scope(database, run, collection.distinct("run", unseen))}}
        candidates = collection.find({**unseen, **in_scope}, wanted)
        overtaken = False
        while batch := list(islice(candidates, BATCH)):
            claims = [log.compose(record, {"gone_at": now}, record.get("url", "")) for record in batch]
            lost = log.claim(claims)
            send(collection, [update_of(claim) for claim in claims if claim["_id"] not in lost])
            ids = [claim["record"] for claim in claims if claim["_id"] not in lost]
            # Should one come back, its page must be read, even if that says it has not changed.
            forget_pages_of(database[Visit._get_collection_name()], run["spider"], schema.collection, ids)
            marked += len(claims) - len(lost)
            overtaken = overtaken or bool(lost)
        if not overtaken:
            break
    return marked


def _unseen(run: dict[str, Any]) -> dict[str, Any]:
    """Return the filter of the records that a run has not seen, of whatever scope."""
    return {"gone_at": None, "last_seen": {"$lt": run["started_at"]}, "run": {"$ne": run["_id"]}}


def _same_scope(database: Database[dict[str, Any]], run: dict[str, Any], runs: list[ObjectId]) -> list[ObjectId]:
    """Return those of the runs that were of the same spider, start and arguments."""
    same = {"_id": {"$in": runs}, "spider": run["spider"], "arguments.start": run["arguments"].get("start")}
    found = database[Run._get_collection_name()].find(same, ["arguments"])
    return [other["_id"] for other in found if _scope(other["arguments"]) == _scope(run["arguments"])]


def _scope(arguments: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in arguments.items() if name not in LIMITS}
