"""Group commit: many coroutines each hand over one thing and wait; one write, off the event loop, answers them all."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
R = TypeVar("R")


class GroupCommit(Generic[T, R]):
    """Gather entries for up to `wait_s` seconds or `size` entries, then write them with one call of `write`.

    `write` runs in a thread of its own and returns one answer an entry, in order. Only one write is under way at a
    time: entries that arrive meanwhile make up the next batch, so batches grow when the database is the slower side.
    When `write` raises, every entry of the batch raises the same error.
    """

    def __init__(self, write: Callable[[list[T]], list[R]], size: int, wait_s: float) -> None:
        self._write, self._size, self._wait_s = write, size, wait_s
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, "group-commit")

    async def put(self, entry: T) -> R:
        """Return the answer for `entry` once the write that held it has returned."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[R] = loop.create_future()
        self._waiting.append((entry, answer))
        if self._writing is None:
            if len(self._waiting) >= self._size:
                self._start()
            elif self._timer is None:
                self._timer = loop.call_later(self._wait_s, self._start)
        return await answer

    async def close(self) -> None:
        """Write what is waiting and let the thread go."""
        while self._waiting or self._writing:
            if self._writing is None:
                self._start()
            assert self._writing is not None
            await self._writing
        self._thread.shutdown()

    def _start(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._writing is None and self._waiting:
            batch, self._waiting = self._waiting[: self._size], self._waiting[self._size :]
            self._writing = asyncio.create_task(self._run(batch))

    async def _run(self, batch: list[tuple[T, asyncio.Future[R]]]) -> None:
        loop = asyncio.get_running_loop()
        try:
            answers = await loop.run_in_executor(self._thread, self._write, [entry for entry, _ in batch])
            for (_, future), answer in zip(batch, answers, strict=True):
                if not future.done():
                    future.set_result(answer)
        except Exception as error:  # noqa: BLE001 - handed to every waiting coroutine, none is lost
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
        finally:
            self._writing = None
            self._start()
