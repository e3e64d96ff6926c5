"""A live line on the terminal while a crawl runs: pages a second, records, errors, queue."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.status import Status
from scrapy import signals

from scraper.core import statistics
from scraper.core.text import counted
from scraper.crawl.list_reader import ListReader
from scraper.crawl.request_stats import Tallies
from scraper.runs.recorder import RunRecorder

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

REFRESH_S = 0.25
RECORDS = ("items_new", "items_changed", "items_unchanged")


def progress_of(records: int, speed_s: float, stated: int) -> str:
    """Return how far a crawl is: of how many records, and when it is done at this speed, where the site states them.

    >>> progress_of(40, 2.0, 100), progress_of(40, 2.0, 0), progress_of(1, 0.0, 9)
    ('40 of 100 records, 0:00:30 left', '40 records', '1 of 9 records')
    """
    if stated <= records:
        return counted(records, "record")
    left = f", {timedelta(seconds=round((stated - records) / speed_s))} left" if speed_s else ""
    return f"{records} of {stated} records{left}"


class ProgressLine:
    """Scrapy extension that shows how a crawl is going; only for terminals."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._status = Status("starting", console=Console(stderr=True, highlight=False))
        self._started_at = time.monotonic()
        self._before = (0, 0)
        """Pages and records of the run when this process began to work on it."""
        self._task: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension for a crawl."""
        line = cls(crawler)
        crawler.signals.connect(line._opened, signal=signals.spider_opened)
        crawler.signals.connect(line._closed, signal=signals.spider_closed)
        return line

    def text(self) -> str:
        """Return the line as it stands now, for all processes of the run."""
        elapsed_s = max(time.monotonic() - self._started_at, 0.001)
        pages, records = self._done("pages"), self._done(*RECORDS)
        pages_s, records_s = (pages - self._before[0]) / elapsed_s, (records - self._before[1]) / elapsed_s
        queue = len(self._crawler.engine._slot.scheduler)  # type: ignore[union-attr, arg-type]
        return (
            f"{self._crawler.spidercls.name}  {counted(pages, 'page')}  {pages_s:.1f} pages/s  "
            f"{progress_of(records, records_s, self._stated())}  {self._done('items_refused')} refused  "
            f"{counted(self._done('dead_pages', 'errors'), 'error')}  queue {queue}"
        )

    def _done(self, *counts: str) -> int:
        """Return what some counts of the run add up to: as this process knows it, or as others said last."""
        tallies, recorder = Tallies.of(self._crawler), self._crawler.get_extension(RunRecorder)
        share = recorder.others_share if recorder else {}
        known = [(statistics.COUNTS[name], share.get(name, 0)) for name in counts]
        return sum(max(tallies.total(name), tallies.here(name) + by) for name, by in known)

    def _stated(self) -> int:
        """Return how many records the lists that were seen so far say that there are; 0 when they do not."""
        lists = getattr(self._crawler.spider, "lists", None)
        chains = lists.chains.values() if isinstance(lists, ListReader) else ()
        return sum(chain.total or 0 for chain in chains if not chain.kind.counts_lists)

    def _opened(self) -> None:
        self._started_at = time.monotonic()
        self._before = (self._done("pages"), self._done(*RECORDS))
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
