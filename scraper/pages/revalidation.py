"""Ask a site whether a page is still what it was, and go on from what was kept of it when it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from scrapy.exceptions import NotConfigured

from scraper.core import statistics
from scraper.crawl.request_json import request_from_json
from scraper.crawl.request_stats import Tallies
from scraper.fetch.http.responses import HtmlPage
from scraper.pages.visit import NOT_MODIFIED
from scraper.pages.visit_store import VisitMemory, is_askable
from scraper.spider import SiteSpider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

NOT_MODIFIED_STATUS = 304


class Revalidation:
    """Downloader middleware that sends ETag and Last-Modified again, and takes "not modified" for an answer."""

    def __init__(self, crawler: Crawler, memory: VisitMemory) -> None:
        self._crawler, self._memory = crawler, memory

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the middleware; raise NotConfigured where every page is read."""
        memory = crawler.get_extension(VisitMemory)
        if memory is None or memory.reads_all:
            raise NotConfigured
        return cls(crawler, memory)

    async def process_request(self, request: Request) -> None:
        """Add what the site can tell an unchanged page by."""
        if not is_askable(request):
            return
        visit = await self._memory.recall(request)
        for name, value in (visit.headers if visit else {}).items():
            request.headers.setdefault(name, value)

    def process_response(self, request: Request, response: Response) -> Response:
        """Return the page, or for one that is not modified an empty one whose callback goes on from what was kept."""
        if response.status != NOT_MODIFIED_STATUS or self._memory.of(request) is None:
            return response
        Tallies.of(self._crawler).count(request, statistics.PAGES_NOT_MODIFIED)
        request.callback = self._go_on
        return HtmlPage(response.url, flags=[*response.flags, NOT_MODIFIED], request=request, encoding="utf-8")

    def _go_on(self, response: Response, **_: Any) -> Iterator[Request]:
        """Yield the requests that the page led to when it was read; they still stand there."""
        spider, visit = self._crawler.spider, self._memory.of(response.request)
        assert isinstance(spider, SiteSpider)
        assert visit is not None
        assert response.request is not None
        onward = visit.led_to()
        if onward.event is not None:
            yield from spider.lists.read_again(response.request, onward.event)
        for text in onward.requests:
            request = request_from_json(text, spider)
            spider.lists.compare_listed(response.request, request)
            yield request
        yield from spider.shared_links.again(response, onward.shared, spider)
