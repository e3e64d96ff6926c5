"""Scrapy's log lines for items, without the items: a refused one is in `rejected`, and page content may be hostile."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from scrapy.logformatter import LogFormatter

from scraper.core.crawl_control import has_runs

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.logformatter import LogFormatterResult
    from twisted.python.failure import Failure


class ShortLogFormatter(LogFormatter):
    """Log what became of an item in one line."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> LogFormatter:  # type: ignore[override]
        """Return the formatter of a crawl; that of Scrapy for a spider that is none of ours, as with `runspider`."""
        return cls() if has_runs(crawler) else LogFormatter()

    def dropped(
        self, item: Any, exception: BaseException, response: Response | Failure | None, spider: Any
    ) -> LogFormatterResult:
        """Say that an item was refused and why."""
        return {
            "level": logging.WARNING,
            "msg": "Refused %(item)r: %(why)r",
            "args": {"item": item, "why": str(exception)},
        }

    def scraped(  # type: ignore[override]
        self, item: Any, response: Response | Failure | None, spider: Any
    ) -> None:
        """Say nothing: the run counts stored records, and a line an item costs more than its cleaning.

        Scrapy takes None for "no line", though its types do not say so.
        """
        return
