"""The downloader middleware through which every request passes its host's gate, and every answer is reported."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self
from weakref import WeakKeyDictionary

from scrapy import signals
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.exceptions import NotConfigured

from scraper.errors import DatabaseError
from scraper.mongo.connection import connection_to
from scraper.politeness.errors import CrawlEndingError
from scraper.politeness.gate import POLL_S, Gate
from scraper.politeness.host import host_of, is_loopback
from scraper.politeness.ledger import Ledger
from scraper.politeness.mongo_hosts import MongoHosts
from scraper.politeness.retry_after import retry_after_s
from scraper.politeness.terms import Limits, Outcome, Terms
from scraper.run_recorder import RunRecorder, stores_records

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from scraper.config import Config

logger = logging.getLogger(__name__)

TRIES = 6
"""How often a page that is answered with 429 or 503 is asked for."""

TICK_S = 0.2
"""How soon the end of a crawl is noticed by what waits; Scrapy has no signal for it."""

STAT = "swathe/politeness/"


class Politeness:
    """Downloader middleware that lets requests through when it is their turn, by the ledger of their host."""

    def __init__(self, crawler: Crawler) -> None:
        config: Config = crawler.settings["SWATHE"]
        self._crawler, self._crawl, self._rules = crawler, config.crawl, config.politeness
        rules = self._rules
        limits = Limits(rules.max_delay_s, rules.max_wait_s, rules.backoff_s, rules.daily_requests)
        self._ledger = Ledger(MongoHosts(connection_to(config.mongodb)), limits)
        self._gates: dict[str, Gate] = {}
        self._inside: dict[Request, Gate] = {}
        self._sent_at_s: WeakKeyDictionary[Request, float] = WeakKeyDictionary()
        self._ending = asyncio.Event()
        self._ticking: asyncio.Task[None] | None = None
        self._refreshing: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the middleware for a crawl; raise NotConfigured where nothing is crawled, as in `scrapy shell`."""
        if not stores_records(crawler):
            raise NotConfigured
        politeness = cls(crawler)
        connect = crawler.signals.connect
        connect(politeness._opened, signal=signals.spider_opened)
        connect(politeness._left, signal=signals.request_left_downloader)
        connect(politeness._closed, signal=signals.spider_closed)
        return politeness

    async def process_request(self, request: Request) -> None:
        """Wait for the request's turn; raise IgnoreRequest when it will not have one."""
        gate = self.gate(host_of(request.url))
        again_s = request.meta.pop("again_after_s", 0)
        if again_s or self._rules.quiet_hours is not None or not gate.enter_at_once():
            with self._crawler.engine.downloader.waiting(request):  # type: ignore[attr-defined]
                await self._wait(gate, again_s)
        self._inside[request], self._sent_at_s[request] = gate, time.monotonic()

    async def process_response(self, request: Request, response: Response) -> Response | Request:
        """Report the answer; return a request for the page when the host asks to come later."""
        self._left(request)
        if "cached" in response.flags:
            return response
        gate = self.gate(host_of(request.url))
        outcome = _outcome(response, self._sent_at_s.get(request, 0.0))
        await self._tell(gate, outcome)
        if response.status not in (429, 503):
            return response
        stats = self._crawler.stats
        stats.inc_value(f"{STAT}answered_{response.status}")
        times = request.meta.get("throttled_times", 0) + 1
        if times >= TRIES or request.meta.get("dont_retry"):
            return response
        stats.inc_value("retry/count")
        stats.inc_value(f"{STAT}tried_again")
        again = request.replace(dont_filter=True, priority=request.priority - 1)
        again.meta["throttled_times"] = times
        if outcome.failed:
            again.meta["again_after_s"] = self.backoff_s(times)
        return again

    async def process_exception(self, request: Request, exception: Exception) -> None:
        """Report a request without an answer."""
        self._left(request)
        retried = self._crawler.get_downloader_middleware(RetryMiddleware)
        if retried is not None and isinstance(exception, retried.exceptions_to_retry):
            reason = " ".join(str(exception).split())[:200] or type(exception).__name__
            await self._tell(self.gate(host_of(request.url)), Outcome(0, f"gave no answer: {reason}"))

    def gate(self, host: str) -> Gate:
        """Return the gate of a host."""
        if host not in self._gates:
            crawl, near = self._crawl, is_loopback(host)
            terms = Terms(
                host, 0.0 if near else crawl.delay_s, crawl.concurrency if near else crawl.concurrency_per_site
            )
            self._gates[host] = Gate(self._ledger, terms, self._rules.max_wait_s, self.pause)
            self._gates[host].ended = self._ending.is_set()
        return self._gates[host]

    def obey_delay(self, host: str, delay_s: float) -> None:
        """Space the requests to a host as its robots.txt asks; warn when that is more than is configured."""
        most_s = self._rules.max_delay_s
        if delay_s > most_s:
            self.note(f"robots.txt of {host} asks for {delay_s:g} s between requests, cut to max_delay_s = {most_s:g}")
        gate = self.gate(host)
        gate.terms = replace(gate.terms, robots_delay_s=max(min(delay_s, most_s), gate.terms.robots_delay_s or 0.0))

    def backoff_s(self, times: int) -> float:
        """Return how long to wait after the `times`th failure in a row, 1 or more."""
        wait_s: float = min(self._rules.backoff_s * 2 ** (times - 1), self._rules.max_wait_s)
        self._crawler.stats.inc_value(f"{STAT}backoffs")
        return wait_s * random.uniform(0.5, 1)  # noqa: S311

    async def pause(self, seconds: float) -> None:
        """Wait; raise CrawlEndingError at once when the crawl ends."""
        if seconds > 0 and not self._ending.is_set():
            try:
                await asyncio.wait_for(self._ending.wait(), seconds)
            except TimeoutError:
                return
        if self._ending.is_set():
            raise CrawlEndingError("was not asked for: the crawl ended before its turn")

    def note(self, text: str) -> None:
        """Tell the user something that does not count against the run."""
        logger.warning("%s", text)
        recorder = self._crawler.get_extension(RunRecorder)
        if recorder is not None:
            recorder.findings.notes.append(text)

    async def _wait(self, gate: Gate, again_s: float) -> None:
        started_s = time.monotonic()
        try:
            await self.pause(again_s)
            await self._wait_through_quiet_hours()
            await gate.enter()
        except DatabaseError as error:
            self._database_lost(error)
            raise CrawlEndingError("was not asked for: MongoDB was lost before its turn") from error
        except CrawlEndingError:
            if gate.used_up:
                most = self._rules.daily_requests
                self._end_run(f"the daily budget of {most} requests to {gate.terms.host} is used up")
            raise
        finally:
            self._crawler.stats.inc_value(f"{STAT}waits")
            self._crawler.stats.inc_value(f"{STAT}waited_ms", int((time.monotonic() - started_s) * 1000))

    async def _wait_through_quiet_hours(self) -> None:
        hours = self._rules.quiet_hours
        left_s = hours.left_s(datetime.now(UTC), self._rules.time_zone) if hours else 0.0
        if left_s > self._rules.max_wait_s:
            self._end_run(f"quiet hours: [politeness] quiet_hours = {hours}, which is {left_s:.0f} s more")
        await self.pause(left_s)

    async def _tell(self, gate: Gate, outcome: Outcome) -> None:
        try:
            await gate.tell(outcome)
        except DatabaseError as error:
            self._database_lost(error)

    def _end_run(self, why: str) -> None:
        recorder = self._crawler.get_extension(RunRecorder)
        if recorder is not None:
            recorder.end_early(why)
        self._end()

    def _database_lost(self, error: DatabaseError) -> None:
        recorder = self._crawler.get_extension(RunRecorder)
        if recorder is not None:
            recorder.database_lost(error)
        self._end()

    def _left(self, request: Request) -> None:
        gate = self._inside.pop(request, None)
        if gate is not None:
            gate.leave()

    def _opened(self) -> None:
        self._ticking = asyncio.create_task(self._tick())

    async def _tick(self) -> None:
        """Keep the ledger up to date, and notice when the crawl ends."""
        due_s = 0.0
        while not self._ending.is_set():
            engine = self._crawler.engine
            if engine._slot is not None and engine._slot.closing is not None:
                self._end()
            elif time.monotonic() >= due_s:
                due_s = time.monotonic() + POLL_S
                if self._refreshing is None or self._refreshing.done():
                    self._refreshing = asyncio.create_task(self._refresh())
            await asyncio.sleep(TICK_S)

    async def _refresh(self) -> None:
        try:
            await asyncio.gather(*(gate.refresh() for gate in self._gates.values()))
        except DatabaseError as error:
            # Whoever stores or waits next is told; one missed look at the ledger is no reason to end.
            logger.warning("The politeness ledger could not be read: %s", error)

    def _end(self) -> None:
        self._ending.set()
        for gate in self._gates.values():
            gate.end()

    async def _closed(self) -> None:
        self._end()
        if self._ticking is not None:
            self._ticking.cancel()
        try:
            await asyncio.gather(*(gate.say_goodbye() for gate in self._gates.values()))
        except DatabaseError as error:
            logger.warning("The politeness ledger could not be told of the crawl's end: %s", error)
        self._ledger.close()


def _outcome(response: Response, sent_at_s: float) -> Outcome:
    header = (response.headers.get("Retry-After") or b"").decode("latin-1")
    asked_s = retry_after_s(header, datetime.now(UTC)) if response.status in (429, 503) and header else None
    return Outcome(response.status, f"answered {response.status}", asked_s, sent_at_s)
