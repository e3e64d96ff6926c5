"""Serve the practice site on 127.0.0.1 from a thread of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter, deque
from collections.abc import Mapping
from types import TracebackType
from typing import NamedTuple, Self

from aiohttp import web

from scraper.practice import trouble
from scraper.practice.data import PracticeSite, load_site
from scraper.practice.faults import Fault
from scraper.practice.pages import Page, render_pages

HOST = "127.0.0.1"
LOG_LENGTH = 100_000
# An answer that still waits when the server stops is given up after this long.
SHUTDOWN_S = 0.2


class Request(NamedTuple):
    """A request that was answered: the path with its query, and `time.monotonic()` at its arrival.

    `status` is 0 when the connection ended without a whole answer.
    """

    path: str
    status: int
    user_agent: str
    at_s: float


class PracticeServer:
    """The running practice site, used as a context manager.

    `site` is the bundled one unless another is given; pages are rendered on entering. Port 0 takes a free port.
    `faults` maps a path (no query) to what goes wrong there, and may be changed while the server runs. `latency_ms`
    delays every answer; `padding_kb` makes every HTML page that much heavier.
    """

    def __init__(
        self,
        site: PracticeSite | None = None,
        *,
        port: int = 0,
        faults: Mapping[str, Fault] | None = None,
        latency_ms: int = 0,
        padding_kb: int = 0,
    ) -> None:
        self.site = site or load_site()
        self.faults = dict(faults or {})
        self.port = port
        self._latency_s = latency_ms / 1000
        self._padding_kb = padding_kb
        self._pages: dict[str, Page] = {}
        self._faulted: Counter[tuple[str, Fault]] = Counter()
        self._log: deque[Request] = deque(maxlen=LOG_LENGTH)
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._error: OSError | None = None

    @property
    def url(self) -> str:
        """The address of the front page, with a final slash."""
        return f"http://{HOST}:{self.port}/"

    @property
    def requests(self) -> list[Request]:
        """The latest requests (at most 100,000), in the order of their answers."""
        return list(self._log)

    def __enter__(self) -> Self:
        """Render the pages and start; raises OSError when the port cannot be had."""
        self._pages = render_pages(self.site, padding_kb=self._padding_kb)
        self._thread = threading.Thread(target=self._run, name="practice-site", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._error is not None:
            self._thread.join()
            self._thread = None
            raise self._error
        self.site = self.site.at(self.url)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop, and wait until every socket is closed."""
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as error:
            self._error = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=SHUTDOWN_S)
        await runner.setup()
        try:
            socket_site = web.TCPSite(runner, HOST, self.port)
            await socket_site.start()
            self.port = runner.addresses[0][1]
            self._ready.set()
            await self._stop.wait()
        finally:
            await runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
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
            self._log.append(Request(request.path_qs, status, user_agent, arrived_s))
        return response

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if self._latency_s:
            await asyncio.sleep(self._latency_s)
        if request.method not in ("GET", "HEAD"):
            return web.Response(status=405, headers={"Allow": "GET, HEAD"})
        path = request.path
        fault = self.faults.get(path)
        if fault is not None and (fault.times is None or self._faulted[path, fault] < fault.times):
            self._faulted[path, fault] += 1
            response = await self._fail(request, fault)
            if response is not None:
                return response
        page = self._pages.get(path)
        if page is not None:
            return _send(page, request)
        if path.startswith(trouble.PREFIX):
            answer = await trouble.answer_trouble(request)
            if answer is not None:
                return answer
        if f"{path}/" in self._pages:
            return web.Response(status=301, headers={"Location": f"{path}/"})
        return web.Response(status=404, text="there is no such page on the practice site")

    async def _fail(self, request: web.BaseRequest, fault: Fault) -> web.StreamResponse | None:
        """Do what the fault asks for; None when the page itself is still to be sent."""
        await asyncio.sleep(fault.delay_s)
        if fault.drop and request.transport is not None:
            request.transport.abort()
            return web.Response()
        if fault.status is None:
            return None
        headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
        return web.Response(
            status=fault.status, text=f"the practice site was asked to answer {fault.status}", headers=headers
        )


def _send(page: Page, request: web.BaseRequest) -> web.Response:
    if request.headers.get("If-None-Match") == page.etag:
        return web.Response(status=304, headers={"ETag": page.etag})
    return web.Response(body=page.body, headers={"Content-Type": page.content_type, "ETag": page.etag})
