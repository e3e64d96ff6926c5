"""The last step: hand a page's records over for storing and wait until MongoDB has them in its journal."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING

from scrapy.exceptions import NotConfigured

from models.record import schema_of
from scraper.core import statistics
from scraper.core.crawl_control import stores_records
from scraper.crawl.page_item import RecordsRefusedError
from scraper.crawl.request_stats import ONE_KEY, Tallies
from scraper.errors import DatabaseError
from scraper.pages.visit import PageVisit
from scraper.pages.visit_store import VisitMemory
from scraper.runs.recorder import RunRecorder
from scraper.spider import SiteSpider
from scraper.storage.records.group_commit import GroupCommit
from scraper.storage.records.plan import Outcome
from scraper.storage.records.store import Store

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler

    from models.record import Found
    from scraper.core.config import Config
    from scraper.crawl.page_item import PageRecords

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
            raise RuntimeError("scraper.runs.recorder.RunRecorder is missing from EXTENSIONS: the store step needs it")
        self._recorder = recorder
        store = Store(recorder.connection, recorder.run_id, self._crawler.spidercls.name, config.listeners)
        wait_s = config.store.batch_wait_ms / 1000
        self._commit = GroupCommit(store.write, config.store.batch_size, wait_s)
        self._seen = GroupCommit(store.see, config.store.batch_size, wait_s)
        self._memory = self._crawler.get_extension(VisitMemory)
        self._tallies = Tallies.of(self._crawler)

    async def close_spider(self) -> None:
        """Write what is waiting."""
        await self._commit.close()
        await self._seen.close()

    async def process_item(self, item: PageRecords) -> PageRecords:
        """Return the page with its stored records; raise RecordsRefusedError for one without any, or DatabaseError."""
        try:
            return await self._store(item)
        except DatabaseError as error:
            self._recorder.database_lost(error)
            raise
        finally:
            item.is_decided.set()

    async def _store(self, item: PageRecords) -> PageRecords:
        outcomes = await self._commit.put(item.records) if item.records else []
        missing = (await self._seen.put([item.unchanged]))[0] if item.unchanged else 0
        measured = self._recorder.measures.add(item.records, outcomes)
        self._recorder.measures.see_again(item.unchanged, item.measured)
        if item.visit is not None and item.records:
            item.visit.measured = measured
        for outcome, count in Counter(outcomes).items():
            self._tallies.count(item.request, statistics.items(outcome), count)
        item.refused = [
            found for found, outcome in zip(item.records, outcomes, strict=True) if outcome is Outcome.REFUSED
        ]
        if item.refused:
            self._report(item.refused)
            item.records = [found for found in item.records if not found.faults]
        if clash := item.clash:
            self._tallies.note(item.request, ONE_KEY, f"{item.url} shows {clash}")
        if item.event is not None:
            self._note_known(item, outcomes)
        self._count(item, refused=len(item.refused), missing=missing)
        if self._memory is not None and not item.refused and not clash:
            await self._remember(item, missing)
        if item.refused and not item.records:
            raise RecordsRefusedError(f"all {len(item.refused)} records of {item.url or 'no page'} were refused")
        return item

    def _note_known(self, item: PageRecords, outcomes: list[Outcome]) -> None:
        """Tell the list which of the page's entries were there before."""
        spider = self._crawler.spider
        assert isinstance(spider, SiteSpider)
        assert item.event is not None
        assert spider.since_known is not None
        new = {id(found) for found, out in zip(item.records, outcomes, strict=True) if out is Outcome.NEW}
        known = [entry if isinstance(entry, bool) else id(entry) not in new for entry in item.known]
        spider.lists.chains[item.event.list].note_known(item.event.number, known, spider.since_known)

    async def _remember(self, item: PageRecords, missing: int) -> None:
        """Keep what came of the page, for the next crawl."""
        assert self._memory is not None
        if missing:
            await self._memory.forget_pages_of(item.unchanged)
        elif isinstance(item.visit, PageVisit):
            for found in item.records:
                name = schema_of(found.document).collection
                item.visit.records.setdefault(name, []).append(found.stored_as)
            await self._memory.keep(item.visit)

    def _report(self, refused: list[Found]) -> None:
        for found in refused:
            faults = "; ".join(f"{name}: {problem}" for name, problem in found.faults.items())
            logger.warning("Refused %r: %r", found, faults)
            for name in found.faults:
                self._crawler.stats.inc_value(statistics.fault(found.document.__name__, name))

    def _count(self, item: PageRecords, *, refused: int, missing: int) -> None:
        """Count records seen again, and make Scrapy's counts, which are about to count one page, those of records."""
        if again := item.size - len(item.records) - missing:
            self._tallies.count(item.request, statistics.ITEMS_UNCHANGED, again)
        if missing:
            self._tallies.count(item.request, statistics.ITEMS_MISSING, missing)
        is_dropped = bool(refused) and not item.records
        self._crawler.stats.inc_value("item_scraped_count", 0 if is_dropped else item.size - missing - 1)
        self._crawler.stats.inc_value("item_dropped_count", refused - is_dropped)
