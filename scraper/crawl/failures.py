"""Notice every page that could not be read. Scrapy has no signal for that: it logs a line and goes on."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from scrapy.exceptions import DownloadCancelledError, IgnoreRequest
from scrapy.http import TextResponse
from scrapy.spidermiddlewares.base import BaseSpiderMiddleware
from scrapy.spidermiddlewares.httperror import HttpError

from scraper.core import statistics
from scraper.crawl.limits import PageLimitReachedError
from scraper.crawl.request_stats import Tallies
from scraper.errors import UnstorableRequestError
from scraper.fetch.http.credentials import without_account
from scraper.fetch.http.resolver import resolver_of
from scraper.fetch.politeness.errors import CrawlEndingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure

# Scrapy also takes a PDF for text when its first bytes are. A server that names no real type is judged by the bytes.
_TEXT_TYPES = re.compile(r"^$|^text/|html|xml|json|javascript|octet-stream|x-www-form-urlencoded")

logger = logging.getLogger(__name__)

KEPT = 20
"""Problems kept with a run; all of them are counted."""


class NotAPageError(IgnoreRequest):
    """Report a response that has no text to parse."""


@dataclass(frozen=True)
class PageProblem:
    """A page, or a record of it, and what went wrong."""

    url: str
    what: str

    def __str__(self) -> str:
        """Show both in one line."""
        return f"{self.url} {self.what}"


class PageFailures(BaseSpiderMiddleware):
    """Spider middleware that gives every request an errback, so that no failure passes unseen."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._tallies = Tallies.of(crawler)
        self.problems: list[PageProblem] = []
        self.first_dead_page = ""
        self.check_request: Callable[[Request], None] | None = None
        """What raises UnstorableRequestError for a request that cannot be kept."""

    @classmethod
    def of(cls, crawler: Crawler) -> Self:
        """Return the crawl's own instance; raise RuntimeError when the settings lack it."""
        found = crawler.get_spider_middleware(cls)
        if found is None:
            raise RuntimeError("scraper.crawl.failures.PageFailures is missing from SPIDER_MIDDLEWARES")
        return found

    def get_processed_request(self, request: Request, response: Response | None) -> Request | None:
        """Watch over a request that the spider makes; drop one that is not for the web, or cannot be kept."""
        if not request.url.startswith(("http://", "https://")):
            self.dead(None, without_account(request.url)[:200], "cannot be fetched: expected an http or https address")
            return None
        if (url := without_account(request.url)) != request.url:
            request = request.replace(url=url)
        if response is None:
            resolver_of(self.crawler).reach.name(url)
        if request.errback is None:
            request.errback = getattr(self.crawler.spider, "page_failed", self.note)
        if self.check_request is not None:
            try:
                self.check_request(request)
            except UnstorableRequestError as error:
                self.unstorable(error, response.request if response is not None else None)
                return None
        return request

    def unstorable(self, error: Exception, parent: Request | None = None) -> None:
        """Count a request that cannot be kept; the page that made it, as far as it is known, is not done."""
        logger.error("%s", error)
        self._tallies.count(parent, statistics.UNSTORED_REQUESTS)
        self._tallies.fail(parent, str(error))
        self.keep(PageProblem(parent.url if parent else "", str(error)))

    def process_spider_input(self, response: Response) -> None:
        """Keep what is no text away from callbacks that select from a page."""
        if response.meta.get("binary_allowed"):
            return
        kind = (response.headers.get("Content-Type") or b"").decode("latin-1").split(";")[0].strip().lower()
        if not isinstance(response, TextResponse) or not _TEXT_TYPES.search(kind):
            raise NotAPageError(f"answered with {kind or 'binary data'}, expected a page of text")

    def note(self, failure: Failure) -> None:
        """Count a page that could not be read, and keep what went wrong."""
        error = failure.value
        request: Request = failure.request  # type: ignore[attr-defined]
        if isinstance(error, CrawlEndingError):
            self._tallies.tally(request).unfinished = True
        if error is None or isinstance(error, PageLimitReachedError | CrawlEndingError):
            return
        self.dead(request, request.meta.get("redirect_urls", [request.url])[0], describe(error, request))

    def dead(self, request: Request | None, url: str, what: str) -> None:
        """Count a page that could not be read."""
        self._tallies.count(request, statistics.DEAD_PAGES)
        self._tallies.fail(request, what)
        problem = PageProblem(url, what)
        self.first_dead_page = self.first_dead_page or str(problem)
        self.keep(problem)

    def keep(self, problem: PageProblem) -> None:
        """Keep a problem for the run's document, while there is room."""
        if len(self.problems) < KEPT:
            self.problems.append(problem)


def describe(error: BaseException, request: Request) -> str:
    """Say in a few words why a page could not be read."""
    tries = request.meta.get("retry_times", 0) + request.meta.get("throttled_times", 0) + 1
    after = f" (tried {tries} times)" if tries > 1 else ""
    if isinstance(error, HttpError):
        return f"answered {error.response.status}{after}"
    if isinstance(error, IgnoreRequest):
        known = {
            "Forbidden by robots.txt": "is forbidden by robots.txt",
            "max redirections reached": "redirects without end",
        }
        return known.get(str(error), str(error)) + after
    if isinstance(error, DownloadCancelledError):
        return "is larger than [crawl] max_page_mb allows"
    reason = " ".join(str(error).split()) or type(error).__name__
    return f"could not be fetched: {reason[:300]}{after}"
