"""Scrapy's side of publishing: a crawl publishes what it stores while it goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from scrapy import signals
from scrapy.exceptions import NotConfigured
from scrapy.utils.asyncio import run_in_thread

from scraper.core.crawl_control import stores_records
from scraper.events.publisher import Publishing

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


class PublishEvents:
    """Scrapy extension that publishes beside a crawl; the settings name it only where somebody listens."""

    def __init__(self, crawler: Crawler) -> None:
        self._publishing = Publishing(crawler.settings["SWATHE"])

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension for a crawl; raise NotConfigured where nothing is stored, as in `scrapy shell`."""
        if not stores_records(crawler):
            raise NotConfigured
        extension = cls(crawler)
        crawler.signals.connect(extension._opened, signal=signals.spider_opened)
        crawler.signals.connect(extension._closed, signal=signals.spider_closed)
        return extension

    async def _opened(self) -> None:
        await run_in_thread(self._publishing.start)

    async def _closed(self) -> None:
        await run_in_thread(self._publishing.stop)
