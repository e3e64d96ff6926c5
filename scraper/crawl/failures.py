"""Notice every page that could not be read. Scrapy has no signal for that: it logs a line and goes on."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from ssl import SSLError
from typing import TYPE_CHECKING, Any, ClassVar, Self
from weakref import WeakKeyDictionary, WeakSet

from scrapy import signals
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
)
from scrapy.http import TextResponse
from scrapy.spidermiddlewares.base import BaseSpiderMiddleware
from scrapy.spidermiddlewares.httperror import HttpError

from scraper.core import meta as meta_keys
from scraper.core import statistics
from scraper.core.crawl_control import has_runs
from scraper.core.failed_page import FailedPage, reason_of_status
from scraper.crawl.limits import PageLimitReachedError
from scraper.crawl.request_stats import IN_MEMORY, Tallies
from scraper.errors import UnstorableRequestError
from scraper.fetch.http.credentials import without_account
from scraper.fetch.http.resolver import resolver_of
from scraper.fetch.http.upstream import ProxyFailedError
from scraper.fetch.politeness.errors import CrawlEndingError, RobotsUnreadableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from scraper.core.failed_page import Reason

# Scrapy also takes a PDF for text when its first bytes are. A server that names no real type is judged by the bytes.
_TEXT_TYPES = re.compile(r"^$|^text/|html|xml|json|javascript|octet-stream|x-www-form-urlencoded")

logger = logging.getLogger(__name__)

KEPT = 20
"""Failed pages kept with a run; all of them are counted."""

OF_SCRAPY: tuple[tuple[type[Exception], Reason], ...] = (
    (CannotResolveHostError, "dns"),
    (DownloadConnectionRefusedError, "refused"),
    (DownloadTimeoutError, "timeout"),
    (DownloadCancelledError, "partly-read"),
    (ResponseDataLossError, "partly-read"),
)
"""Reasons of errors that are Scrapy's; those of ours say their `reason` themselves."""

IN_WORDS: dict[str, tuple[str, Reason]] = {
    "Forbidden by robots.txt": ("is forbidden by robots.txt", "robots"),
    "max redirections reached": ("redirects without end", "layout-changed"),
}
"""What Scrapy ignores a request for, in our words."""


class NotAPageError(IgnoreRequest):
    """Report a response that has no text to parse."""

    reason: ClassVar[Reason] = "layout-changed"


@dataclass(frozen=True)
class NotingErrback:
    """An errback of somebody's own, before which the failure is noted."""

    note: Callable[[Failure], Any]
    errback: Callable[[Failure], Any]

    def __call__(self, failure: Failure) -> Any:
        """Note the failure, and do what is to be done about it."""
        self.note(failure)
        return self.errback(failure)


