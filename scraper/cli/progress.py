"""A live line on the terminal while a crawl runs: pages a second, records, errors, queue."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.status import Status
from scrapy import signals

from scraper.core import statistics

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

REFRESH_S = 0.25


class ProgressLine:
    """Scrapy extension that shows how a crawl is going; only for terminals."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._status = Status("starting", console=Console(stderr=True, highlight=False))
        self._started_at = time.monotonic()
        self._task: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension for a crawl."""
        line = cls(crawler)
        crawler.signals.connect(line._opened, signal=signals.spider_opened)
        crawler.signals.connect(line._closed, signal=signals.spider_closed)
        return line

    def text(self) -> str:
        """Return the line as it stands now."""
        value = self._crawler.stats.get_value
        pages, elapsed_s = value(statistics.PAGES, 0), max(time.monotonic() - self._started_at, 0.001)
        items = sum(value(statistics.items(kind), 0) for kind in ("new", "changed", "unchanged"))
        refused = value(statistics.ITEMS_REFUSED, 0)
        dead = value(statistics.DEAD_PAGES, 0) + value(statistics.ERRORS, 0)
        queue = len(self._crawler.engine._slot.scheduler)  # type: ignore[union-attr, arg-type]
        return (
            f"{self._crawler.spidercls.name}  {pages} pages  {pages / elapsed_s:.1f} pages/s  "
            f"{items} records  {refused} refused  {dead} errors  queue {queue}"
        )

    def _opened(self) -> None:
        self._started_at = time.monotonic()
        self._status.start()
        self._task = asyncio.get_running_loop().create_task(self._refresh())

    def _closed(self) -> None:
        if self._task:
            self._task.cancel()
        self._status.stop()

    async def _refresh(self) -> None:
        while True:
            self._status.update(self.text())
            await asyncio.sleep(REFRESH_S)
