"""Publish what waits in the outbox: one process at a time, beside whatever else it does.

Every process that crawls, and the scheduler, tries; a lease in MongoDB lets one of them do it, so that what became of
one record comes in its order. Should two do it after all, each message comes twice under one id.
"""

from __future__ import annotations

import logging
import threading
import time
from contextlib import nullcontext
from datetime import timedelta
from functools import cache
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Self

from pymongo import ReturnDocument
from scrapy import signals
from scrapy.exceptions import NotConfigured
from scrapy.utils.asyncio import run_in_thread

from models.system import Run
from scraper.core.config import EVENTS
from scraper.core.crawl_control import stores_records
from scraper.core.processes import is_gone, this_process
from scraper.errors import EventsError
from scraper.events.background import Background
from scraper.events.brokers import broker_of
from scraper.events.message import message_of_run, messages_of
from scraper.events.outbox import Outbox
from scraper.storage.connection import connection_to

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from bson import ObjectId
    from pymongo.database import Database

    from scraper.core.config import Config
    from scraper.events.brokers import Broker

    Mongo = Database[dict[str, Any]]
    from scrapy.crawler import Crawler

logger = logging.getLogger(__name__)

EVERY_S = 2.0
AGAIN_S = 0.2
LEASE = timedelta(seconds=30)
"""How long nobody else publishes after the last batch of one who stopped without a word."""

ONE_AT_A_TIME = threading.Lock()

PUBLISHERS = "publishers"
RUNS = Run._get_collection_name()
UNTOLD_ENDS = {"state": {"$ne": "running"}, "end_told_at": None}


@cache
def own_id() -> str:
    """Return what tells this process from others that publish; not made at import, for it may be forked after that."""
    return token_hex(8)


class Publisher:
    """Publishes from one process. Every method blocks, and raises EventsError or PyMongoError."""

    def __init__(self, config: Config) -> None:
        """Get ready; runs that ended before there were events are taken as told."""
        self._config = config.events
        self._database = connection_to(config.mongodb).open()
        self._outbox = Outbox(self._database, EVENTS)
        self._outbox.prepare()
        runs = self._database[RUNS]
        runs.create_index([("end_told_at", 1), ("state", 1)], name="end_told")
        if self._database[PUBLISHERS].find_one({"_id": EVENTS}) is None:
            runs.update_many(UNTOLD_ENDS, [{"$set": {"end_told_at": "$$NOW"}}])
            self._database[PUBLISHERS].update_one({"_id": EVENTS}, {"$setOnInsert": {"owner": ""}}, upsert=True)

    def publish(self) -> int | None:
        """Publish what waits, and return how many messages were confirmed; None when another process is at it."""
        ended = list(self._database[RUNS].find(UNTOLD_ENDS))
        batches = self._outbox.batches()
        first = next(batches, None)
        if first is None and not ended:
            return 0
        if not self._leads():
            return None
        confirmed = 0
        with broker_of(self._config) as broker:
            while first is not None:
                confirmed += self._send(broker, first)
                first = next(batches, None)
            for run in ended:
                confirmed += self._send_end(broker, run)
        return confirmed

    def resign(self) -> None:
        """Let another process publish at once."""
        self._database[PUBLISHERS].update_one({"_id": EVENTS, "owner": own_id()}, {"$unset": {"until": 1}})

    def _send(self, broker: Broker, events: list[Any]) -> int:
        if not self._leads():
            raise EventsError("another process publishes now")
        broker.publish(messages_of(events))
        self._outbox.told(events)
        return len(events)

    def _send_end(self, broker: Broker, run: dict[str, Any]) -> int:
        broker.publish([message_of_run(run)])
        same = {"_id": run["_id"], "state": run["state"], "resumed": run.get("resumed")}
        self._database[RUNS].update_one(same, [{"$set": {"end_told_at": "$$NOW"}}])
        return 1

    def _leads(self) -> bool:
        """Return whether this process is the one to publish, for LEASE from now by the server's clock.

        A lease that lasts longer than one can was given before that clock was set back, and counts for nothing; neither
        does that of a process which is known to have ended.
        """
        limit = {"$add": ["$$NOW", int(LEASE.total_seconds() * 1000)]}
        holds = {"$and": [{"$gt": ["$until", "$$NOW"]}, {"$lte": ["$until", limit]}, {"$ne": ["$owner", own_id()]}]}
        mine = {"owner": own_id(), "until": limit, **this_process()}
        taken = {name: {"$cond": [holds, f"${name}", value]} for name, value in mine.items()}
        publishers = self._database[PUBLISHERS]
        for _ in range(2):
            lease: dict[str, Any] | None = publishers.find_one_and_update(
                {"_id": EVENTS}, [{"$set": taken}], upsert=True, return_document=ReturnDocument.AFTER
            )
            if lease is None or lease["owner"] == own_id() or not is_gone(lease):
                break
            publishers.update_one({"_id": EVENTS, "owner": lease["owner"]}, {"$unset": {"until": 1}})
        return lease is not None and lease["owner"] == own_id()


class Publishing(Background):
    """Publishes while something else goes on."""

    def __init__(self, config: Config) -> None:
        super().__init__("Events", every_s=EVERY_S, wait_s=config.events.timeout_s + 1)
        self._config = config
        self._publisher: Publisher | None = None

    def prepare(self) -> None:
        """Make the outbox: runs that end from now on are told."""
        self._publisher = self._publisher or Publisher(self._config)

    def act(self, *, is_last: bool) -> None:
        """Publish what waits; the last time, let another process do it from now on."""
        with ONE_AT_A_TIME:
            self.prepare()
            assert self._publisher is not None, "it has been prepared"
            over = time.monotonic() + self._config.events.timeout_s
            try:
                # Another process may end, too, before it has got to what was stored here.
                while self._publisher.publish() is None and is_last and time.monotonic() < over:
                    time.sleep(AGAIN_S)
            finally:
                if is_last:
                    self._publisher.resign()


def publishing(config: Config) -> AbstractContextManager[object]:
    """Return what publishes while something else goes on; nothing where nobody listens."""
    return Publishing(config) if EVENTS in config.listeners else nullcontext()


def after_crawl(config: Config, _run_id: ObjectId) -> None:
    """Publish what a crawl has left, its run's end too, waiting for [events] timeout_s at most."""
    with publishing(config):
        pass


class PublishEvents:
    """Scrapy extension that publishes beside a crawl; the settings name it only where somebody listens."""

    def __init__(self, crawler: Crawler) -> None:
        self._publishing = Publishing(crawler.settings["SWATHE"])

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension for a crawl; raise NotConfigured where nothing is stored, as in `scrapy shell`."""
        if not stores_records(crawler):
            raise NotConfigured
        extension = cls(crawler)
        crawler.signals.connect(extension._opened, signal=signals.spider_opened)
        crawler.signals.connect(extension._closed, signal=signals.spider_closed)
        return extension

    async def _opened(self) -> None:
        await run_in_thread(self._publishing.start)

    async def _closed(self) -> None:
        await run_in_thread(self._publishing.stop)
