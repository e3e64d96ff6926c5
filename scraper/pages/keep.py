"""Keep pages while a crawl runs: all, or those of which a record was refused or that gave nothing."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakSet

from pymongo.errors import PyMongoError
from scrapy import Request, signals
from scrapy.exceptions import NotConfigured
from scrapy.utils.asyncio import run_in_thread

from scraper.core import meta as meta_keys
from scraper.core import statistics
from scraper.core.crawl_control import control_of, stores_records
from scraper.crawl.page_item import PageRecords, RecordsRefusedError
from scraper.errors import DatabaseError
from scraper.pages import archive
from scraper.pages.document import as_document
from scraper.pages.trim import trim
from scraper.pages.visit import NOT_MODIFIED
from scraper.storage.connection import connection_to
from scraper.storage.records.group_commit import GroupCommit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from scraper.core.config import Config

logger = logging.getLogger(__name__)

PAGES_IN_A_WRITE = 50


class KeepPages:
    """Spider middleware that keeps pages as `[pages]` says.

    A page's callback is done with only when the page is written, as with its records: so what waits is bounded.
    A page that cannot be kept costs no record and ends no crawl; the run counts it.
    """

    def __init__(self, crawler: Crawler) -> None:
        config: Config = crawler.settings["SWATHE"]
        self._crawler, self._config = crawler, config
        self._all = config.pages.keep == "all"
        self._given: WeakSet[Response] = WeakSet()
        """Pages that reached the spider and are not kept yet. What an errback gives comes by here, too."""
        self._same: list[str] = []
        """Fingerprints of pages that are not modified: the one that is kept is that of this run as well."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the middleware for a crawl; raise NotConfigured where no page is kept."""
        if crawler.settings["SWATHE"].pages.keep == "none" or not stores_records(crawler):
            raise NotConfigured
        middleware = cls(crawler)
        connect = crawler.signals.connect
        connect(middleware._opened, signal=signals.spider_opened)
        connect(middleware._stored, signal=signals.item_scraped)
        connect(middleware._stored, signal=signals.item_dropped)
        connect(middleware._closed, signal=signals.spider_closed)
        return middleware

    def process_spider_input(self, response: Response) -> None:
        """Note a page that the spider is given; one that answered with an error does not come this far."""
        if NOT_MODIFIED not in response.flags:
            self._given.add(response)
        elif self._all and response.request is not None:
            self._same.append(self._crawler.request_fingerprinter.fingerprint(response.request).hex())

    async def process_spider_output(self, response: Response | None, result: AsyncIterator[Any]) -> AsyncIterator[Any]:
        """Hand on what a page gives, and keep the page if that says why."""
        gave = False
        try:
            async for output in result:
                gave = gave or not (_is_for_the_same_list(output, response) or _is_empty(output))
                yield output
        except Exception:
            await self._keep(response, "error")
            raise
        if self._all:
            await self._keep(response, "all")
        elif not gave and response is not None and response.cb_kwargs.get("number", 1) == 1:
            # Behind the last page of a list there may well be one without anything.
            await self._keep(response, "nothing")

    def _opened(self) -> None:
        control = control_of(self._crawler)
        assert control is not None, "stores_records() says that this crawl has a run"
        self._run = control.run_id
        self._connection = connection_to(self._config.mongodb)
        self._commit = GroupCommit(self._write, PAGES_IN_A_WRITE, self._config.store.batch_wait_ms / 1000)
        self._indexed = False

    async def _stored(self, item: Any, response: Response | None, exception: Exception | None = None) -> None:
        partly = isinstance(item, PageRecords) and item.refused
        if partly or isinstance(exception, RecordsRefusedError):
            await self._keep(response, "refused")

    async def _keep(self, response: Response | None, why: str) -> None:
        if response is None or response not in self._given:
            return
        self._given.discard(response)
        spider, count = self._crawler.spider, self._crawler.stats.inc_value
        assert spider is not None and response.request is not None  # noqa: PT018 - both for the type checker
        fingerprint = self._crawler.request_fingerprinter.fingerprint(response.request)
        document = as_document(response, spider, fingerprint)
        document |= {"run": self._run, "when": datetime.now(UTC), "why": why}
        try:
            (kept,) = await self._commit.put([archive.Capture(document, response.body)])
        except (PyMongoError, DatabaseError) as error:
            count(statistics.PAGES_NOT_KEPT)
            logger.warning("The page %s could not be kept: %s", response.url, type(error).__name__)
        else:
            count(statistics.PAGES_KEPT if kept else statistics.PAGES_TOO_LARGE)

    def _write(self, captures: list[archive.Capture]) -> list[bool]:
        database = self._connection.open()
        if not self._indexed:
            archive.ensure_page_indexes(database)
            self._indexed = True
        return archive.write(database, captures)

    async def _closed(self, reason: str) -> None:
        await self._commit.close()
        if reason.startswith("database_"):
            return
        limits = self._config.pages
        try:
            database = self._connection.open()
            spider, run = self._crawler.spidercls.name, self._run
            await run_in_thread(archive.see_again, database, spider, self._same, run)
            await run_in_thread(partial(trim, database, limits.max_mb * 2**20, timedelta(days=limits.max_days)))
        except (PyMongoError, DatabaseError) as error:
            logger.warning("Old pages could not be removed: %s", type(error).__name__)


def _is_empty(output: Any) -> bool:
    return isinstance(output, PageRecords) and not output.size


def _is_for_the_same_list(output: Any, response: Response | None) -> bool:
    """Return whether a page leads to another of its own list, which a page that shows nothing may do as well."""
    own = response.cb_kwargs.get("name") if response is not None else None
    return (
        isinstance(output, Request)
        and own == output.cb_kwargs.get("name", "")
        and meta_keys.RENDER_CAUSE not in output.meta
    )
