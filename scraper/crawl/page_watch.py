"""Show who supervises the crawl which page has hold of the main thread, and since when.

Scrapy deals with a page in tasks of its own: its download, its callback, its records. A task does its work in slices,
from one wait to the next; a page that hangs is a slice without an end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scrapy import Request

    from scraper.core.supervision import HeldPage, SharedMemory, SharedRun

_page: ContextVar[tuple[Request, HeldPage] | None] = ContextVar("page", default=None)


class PageWatch:
    """Mark each slice of what is done for a page, whoever has made the task: a spider, a pipeline or Scrapy.

    `is_under_way` says whether a request has not left the engine: what goes on after it is no page any more.
    """

    def __init__(self, memory: SharedMemory, is_under_way: Callable[[Request], bool]) -> None:
        self._memory, self._is_under_way = memory, is_under_way

    def begin(self, run: SharedRun) -> None:
        """Watch the tasks of the running event loop from now on, which work on a run."""
        self._memory.begin_run(run)
        asyncio.get_running_loop().set_task_factory(self._task)

    def hand_out(self, request: Request | None, page: HeldPage | None = None) -> None:
        """Take in which request the engine begins next: the tasks for it are made in this context."""
        _page.set((request, page) if request is not None and page is not None else None)

    def ended(self) -> None:
        """Count a request that has left the engine."""
        self._memory.count_end()

    def _task(self, loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> asyncio.Task[Any]:
        current = _page.get()
        if current is None or not asyncio.iscoroutine(work):
            return asyncio.Task(work, loop=loop, **options)
        return asyncio.Task(_Slices(work, self, *current), loop=loop, **options)

    def hold(self, request: Request, page: HeldPage) -> None:
        """Mark the beginning of a slice."""
        if self._is_under_way(request):
            self._memory.hold(page)

    def let_go(self) -> None:
        """Mark the end of a slice."""
        self._memory.let_go()


class _Slices(Coroutine[Any, Any, Any]):
    """A coroutine that marks its slices."""

    __slots__ = ("_page", "_request", "_watch", "_work")

    def __init__(self, work: Coroutine[Any, Any, Any], watch: PageWatch, request: Request, page: HeldPage) -> None:
        self._work, self._watch, self._request, self._page = work, watch, request, page

    def send(self, value: Any) -> Any:
        """Do the next slice."""
        self._watch.hold(self._request, self._page)
        try:
            return self._work.send(value)
        finally:
            self._watch.let_go()

    def throw(self, *error: Any) -> Any:
        """Do the next slice, which begins with an error."""
        self._watch.hold(self._request, self._page)
        try:
            return self._work.throw(*error)
        finally:
            self._watch.let_go()

    def close(self) -> None:
        """End it where it is."""
        self._work.close()

    def __await__(self) -> Any:
        return self._work.__await__()
