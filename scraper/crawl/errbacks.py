"""See to it that a page that could not be read counts, also when its request has an errback of the spider's own."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Self

from scraper.core import meta as meta_keys
from scraper.crawl.failures import PageFailures

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Request
    from scrapy.crawler import Crawler
    from twisted.python.failure import Failure


class NoteBeforeOwnErrbacks:
    """Downloader middleware, the first of all, that has failures noted before an errback of the spider's own."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the middleware for a crawl."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Let the request's failure be noted."""
        errback = request.errback
        if (
            errback is None
            or request.meta.get(meta_keys.MAY_FAIL)
            or getattr(errback, "__self__", None) is not self._crawler.spider
        ):
            return
        if errback.__name__ not in getattr(self._crawler.spider, "noting_errbacks", ()):
            request.errback = self._noting(errback)

    def _noting(self, errback: Callable[[Failure], Any]) -> Callable[[Failure], Any]:
        @wraps(errback)
        def note_first(failure: Failure) -> Any:
            PageFailures.of(self._crawler).note(failure)
            return errback(failure)

        return note_first
