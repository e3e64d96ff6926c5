"""Keep the stored pages within their days and megabytes, the oldest out first, while others write.

Bodies that may have to go are marked, then their pages are removed, then those bodies that no page refers to and that
still bear the mark. A writer inserts its page first and takes the mark away after that: so a body that it needs is
either seen to be referred to, or bears no mark any more, or is written again by it. A process that is killed in between
leaves marks, which the next one takes up.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

from bson import ObjectId

from scraper.pages.archive import BODIES, PAGES

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from pymongo.database import Database

    Mongo = Database[dict[str, Any]]

BATCH, ORPHANS_LOOKED_FOR = 100, 1_000


def trim(database: Mongo, max_bytes: int, max_age: timedelta) -> int:
    """Remove the oldest pages until the bodies fit and none is too old; return how many pages went. Blocks."""
    mark, removed = str(ObjectId()), 0
    database[BODIES].update_many({"doomed": {"$gt": ""}}, {"$set": {"doomed": mark}})
    _sweep(database, mark)
    too_old = datetime.now(UTC) - max_age
    while victims := _victims(database, stored_bytes(database) - max_bytes, too_old):
        bodies = sorted({str(page["body"]) for page in victims})
        database[BODIES].update_many({"_id": {"$in": bodies}}, {"$set": {"doomed": mark}})
        removed += database[PAGES].delete_many({"_id": {"$in": [page["_id"] for page in victims]}}).deleted_count
        _sweep(database, mark)
    if removed:
        _sweep_orphans(database, mark)
    return removed


def stored_bytes(database: Mongo) -> int:
    """Return how many bytes all bodies take, compressed; their index is enough for that. Blocks."""
    total = list(
        database[BODIES].aggregate(
            [{"$match": {"size": {"$gte": 0}}}, {"$group": {"_id": None, "bytes": {"$sum": "$size"}}}]
        )
    )
    return int(total[0]["bytes"]) if total else 0


def _victims(database: Mongo, excess: int, too_old: datetime) -> list[dict[str, Any]]:
    """Return the oldest pages that have to go, as many as one round takes."""
    oldest = list(database[PAGES].find({}, ["when", "body"], sort=[("when", 1), ("_id", 1)], limit=BATCH))
    sizes = {
        body["_id"]: body["size"]
        for body in database[BODIES].find({"_id": {"$in": [page["body"] for page in oldest]}}, ["size"])
    }
    victims: list[dict[str, Any]] = []
    for page in oldest:
        if excess <= 0 and page["when"] >= too_old:
            break
        victims.append(page)
        # A body that later pages share stays: then the next round looks again.
        excess -= sizes.pop(page["body"], 0)
    return victims


def _sweep(database: Mongo, mark: str) -> None:
    """Remove the marked bodies that no page refers to, and take the mark from the others."""
    marked = [body["_id"] for body in database[BODIES].find({"doomed": mark}, ["_id"])]
    unused = _unused(database, marked)
    database[BODIES].delete_many({"_id": {"$in": unused}, "doomed": mark})
    database[BODIES].update_many({"doomed": mark}, {"$unset": {"doomed": ""}})


def _sweep_orphans(database: Mongo, mark: str) -> None:
    """Remove bodies without a page: one whose page was removed between the writes of the two."""
    names = database[BODIES].find({}, ["_id"], sort=[("_id", 1)])
    while batch := [str(body["_id"]) for body in islice(names, ORPHANS_LOOKED_FOR)]:
        if unused := _unused(database, batch):
            database[BODIES].update_many({"_id": {"$in": unused}}, {"$set": {"doomed": mark}})
            _sweep(database, mark)


def _unused(database: Mongo, names: Sequence[str]) -> list[str]:
    used = set(database[PAGES].distinct("body", {"body": {"$in": list(names)}}))
    return [name for name in names if name not in used]
