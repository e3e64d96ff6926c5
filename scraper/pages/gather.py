"""Take a page's records through the pipelines together: one item, one wait and one signal a page instead of twenty."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Self

from scrapy import Request, signals
from scrapy.extensions.feedexport import FeedExporter

from scraper.core.crawl_control import control_of
from scraper.crawl.attempt import Awaited
from scraper.crawl.item_processor import ItemProcessor, is_heard
from scraper.crawl.limits import limit_of
from scraper.crawl.page_item import PageRecords
from scraper.crawl.request_stats import Tallies
from scraper.fetch.politeness.errors import CrawlEndingError
from scraper.frontier.engine_slot import EngineSlot
from scraper.pages.page_output import PageOutput
from scraper.pages.visit_store import VisitMemory
from scraper.select import let_go

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from scrapy.crawler import Crawler
    from scrapy.http import Response

PAUSE_AFTER = 500
"""Links and records of a page after which other things go on."""


class GatherRecords:
    """Spider middleware that lets a page's links go first, and its records after them, together.

    So the next page is fetched while this one's records are stored. Where others look at items, they are handed on one
    by one, as in Scrapy; nothing is then remembered of pages, because no page's records are known to be all stored.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._memory = crawler.get_extension(VisitMemory)
        self._apart = False
        self._processor: ItemProcessor | None = None
        crawler.signals.connect(self._opened, signal=signals.spider_opened)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the middleware for a crawl."""
        return cls(crawler)

    async def process_spider_output(
        self, response: Response | None, result: AsyncIterator[Any]
    ) -> AsyncIterator[Request | PageRecords | Any]:
        """Yield requests as they come, then the records; also those that were found before an error."""
        page = PageOutput(self._crawler, None if self._apart else self._memory, response)
        number = 0
        try:
            async for output in result:
                number += 1
                if isinstance(output, Awaited):
                    await output.wait()
                    continue
                if output is None or number % PAUSE_AFTER == 0:
                    await self._pause(response)
                if output is not None and page.take(output):
                    yield output
        except CrawlEndingError:
            return
        except Exception:
            for output in self._one_by_one(page.as_far_as_read(), response):
                yield output
            raise
        finally:
            let_go(response)
        for output in self._one_by_one(await page.rest(), response):
            yield output
        for request in await page.further_pages():
            yield request

    def _opened(self, spider: Any) -> None:
        self._apart, self._processor = is_heard(self._crawler), ItemProcessor.of(self._crawler)
        control = control_of(self._crawler)
        if self._apart and control is not None and limit_of(spider, "since_known"):
            control.end_early(
                "--since-known weighs the records of a page together, and a pipeline, middleware or listener that is "
                "not Swathe's takes them one by one: leave one of the two out"
            )

    def _one_by_one(self, outputs: list[Any], response: Response | None) -> Iterator[Any]:
        """Yield outputs; the items by themselves where others look at them, and known by their page."""
        for output in outputs:
            for item in output.records if self._apart and isinstance(output, PageRecords) else [output]:
                is_item = not isinstance(item, Request | PageRecords)
                if is_item and self._processor is not None and response is not None:
                    self._processor.remember(item, response)
                yield item

    async def _pause(self, response: Response | None) -> None:
        """Let other things go on; raise CrawlEndingError, and leave the page to be read anew, when the crawl ends."""
        await asyncio.sleep(0)
        if EngineSlot(self._crawler).is_closing:
            if response is not None:
                Tallies.of(self._crawler).tally(response.request).unfinished = True
            raise CrawlEndingError


class RecordFeeds(FeedExporter):
    """Scrapy's feed exports (`-O books.jsonl`), written record by record."""

    def item_scraped(self, item: Any, spider: Any) -> None:
        """Write each record of a page."""
        for record in item.records if isinstance(item, PageRecords) else [item]:
            super().item_scraped(record, spider)
