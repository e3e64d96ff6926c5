"""Scrapy's downloader, except that a request that waits for its host's turn keeps no other host's from going."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from scrapy.core.downloader import Downloader

from scraper.fetch.politeness.host import host_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy import Request
    from scrapy.crawler import Crawler

ROOM = 100
"""Requests that may wait for their turn at once; the others stay in the scheduler."""


class PoliteDownloader(Downloader):
    """Count the requests that wait apart from those under way."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._waiting: set[Request] = set()

    @contextmanager
    def waiting(self, request: Request) -> Iterator[None]:
        """Take a request for one that waits."""
        # Scrapy's queue prefers the slot with the fewest requests: those that wait count there.
        _, slot = self._get_slot(request)
        slot.active.add(request)
        self._waiting.add(request)
        engine_slot = self.crawler.engine._slot
        if engine_slot is not None:
            engine_slot.nextcall.schedule()
        try:
            yield
        finally:
            self._waiting.discard(request)
            slot.active.discard(request)

    @property
    def held_back(self) -> int:
        """How many requests wait for their host's turn."""
        return len(self._waiting)

    @property
    def under_way(self) -> int:
        """How many requests were sent, or are about to be."""
        return len(self.active) - len(self._waiting)

    def needs_backout(self) -> bool:
        """Return whether there is no room for another request."""
        return 0 < self.total_concurrency <= self.under_way or self.held_back >= ROOM

    def get_slot_key(self, request: Request) -> str:
        """Return the request's host, also after a redirect; Scrapy would keep the slot of the first address."""
        return host_of(request.url)
