"""Spiders that were written for Scrapy and know nothing of Swathe: its tutorial's, and one of each further kind."""

from __future__ import annotations

import dataclasses
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

import pydantic
import scrapy
from bs4 import BeautifulSoup
from itemloaders.processors import MapCompose, TakeFirst
from scrapy.exceptions import DropItem
from scrapy.linkextractors import LinkExtractor
from scrapy.loader import ItemLoader
from scrapy.spiders import CrawlSpider, Rule, SitemapSpider, XMLFeedSpider


class Tutorial(scrapy.Spider):
    """Dicts, and a next link."""

    name = "tutorial"

    def __init__(self, tag: str = "", max_pages: str = "", *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tag, self.max_pages = tag, max_pages
        self.login = self.records = "its own"

    def parse(self, response: Any) -> Any:
        for entry in response.css("li.item a"):
            yield {"name": entry.css("::text").get(), "link": response.urljoin(entry.attrib["href"]), "tag": self.tag}
        yield from response.follow_all(css="a.next", callback=self.parse)


class Api(scrapy.Spider):
    """Pages of JSON, each of which names the next ones."""

    name = "api"

    def parse(self, response: Any) -> Any:
        answer = response.json()
        yield {"name": answer["name"], "kind": "thing"}
        yield from response.follow_all(answer["more"])


class Thing(scrapy.Item):
    name = scrapy.Field()
    number = scrapy.Field()
    url = scrapy.Field()


class Numbered:
    """A pipeline of Scrapy's manual: it changes an item, or drops it."""

    def process_item(self, item: Any, spider: Any = None) -> Any:
        item["number"] = int(item["name"][-2:])
        if item["number"] == 2:
            raise DropItem("no even prime")
        return item


class WithPipeline(scrapy.Spider):
    """An Item by way of a loader, with a pipeline of its own, on the things' own pages."""

    name = "with-pipeline"
    item_key = ("url",)
    at_least: ClassVar = {"with_pipeline": 4}
    custom_settings: ClassVar = {"ITEM_PIPELINES": {"plain_spiders.Numbered": 300}}

    def parse(self, response: Any) -> Any:
        for link in response.css("li.item a"):
            yield response.follow(link, lambda page: self.parse_thing(page))

    def parse_thing(self, response: Any) -> Any:
        loader = ItemLoader(Thing(), response=response)
        loader.default_output_processor = TakeFirst()
        loader.add_css("name", "h1::text", MapCompose(str.strip))
        loader.add_value("url", response.url)
        yield loader.load_item()


class Refusing:
    """A spider middleware that lets two pages not pass, and makes an item of one of them."""

    def process_spider_input(self, response: Any) -> None:
        if response.url[-2:] in ("02", "03"):
            raise ValueError(f"no {response.url[-2:]}")

    def process_spider_exception(self, response: Any, exception: Exception) -> Any:
        return [{"name": "instead of 02", "kind": "thing"}] if str(exception) == "no 02" else None


class Refused(Tutorial):
    """Things' own pages, by way of that middleware."""

    name = "refused"
    custom_settings: ClassVar = {"SPIDER_MIDDLEWARES": {"plain_spiders.Refusing": 543}}

    def parse(self, response: Any) -> Any:
        yield from response.follow_all(css="li.item a", callback=self.parse_thing)

    def parse_thing(self, response: Any) -> Any:
        yield {"name": response.css("h1::text").get(), "kind": "thing"}


@dataclasses.dataclass
class Offer:
    sku: int
    name: str
    price: Decimal
    day: date
    more: dict[str, Any]


class Rules(CrawlSpider):
    """Rules, and a dataclass."""

    name = "rules"
    records: ClassVar = {Offer: "offers"}
    item_key = ("sku",)
    rules = (
        Rule(LinkExtractor(restrict_css="a.next")),
        Rule(LinkExtractor(restrict_css="li.item"), callback="parse_thing"),
    )

    def parse_thing(self, response: Any) -> Any:
        name = response.css("h1::text").get()
        yield Offer(int(name[-2:]), name, Decimal("12.50"), date(2026, 5, 3), {"tags": {"b", "a"}, "page": None})


class Page(pydantic.BaseModel):
    name: str
    size: float


class Mapped(SitemapSpider):
    """A sitemap, and pydantic objects."""

    name = "mapped"

    def parse(self, response: Any) -> Any:
        yield Page(name=response.css("h1::text").get(), size=len(response.body))


class Fed(XMLFeedSpider):
    """A feed."""

    name = "fed"
    itertag = "item"

    def parse_node(self, response: Any, selector: Any) -> Any:
        yield (
            {"title": selector.xpath("title/text()").get(), "_id": 1}
            if "odd" in response.url
            else {"title": selector.xpath("title/text()").get()}
        )


class Soup(scrapy.Spider):
    """BeautifulSoup, async callbacks, a document by its fields, and an item before any page."""

    name = "soup"

    async def start(self) -> Any:
        yield {"text": "from start", "author": "nobody", "tags": []}
        async for request in super().start():
            yield request

    async def parse(self, response: Any) -> Any:
        for entry in BeautifulSoup(response.text, "lxml").select("li.item"):
            yield {"text": entry.get_text(), "author": "A", "tags": ["a"], "url": response.url}


class Homeless(scrapy.Spider):
    """Items before any page, of a spider that has no address of its own."""

    name = "homeless"

    async def start(self) -> Any:
        yield {"place": "nowhere"}
        yield {"place": "somewhere", "url": "http://127.0.0.1/x"}


class Odd(scrapy.Spider):
    """What MongoDB does not take, beside what it does."""

    name = "odd"

    def parse(self, response: Any) -> Any:
        good = {"bytes": b"\x00\xff", "set": {"b", "a"}, "id": 7, "save": "x", "run": "fast", "Größe in cm": 1.5}
        yield {**good, "name": "good"}
        for name, value in {"$x": 1, "a.b": 1, "_id": 1, "nan": float("nan"), "big": 2**64, "what": object()}.items():
            yield {"name": f"bad {name}", name: value}
        yield {"name": "wide", **{f"f{number}": number for number in range(1000)}}
        yield "no item"


class Media(scrapy.Spider):
    """Files beside an item, by Scrapy's own pipeline."""

    name = "media"
    item_key = ("name",)
    at_least: ClassVar = {"media": 1}
    custom_settings: ClassVar = {"ITEM_PIPELINES": {"scrapy.pipelines.files.FilesPipeline": 1}}

    def parse(self, response: Any) -> Any:
        yield {"name": "manual", "file_urls": [response.urljoin("manual.pdf")]}
