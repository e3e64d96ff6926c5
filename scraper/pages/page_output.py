"""What a callback yields of one page, held against what is known of the page and of those it leads to."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from scrapy import Request

from models.record import Found
from scraper.core import statistics
from scraper.crawl.limits import limit_of
from scraper.crawl.page_item import PageRecords
from scraper.crawl.request_stats import Tallies
from scraper.pages.visit import NOT_MODIFIED, OnwardNotes, given_of, is_list_page
from scraper.pages.visit_store import is_rememberable
from scraper.spider import SiteSpider

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from scraper.pages.visit import PageVisit
    from scraper.pages.visit_store import VisitMemory
    from scraper.paging.facts import ListEvent


class PageOutput:
    """The output for one page, on its way to the pipelines and the scheduler."""

    def __init__(self, crawler: Crawler, memory: VisitMemory | None, response: Response | None) -> None:
        self._spider, self._tallies = crawler.spider, Tallies.of(crawler)
        self._response = response
        self._request = request = response.request if response is not None else None
        self._memory = memory if request is not None and isinstance(self._spider, SiteSpider) else None
        self._earlier = self._memory.of(request) if self._memory else None
        self._is_same = response is not None and NOT_MODIFIED in response.flags
        self._notes: OnwardNotes | None = None
        if self._memory is not None and response is not None and is_rememberable(response):
            assert response.request is not None
            assert isinstance(self._spider, SiteSpider)
            self._notes = OnwardNotes(self._spider, response.request)
        self._outputs: list[Found | Request] = []
        """Records, and requests where those are weighed: a page may have a hundred thousand links."""
        self._others: list[Any] = []
        self._held: list[Request] = []
        self._pages: list[Request] = []
        self._since_known = limit_of(self._spider, "since_known")
        self._item: PageRecords | None = None

    def take(self, output: Any) -> bool:
        """Take in what the spider yields; return whether it goes on at once."""
        if self._notes is not None and isinstance(output, Found | Request):
            self._notes.note(output)
        if isinstance(output, Request):
            if self._memory is None:
                return True
            if self._since_known:
                self._outputs.append(output)
            waits = self._since_known if is_list_page(output) else self._memory.follows_changed_only
            if waits:
                (self._pages if is_list_page(output) else self._held).append(output)
            return not waits
        (self._outputs if isinstance(output, Found) else self._others).append(output)
        return False

    def as_far_as_read(self) -> list[Any]:
        """Return what is left of a page on which the spider raised an error; nothing is remembered of it."""
        return [*self._held, *self._pages, *self._as_items(PageRecords(self._url, self._found, self._request))]

    async def rest(self) -> list[Any]:
        """Return what is left of a page that was read to its end: requests that waited, then its items."""
        memory, response, spider = self._memory, self._response, self._spider
        if memory is None or response is None or response.request is None:
            return self.as_far_as_read()
        assert isinstance(spider, SiteSpider)
        asked = self._outputs if self._since_known else self._held
        known = await memory.known([output for output in asked if isinstance(output, Request)])
        item = self._remembered(memory, response)
        followed = []
        for request in self._held:
            if request in known and self._stands_for_unchanged(request, known[request]):
                item.see(known[request])
                self._tallies.count(self._request, statistics.PAGES_PASSED_OVER)
            else:
                followed.append(request)
        item.event = spider.lists.event_of(response.request) if self._since_known else None
        if item.event is not None:
            item.known = self._known(item.event, known)
            self._item = item
        return [*followed, *self._as_items(item)]

    async def further_pages(self) -> list[Request]:
        """Return the requests for further pages of a list, once it is known whether the list is left."""
        if self._item is not None and self._item.event is not None and isinstance(self._spider, SiteSpider):
            await self._item.is_decided.wait()
            if self._spider.lists.chains[self._item.event.list].limited:
                return []
        return self._pages

    @property
    def _found(self) -> list[Found]:
        return [output for output in self._outputs if isinstance(output, Found)]

    @property
    def _url(self) -> str:
        return self._response.url if self._response is not None else ""

    def _as_items(self, page: PageRecords) -> list[Any]:
        return [*([page] if page.size or page.visit or page.event else []), *self._others]

    def _remembered(self, memory: VisitMemory, response: Response) -> PageRecords:
        """Return the page as it is known, or as it is to be known the next time."""
        assert response.request is not None
        earlier = self._earlier
        if self._is_same:
            return self._as_before(response)
        if self._others or self._notes is None:
            return PageRecords(response.url, self._found, self._request)
        key = earlier.key if earlier else memory.key_of(response.request)
        visit = self._notes.visit(response, key)
        if visit is not None and earlier is not None and earlier.digest == visit.digest:
            self._tallies.count(self._request, statistics.PAGES_SAME)
            self._is_same = True
            visit.records, visit.measured = earlier.records, earlier.measured
            return self._as_before(response, visit if visit.is_worth_keeping_over(earlier) else None)
        return PageRecords(response.url, self._found, self._request, visit=visit)

    def _as_before(self, response: Response, news: PageVisit | None = None) -> PageRecords:
        page = PageRecords(response.url, [], self._request, visit=news)
        if self._earlier is not None:
            page.see(self._earlier)
        return page

    def _stands_for_unchanged(self, request: Request, known: PageVisit) -> bool:
        """Return whether the entry that a request was made from is what it was, and its page led nowhere else."""
        assert isinstance(self._spider, SiteSpider)
        if known.onward or not known.records or self._earlier is None or known.given != given_of(request):
            return False
        if self._response is not None and NOT_MODIFIED in self._response.flags:
            return True
        text = self._spider.lists.entry_texts.get(request)
        return text is not None and self._entries_before.get(request.url) == text

    @cached_property
    def _entries_before(self) -> dict[str, int]:
        return self._earlier.led_to().entries if self._earlier else {}

    def _known(self, event: ListEvent, known: dict[Request, PageVisit]) -> list[bool | Found]:
        """Return for each record or link of the page whether it was there before; a record itself is asked later."""
        if self._is_same and event.facts is not None:
            return [True] * len(event.facts.entries)
        links = (output for output in self._outputs if isinstance(output, Request) and not is_list_page(output))
        return [*self._found] or [link in known for link in links]
