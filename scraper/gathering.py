"""Take a page's records through the pipelines together: one item, one wait and one signal a page instead of twenty."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from scrapy import Request
from scrapy.extensions.feedexport import FeedExporter

from models.record import Found
from scraper.incremental.memory import VisitMemory, is_rememberable
from scraper.incremental.page_visit import NOT_MODIFIED, visit_of
from scraper.page_records import PageRecords
from scraper.spider import SiteSpider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.crawler import Crawler
    from scrapy.http import Response


class GatherRecords:
    """Spider middleware that lets a page's links go first, and its records after them, together.

    So the next page is fetched while this one's records are stored.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._memory = crawler.get_extension(VisitMemory)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the middleware for a crawl."""
        return cls(crawler)

    async def process_spider_output(
        self, response: Response | None, result: AsyncIterator[Any]
    ) -> AsyncIterator[Request | PageRecords | Any]:
        """Yield requests as they come, then the records; also those that were found before an error."""
        page = PageOutput(self._crawler, self._memory, response)
        try:
            async for output in result:
                if page.take(output):
                    yield output
        except Exception:
            for item in page.items():
                yield item
            raise
        page.is_whole = True
        for item in page.items():
            yield item


class PageOutput:
    """What a callback yields of one page."""

    def __init__(self, crawler: Crawler, memory: VisitMemory | None, response: Response | None) -> None:
        self._crawler, self._memory, self._response = crawler, memory, response
        self._found: list[Found] = []
        self._others: list[Any] = []
        self._requests: list[Request] = []
        self.is_whole = False
        """Whether the callback came to its end."""

    def take(self, output: Any) -> bool:
        """Take in what the spider yields; return whether it goes on at once."""
        if isinstance(output, Request):
            if self._memory is not None:
                self._requests.append(output)
            return True
        (self._found if isinstance(output, Found) else self._others).append(output)
        return False

    def items(self) -> list[Any]:
        """Return what goes to the pipelines: the page's records as one item, and what else there is."""
        page = self._remembered() or PageRecords(self._found[0].url if self._found else "", self._found)
        return [*([page] if page.size or page.visit else []), *self._others]

    def _remembered(self) -> PageRecords | None:
        """Return the page as it is known, or is to be known the next time; None where nothing is remembered."""
        response, memory, spider = self._response, self._memory, self._crawler.spider
        if memory is None or response is None or response.request is None or not isinstance(spider, SiteSpider):
            return None
        earlier = memory.of(response.request)
        if NOT_MODIFIED in response.flags:
            return PageRecords(response.url, [], earlier.records if earlier else {})
        if not self.is_whole or self._others or not is_rememberable(response):
            return None
        event = spider.lists.event_of(response.request)
        key = earlier.key if earlier else memory.key_of(response.request)
        visit = visit_of(response, key, [*self._found, *self._requests], event, spider)
        if visit is None:
            return None
        if earlier is not None and earlier.digest == visit.digest:
            self._crawler.stats.inc_value("swathe/pages_same")
            visit.records = earlier.records
            news = visit if visit.is_worth_keeping_over(earlier) else None
            return PageRecords(response.url, [], earlier.records, news)
        return PageRecords(response.url, self._found, visit=visit)


class RecordFeeds(FeedExporter):
    """Scrapy's feed exports (`-O books.jsonl`), written record by record."""

    def item_scraped(self, item: Any, spider: Any) -> None:
        """Write each record of a page."""
        for record in item.records if isinstance(item, PageRecords) else [item]:
            super().item_scraped(record, spider)
