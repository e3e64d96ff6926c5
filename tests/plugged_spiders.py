"""A spider with components of others, enabled as their manuals say: by settings that name them alone."""

from __future__ import annotations

import time
from typing import Any, ClassVar, Self

from itemadapter import ItemAdapter
from odd_spiders import Rows
from scrapy import signals
from scrapy.exceptions import DropItem
from scrapy.pipelines.files import FilesPipeline


class Passing:
    """A downloader middleware that leaves everything as it is."""

    def process_request(self, request: Any) -> None:
        request.headers["X-Passed"] = "1"


class Seeing:
    """An extension and a spider middleware that count the items they are shown."""

    def __init__(self, crawler: Any) -> None:
        self.stats = crawler.stats
        crawler.signals.connect(self.scraped, signal=signals.item_scraped)
        crawler.signals.connect(self.dropped, signal=signals.item_dropped)
        crawler.signals.connect(self.robots, signal=signals.robots_parsed)

    @classmethod
    def from_crawler(cls, crawler: Any) -> Self:
        return cls(crawler)

    def scraped(self, item: Any) -> None:
        self.stats.inc_value(f"seen/scraped/{ItemAdapter(item)['text']}")

    def dropped(self, item: Any, exception: Any) -> None:
        self.stats.inc_value(f"seen/dropped/{item['text']}/{type(exception).__name__}")

    def robots(self, robotparser: Any, request: Any) -> None:
        self.stats.inc_value(f"seen/robots/{robotparser.allowed(request.url, b'any')}")

    async def process_spider_output(self, response: Any, result: Any) -> Any:
        async for output in result:
            if "text" in getattr(output, "raw", ()):
                self.stats.inc_value("seen/by_middleware")
            yield output


class Pipeline:
    """A pipeline that changes one item, drops one, and returns nothing for another."""

    async def process_item(self, item: Any) -> Any:
        shown = ItemAdapter(item)
        if shown["text"] == "Thing 02":
            raise DropItem("of no use")
        if shown["text"] == "Thing 03":
            return None
        item["author"] = f"by {shown.get('author')}"
        return item


class Files(FilesPipeline):
    """Scrapy's pipeline for files, on a field of the record."""

    def get_media_requests(self, item: Any, info: Any) -> Any:
        info.spider.crawler.stats.inc_value("seen/by_media")
        return []


class Plugged(Rows):
    name = "plugged"
    custom_settings: ClassVar = {
        "DOWNLOADER_MIDDLEWARES": {"plugged_spiders.Passing": 543},
        "SPIDER_MIDDLEWARES": {"plugged_spiders.Seeing": 543},
        "EXTENSIONS": {"plugged_spiders.Seeing": 500},
        "ITEM_PIPELINES": {"plugged_spiders.Pipeline": 800, "plugged_spiders.Files": 1},
        "FILES_STORE": "/dev/null",
    }

    def closed(self, reason: str) -> None:
        seen = {name: count for name, count in self.crawler.stats.get_stats().items() if name.startswith("seen/")}
        print(sorted(seen.items()))


class Bare(Rows):
    """Switches some of Swathe's own components off."""

    name = "bare"
    custom_settings: ClassVar = {
        "DOWNLOADER_MIDDLEWARES": {"scraper.fetch.politeness.middleware.Politeness": None},
        "ITEM_PIPELINES": {"pipelines.store.StorePipeline": None},
        "DUPEFILTER_CLASS": "scrapy.dupefilters.BaseDupeFilter",
    }


class Unrecorded(Rows):
    name = "unrecorded"
    custom_settings: ClassVar = {"EXTENSIONS": {"scraper.runs.recorder.RunRecorder": None}}


class Unbuilt(Rows):
    """Names a component that cannot be built."""

    name = "unbuilt"
    custom_settings: ClassVar = {"DOWNLOADER_MIDDLEWARES": {"plugged_spiders.Broken": 1}}


class Broken:
    def __init__(self) -> None:
        raise ValueError("no key was given")


class Slow(Rows):
    """Gives two requests a slot of their own, with a delay."""

    name = "slow"
    custom_settings: ClassVar = {"DOWNLOAD_SLOTS": {"slow": {"delay": 1.5, "jitter": 0}}, "HTTPCACHE_ENABLED": True}

    def parse(self, response: Any, **_: Any) -> Any:
        for number in (1, 2):
            yield response.follow(
                f"/slow/{number}", self.parse_item, meta={"download_slot": "slow", "dont_cache": True}
            )

    def parse_item(self, response: Any) -> Any:
        print(time.monotonic(), self.crawler.stats.get_value("httpcache/hit", 0))