class PageFailures(BaseSpiderMiddleware):
    """Spider middleware that sees to it that no request fails unseen, whoever made it.

    What the spider yields passes by here. A request of an extension (`engine.crawl`), of a downloader middleware, or of
    a spider middleware nearer to the engine does not: those are watched over when they are scheduled.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._tallies = Tallies.of(crawler)
        self.problems: list[FailedPage] = []
        """The first pages and records that failed in this process."""
        self.first_unread: FailedPage | None = None
        self.check_request: Callable[[Request], None] | None = None
        """What raises UnstorableRequestError for a request that cannot be kept."""
        self._answered: WeakSet[Request] = WeakSet()
        self._handed_on: WeakKeyDictionary[Request, BaseException] = WeakKeyDictionary()
        self._has_run = has_runs(crawler)
        self._takes_any = getattr(crawler.spidercls, "takes_any_page", False)
        """Whether the spider was written for Scrapy, and expects of it what Scrapy does."""
        if self._has_run:
            crawler.signals.connect(self.watch, signal=signals.request_scheduled)

    @classmethod
    def of(cls, crawler: Crawler) -> Self:
        """Return the crawl's own instance; raise RuntimeError when the settings lack it."""
        found = crawler.get_spider_middleware(cls)
        if found is None:
            raise RuntimeError("scraper.crawl.failures.PageFailures is missing from SPIDER_MIDDLEWARES")
        return found

    def get_processed_request(self, request: Request, response: Response | None) -> Request | None:
        """Watch over a request that the spider makes; drop one that is not for the web, or cannot be kept."""
        if response is None:
            resolver_of(self.crawler).reach.name(without_account(request.url))
        if not self._has_run:
            return request
        if not request.url.startswith(("http://", "https://")):
            shown = without_account(request.url)[:200]
            self.dead(None, FailedPage(shown, "cannot be fetched: expected an http or https address", "own-code", True))
            return None
        if (url := without_account(request.url)) != request.url:
            request = request.replace(url=url)
        self.watch(request)
        if self.check_request is not None:
            try:
                self.check_request(request)
            except UnstorableRequestError as error:
                parent = response.request if response is not None else None
                if not self._takes_any:
                    self.unstorable(error, parent)
                    return None
                self._tallies.count(parent, statistics.REQUESTS_IN_MEMORY)
                self._tallies.note(parent, IN_MEMORY, str(error))
        return request

    def watch(self, request: Request) -> None:
        """Give a request an errback that notes its failure."""
        spider, errback = self.crawler.spider, request.errback
        if errback is None:
            request.errback = getattr(spider, "page_failed", self.note)
            return
        notes = getattr(errback, "__name__", "") in getattr(spider, "noting_errbacks", ()) or errback == self.note
        if not notes and not isinstance(errback, NotingErrback) and not request.meta.get(meta_keys.MAY_FAIL):
            request.errback = NotingErrback(self.note, errback)

    def unstorable(self, error: Exception, parent: Request | None = None) -> None:
        """Count a request that cannot be kept; the page that made it, as far as it is known, is not done."""
        logger.error("%s", error)
        self._tallies.count(parent, statistics.UNSTORED_REQUESTS)
        self.keep(parent, FailedPage(parent.url if parent else "", str(error), "own-code"))

    def process_spider_input(self, response: Response) -> None:
        """Keep what is no text away from callbacks that select from a page."""
        if self._takes_any and response.request is not None:
            self._answered.add(response.request)
        if response.meta.get(meta_keys.BINARY_ALLOWED) or self._takes_any or not self._has_run:
            return
        kind = (response.headers.get("Content-Type") or b"").decode("latin-1").split(";")[0].strip().lower()
        if not isinstance(response, TextResponse) or not _TEXT_TYPES.search(kind):
            raise NotAPageError(f"answered with {kind or 'binary data'}, expected a page of text")

    def process_spider_exception(self, response: Response, exception: Exception) -> list[Any] | None:
        """Let an error that was noted, and that nobody has dealt with, be no error of the spider's as well."""
        noted = response.request is not None and self._handed_on.get(response.request) is exception
        return [] if noted else None

    def hand_on(self, failure: Failure) -> None:
        """Raise what a middleware's `process_spider_input` has raised, so that others are told of it.

        Scrapy calls their `process_spider_exception` only where the request has no errback, and here each has one.
        """
        request: Request = failure.request  # type: ignore[attr-defined]
        if request in self._answered and failure.value is not None:
            self._handed_on[request] = failure.value
            raise failure.value

    def note(self, failure: Failure) -> FailedPage | None:
        """Count and return a page that could not be read; None for one that was left out on purpose."""
        error = failure.value
        request: Request = failure.request  # type: ignore[attr-defined]
        if isinstance(error, CrawlEndingError):
            self._tallies.tally(request).unfinished = True
        if error is None or isinstance(error, PageLimitReachedError | CrawlEndingError):
            return None
        url = request.meta.get(meta_keys.REDIRECT_URLS, [request.url])[0]
        return self.dead(request, FailedPage(url, describe(error, request), reason_of(error), unread=True))

    def dead(self, request: Request | None, failed: FailedPage) -> FailedPage:
        """Count a page that could not be read."""
        self._tallies.count(request, statistics.DEAD_PAGES)
        self.first_unread = self.first_unread or failed
        self.keep(request, failed)
        return failed

    def keep(self, request: Request | None, failed: FailedPage) -> None:
        """Make a request a dead letter, and keep why for the run's document, while there is room."""
        self._tallies.fail(request, failed)
        if len(self.problems) < KEPT:
            self.problems.append(failed)


def describe(error: BaseException, request: Request) -> str:
    """Say in a few words why a page could not be read."""
    tries = request.meta.get(meta_keys.RETRY_TIMES, 0) + request.meta.get(meta_keys.THROTTLED_TIMES, 0) + 1
    after = f" (tried {tries} times)" if tries > 1 else ""
    if isinstance(error, HttpError):
        return f"answered {error.response.status}{after}"
    if isinstance(error, IgnoreRequest):
        return IN_WORDS.get(str(error), (str(error),))[0] + after
    if isinstance(error, DownloadCancelledError):
        return "is larger than [crawl] max_page_mb allows"
    reason = " ".join(str(error).split()) or type(error).__name__
    return f"could not be fetched: {reason[:300]}{after}"


def reason_of(error: BaseException) -> Reason:
    """Return in one word why a page could not be read; what nobody knows comes of the user's own code."""
    if isinstance(error, RobotsUnreadableError) and error.__cause__ is not None:
        return reason_of(error.__cause__)  # it is the host that cannot be had
    if isinstance(error, HttpError):
        return reason_of_status(error.response.status)
    if isinstance(error, IgnoreRequest):
        own: Reason | None = getattr(error, "reason", None)
        return own or IN_WORDS.get(str(error), ("", "own-code"))[1]
    if isinstance(error, ProxyFailedError):
        return error.reason
    if isinstance(error, DownloadFailedError | OSError):
        return "tls" if _is_of_tls(error) else "refused"
    return next((reason for kind, reason in OF_SCRAPY if isinstance(error, kind)), "own-code")


def _is_of_tls(error: BaseException) -> bool:
    """Return whether a connection failed over its encryption, such as a certificate that is not trusted."""
    from OpenSSL.SSL import Error as TlsError

    cause = error.__cause__
    reasons = [reason.value for reason in getattr(cause, "reasons", ())]
    return any(isinstance(one, TlsError | SSLError) for one in (error, cause, *reasons))
