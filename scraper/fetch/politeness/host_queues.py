"""The gates of one crawl: made when a host is first asked, kept up to date, and shut when the crawl ends."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

from scrapy import signals

from scraper.errors import DatabaseError
from scraper.fetch.politeness.errors import CrawlEndingError
from scraper.fetch.politeness.host import is_loopback
from scraper.fetch.politeness.host_queue import POLL_S, HostQueue
from scraper.fetch.politeness.host_store import MongoHosts
from scraper.fetch.politeness.ledger import Ledger
from scraper.fetch.politeness.terms import Limits, Terms
from scraper.storage.connection import connection_to

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from scraper.core.config import Config

logger = logging.getLogger(__name__)

TICK_S = 0.2
"""How soon the end of a crawl is noticed by what waits; Scrapy has no signal for it."""


class HostQueues:
    """The gates of a crawl, by host."""

    def __init__(self, crawler: Crawler) -> None:
        config: Config = crawler.settings["SWATHE"]
        rules = config.politeness
        self._crawler, self._crawl, self._max_wait_s = crawler, config.crawl, rules.max_wait_s
        limits = Limits(rules.max_delay_s, rules.max_wait_s, rules.backoff_s, rules.daily_requests)
        self._ledger = Ledger(MongoHosts(connection_to(config.mongodb)), limits)
        self._gates: dict[str, HostQueue] = {}
        self._ending = asyncio.Event()
        self._ticking: asyncio.Task[None] | None = None
        self._refreshing: asyncio.Task[None] | None = None
        crawler.signals.connect(self._opened, signal=signals.spider_opened)
        crawler.signals.connect(self._closed, signal=signals.spider_closed)

    def of(self, host: str) -> HostQueue:
        """Return the gate of a host."""
        if host not in self._gates:
            crawl, near = self._crawl, is_loopback(host)
            concurrency = crawl.concurrency if near else crawl.concurrency_per_site
            terms = Terms(host, 0.0 if near else crawl.delay_s, concurrency)
            self._gates[host] = HostQueue(self._ledger, terms, self._max_wait_s, self.pause)
            self._gates[host].ended = self._ending.is_set()
        return self._gates[host]

    async def pause(self, seconds: float) -> None:
        """Wait; raise CrawlEndingError at once when the crawl ends."""
        if seconds > 0 and not self._ending.is_set():
            try:
                await asyncio.wait_for(self._ending.wait(), seconds)
            except TimeoutError:
                return
        if self._ending.is_set():
            raise CrawlEndingError("was not asked for: the crawl ended before its turn")

    def end(self) -> None:
        """Let nobody in any more, and end all waiting."""
        self._ending.set()
        for gate in self._gates.values():
            gate.end()

    def _opened(self) -> None:
        self._ticking = asyncio.create_task(self._tick())

    async def _tick(self) -> None:
        """Keep the ledger up to date, and notice when the crawl ends."""
        due_s = 0.0
        while not self._ending.is_set():
            slot = self._crawler.engine._slot
            if slot is not None and slot.closing is not None:
                self.end()
            elif time.monotonic() >= due_s and (self._refreshing is None or self._refreshing.done()):
                due_s = time.monotonic() + POLL_S
                self._refreshing = asyncio.create_task(self._refresh())
            await asyncio.sleep(TICK_S)

    async def _refresh(self) -> None:
        try:
            await asyncio.gather(*(gate.refresh() for gate in self._gates.values()))
        except DatabaseError as error:
            # Whoever stores or waits next is told; one missed look at the ledger is no reason to end.
            logger.warning("The politeness ledger could not be read: %s", error)

    async def _closed(self) -> None:
        self.end()
        if self._ticking is not None:
            self._ticking.cancel()
        try:
            await asyncio.gather(*(gate.say_goodbye() for gate in self._gates.values()))
        except DatabaseError as error:
            logger.warning("The politeness ledger could not be told of the crawl's end: %s", error)
        self._ledger.close()
