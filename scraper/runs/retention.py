"""Remove what is old: runs, changes, refused items, evidence and logs, as `[retention]` says.

What a live run may need stays: nothing is removed that is younger than the oldest of them.
"""

from __future__ import annotations

import logging
import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from math import inf
from typing import TYPE_CHECKING, Any, Self

from bson import ObjectId
from pymongo.errors import PyMongoError
from scrapy import signals
from scrapy.exceptions import NotConfigured
from scrapy.utils.asyncio import run_in_thread

from models.record import UNTOLD
from models.registry import record_documents
from models.system import Change, Rejected, Run
from models.watches import Notice, NoticePart
from scraper.core.crawl_control import stores_records
from scraper.errors import DatabaseError
from scraper.runs.quality.deviations import LEARNED_FROM
from scraper.storage.connection import connection_to
from scraper.storage.run_heartbeat import LOST_AFTER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pymongo.collection import Collection
    from pymongo.database import Database
    from scrapy.crawler import Crawler

    from scraper.core.config import Config

    Mongo = Database[dict[str, Any]]

logger = logging.getLogger(__name__)

BATCH = 1_000
AFTER_CRAWL_S = 2.0
"""Seconds after which the end of a crawl leaves the rest to the next one."""

RUNS = Run._get_collection_name()
NOTICES, PARTS = Notice._get_collection_name(), NoticePart._get_collection_name()
DATED = {Change._get_collection_name(): "when", Rejected._get_collection_name(): "last_seen"}
"""Collections whose documents go by their own time, and the field that has it."""


def prune(
    database: Mongo,
    config: Config,
    *,
    dry_run: bool = False,
    advance: Callable[[str, int], object] = lambda _name, _count: None,
    budget_s: float = inf,
) -> dict[str, int]:
    """Remove what is older than the configuration says, and return how much, by collection or folder.

    Stops when `budget_s` is over; the next time removes what is left. `advance` is told what was removed so far.
    """
    old = _Old(database, config, time.monotonic() + budget_s)
    removed = {}
    for name, batches in old.documents():
        removed[name] = 0
        for collection, ids in batches:
            removed[name] += len(ids)
            if not dry_run:
                collection.delete_many({"_id": {"$in": ids}})
            advance(name, removed[name])
    for name, paths in old.files():
        removed[name] = 0
        for path in paths:
            removed[name] += 1
            if not dry_run:
                _remove(path)
    return removed


@dataclass
class _Old:
    """What is old enough to go."""

    database: Mongo
    config: Config
    deadline: float

    def __post_init__(self) -> None:
        self._now = datetime.now(UTC)
        alive = {"state": "running", "heartbeat_at": {"$gte": self._now - LOST_AFTER}}
        live = self.database[RUNS].find_one(alive, sort=[("started_at", 1)])
        self._limit = live["started_at"] if live else self._now

    def documents(self) -> Iterator[tuple[str, Iterator[tuple[Collection[dict[str, Any]], list[Any]]]]]:
        """Yield collections with what is old in them, batch by batch."""
        for name, time_field in DATED.items():
            if before := self._before(name):
                yield name, self._batches(name, {time_field: {"$lt": before}, UNTOLD: None})
        if before := self._before(RUNS):
            for name, over in ((NOTICES, {"to_tell": []}), (PARTS, {"open": None})):
                yield name, self._batches(name, {"at": {"$lt": before}, **over})
            ended = {"started_at": {"$lt": before}, "state": {"$ne": "running"}, "_id": {"$nin": self._compared()}}
            yield RUNS, self._batches(RUNS, ended, self._unnamed)

    def files(self) -> Iterator[tuple[str, list[Path]]]:
        """Yield folders of the data folder with what is old in them."""
        folder = self.config.mongodb.data_dir
        if before := self._before("logs"):
            yield "logs", [path for path in (folder / "logs").glob("*.log") if _written_at(path) < before.timestamp()]
        if before := self._before("evidence"):
            runs = [path for path in (folder / "evidence").glob("*") if ObjectId.is_valid(path.name)]
            yield "evidence", [path for path in runs if ObjectId(path.name).generation_time < before]

    def _before(self, name: str) -> datetime | None:
        """Return the time before which something is old, or None when it is kept for ever."""
        days: int = getattr(self.config.retention, f"{name}_days")
        return min(self._now - timedelta(days=days), self._limit) if days else None

    def _batches(
        self, name: str, query: dict[str, Any], choose: Callable[[list[Any]], list[Any]] = list
    ) -> Iterator[tuple[Collection[dict[str, Any]], list[Any]]]:
        collection = self.database[name]
        found = collection.find(query, ["_id"], batch_size=BATCH)
        while time.monotonic() < self.deadline and (ids := [document["_id"] for document in islice(found, BATCH)]):
            yield collection, choose(ids)

    def _compared(self) -> list[ObjectId]:
        """Return the runs that the next ones are held against: the last of each spider, arguments and verdict."""
        finished = self.database[RUNS].aggregate(
            [
                {"$match": {"state": "finished", "verdict": {"$ne": "incomplete"}}},
                {"$sort": {"started_at": -1}},
                {"$group": {"_id": ["$spider", "$arguments", "$verdict"], "runs": {"$push": "$_id"}}},
                {"$project": {"runs": {"$slice": ["$runs", LEARNED_FROM]}}},
            ]
        )
        return [run for group in finished for run in group["runs"]]

    def _unnamed(self, runs: list[Any]) -> list[Any]:
        """Return those of the runs that no record names: the scope in which a record may be gone is its last run's."""
        named: set[Any] = set()
        for name in record_documents():
            named.update(self.database[name].distinct("run", {"run": {"$in": runs}, "gone_at": None}))
        return [run for run in runs if run not in named]


class PruneAfterCrawl:
    """Scrapy extension that removes some of what is old when a crawl has ended."""

    def __init__(self, crawler: Crawler) -> None:
        self._config: Config = crawler.settings["SWATHE"]

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension for a crawl; raise NotConfigured where nothing is stored, as in `scrapy shell`."""
        if not stores_records(crawler):
            raise NotConfigured
        pruning = cls(crawler)
        crawler.signals.connect(pruning._closed, signal=signals.spider_closed)
        return pruning

    async def _closed(self, reason: str) -> None:
        if reason != "finished":
            return  # a crawl that was stopped, or has lost its database, should end
        try:
            await run_in_thread(self._prune)
        except (PyMongoError, DatabaseError, OSError) as error:
            logger.warning("What is old could not be removed: %s", error)

    def _prune(self) -> None:
        removed = prune(connection_to(self._config.mongodb).open(), self._config, budget_s=AFTER_CRAWL_S)
        if any(removed.values()):
            logger.info("Removed as [retention] says: %s", removed)


def _written_at(path: Path) -> float:
    """Return when a file was written last; one that somebody has just removed is not old."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return inf


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
