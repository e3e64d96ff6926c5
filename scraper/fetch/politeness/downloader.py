"""Scrapy's downloader, except that a request that waits for its host's turn keeps no other host's from going.

And a redirect is followed here: to Scrapy it is a request of its own, which waits behind others and may be dropped.
"""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from scrapy import Request, signals
from scrapy.core.downloader import Downloader
from scrapy.core.downloader.middleware import DownloaderMiddlewareManager
from scrapy.exceptions import IgnoreRequest, _InvalidOutput
from scrapy.http import Response
from scrapy.utils.defer import ensure_awaitable
from scrapy.utils.python import global_object_name
from twisted.python.failure import Failure

from scraper.core import meta as meta_keys
from scraper.core.crawl_control import has_runs
from scraper.fetch.http.continued import continue_from, follow
from scraper.fetch.http.credentials import without_account
from scraper.fetch.http.redirects import is_redirected
from scraper.fetch.politeness.host import host_of
from scraper.fetch.politeness.middleware import Politeness

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

    from scrapy.crawler import Crawler
    from twisted.internet.defer import Deferred

logger = logging.getLogger(__name__)

ROOM = 100
"""Requests that may wait for their turn at once; the others stay in the scheduler."""


class Middlewares(DownloaderMiddlewareManager):
    """Scrapy's manager, except that what a middleware answers at once, as nearly all do, is not waited for."""

    async def _process_request(
        self, request: Request, download_func: Callable[[Request], Coroutine[Any, Any, Response]]
    ) -> Response | Request:
        for method in self.methods["process_request"]:
            assert method is not None
            given = self._handle_mw_method(method, request=request)
            if given is not None and (answer := await _awaited(given, method, or_none=True)) is not None:
                return answer
        return await download_func(request)

    async def _process_response(self, response: Response | Request, request: Request) -> Response | Request:
        if not isinstance(response, Response):
            return await super()._process_response(response, request)
        for method in self.methods["process_response"]:
            assert method is not None
            given = self._handle_mw_method(method, request=request, response=response)
            answer = given if isinstance(given, Response) else await _awaited(given, method, or_none=False)
            if isinstance(answer, Request):
                return answer
            assert answer is not None
            response = answer
        return response


async def _awaited(given: Any, method: Callable[..., Any], *, or_none: bool) -> Response | Request | None:
    """Return what a middleware answers once it has; raise Scrapy's error for what is no answer."""
    answer: object = await ensure_awaitable(given, _warn=global_object_name(method))
    if isinstance(answer, Response | Request) or (answer is None and or_none):
        return answer
    expected = "None, Response or Request" if or_none else "Response or Request"
    raise _InvalidOutput(f"Middleware {method.__qualname__} must return {expected}, got {type(answer).__name__}")


class PoliteDownloader(Downloader):
    """Count the requests that wait apart from those under way."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        # Scrapy's own has the class that it makes written down.
        self.middleware.__class__ = Middlewares
        self._waiting: set[Request] = set()
        self._hosts: set[str] = set()
        """The slots that are hosts, and that nobody has named."""
        self._has_run = has_runs(crawler)

    @contextmanager
    def waiting(self, request: Request) -> Iterator[None]:
        """Take a request for one that waits."""
        # Scrapy's queue prefers the slot with the fewest requests: those that wait count there.
        _, slot = self._get_slot(request)
        slot.active.add(request)
        self._waiting.add(request)
        engine_slot = self.crawler.engine._slot
        if engine_slot is not None:
            engine_slot.nextcall.schedule()
        try:
            yield
        finally:
            self._waiting.discard(request)
            slot.active.discard(request)

    @property
    def held_back(self) -> int:
        """How many requests wait for their host's turn."""
        return len(self._waiting)

    @property
    def under_way(self) -> int:
        """How many requests were sent, or are about to be."""
        return len(self.active) - len(self._waiting)

    def fetch(self, request: Request, *_: Any) -> Deferred[Response | Request]:
        """Return the answer, or the request that a middleware makes to ask once more.

        A redirect is followed at once, as browsers do: what it leads to is a part of this request.
        """
        fetched: Deferred[Response | Request] = super().fetch(request)
        return fetched.addBoth(self._go_on, request)

    async def _enqueue_request(self, request: Request) -> Response:
        """Return the answer to a request; where its slot has room and no delay, without the queue and a task for it."""
        key, slot = self._get_slot(request)
        if slot.queue or slot.delay or slot.latercall or slot.free_transfer_slots() < 1:
            return await super()._enqueue_request(request)
        request.meta[self.DOWNLOAD_SLOT] = key
        slot.active.add(request)
        spider = self.crawler.spider
        self.signals.send_catch_log(signal=signals.request_reached_downloader, request=request, spider=spider)
        slot.lastseen = time.monotonic()
        try:
            return await self._download(slot, request)
        finally:
            slot.active.remove(request)

    def _go_on(self, result: Response | Request | Failure, request: Request) -> Any:
        politeness = self.crawler.get_downloader_middleware(Politeness)
        there = result if isinstance(result, Request) and is_redirected(result, request) else None
        if politeness is not None:
            politeness.go_on(request, there)
        if isinstance(result, Request):
            assert self.crawler.request_fingerprinter is not None
            continue_from(request, result, self.crawler.request_fingerprinter)
        elif isinstance(result, Response) and result.request is None:
            result.request = request
        elif isinstance(result, Failure) and not self._has_run and isinstance(result.value, IgnoreRequest):
            # Scrapy says nothing of such a page, and there is no run to say it.
            logger.warning("%s: %s", without_account(request.url), result.value)
        if there is None:
            return result
        follow(request, there)
        return self.fetch(there)

    def needs_backout(self) -> bool:
        """Return whether there is no room for another request."""
        return 0 < self.total_concurrency <= self.under_way or self.held_back >= ROOM

    def get_slot_key(self, request: Request) -> str:
        """Return the slot that the request names, else its host, also after a redirect.

        Scrapy notes the slot that was used with the request, and would keep that of the first address.
        """
        named: str | None = request.meta.get(meta_keys.DOWNLOAD_SLOT)
        if named and named not in self._hosts:
            return named
        host = host_of(request.url)
        self._hosts.add(host)
        return host
