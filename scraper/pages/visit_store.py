"""The memory of a spider's pages in MongoDB, read and written in batches off the event loop."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakKeyDictionary

from pymongo import ReplaceOne
from pymongo.errors import PyMongoError
from scrapy import signals
from scrapy.exceptions import NotConfigured
from scrapy.utils.asyncio import run_in_thread

from models.visits import Visit
from scraper.core import meta as meta_keys
from scraper.core.code_version import code_version
from scraper.core.crawl_control import stores_records
from scraper.errors import DatabaseError
from scraper.pages.visit import PageVisit, given_of
from scraper.storage.connection import connection_to
from scraper.storage.indexes import ensure_indexes
from scraper.storage.records.gone import forget_pages_of
from scraper.storage.records.group_commit import GroupCommit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pymongo.collection import Collection
    from scrapy import Request, Spider
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from scraper.core.config import Config
    from scraper.storage.records.store import RecordIds

logger = logging.getLogger(__name__)

LOOKUPS, LOOKUP_WAIT_S = 100, 0.002
"""Pages looked up in one go, and the seconds that one waits for others."""

OK = 200


NOT_THERE = (
    "records of pages that have not changed are not in the database any more: crawl again, their pages will be read"
)

NEVER_ASKED = (
    meta_keys.BROWSER,
    meta_keys.NO_BROWSER,
    meta_keys.DONT_OBEY_ROBOTSTXT,
    "login",
    meta_keys.BINARY_ALLOWED,
)
"""Marks of requests whose answer depends on more than the address, or is no page."""

KEPT_AT_ONCE = 200
"""Pages written in one go. Those that a crash loses are read once more, that is all."""


class VisitMemory:
    """Scrapy extension that knows what came of each page the last time."""

    def __init__(self, crawler: Crawler) -> None:
        config: Config = crawler.settings["SWATHE"]
        self._crawler = crawler
        self.follows_changed_only = config.crawl.follow == "changed"
        self.reads_all = bool(crawler.settings.getdict("FEEDS"))
        """Whether every page is read: a file of records would lack those of a page that is not."""
        self._rereads_after = timedelta(days=config.crawl.reread_days)
        self._code = ""
        self._of: WeakKeyDictionary[Request, PageVisit] = WeakKeyDictionary()
        self._new: list[PageVisit] = []
        self._lookups: GroupCommit[bytes, PageVisit | None] = GroupCommit(self._find, LOOKUPS, LOOKUP_WAIT_S)
        self._is_empty = self._is_indexed = False

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension; raise NotConfigured where nothing is stored, and where it is not wanted."""
        config: Config = crawler.settings["SWATHE"]
        if not stores_records(crawler) or not config.crawl.revalidate:
            raise NotConfigured
        memory = cls(crawler)
        crawler.signals.connect(memory._opened, signal=signals.spider_opened)
        crawler.signals.connect(memory._closed, signal=signals.spider_closed)
        return memory

    def key_of(self, request: Request) -> bytes:
        """Return what tells a page, read in one way, from all others: 16 bytes."""
        callback = getattr(request.callback, "__name__", "")
        spider = self._crawler.spidercls.name
        fingerprint = self._crawler.request_fingerprinter.fingerprint(request)
        return blake2b(f"{spider}\0{callback}\0".encode() + fingerprint, digest_size=16).digest()

    async def recall(self, request: Request) -> PageVisit | None:
        """Return what came of a request's page the last time, and know it from now on as `of(request)`.

        None as well where the request came with other values then: the page is read with those of now.
        """
        if self._is_empty:
            return None
        visit = (await self._lookups.put([self.key_of(request)]))[0]
        if visit is None or visit.given != given_of(request):
            return None
        self._of[request] = visit
        return visit

    async def known(self, requests: Sequence[Request]) -> dict[Request, PageVisit]:
        """Return what came the last time of those requests' pages that are known."""
        if self._is_empty or not requests:
            return {}
        visits = await self._lookups.put([self.key_of(request) for request in requests])
        return {request: visit for request, visit in zip(requests, visits, strict=True) if visit is not None}

    def of(self, request: Request | None) -> PageVisit | None:
        """Return what was recalled for a request."""
        return self._of.get(request) if request is not None else None

    async def keep(self, visit: PageVisit) -> None:
        """Remember a page, whose records are stored."""
        self._new.append(visit)
        if len(self._new) >= KEPT_AT_ONCE:
            await self._write()

    async def forget_pages_of(self, records: RecordIds) -> None:
        """Forget every page that showed one of these records, so that it is read again."""
        for collection, ids in records.items():
            await run_in_thread(forget_pages_of, self._collection(), self._crawler.spidercls.name, collection, ids)

    def _opened(self, spider: Spider) -> None:
        self._code = code_version(type(spider))

    def _find(self, keys: list[bytes]) -> list[PageVisit | None]:
        oldest = datetime.now(UTC) - self._rereads_after
        query = {"_id": {"$in": keys}, "code": self._code, "read_at": {"$gt": oldest}}
        try:
            found = {bytes(row["_id"]): PageVisit.from_row(row) for row in self._collection().find(query)}
            if not found:
                self._is_empty = self._collection().find_one({"spider": self._crawler.spidercls.name}) is None
        except (PyMongoError, DatabaseError) as error:
            # Without a memory the page is read. Whether MongoDB is lost the next write of records decides.
            logger.warning("What is known of %s pages could not be read: %s", len(keys), type(error).__name__)
            return [None] * len(keys)
        return [found.get(key) for key in keys]

    async def _closed(self) -> None:
        await self._lookups.close()
        await self._write()

    async def _write(self) -> None:
        visits, self._new = self._new, []
        if not visits:
            return
        try:
            await run_in_thread(self._replace, visits)
        except (PyMongoError, DatabaseError) as error:
            logger.warning("%s pages could not be remembered, they will be read again: %s", len(visits), error)

    def _replace(self, visits: Iterable[PageVisit]) -> None:
        now, spider = datetime.now(UTC), self._crawler.spidercls.name
        rows = [visit.to_row(spider, self._code, now) for visit in visits]
        collection = self._collection()
        if not self._is_indexed:
            ensure_indexes(collection.database, Visit)
            self._is_indexed = True
            # Once a crawl is enough: a lookup passes over what is too old anyway.
            collection.delete_many({"spider": spider, "read_at": {"$lt": now - self._rereads_after}})
        collection.bulk_write([ReplaceOne({"_id": row["_id"]}, row, upsert=True) for row in rows], ordered=False)

    def _collection(self) -> Collection[dict[str, Any]]:
        config: Config = self._crawler.settings["SWATHE"]
        return connection_to(config.mongodb).open()[Visit._get_collection_name()]


def is_rememberable(response: Response) -> bool:
    """Return whether a page depends on its address alone, so that it can be known again by it."""
    request = response.request
    return request is not None and response.status == OK and not response.flags and is_askable(request)


def is_askable(request: Request) -> bool:
    """Return whether a site may be asked for a page on condition that it has changed."""
    return request.method == "GET" and not any(request.meta.get(mark) for mark in NEVER_ASKED)
