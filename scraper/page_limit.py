"""Read at most `max_pages` pages. Scrapy's CLOSESPIDER_PAGECOUNT overshoots by whatever is in flight; this does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from scrapy.exceptions import IgnoreRequest

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler

REACHED = "swathe/page_limit_reached"
"""Statistic: how many pages were left unread because of the limit."""


AGAIN = ("retry_times", "throttled_times", "redirect_times", "logins")
"""What marks a request for a page that was counted already."""


class PageLimitReachedError(IgnoreRequest):
    """Report a page that is left unread because the limit was reached."""


class PageLimit:
    """Downloader middleware that lets the spider's first `max_pages` pages through."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._asked_for = 0

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the middleware for a crawl."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Count a page when it is first asked for; raise PageLimitReachedError beyond the limit."""
        limit = getattr(self._crawler.spider, "max_pages", None)
        again = any(map(request.meta.get, AGAIN))
        if limit is None or again or request.meta.get("dont_obey_robotstxt"):
            return
        if self._asked_for >= limit:
            self._crawler.stats.inc_value(REACHED)
            raise PageLimitReachedError(f"the limit of {limit} pages was reached")
        self._asked_for += 1
