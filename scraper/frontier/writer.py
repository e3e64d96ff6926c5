"""The one thread through which a worker speaks with the store of requests: whatever gathers meanwhile goes next."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from scraper.frontier.protocol import Batch, Written
from scraper.storage.outage import UntilLost

if TYPE_CHECKING:
    from collections.abc import Callable

    from scraper.frontier.protocol import Backend
    from scraper.storage.connection import Connection

T = TypeVar("T")


class Writer:
    """Carry out work on the store, one piece after the other, off the event loop, through breaks of the connection."""

    def __init__(self, backend: Backend, connection: Connection) -> None:
        self._backend = backend
        self._until_lost = UntilLost(connection, "the frontier cannot be kept")
        self._thread = ThreadPoolExecutor(1, "frontier")

    @property
    def shared(self) -> bool:
        """Whether other workers were ever seen at the run."""
        return self._backend.shared

    async def do(self, work: Callable[[Backend], T]) -> T:
        """Return what work gives; raise DatabaseError when the store stays away, and from then on at once."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._carried, work)

    def write_at_once(self, batch: Batch) -> Written:
        """Write a batch and wait for it: for the rare case that requests are made faster than they can be stored."""
        written: Written = self._thread.submit(self._carried, lambda backend: backend.write(batch)).result()
        return written

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False)

    def _carried(self, work: Callable[[Backend], T]) -> T:
        return self._until_lost.do(lambda: work(self._backend))
