"""Scrapy's scheduler on a stored frontier: a request is done only when all that came of it is stored."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from scrapy.core.scheduler import BaseScheduler, Scheduler
from scrapy.utils.defer import deferred_from_coro

from scraper.errors import DatabaseError, UnstorableRequestError
from scraper.failures import PageFailures
from scraper.frontier.backend import Ack, Batch
from scraper.frontier.engine_slot import EngineSlot
from scraper.frontier.mongodb import MongoFrontier
from scraper.frontier.prepare import Preparer
from scraper.frontier.ready import Ready
from scraper.frontier.restore import acknowledgement, requests_after
from scraper.frontier.writer import Writer
from scraper.run_recorder import RunRecorder
from scraper.tally import Tallies

if TYPE_CHECKING:
    from scrapy import Request, Spider
    from scrapy.crawler import Crawler
    from twisted.internet.defer import Deferred

    from scraper.config import Config
    from scraper.frontier.backend import Written
    from scraper.spider import SiteSpider

logger = logging.getLogger(__name__)

BUFFER, LOW = 200, 50
"""Requests that a worker has ready at most, and below how many it asks for more."""

MOST_WAITING = 2_000
"""Requests that may wait to be stored; more are stored before anything else goes on, so that memory stays flat."""

TICK_S = 0.5
"""How often a worker without work looks whether others have left some."""


class LeaseScheduler(BaseScheduler):
    """Hand out the requests of a run, and acknowledge each when it has left the engine.

    By then its callback has ended, its records are stored and its children were handed over here. They are written
    before it is acknowledged. What a worker had when it died goes to the next one.
    """

    def __init__(self, crawler: Crawler, recorder: RunRecorder) -> None:
        config: Config = crawler.settings["SWATHE"]
        self._crawler, self._recorder = crawler, recorder
        self._tallies = Tallies.of(crawler)
        self._lease_s = config.frontier.lease_s
        backend = MongoFrontier(recorder.connection, recorder.run_id, recorder.worker, self._lease_s)
        self._writer = Writer(backend, recorder.connection)
        self._batch = Batch()
        self._ready = Ready()
        self._in_engine: dict[Request, bytes] = {}
        self._more = True
        """Whether requests may be pending in the store."""
        self._over = False
        """Whether the store was seen to have nothing left for anybody, since something was last done here."""
        self._waits = False
        """Whether all that is left is with others, or not due yet."""
        self._working: asyncio.Task[None] | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._closing = False

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Any:
        """Build the scheduler of a run; Scrapy's own for what is no run, such as `scrapy shell`, or is not to last."""
        recorder = crawler.get_extension(RunRecorder) if crawler._extensions else None
        if recorder is None or recorder.begun is None or not recorder.begun.durable:
            return Scheduler.from_crawler(crawler)
        return cls(crawler, recorder)

    def __len__(self) -> int:
        """How many requests are known to wait, here and in the store."""
        return len(self._ready) + len(self._batch.puts) + self._ready.pending

    def open(self, spider: Spider) -> Deferred[None]:
        """Get ready; of a run that goes on, take in what was done before."""
        return deferred_from_coro(self._open(spider))

    async def _open(self, spider: Any) -> None:
        self._spider: SiteSpider = spider
        self._slot = EngineSlot(self._crawler)
        self._preparer = Preparer(self._crawler, spider, self._recorder.run_id)
        PageFailures.of(self._crawler).check_request = self._preparer.check
        if not await self._recorder.begin(spider):
            self._closing = True
            return
        spider.lists.on_event = self._tallies.keep_event
        try:
            await self._writer.do(lambda backend: backend.join())
            await self._take_in_others()
        except DatabaseError as error:
            self._fail(error)
        self._ticking = asyncio.create_task(self._tick())

    def close(self, reason: str) -> Deferred[None]:
        """Write what is waiting and give back what was not begun."""
        return deferred_from_coro(self._close())

    async def _close(self) -> None:
        self._closing = True
        if self._ticking:
            self._ticking.cancel()
            self._settle()
            try:
                while self._working:
                    await self._working
                if not self._recorder.database_is_lost:
                    await self._write()
                    await self._writer.do(lambda backend: backend.leave())
            except DatabaseError as error:
                self._recorder.database_lost(error)
        self._writer.close()

    def enqueue_request(self, request: Request) -> bool:
        """Add a request; False for one that was added before, or that cannot be stored, which the run then says."""
        try:
            put = self._preparer.put(request)
        except (UnstorableRequestError, TypeError, ValueError) as error:
            # Scrapy drops errors of a scheduler without a word, and this one with everything its page still had.
            PageFailures.of(self._crawler).unstorable(error)
            return False
        if put is None:
            self._crawler.stats.inc_value("dupefilter/filtered")
            return False
        self._batch.puts.append(put)
        if len(self._batch.puts) >= MOST_WAITING:
            self._write_at_once()
        self._work_soon()
        return True

    def has_pending_requests(self) -> bool:
        """Return whether anything is left to do, here or with another worker; when unsure, look and say yes."""
        self._settle()
        if self._over:
            return False
        if not self._waits:
            self._work_soon()
        return not self._closing

    def next_request(self) -> Request | None:
        """Return the next request that is ready, or None."""
        self._settle()
        taken = self._ready.pop(idle=not self._in_engine)
        if self._ready.to_mark or (self._more and len(self._ready) < LOW):
            self._work_soon()
        if taken is None:
            return None
        self._in_engine[taken.request] = taken.id
        return taken.request

    def _settle(self) -> None:
        """Acknowledge the requests that have left the engine."""
        under_way = self._slot.under_way
        for request in [request for request in self._in_engine if request not in under_way]:
            id_ = self._in_engine.pop(request)
            self._ready.ended(id_)
            tally = self._tallies.close(request)
            if tally.unfinished:
                self._batch.releases.append(id_)
            else:
                self._batch.acks.append(acknowledgement(id_, request, tally))
        if self._batch.acks or self._batch.releases:
            self._work_soon()

    def _busy(self) -> bool:
        return bool(self._in_engine or self._ready or self._batch.puts or self._batch.acks or self._batch.releases)

    def _work_soon(self) -> None:
        self._over = self._waits = False
        if self._working is None and not self._closing:
            self._working = asyncio.create_task(self._work())

    async def _work(self) -> None:
        """Write and read until there is nothing to write and enough to do, or nothing at all."""
        try:
            while not self._closing:
                if self._batch.puts or self._batch.acks or self._batch.releases or self._ready.to_mark or self._hungry:
                    await self._write()
                elif self._busy():
                    break
                elif await self._is_over():
                    self._over = True
                    break
                elif not self._busy():
                    self._waits = True
                    break
        except Exception as error:  # noqa: BLE001 - a crawl without its frontier must end, whatever the fault is
            self._fail(error)
        finally:
            self._working = None
            if self._ready or self._over:
                self._slot.wake()

    def _fail(self, error: Exception) -> None:
        self._closing = True
        if not isinstance(error, DatabaseError):
            logger.error("The frontier failed", exc_info=error)
            error = DatabaseError(f"the frontier failed: {type(error).__name__}: {error}")
        self._recorder.database_lost(error)

    @property
    def _hungry(self) -> bool:
        return self._more and len(self._ready) < LOW

    async def _write(self) -> None:
        batch = self._next_batch()
        self._written(await self._writer.do(lambda backend: backend.write(batch)), batch)

    def _write_at_once(self) -> None:
        batch = self._next_batch()
        try:
            self._written(self._writer.write_at_once(batch), batch)
        except DatabaseError as error:
            self._fail(error)

    def _next_batch(self) -> Batch:
        batch, self._batch = self._batch, Batch()
        batch.alone = self._ready.to_mark
        if not self._closing:
            batch.lease = max(0, BUFFER - len(self._ready))
            batch.take = max(0, batch.lease - len(batch.puts)) if self._hungry else 0
        return batch

    def _written(self, written: Written, batch: Batch) -> None:
        for put in written.leased:
            self._ready.push(put)
        for taken in written.taken:
            try:
                self._ready.push(self._preparer.load(taken))
            except UnstorableRequestError as error:
                PageFailures.of(self._crawler).unstorable(error)
                self._batch.acks.append(
                    Ack(taken.id, time.time_ns(), {"swathe/unstored_requests": 1}, error=str(error))
                )
        self._ready.marked(batch.alone)
        self._ready.pending += written.pending - len(written.taken)
        self._more = written.pending > 0 or (len(written.taken) >= batch.take if batch.take else self._more)
        self._crawler.stats.inc_value("dupefilter/filtered", written.duplicates)
        if self._ready:
            self._slot.wake()

    async def _is_over(self) -> bool:
        """Return whether nobody has anything to do any more, knowing all that others have found."""
        if await self._writer.do(lambda backend: backend.open_requests()):
            return False
        self._more = False
        await self._take_in_others()
        return not self._busy()

    async def _take_in_others(self) -> None:
        """Take in what other workers did, before a crash or beside this one, and ask for what follows from it."""
        work = await self._writer.do(lambda backend: backend.others_work())
        self._tallies.others = work
        for request in requests_after(self._spider, work.events):
            self.enqueue_request(request)

    async def _tick(self) -> None:
        """Keep the lease, and look for work that others have left; nothing may end this but the crawl's end."""
        renewed_at = time.monotonic()
        while True:
            await asyncio.sleep(TICK_S)
            self._settle()
            try:
                if time.monotonic() - renewed_at > self._lease_s / 3:
                    if await self._writer.do(lambda backend: backend.renew()):
                        self._more = True
                    if time.monotonic() - renewed_at > self._lease_s:
                        self._batch.releases += self._ready.drop()  # somebody else may have them by now
                    renewed_at = time.monotonic()
            except Exception as error:  # noqa: BLE001 - the next renewal may succeed, and a loss shows with the next write
                logger.warning("The lease could not be renewed: %s", error)
            if self._waits:
                self._more = True
                self._work_soon()
