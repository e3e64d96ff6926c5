"""What the frontier keeps of runs: what came of their requests, the dead letters, and how they are put back."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from models.frontier import DEAD, DONE, PENDING, QueuedRequest
from scraper.core import meta as meta_keys
from scraper.core import statistics
from scraper.core.failed_page import FailedPage
from scraper.crawl.request_stats import Work
from scraper.paging.facts import ListEvent

if TYPE_CHECKING:
    from bson import ObjectId
    from pymongo.collection import Collection
    from pymongo.database import Database

    Mongo = Database[dict[str, Any]]
    Requests = Collection[dict[str, Any]]

FIRST, LAST = b"\x00" * 16, b"\xff" * 16
DEAD_KEPT = 20
"""Dead letters that are read to be named; all of them are counted."""

EVENTS = ["event", "depth", "notes"]
WANTED = ["url", "error", "reason", "tally"]

AGAIN = (
    meta_keys.RETRY_TIMES,
    meta_keys.THROTTLED_TIMES,
    meta_keys.AGAIN_AFTER_S,
    meta_keys.REDIRECT_TIMES,
    meta_keys.REDIRECT_TTL,
    meta_keys.REDIRECT_URLS,
    meta_keys.REDIRECT_REASONS,
    meta_keys.LOGINS,
    meta_keys.CONTINUES,
)
"""What a dead letter forgets when it is tried again."""


def all_of(run: ObjectId) -> dict[str, Any]:
    """Return the filter for every request of a run."""
    return {"_id": {"$gte": run.binary + FIRST, "$lte": run.binary + LAST}}


def work_of(requests: Requests, run: ObjectId, owner: object) -> Work:
    """Return what came of a run's requests that one worker, or with a filter some, have ended. Blocks."""
    ended = {**all_of(run), "state": {"$in": [DONE, DEAD]}, "owner": owner}
    work = Work(counts_of(requests, ended))
    # What ended plainly has no order: nothing but its counts is wanted.
    for row in requests.find({**ended, "order": {"$gt": 0}}, EVENTS, sort=[("order", 1)], allow_disk_use=True):
        if row.get("event"):
            work.events.append((ListEvent.from_json(json.loads(row["event"])), row.get("depth", 0)))
        for what, texts in row.get("notes", {}).items():
            work.notes.setdefault(what, []).extend(texts)
    dead = requests.find(_dead(run) | {"owner": owner}, WANTED, sort=[("order", 1)], limit=DEAD_KEPT)
    work.dead = [_letter(row) for row in dead]
    return work


def counts_of(requests: Requests, ended: dict[str, Any]) -> Counter[str]:
    """Return what requests that have ended add up to, by statistic. Blocks."""
    sums = requests.aggregate(
        [
            {"$match": ended},
            {"$project": {"count": {"$objectToArray": "$tally"}}},
            {"$unwind": "$count"},
            {"$group": {"_id": "$count.k", "sum": {"$sum": "$count.v"}}},
        ]
    )
    return Counter({row["_id"]: row["sum"] for row in sums})


class MongoRuns:
    """The runs of one database, as the commands see them. All of it blocks."""

    name = "mongodb"

    def __init__(self, database: Mongo) -> None:
        self._requests = database[QueuedRequest._get_collection_name()]

    def begin(self, run: ObjectId) -> None:
        """Get ready to keep the requests of a new run: nothing is to be done."""

    def is_there(self, run: ObjectId) -> bool:
        """Return whether what was kept of a run is still there: MongoDB forgets nothing."""
        return True

    def counts(self, run: ObjectId) -> Counter[str]:
        """Return what the requests of a run that have ended add up to, by statistic."""
        return counts_of(self._requests, {**all_of(run), "state": {"$in": [DONE, DEAD]}})

    def dead_letters(self, run: ObjectId, limit: int = 0) -> list[FailedPage]:
        """Return the requests of a run that came to nothing; `limit` 0: all."""
        found = self._requests.find(_dead(run), WANTED, sort=[("order", 1)], limit=limit)
        return [_letter(row) for row in found]

    def waiting_for(self, run: ObjectId, url: str) -> list[tuple[str, str]]:
        """Return the state, and the error of the dead, of what is kept of a URL and is not done."""
        found = self._requests.find({"run": run, "listed": True, "url": url}, ["state", "error"])
        return [(row["state"], row.get("error", "")) for row in found]

    def clear(self, run: ObjectId) -> None:
        """Remove everything that is kept of a run."""
        self._requests.delete_many(all_of(run))

    def clear_unless_dead(self, run: ObjectId) -> int:
        """Remove what is kept of a run that has ended, unless it has dead letters; return how many it has.

        To try those again and judge the run anew, all the rest is needed.
        """
        letters = self._requests.count_documents(_dead(run))
        if not letters:
            self.clear(run)
        return letters

    def retry_dead(self, run: ObjectId) -> int:
        """Put the dead letters of a run back as if they had never been tried; return how many."""
        number = 0
        for row in self._requests.find(_dead(run), ["request"]):
            anew = {"state": PENDING, "request": retried(row["request"]), "taken": 0}
            forget = dict.fromkeys(
                ("owner", "tally", "order", "notes", "event", "depth", "error", "reason", "alone", "hung"), ""
            )
            self._requests.update_one({"_id": row["_id"]}, {"$set": anew, "$unset": forget})
            number += 1
        return number


def retried(request: str) -> str:
    """Return a dead letter's request, as JSON, to be tried again as if it had never been."""
    data = json.loads(request)
    meta = {name: value for name, value in data.get("meta", {}).items() if name not in AGAIN}
    # Told apart from the retries that it had before, which are done.
    data["meta"] = {**meta, meta_keys.DEAD_RETRIES: meta.get(meta_keys.DEAD_RETRIES, 0) + 1}
    return json.dumps(data)


def _letter(row: dict[str, Any]) -> FailedPage:
    unread = bool(row["tally"].get(statistics.DEAD_PAGES))
    return FailedPage(row["url"], row["error"], row.get("reason", ""), unread)


def _dead(run: ObjectId) -> dict[str, Any]:
    return {"run": run, "listed": True, "state": DEAD}
