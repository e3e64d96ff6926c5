"""The last step: hand the record over for storing and wait until MongoDB has it in its journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.exceptions import DropItem, NotConfigured

from scraper.errors import DatabaseError
from scraper.run_recorder import RunRecorder, stores_records
from scraper.storing.group_commit import GroupCommit
from scraper.storing.store import Store
from scraper.storing.upsert import Outcome

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

    from models.record import Found
    from scraper.config import Config


class StorePipeline:
    """Return an item only when the write that holds it is acknowledged: `item_scraped` means stored."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the pipeline for a crawl; raise NotConfigured where nothing is stored, as in `scrapy shell`."""
        if not stores_records(crawler):
            raise NotConfigured
        return cls(crawler)

    def open_spider(self) -> None:
        """Get ready to write for the crawl's run."""
        config: Config = self._crawler.settings["SWATHE"]
        recorder = self._crawler.get_extension(RunRecorder)
        if recorder is None:
            raise RuntimeError("scraper.run_recorder.RunRecorder is missing from EXTENSIONS: the store step needs it")
        self._recorder = recorder
        store = Store(recorder.connection, recorder.run_id, self._crawler.spidercls.name)
        self._commit = GroupCommit(store.write, config.store.batch_size, config.store.batch_wait_ms / 1000)

    async def close_spider(self) -> None:
        """Write what is waiting."""
        await self._commit.close()

    async def process_item(self, item: Found) -> Found:
        """Return the stored item; raise DropItem for a refused one and DatabaseError when MongoDB is lost."""
        try:
            outcome = await self._commit.put(item)
        except DatabaseError as error:
            self._recorder.database_lost(error)
            raise
        self._crawler.stats.inc_value(f"swathe/items_{outcome}")
        if outcome is Outcome.REFUSED:
            for name in item.faults:
                self._crawler.stats.inc_value(f"swathe/faults/{item.document.__name__}.{name}")
            raise DropItem("; ".join(f"{name}: {problem}" for name, problem in item.faults.items()))
        return item
