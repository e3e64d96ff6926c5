"""Scrapy's scheduler on a stored frontier: a request is done only when all that came of it is stored."""

from __future__ import annotations

import logging
from collections import Counter, deque
from typing import TYPE_CHECKING, Any

from scrapy.core.scheduler import BaseScheduler, Scheduler
from scrapy.utils.defer import deferred_from_coro

from scraper.core import meta as meta_keys
from scraper.core.crawl_control import control_of
from scraper.core.supervision import HeldPage, SharedRun, supervised
from scraper.crawl.failures import PageFailures
from scraper.crawl.page_watch import PageWatch
from scraper.crawl.request_stats import Tallies
from scraper.errors import DatabaseError, UnstorableRequestError
from scraper.frontier.engine_slot import EngineSlot
from scraper.frontier.exchange import Exchange, Writer
from scraper.frontier.requests import Preparer, acknowledgement, requests_after
from scraper.frontier.stores import frontier_of
from scraper.storage.connection import connection_to

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from scrapy.crawler import Crawler
    from twisted.internet.defer import Deferred

    from scraper.core.config import Config
    from scraper.core.crawl_control import CrawlControl
    from scraper.crawl.request_stats import Tally
    from scraper.frontier.protocol import Put, Taken
    from scraper.spider import SiteSpider

logger = logging.getLogger(__name__)


