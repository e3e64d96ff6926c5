"""The downloader middleware through which every request waits in its host's queue, and every answer is reported."""

from __future__ import annotations

import logging
import random
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Self
from weakref import WeakKeyDictionary

from scrapy import signals
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.exceptions import NotConfigured

from scraper.core import meta as meta_keys
from scraper.core import statistics
from scraper.core.crawl_control import control_of, stores_records
from scraper.errors import DatabaseError
from scraper.fetch.http.redirects import STATUSES
from scraper.fetch.http.upstream import ProxyFailedError
from scraper.fetch.politeness.errors import CrawlEndingError
from scraper.fetch.politeness.host import host_of
from scraper.fetch.politeness.host_queues import HostQueues
from scraper.fetch.politeness.terms import HostAnswer

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from scraper.core.config import Config
    from scraper.fetch.politeness.host_queue import HostQueue

logger = logging.getLogger(__name__)

ITS_OWN = frozenset({429, 503})
"""Answers that ask to come later."""

TRIES = 6
"""How often a page that is answered with 429 or 503 is asked for."""


class Politeness:
    """Downloader middleware that lets requests through when it is their turn, by the ledger of their host."""

    def __init__(self, crawler: Crawler) -> None:
        config: Config = crawler.settings["SWATHE"]
        self._crawler, self._rules = crawler, config.politeness
        self.gates = HostQueues(crawler)
        self._inside: dict[Request, HostQueue] = {}
        self._expected: dict[Request, HostQueue] = {}
        """Gates that wait for where an answer leads, by the request that was answered or goes on there."""
        self._sent_at_s: WeakKeyDictionary[Request, float] = WeakKeyDictionary()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the middleware for a crawl; raise NotConfigured where nothing is crawled, as in `scrapy shell`."""
        if not stores_records(crawler):
            raise NotConfigured
        politeness = cls(crawler)
        connect = crawler.signals.connect
        connect(politeness._take_over, signal=signals.spider_opened)
        connect(politeness._downloaded, signal=signals.response_downloaded)
        connect(politeness._left, signal=signals.request_left_downloader)
        return politeness

    async def process_request(self, request: Request) -> None:
        """Wait for the request's turn; raise IgnoreRequest when it will not have one."""
        gate = self.gates.of(host_of(request.url))
        # What logs in, or asks for robots.txt, is waited for by others.
        first = request in self._expected or any(map(request.meta.get, ("login", meta_keys.DONT_OBEY_ROBOTSTXT)))
        self.go_on(request, None)
        again_s = request.meta.pop(meta_keys.AGAIN_AFTER_S, 0)
        if again_s or self._rules.quiet_hours is not None or not gate.enter_at_once():
            with self._crawler.engine.downloader.waiting(request):  # type: ignore[attr-defined]
                await self._wait(gate, again_s, first=first)
        self._inside[request], self._sent_at_s[request] = gate, time.monotonic()

    async def process_response(self, request: Request, response: Response) -> Response | Request:
        """Report the answer; return a request for the page when the host asks to come later."""
        self._left(request)
        if "cached" in response.flags:
            return response
        gate = self.gates.of(host_of(request.url))
        outcome = _outcome(response, self._sent_at_s.get(request, 0.0))
        await self._tell(gate, outcome)
        if response.status not in ITS_OWN:
            return response
        stats = self._crawler.stats
        stats.inc_value(statistics.answered(response.status))
        times = request.meta.get(meta_keys.THROTTLED_TIMES, 0) + 1
        if times >= TRIES or request.meta.get(meta_keys.DONT_RETRY):
            return response
        stats.inc_value(statistics.RETRIES)
        stats.inc_value(statistics.POLITENESS_TRIED_AGAIN)
        again = request.replace(dont_filter=True, priority=request.priority - 1)
        again.meta[meta_keys.THROTTLED_TIMES] = times
        if outcome.failed:
            again.meta[meta_keys.AGAIN_AFTER_S] = self.backoff_s(times)
        return again

    async def process_exception(self, request: Request, exception: Exception) -> None:
        """Report a request without an answer."""
        self._left(request)
        if isinstance(exception, ProxyFailedError):
            return  # the host was not asked
        retried = self._crawler.get_downloader_middleware(RetryMiddleware)
        if retried is not None and isinstance(exception, retried.exceptions_to_retry):
            reason = " ".join(str(exception).split())[:200] or type(exception).__name__
            await self._tell(self.gates.of(host_of(request.url)), HostAnswer(0, f"gave no answer: {reason}"))

    def go_on(self, request: Request, there: Request | None) -> None:
        """Take in where a request was redirected to; None: nowhere, so that others are let in again."""
        gate = self._expected.pop(request, None)
        if gate is not None and there is not None:
            self._expected[there] = gate
        elif gate is not None:
            gate.expect(-1)

    def obey_delay(self, host: str, delay_s: float) -> None:
        """Space the requests to a host as its robots.txt asks; warn when that is more than is configured."""
        most_s = self._rules.max_delay_s
        if delay_s > most_s:
            self.note(f"robots.txt of {host} asks for {delay_s:g} s between requests, cut to max_delay_s = {most_s:g}")
        self.gates.of(host).ask_for(min(delay_s, most_s))

    def backoff_s(self, times: int) -> float:
        """Return how long to wait after the `times`th failure in a row, 1 or more."""
        wait_s: float = min(self._rules.backoff_s * 2 ** (times - 1), self._rules.max_wait_s)
        self._crawler.stats.inc_value(statistics.POLITENESS_BACKOFFS)
        return wait_s * random.uniform(0.5, 1)  # noqa: S311

    def note(self, text: str) -> None:
        """Tell the user something that does not count against the run."""
        logger.warning("%s", text)
        if (control := control_of(self._crawler)) is not None:
            control.note(text)

    async def _wait(self, gate: HostQueue, again_s: float, *, first: bool) -> None:
        started_s = time.monotonic()
        try:
            await self.gates.pause(again_s)
            await self._wait_through_quiet_hours()
            await gate.enter(first=first)
        except DatabaseError as error:
            self._database_lost(error)
            raise CrawlEndingError("was not asked for: MongoDB was lost before its turn") from error
        except CrawlEndingError:
            if gate.used_up:
                most = self._rules.daily_requests
                self._end_run(f"the daily budget of {most} requests to {gate.terms.host} is used up")
            raise
        finally:
            self._crawler.stats.inc_value(statistics.POLITENESS_WAITS)
            self._crawler.stats.inc_value(statistics.POLITENESS_WAITED_MS, int((time.monotonic() - started_s) * 1000))

    async def _wait_through_quiet_hours(self) -> None:
        hours = self._rules.quiet_hours
        left_s = hours.left_s(datetime.now(UTC), self._rules.time_zone) if hours else 0.0
        if left_s > self._rules.max_wait_s:
            self._end_run(f"quiet hours: [politeness] quiet_hours = {hours}, which is {left_s:.0f} s more")
        await self.gates.pause(left_s)

    async def _tell(self, gate: HostQueue, outcome: HostAnswer) -> None:
        try:
            await gate.tell(outcome)
        except DatabaseError as error:
            self._database_lost(error)

    def _end_run(self, why: str) -> None:
        if (control := control_of(self._crawler)) is not None:
            control.end_early(why)
        self.gates.end()

    def _database_lost(self, error: DatabaseError) -> None:
        if (control := control_of(self._crawler)) is not None:
            control.database_lost(error)
        self.gates.end()

    def _take_over(self) -> None:
        """Keep Scrapy from asking once more for what was asked for here, in whatever way."""
        retries = self._crawler.get_downloader_middleware(RetryMiddleware)
        if retries is not None:
            retries.retry_http_codes -= ITS_OWN

    def _downloaded(self, request: Request, response: Response) -> None:
        # Before the next request is let in; what the answer means is known some steps later.
        if response.status == 429 or response.status >= 500:
            self.gates.of(host_of(request.url)).hold()
        elif response.status in STATUSES and request in self._inside:
            self._expected[request] = self._inside[request]
            self._expected[request].expect(1)

    def _left(self, request: Request) -> None:
        gate = self._inside.pop(request, None)
        if gate is not None:
            gate.leave()


def _outcome(response: Response, sent_at_s: float) -> HostAnswer:
    header = (response.headers.get("Retry-After") or b"").decode("latin-1")
    asked_s = retry_after_s(header, datetime.now(UTC)) if response.status in ITS_OWN and header else None
    return HostAnswer(response.status, f"answered {response.status}", asked_s, sent_at_s)


_MOST_DIGITS = 12
"""More seconds than any site means, and few enough to calculate with."""


def retry_after_s(value: str, now: datetime) -> float | None:
    """Return the seconds that a `Retry-After` asks for, 0 or more; None for one that says nothing that can be used.

    It is a number of seconds or an HTTP date; source: RFC 9110, 10.2.3.

    >>> retry_after_s("120", datetime.now(UTC)), retry_after_s("-1", datetime.now(UTC))
    (120.0, None)
    """
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:_MOST_DIGITS])
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    # A date without a zone is given in GMT.
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max((at - now).total_seconds(), 0.0)
