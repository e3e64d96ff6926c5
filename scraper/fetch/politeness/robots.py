"""The downloader middleware that obeys robots.txt; without having read it, nothing is asked for."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urljoin, urlsplit

from scrapy import Request, signals
from scrapy.exceptions import IgnoreRequest, NotConfigured
from scrapy.http.request import NO_CALLBACK
from scrapy.spidermiddlewares.httperror import HttpError

from scraper.core import meta as meta_keys
from scraper.core import statistics
from scraper.fetch.politeness.errors import CrawlEndingError, RobotsUnreadableError
from scraper.fetch.politeness.host import host_of
from scraper.fetch.politeness.middleware import Politeness
from scraper.fetch.politeness.robots_file import RobotsFile, is_unreadable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scrapy.crawler import Crawler
    from scrapy.http import Response

TRIES = 5
"""How often a robots.txt that cannot be read is asked for."""

MOST_REDIRECTS = 5
"""Source: RFC 9309, 2.3.1.2: beyond five, the file counts as not there."""

FORBIDDEN = "Forbidden by robots.txt"
"""Scrapy's own words for it."""

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_FIRST_OF_ALL = 1000


class RobotsTxt:
    """Downloader middleware that asks every host for its robots.txt once, and goes by it for the whole run."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._agent: str = crawler.settings["ROBOTSTXT_USER_AGENT"] or crawler.settings["USER_AGENT"]
        self._files: dict[str, asyncio.Task[RobotsFile]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the middleware for a crawl; raise NotConfigured when robots.txt is not to be obeyed."""
        if not crawler.settings.getbool("ROBOTSTXT_OBEY"):
            raise NotConfigured
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Let an allowed request through; raise IgnoreRequest for another, or when robots.txt cannot be read."""
        parts = urlsplit(request.url)
        if request.meta.get(meta_keys.DONT_OBEY_ROBOTSTXT) or parts.scheme not in ("http", "https"):
            return
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._files:
            self._files[origin] = asyncio.create_task(self._ask(origin, request))
        asking = self._files[origin]
        if not asking.done():
            with self._crawler.engine.downloader.waiting(request):  # type: ignore[attr-defined]
                await asyncio.wait([asking])
        file = asking.result()
        agent = self._crawler.settings["ROBOTSTXT_USER_AGENT"] or request.headers.get("User-Agent") or self._agent
        if not file.allowed(request.url, agent):
            self._crawler.stats.inc_value("robotstxt/forbidden")
            raise IgnoreRequest(FORBIDDEN)

    async def _ask(self, origin: str, request: Request) -> RobotsFile:
        """Return the file of an origin, after as many tries as it takes; raise RobotsUnreadableError."""
        politeness = self._crawler.get_downloader_middleware(Politeness)
        host, why = host_of(origin), ""
        cause: Exception | None = None
        for attempt in range(1, TRIES + 1):
            try:
                response = await self._fetch(f"{origin}/robots.txt", request.meta)
                if not is_unreadable(response.status):
                    file = self._obeyed(host, response, politeness)
                    await self._crawler.signals.send_catch_log_async(
                        signal=signals.robots_parsed, robotparser=file, request=request
                    )
                    return file
                why, cause = f"it answered {response.status}", HttpError(response)
            except CrawlEndingError:
                raise
            except IgnoreRequest as error:
                why, cause = str(error), error
                break
            except Exception as error:  # noqa: BLE001 - whatever a download may raise
                cause = error
                why = " ".join(str(error).split())[:300] or type(error).__name__
            self._crawler.stats.inc_value(statistics.ROBOTS_TRIED_AGAIN)
            if politeness is not None and attempt < TRIES:
                await politeness.gates.pause(politeness.backoff_s(attempt))
        raise RobotsUnreadableError(f"robots.txt of {host} could not be read: {why}") from cause

    async def _fetch(self, url: str, asked_for: Mapping[str, Any]) -> Response:
        """Return the answer at the end of the redirects, or a redirect when there are too many.

        It goes the way of the page that it is asked for: through the same proxy, if that names one.
        """
        for _ in range(MOST_REDIRECTS + 1):
            # A redirect may lead to another host, which is then asked for nothing else.
            meta = {
                meta_keys.DONT_OBEY_ROBOTSTXT: True,
                meta_keys.DONT_RETRY: True,
                meta_keys.DONT_REDIRECT: True,
                meta_keys.ALLOW_OFFSITE: True,
                **{key: asked_for[key] for key in (meta_keys.PROXY, meta_keys.DOWNLOAD_TIMEOUT) if key in asked_for},
            }
            request = Request(url, NO_CALLBACK, meta=meta, priority=_FIRST_OF_ALL, dont_filter=True)
            self._crawler.stats.inc_value("robotstxt/request_count")
            response = await self._crawler.engine.download_async(request)
            place = (response.headers.get("Location") or b"").decode("latin-1")
            url = urljoin(response.url, place)
            if response.status not in _REDIRECTS or not place or urlsplit(url).scheme not in ("http", "https"):
                break
        return response

    def _obeyed(self, host: str, response: Response, politeness: Politeness | None) -> RobotsFile:
        self._crawler.stats.inc_value(f"robotstxt/response_status_count/{response.status}")
        file = RobotsFile.of_answer(response.status, response.body)
        if politeness is not None:
            if file.remark:
                politeness.note(f"robots.txt of {host} {file.remark}")
            if delay_s := file.delay_s(self._agent):
                politeness.obey_delay(host, delay_s)
        return file
