"""Read at most `max_pages` pages, and at most `max_depth` links from the start.

Scrapy's CLOSESPIDER_PAGECOUNT overshoots by whatever is in flight; this does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import psutil
from scrapy.exceptions import IgnoreRequest
from scrapy.extensions.memusage import MemoryUsage
from scrapy.spidermiddlewares.depth import DepthMiddleware

from scraper.core import meta as meta_keys
from scraper.core import statistics
from scraper.core.text import counted
from scraper.crawl.request_stats import Tallies

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response


def limit_of(spider: Any, name: str) -> int | None:
    """Return a limit of a crawl by the argument's name; None without one, as for spiders that have no runs."""
    ask = getattr(spider, "crawl_limit", None)
    return ask(name) if ask is not None else None


class PageLimitReachedError(IgnoreRequest):
    """Report a page that is left unread because the limit was reached."""


class PageLimit:
    """Downloader middleware that lets the spider's first `max_pages` pages through."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler, self._tallies = crawler, Tallies.of(crawler)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the middleware for a crawl."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Count a page when it is first asked for; raise PageLimitReachedError beyond the limit."""
        limit = limit_of(self._crawler.spider, "max_pages")
        if limit is None or request.meta.get(meta_keys.COUNTED) or request.meta.get(meta_keys.DONT_OBEY_ROBOTSTXT):
            return
        if self._tallies.total(statistics.PAGES_ASKED_FOR) >= limit:
            self._tallies.count(request, statistics.PAGE_LIMIT_REACHED)
            raise PageLimitReachedError(f"the limit of {counted(limit, 'page')} was reached")
        self._tallies.count(request, statistics.PAGES_ASKED_FOR)
        request.meta[meta_keys.COUNTED] = True


class MemoryLimit(MemoryUsage):
    """Scrapy's limit of memory, held against what the process has now.

    Scrapy's own takes the most that it ever had, which on Linux begins with what its parent had: a crawl that a large
    program starts would end at once.
    """

    def get_virtual_size(self) -> int:
        """Return the process's resident memory, in bytes."""
        return int(psutil.Process().memory_info().rss)


class DepthLimit(DepthMiddleware):
    """Scrapy's limit of depth, except that what it left out is also known after a crash."""

    def get_processed_request(self, request: Request, response: Response | None) -> Request | None:
        """Return the request with its depth, or None for one that is too deep."""
        processed: Request | None = super().get_processed_request(request, response)
        if processed is not None and response is not None and not _is_same(processed, response.request):
            # A spider may well hand on the meta of its page; the next page is one of its own.
            for mark in (meta_keys.COUNTED, meta_keys.READ):
                processed.meta.pop(mark, None)
        if processed is None and response is not None:
            Tallies.of(self.crawler).tally(response.request).counts[statistics.LINKS_TOO_DEEP] += 1
        return processed


def _is_same(request: Request, other: Request | None) -> bool:
    """Return whether two requests ask for the same page, be it in another way."""
    return other is not None and (request.method, request.url, request.body) == (other.method, other.url, other.body)
