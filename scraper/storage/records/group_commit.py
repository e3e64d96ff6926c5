"""Group commit: many coroutines hand over entries and wait; one write, off the event loop, answers them all."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
R = TypeVar("R")


class GroupCommit(Generic[T, R]):
    """Gather entries for up to `wait_s` seconds, or until there are `size` of them, then write them with one call.

    `write` runs in a thread of its own and returns one answer an entry, in order. Only one write is under way at a
    time; what arrives meanwhile makes up the next batch. When `write` raises, everyone in the batch gets the error.
    """

    def __init__(self, write: Callable[[list[T]], list[R]], size: int, wait_s: float) -> None:
        self._write, self._size, self._wait_s = write, size, wait_s
        self._waiting: list[tuple[list[T], asyncio.Future[list[R]]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._due = False
        self._writing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "group-commit")

    async def put(self, entries: list[T]) -> list[R]:
        """Return the answers for `entries` once the write that held them has returned."""
        loop = asyncio.get_running_loop()
        answers: asyncio.Future[list[R]] = loop.create_future()
        self._waiting.append((entries, answers))
        if self._timer is None:
            # Also while a write is under way: a batch always has its time to grow, for a write of one record costs
            # nearly as much as one of fifty.
            self._timer = loop.call_later(self._wait_s, self._time_is_up)
        self._start_if_due()
        return await answers

    async def close(self) -> None:
        """Write what is waiting and let the thread go."""
        while self._waiting or self._writing:
            self._time_is_up()
            if self._writing is not None:
                await self._writing
        self._thread.shutdown()

    def _time_is_up(self) -> None:
        self._due = True
        self._start_if_due()

    def _start_if_due(self) -> None:
        """Write what is waiting if it is time, unless a write is under way: its end looks again."""
        full = sum(len(entries) for entries, _ in self._waiting) >= self._size
        if self._writing is not None or not self._waiting or not (self._due or full):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._due = None, False
        batch, self._waiting = self._waiting, []
        self._writing = asyncio.create_task(self._run(batch))

    async def _run(self, batch: list[tuple[list[T], asyncio.Future[list[R]]]]) -> None:
        everything = [entry for entries, _ in batch for entry in entries]
        try:
            answers = await asyncio.get_running_loop().run_in_executor(self._thread, self._write, everything)
            remaining = iter(answers)
            for entries, future in batch:
                own = [next(remaining) for _ in entries]
                if not future.done():
                    future.set_result(own)
        except Exception as error:  # noqa: BLE001 - handed to everyone who waits, nobody is left
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
        finally:
            self._writing = None
            self._start_if_due()
