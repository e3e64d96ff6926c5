"""A spider whose requests come about in every way that Scrapy knows, and what makes them: an extension, middlewares."""

from __future__ import annotations

from functools import wraps
from typing import Any, ClassVar, Self
from urllib.parse import urlsplit

from scrapy import Request, signals
from scrapy.exceptions import DontCloseSpider, IgnoreRequest

from models.quotes import Quote
from scraper.select import each, first
from scraper.spider import SiteSpider

SETTINGS: dict[str, dict[str, Any]] = {
    "idle": {"EXTENSIONS": {"unseen_spiders.WhenIdle": 500}},
    "returned": {"DOWNLOADER_MIDDLEWARES": {"unseen_spiders.AnotherForIt": 5}},
    "answered": {"DOWNLOADER_MIDDLEWARES": {"unseen_spiders.AnotherAfterIt": 900}},
    "outermost": {"SPIDER_MIDDLEWARES": {"unseen_spiders.AddsOne": -1000}},
    "outer": {"SPIDER_MIDDLEWARES": {"unseen_spiders.AddsOne": 5}},
    "inner": {"SPIDER_MIDDLEWARES": {"unseen_spiders.AddsOne": 2000}},
    "started": {"SPIDER_MIDDLEWARES": {"unseen_spiders.StartsWithOne": 5}},
    "refused": {"DOWNLOADER_MIDDLEWARES": {"unseen_spiders.Refuses": -1000}},
    "decorated": {},
}
"""What a crawl is set up with, by the way in which the request comes about that fails."""


def loudly(method: Any) -> Any:
    @wraps(method)
    def called(self: Any, failure: Any) -> Any:
        return method(self, failure)

    return called


class Unseen(SiteSpider):
    """Reads one page; something else asks for another one, which fails."""

    name = "unseen"
    start_url = "http://127.0.0.1:9/"
    records = (Quote,)
    at_least: ClassVar = {Quote: 1}

    @property
    def fails(self) -> str:
        return f"{self.start_at}fails/"

    @classmethod
    def update_settings(cls, settings: Any) -> None:
        super().update_settings(settings)
        for name, more in SETTINGS.get(settings.get("WAY", ""), {}).items():
            settings.set(name, {**settings.getdict(name), **more}, priority="spider")

    def parse(self, response: Any, **_: Any) -> Any:
        for item in each(response, "div.quote"):
            yield Quote.found(response, text=first(item, "span.text::text"), author="A", tags=[])
        if self.crawler.settings.get("WAY") in ("decorated", "refused"):
            yield response.follow("fails/", errback=self.missed)

    @loudly
    def missed(self, failure: Any) -> Any:
        if self.crawler.settings.get("WAY") == "refused":
            yield Request(f"{failure.request.url}too/")  # an answer that never came passes by every spider middleware
        else:
            yield Quote.found(failure.request, text=urlsplit(failure.request.url).path, author="missed", tags=[])


class OfCrawl:
    def __init__(self, crawler: Any) -> None:
        self.crawler, self.done = crawler, False

    @classmethod
    def from_crawler(cls, crawler: Any) -> Self:
        return cls(crawler)

    def once(self) -> bool:
        before, self.done = self.done, True
        return not before

    @property
    def failing(self) -> Request:
        return Request(self.crawler.spider.fails)


class WhenIdle(OfCrawl):
    def __init__(self, crawler: Any) -> None:
        super().__init__(crawler)
        crawler.signals.connect(self.idle, signal=signals.spider_idle)

    def idle(self) -> None:
        if self.once():
            self.crawler.engine.crawl(self.failing)
            raise DontCloseSpider


class AnotherForIt(OfCrawl):
    def process_request(self, request: Request) -> Request | None:
        if "quotes" in request.url and "fails" not in request.url and self.once():
            self.crawler.engine.crawl(request.replace(dont_filter=True))
            return self.failing
        return None


class AnotherAfterIt(OfCrawl):
    def process_response(self, request: Request, response: Any) -> Any:
        if "fails" not in request.url and response.status == 200 and "quotes" in request.url and self.once():
            self.crawler.engine.crawl(request.replace(dont_filter=True))
            return self.failing
        return response


class AddsOne(OfCrawl):
    async def process_spider_output(self, response: Any, result: Any) -> Any:
        async for output in result:
            yield output
        if self.once():
            yield self.failing


class StartsWithOne(OfCrawl):
    async def process_start(self, start: Any) -> Any:
        async for output in start:
            yield output
        yield self.failing


class Refuses:
    def process_request(self, request: Request) -> None:
        if request.url.endswith("/fails/"):
            raise IgnoreRequest("is of no interest to this middleware")
