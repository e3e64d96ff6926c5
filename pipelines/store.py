"""The last step: hand a page's records over for storing and wait until MongoDB has them in its journal."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING

from scrapy.exceptions import DropItem, NotConfigured

from scraper.errors import DatabaseError
from scraper.run_recorder import RunRecorder, stores_records
from scraper.storing.group_commit import GroupCommit
from scraper.storing.plan import Outcome
from scraper.storing.store import Store
from scraper.tally import Tallies

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

    from models.record import Found
    from scraper.config import Config
    from scraper.gathering import PageRecords

logger = logging.getLogger(__name__)


class StorePipeline:
    """Return a page only when the write that holds its records is acknowledged: `item_scraped` means stored."""

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

    async def process_item(self, item: PageRecords) -> PageRecords:
        """Return the page with its stored records; raise DropItem for one without, DatabaseError without MongoDB."""
        try:
            outcomes = await self._commit.put(item.records)
        except DatabaseError as error:
            self._recorder.database_lost(error)
            raise
        for outcome, count in Counter(outcomes).items():
            Tallies.of(self._crawler).count(item.request, f"swathe/items_{outcome}", count)
        refused = [found for found, outcome in zip(item.records, outcomes, strict=True) if outcome is Outcome.REFUSED]
        if refused:
            self._report(refused)
            item.records = [found for found in item.records if not found.faults]
        self._count_records(len(item.records), len(refused))
        if not item.records:
            raise DropItem(f"all {len(refused)} records of {item.url} were refused")
        return item

    def _report(self, refused: list[Found]) -> None:
        for found in refused:
            faults = "; ".join(f"{name}: {problem}" for name, problem in found.faults.items())
            logger.warning("Refused %r: %r", found, faults)
            for name in found.faults:
                self._crawler.stats.inc_value(f"swathe/faults/{found.document.__name__}.{name}")

    def _count_records(self, stored: int, refused: int) -> None:
        """Make Scrapy's own counts, which are about to count one page, those of records."""
        self._crawler.stats.inc_value("item_scraped_count", stored - bool(stored))
        self._crawler.stats.inc_value("item_dropped_count", refused - (not stored))
