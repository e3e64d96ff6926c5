"""Serve the practice site with everything that tests ask of it: faults, delays, limits, and a log of requests."""

from __future__ import annotations

import asyncio
import functools
import time
from collections import Counter, deque
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from aiohttp import web
from jinja2 import Environment

from practice.directory import ROUTER
from practice.faults import Fault, damage_answer
from scraper.demo.memory import Memory
from scraper.demo.pages import environment, render_pages
from scraper.demo.server import DemoServer
from scraper.demo.site import DemoSite

LOG_LENGTH = 100_000


class Request(NamedTuple):
    """A request that was answered: the path with its query, and `time.monotonic()` at its arrival.

    `status` is 0 when the connection ended without a whole answer.
    """

    path: str
    status: int
    user_agent: str
    at_s: float
    method: str = "GET"


def _padding(size_kb: int) -> str:
    """Build hidden menus of the given size: the weight of a real shop's page, without anything to scrape."""
    entry = '<li class="menu-entry"><a class="menu-link" href="#menu" tabindex="-1">Menu entry {number:06}</a></li>\n'
    count = size_kb * 1024 // len(entry.format(number=0))
    entries = "".join(entry.format(number=number) for number in range(count))
    return f'<nav class="menus" hidden><ul>\n{entries}</ul></nav>'


# Compiling the templates takes longer than rendering a page: the servers of a test run share them.
@functools.lru_cache(maxsize=4)
def practice_templates(padding_kb: int = 0, *, redesigned: bool = False) -> Environment:
    """Return the templates, each page made heavier by `padding_kb` of hidden menus (KiB).

    With `redesigned` the shop has another layout, in which none of the first one's selectors finds anything.
    """
    here = Path(__file__)
    folders = [here.with_name("redesigned")] if redesigned else []
    templates = environment(*folders, here.with_name("templates"))
    if padding_kb:
        templates.globals["padding"] = _padding(padding_kb)
    return templates


class PracticeServer(DemoServer):
    """The running practice site with all its lists, used as a context manager.

    `faults` maps a path, or a path with its query, to what goes wrong there, and may be changed while the server
    runs; the one with a query comes first. `latency_ms` delays every answer; `padding_kb` makes every HTML page that
    much heavier. What comes faster than `most_per_s` requests a second is answered with 429. A session ends after
    `session_pages` pages for members, a `__VIEWSTATE` after `viewstate_uses` uses.
    """

    def __init__(
        self,
        site: DemoSite | None = None,
        *,
        port: int = 0,
        faults: Mapping[str, Fault] | None = None,
        latency_ms: int = 0,
        padding_kb: int = 0,
        most_per_s: int | None = None,
        session_pages: int | None = None,
        viewstate_uses: int | None = None,
    ) -> None:
        memory = Memory(session_pages=session_pages, viewstate_uses=viewstate_uses)
        super().__init__(site, port=port, router=ROUTER, templates=practice_templates(padding_kb), memory=memory)
        self.faults = dict(faults or {})
        self._latency_s = latency_ms / 1000
        self._arrivals_s: deque[float] | None = deque(maxlen=most_per_s) if most_per_s else None
        self._faulted: Counter[tuple[str, Fault]] = Counter()
        self._log: deque[Request] = deque(maxlen=LOG_LENGTH)

    def redesign(self) -> None:
        """Show the shop in its second layout from now on."""
        self._pages = render_pages(self.site, practice_templates(redesigned=True))

    @property
    def requests(self) -> list[Request]:
        """The latest requests (at most 100,000), in the order of their answers."""
        return list(self._log)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request as its faults say, and log it."""
        arrived_s, status = time.monotonic(), 0
        try:
            response = await self._answer(request)
            if request.transport is not None and not request.transport.is_closing():
                status = response.status
        except web.HTTPException as error:
            status = error.status
            raise
        finally:
            user_agent = request.headers.get("User-Agent", "")
            self._log.append(Request(request.path_qs, status, user_agent, arrived_s, request.method))
        return response

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if self._latency_s:
            await asyncio.sleep(self._latency_s)
        if self._comes_too_fast():
            return web.Response(status=429, text="the practice site was asked too often")
        fault = self._fault(request)
        if fault is None:
            return await super().answer(request)
        failure = await self._fail(request, fault)
        if failure is not None:
            return failure
        if fault.serve_as is not None:
            request = request.clone(method="GET", rel_url=fault.serve_as)
        if fault.damages:
            # An unchanged page would be answered with 304, and nothing could be taken out of that.
            headers = request.headers.copy()
            headers.popall("If-None-Match", None)
            request = request.clone(headers=headers)
        response = await super().answer(request)
        if fault.damages and isinstance(response, web.Response):
            damage_answer(response, keep_records=fault.keep_records, remove_next=fault.remove_next)
        return response

    def _comes_too_fast(self) -> bool:
        """Return whether as many requests as are allowed came within the last second; count this one, too."""
        arrivals_s, now_s = self._arrivals_s, time.monotonic()
        if arrivals_s is None:
            return False
        too_fast = len(arrivals_s) == arrivals_s.maxlen and now_s - arrivals_s[0] < 1
        arrivals_s.append(now_s)
        return too_fast

    def _fault(self, request: web.BaseRequest) -> Fault | None:
        """Return what is to go wrong with this request, and count it."""
        for address in dict.fromkeys((request.path_qs, request.path)):
            fault = self.faults.get(address)
            if fault is None:
                continue
            self._faulted[address, fault] += 1
            happened = self._faulted[address, fault] - fault.skip
            if happened > 0 and (fault.times is None or happened <= fault.times):
                return fault
        return None

    async def _fail(self, request: web.BaseRequest, fault: Fault) -> web.StreamResponse | None:
        """Do what the fault asks for; None when the page itself is still to be sent."""
        await asyncio.sleep(fault.delay_s)
        if fault.drop and request.transport is not None:
            request.transport.abort()
            return web.Response()
        if fault.status is None:
            return None
        headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        if fault.body is not None:
            headers["Content-Type"] = fault.content_type
            return web.Response(status=fault.status, body=fault.body.encode(), headers=headers)
        words = f"the practice site was asked to answer {fault.status}"
        return web.Response(status=fault.status, text=words, headers=headers)
