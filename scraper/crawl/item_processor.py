"""What an item goes through: other people's pipelines one item at a time, and then ours, which store it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from pydispatch import dispatcher
from scrapy import signals
from scrapy.pipelines import ItemPipelineManager
from scrapy.utils.defer import ensure_awaitable
from scrapy.utils.misc import load_object

from models.record import Found
from scraper.core.crawl_control import stores_records
from scraper.crawl.page_item import PageRecords

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy.crawler import Crawler
    from scrapy.http import Response

MOST_ORIGINS = 10_000
"""Items under way whose page is remembered; a middleware that drops items leaves its page here."""

OF_ITEMS = (signals.item_scraped, signals.item_dropped, signals.item_error)


class ItemProcessor(ItemPipelineManager):
    """Scrapy's item processor (`ITEM_PROCESSOR`), which our own pipelines always end, in whatever way others are named.

    The records of a page go through ours together. An item by itself goes through the pipelines of others first, as in
    Scrapy, becomes a record, and is handed on as they left it once it is stored.
    """

    def __init__(self, *pipelines: Any, crawler: Crawler) -> None:
        self._ours: list[Any] = []
        self._own_classes = tuple(load_object(path) for path in crawler.settings["ITEM_PIPELINES_BASE"])
        self._origins: dict[int, tuple[Any, Response]] = {}
        super().__init__(*pipelines, crawler=crawler)
        self._stores = stores_records(crawler)

    @classmethod
    def of(cls, crawler: Crawler) -> Self | None:
        """Return that of a crawl whose engine is there; None where the setting names another one."""
        processor = crawler.engine.scraper.itemproc
        return processor if isinstance(processor, cls) else None

    def _add_middleware(self, mw: Any) -> None:
        super()._add_middleware(mw)
        if isinstance(mw, self._own_classes):
            self._ours.append(self.methods["process_item"].pop())

    @property
    def others(self) -> list[str]:
        """The names of the pipelines that are not ours."""
        return [str(getattr(method, "__qualname__", method)).split(".")[0] for method in self.methods["process_item"]]

    def remember(self, item: Any, response: Response) -> None:
        """Note which page an item was found on; Scrapy tells pipelines nothing about it."""
        self._origins[id(item)] = item, response
        if len(self._origins) > MOST_ORIGINS:
            del self._origins[next(iter(self._origins))]

    async def process_item_async(self, item: Any) -> Any:
        """Return an item once it is stored; raise DropItem, or TypeError for what is no item."""
        if isinstance(item, PageRecords):
            return await self._store(item)
        _, response = self._origins.pop(id(item), (None, None))
        item = await super().process_item_async(item)
        if item is None and self._stores:
            names = ", ".join(self.others)
            raise TypeError(f"an item pipeline ({names}) returned None, expected the item, or that it raises DropItem")
        spider: Any = self._spider
        if self._stores or isinstance(item, Found):
            found = item if isinstance(item, Found) else spider.record_of(item, response)
            await self._store(PageRecords(found.url, [found], request=getattr(response, "request", None)))
        return item

    async def _store(self, page: PageRecords) -> PageRecords:
        for step in self._ours:
            page = await ensure_awaitable(step(page))
        return page


def is_heard(crawler: Crawler) -> bool:
    """Return whether anybody but us looks at items: a pipeline, a middleware, a listener, or the spider."""
    if getattr(crawler.spidercls, "takes_any_page", False):
        return True
    processor = ItemProcessor.of(crawler)
    if processor is None or processor.others or crawler.settings.getint("CLOSESPIDER_ITEMCOUNT"):
        return True
    middlewares: Sequence[Any] = crawler.engine.scraper.spidermw.middlewares
    takers = [type(one).__module__ for one in middlewares if hasattr(one, "process_spider_output")]
    for signal in OF_ITEMS:
        receivers = dispatcher.liveReceivers(dispatcher.getReceivers(crawler, signal))
        takers += [getattr(receiver, "__module__", "") for receiver in receivers]
    return any(module.partition(".")[0] not in ("scrapy", "scraper") for module in takers)
