"""A live line on the terminal while a crawl runs: pages a second, records, errors, queue."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.status import Status
from scrapy import signals

from scraper.core import statistics
from scraper.crawl.list_reader import stated_by
from scraper.crawl.request_stats import Tallies
from scraper.runs.progress import Progress
from scraper.runs.recorder import RunRecorder

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

REFRESH_S = 0.25


class ProgressLine:
    """Scrapy extension that shows how a crawl is going; only for terminals."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._status = Status("starting", console=Console(stderr=True, highlight=False))
        self._started_at = time.monotonic()
        self._before: dict[str, int] = {}
        """The counts of the run when this process began to work on it."""
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
        took_s, engine = time.monotonic() - self._started_at, self._crawler.engine
        queue = len(engine._slot.scheduler)  # type: ignore[union-attr, arg-type]
        now = Progress.since(self._before, self._done(), took_s, stated_by(self._crawler.spider), queue)
        return f"{self._crawler.spidercls.name}  {now.line}"

    def _done(self) -> dict[str, int]:
        """Return the counts of the run: as this process knows them, or as others said last."""
        tallies, recorder = Tallies.of(self._crawler), self._crawler.get_extension(RunRecorder)
        share = recorder.others_share if recorder else {}
        counts = statistics.COUNTS.items()
        return {name: max(tallies.total(of), tallies.here(of) + share.get(name, 0)) for name, of in counts}

    def _opened(self) -> None:
        self._started_at = time.monotonic()
        self._before = self._done()
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