class LeaseScheduler(BaseScheduler):
    """Hand out the requests of a run, and acknowledge each when it has left the engine.

    By then its callback has ended, its records are stored and its children were handed over here. They are written
    before it is acknowledged. What a worker had when it died goes to the next one.
    """

    def __init__(self, crawler: Crawler, control: CrawlControl) -> None:
        config: Config = crawler.settings["SWATHE"]
        self._crawler, self._control = crawler, control
        self._tallies = Tallies.of(crawler)
        connection = connection_to(config.mongodb)
        backend = frontier_of(config, connection, control.run_id, control.worker)
        self._writer = Writer(backend, connection)
        self._exchange = Exchange(
            self._writer,
            config.frontier.lease_s,
            config.crawl.concurrency,
            load=self._load,
            catch_up=self._catch_up,
            wake=lambda: self._slot.wake(),
            fail=self._fail,
        )
        self._in_engine: dict[Request, bytes | None] = {}
        """What was handed out, by what it is stored as."""
        self._beside: deque[Request] = deque()
        """Requests of a spider of Scrapy's own kind that cannot be stored, and their fingerprints."""
        self._known_beside: set[bytes] = set()
        self._acknowledged: Counter[str] = Counter()
        """What all acknowledged requests have added to the statistics of this process."""
        self._watch: PageWatch | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Any:
        """Build the scheduler of a run; Scrapy's own for what is no run, such as `scrapy shell`, or is not to last."""
        control = control_of(crawler)
        if control is None or not control.is_durable:
            return MemoryScheduler.from_crawler(crawler)
        return cls(crawler, control)

    def __len__(self) -> int:
        """How many requests are known to wait, here and in the store."""
        return len(self._exchange)

    def open(self, spider: Spider) -> Deferred[None]:
        """Get ready; of a run that goes on, take in what was done before."""
        return deferred_from_coro(self._open(spider))

    async def _open(self, spider: Any) -> None:
        self._spider: SiteSpider = spider
        self._slot = EngineSlot(self._crawler)
        self._preparer = Preparer(self._crawler, spider, self._control.run_id)
        self._failures = PageFailures.of(self._crawler)
        self._failures.check_request = self._preparer.check
        if await self._control.begin(spider):
            try:
                await self._writer.do(lambda backend: backend.join())
                self._watch = _watch_of(self._slot, self._control)
                await self._catch_up()
                self._exchange.begin()
            except Exception as error:  # noqa: BLE001 - Scrapy would leave the run open
                self._fail(error)

    def close(self, reason: str) -> Deferred[None]:
        """Write what is waiting and give back what was not begun."""
        return deferred_from_coro(self._close(is_over=reason == "finished"))

    async def _close(self, *, is_over: bool) -> None:
        self._settle()
        try:
            if not self._control.database_is_lost:
                await self._exchange.end()
                await self._count_what_was_taken()
                if not is_over and await self._writer.do(lambda backend: backend.others_changed()):
                    # Of a run that is over it is known, as that was looked at last.
                    self._tallies.others = await self._writer.do(lambda backend: backend.others_work())
        except DatabaseError as error:
            self._fail(error)
        self._crawler.stats.inc_value("dupefilter/filtered", self._exchange.duplicates)
        self._writer.close()

    async def _count_what_was_taken(self) -> None:
        """Leave out what others have acknowledged first, because this process stood still, or its store did."""
        taken = await self._writer.do(lambda backend: backend.own_work())
        if taken is not None:
            self._tallies.count_elsewhere({name: by - taken.counts[name] for name, by in self._acknowledged.items()})
            self._tallies.keep_notes(taken.notes)

    def enqueue_request(self, request: Request) -> bool:
        """Add a request; False for one that was added before, or that cannot be stored, which the run then says."""
        try:
            put = self._preparer.put(request)
        except (UnstorableRequestError, TypeError, ValueError) as error:
            if self._spider.takes_any_page and isinstance(error, UnstorableRequestError):
                return self._keep_beside(request)
            # Scrapy drops errors of a scheduler without a word, and this one with everything its page still had.
            self._failures.unstorable(error)
            return False
        if put is None:
            self._exchange.duplicates += 1
            return False
        self._exchange.put(put)
        return True

    def _keep_beside(self, request: Request) -> bool:
        """Let a request wait in this process alone, unless it was made before."""
        fingerprint = self._preparer.fingerprint(request)
        if not request.dont_filter and fingerprint in self._known_beside:
            self._exchange.duplicates += 1
            return False
        self._known_beside.add(fingerprint)
        self._beside.append(request)
        return True

    def has_pending_requests(self) -> bool:
        """Return whether anything is left to do, here or with another worker; when unsure, look and say yes."""
        self._settle()
        if self._control.database_is_lost or self._exchange.over:
            return False
        if self._beside:
            return True
        self._exchange.look()
        return True

    def next_request(self) -> Request | None:
        """Return the next request that is ready, or None."""
        self._settle()
        if self._beside:
            request = self._beside.popleft()
            self._in_engine[request] = None
            if self._watch is not None:
                self._watch.hand_out(request, HeldPage(b"", request.url))
            return request
        put = self._exchange.next()
        if self._watch is not None:
            page = HeldPage(put.id, put.request.url, put.data, put.priority, put.seq) if put else None
            self._watch.hand_out(put.request if put else None, page)
        if put is None:
            return None
        self._in_engine[put.request] = put.id
        return put.request

    def _settle(self) -> None:
        """Acknowledge the requests that have left the engine."""
        under_way = self._slot.under_way
        for request in [request for request in self._in_engine if request not in under_way]:
            id_, tally = self._in_engine.pop(request), self._tallies.close(request)
            if self._watch is not None and meta_keys.HUNG not in request.meta:
                self._watch.ended()
            if id_ is not None:
                self._end(id_, request, tally)

    def _end(self, id_: bytes, request: Request, tally: Tally) -> None:
        if tally.unfinished:
            self._tallies.count_elsewhere(tally.counts)
            self._exchange.ended(id_, None)
            return
        ack = acknowledgement(id_, request, tally)
        self._acknowledged.update(ack.counts)
        self._exchange.ended(id_, ack)

    def _load(self, taken: Taken) -> Put:
        try:
            put = self._preparer.load(taken)
        except UnstorableRequestError as error:
            self._failures.unstorable(error)
            raise
        self._failures.watch(put.request)
        return put

    async def _catch_up(self) -> None:
        """Take in what other workers did, before a crash or beside this one, and ask for what follows from it."""
        if not await self._writer.do(lambda backend: backend.others_changed()):
            return
        work = await self._writer.do(lambda backend: backend.others_work())
        self._tallies.others = work
        for request in requests_after(self._spider, work.events):
            self.enqueue_request(request)

    def _fail(self, error: Exception) -> None:
        if not isinstance(error, DatabaseError):
            logger.error("The frontier failed", exc_info=error)
            error = DatabaseError(f"the frontier failed: {type(error).__name__}: {error}")
        self._control.database_lost(error)


class MemoryScheduler(Scheduler):
    """Scrapy's own, with the pages watched that it hands out: what is left ends with the process."""

    _watch: PageWatch | None = None

    def open(self, spider: Spider) -> Deferred[None] | None:
        """Get ready, and begin to watch."""
        crawler: Any = self.crawler
        if (control := control_of(crawler)) is not None:
            self._watch = _watch_of(EngineSlot(crawler), control)
        return super().open(spider)

    def next_request(self) -> Request | None:
        """Return the next request, or None."""
        request = super().next_request()
        if self._watch is not None:
            self._watch.hand_out(request, HeldPage(b"", request.url) if request else None)
        return request


def _watch_of(slot: EngineSlot, control: CrawlControl) -> PageWatch | None:
    """Begin to watch the pages of a run for the process that supervises this one; None when nobody does."""
    known = supervised()
    if known is None:
        return None
    watch = PageWatch(known.memory, lambda request: request in slot.under_way)
    watch.begin(SharedRun(str(control.run_id), control.worker, control.is_durable, control.is_joined))
    return watch
