"""Publish what waits in the outbox: one process at a time, beside whatever else it does.

Every process that crawls, and the scheduler, tries; a lease in MongoDB lets one of them do it, so that what became of
one record comes in its order. Should two do it after all, each message comes twice under one id.
"""

from __future__ import annotations

import logging
import threading
from contextlib import nullcontext
from datetime import timedelta
from functools import partial
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Self

from pymongo import ReturnDocument
from pymongo.errors import PyMongoError

from models.system import Run
from scraper.core.config import EVENTS
from scraper.errors import EventsError, SwatheError
from scraper.events.brokers import broker_of, shown
from scraper.events.message import message_of, message_of_run
from scraper.events.outbox import Outbox
from scraper.storage.connection import connection_to

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from bson import ObjectId
    from pymongo.database import Database

    from scraper.core.config import Config
    from scraper.events.brokers import Broker

    Mongo = Database[dict[str, Any]]

logger = logging.getLogger(__name__)

EVERY_S = 2.0
LEASE = timedelta(seconds=30)
"""How long nobody else publishes after the last batch of one who stopped without a word."""

ME = token_hex(8)
"""What tells this process from others that publish."""

ONE_AT_A_TIME = threading.Lock()

PUBLISHERS = "publishers"
RUNS = Run._get_collection_name()
UNTOLD_ENDS = {"state": {"$ne": "running"}, "end_told_at": None}


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

    def publish(self) -> int:
        """Publish what waits, unless another process is at it, and return how many messages were confirmed."""
        ended = list(self._database[RUNS].find(UNTOLD_ENDS))
        batches = self._outbox.batches()
        first = next(batches, None)
        if (first is None and not ended) or not self._leads():
            return 0
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
        self._database[PUBLISHERS].update_one({"_id": EVENTS, "owner": ME}, {"$unset": {"until": 1}})

    def _send(self, broker: Broker, events: list[Any]) -> int:
        if not self._leads():
            raise EventsError("another process publishes now")
        broker.publish([message_of(event) for event in events])
        self._outbox.told(events)
        return len(events)

    def _send_end(self, broker: Broker, run: dict[str, Any]) -> int:
        broker.publish([message_of_run(run)])
        same = {"_id": run["_id"], "state": run["state"], "resumed": run.get("resumed")}
        self._database[RUNS].update_one(same, [{"$set": {"end_told_at": "$$NOW"}}])
        return 1

    def _leads(self) -> bool:
        """Return whether this process is the one to publish, for LEASE from now by the server's clock.

        A lease that lasts longer than one can was given before that clock was set back, and counts for nothing.
        """
        limit = {"$add": ["$$NOW", int(LEASE.total_seconds() * 1000)]}
        holds = {"$and": [{"$gt": ["$until", "$$NOW"]}, {"$lte": ["$until", limit]}, {"$ne": ["$owner", ME]}]}
        mine = {"owner": {"$cond": [holds, "$owner", ME]}, "until": {"$cond": [holds, "$until", limit]}}
        lease: dict[str, Any] | None = self._database[PUBLISHERS].find_one_and_update(
            {"_id": EVENTS}, [{"$set": mine}], upsert=True, return_document=ReturnDocument.AFTER
        )
        return lease is not None and lease["owner"] == ME


class Publishing:
    """A thread that publishes while something else goes on: use it in a `with`, which ends with what is left."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._over = threading.Event()
        self._said = ""
        self._publisher: Publisher | None = None
        self._thread = threading.Thread(target=self._run, daemon=True, name="publishing")

    def start(self) -> None:
        """Begin. What goes wrong, now and later, is logged and tried again. Blocks until the outbox is there."""
        self._trying(self._prepare)
        self._thread.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Publish once more, and wait for that for [events] timeout_s at most."""
        self._over.set()
        if self._thread.ident is None:
            return
        self._thread.join(self._config.events.timeout_s + 1)
        if self._thread.is_alive():
            logger.warning("Events are kept: %s takes its time", shown(self._config.events))

    def _run(self) -> None:
        is_last = False
        while not is_last:
            is_last = self._over.wait(EVERY_S)
            self._trying(partial(self._publish, is_last=is_last))

    def _say(self, why: str) -> None:
        """Log a trouble once, and its end."""
        if why and why != self._said:
            logger.warning("Events are kept until they can be published: %s", why)
        elif self._said and not why:
            logger.info("Events are published again")
        self._said = why

    def _trying(self, act: Callable[[], object]) -> None:
        try:
            act()
        except (SwatheError, PyMongoError) as error:
            self._say(str(error) if isinstance(error, SwatheError) else f"MongoDB: {type(error).__name__}")
        else:
            self._say("")

    def _prepare(self) -> Publisher:
        self._publisher = self._publisher or Publisher(self._config)
        return self._publisher

    def _publish(self, *, is_last: bool) -> None:
        with ONE_AT_A_TIME:
            publisher = self._prepare()
            try:
                publisher.publish()
            finally:
                if is_last:
                    publisher.resign()


def publishing(config: Config) -> AbstractContextManager[object]:
    """Return what publishes while something else goes on; nothing where nobody listens."""
    return Publishing(config) if EVENTS in config.listeners else nullcontext()


def after_crawl(config: Config, _run_id: ObjectId) -> None:
    """Publish what a crawl has left, its run's end too, waiting for [events] timeout_s at most."""
    with publishing(config):
        pass
