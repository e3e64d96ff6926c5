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

from scraper.demo import trouble
from scraper.demo.damage import damage_answer
from scraper.demo.data import PracticeSite, load_site
from scraper.demo.directory import ROUTER
from scraper.demo.faults import Fault
from scraper.demo.memory import Memory
from scraper.demo.pages import Page, render_pages
from scraper.demo.rendering import environment
from scraper.demo.routing import Route, Visit, not_found

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
    method: str = "GET"


class PracticeServer:
    """The running practice site, used as a context manager.

    `site` is the bundled one unless another is given; what never changes is rendered on entering. Port 0 takes a free
    port. `faults` maps a path, or a path with its query, to what goes wrong there, and may be changed while the server
    runs; the one with a query comes first. `latency_ms` delays every answer; `padding_kb` makes every HTML page that
    much heavier. What comes faster than `most_per_s` requests a second is answered with 429. A session ends after
    `session_pages` pages for members, a `__VIEWSTATE` after `viewstate_uses` uses.
    """

    def __init__(
        self,
        site: PracticeSite | None = None,
        *,
        port: int = 0,
        faults: Mapping[str, Fault] | None = None,
        latency_ms: int = 0,
        padding_kb: int = 0,
        most_per_s: int | None = None,
        session_pages: int | None = None,
        viewstate_uses: int | None = None,
    ) -> None:
        self.site = site or load_site()
        self.faults = dict(faults or {})
        self.port = port
        self._latency_s = latency_ms / 1000
        self._padding_kb = padding_kb
        self._arrivals_s: deque[float] | None = deque(maxlen=most_per_s) if most_per_s else None
        self._memory = Memory(session_pages=session_pages, viewstate_uses=viewstate_uses)
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
            self.site = self.site.at(self.url)
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
            self._log.append(Request(request.path_qs, status, user_agent, arrived_s, request.method))
        return response

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        if self._latency_s:
            await asyncio.sleep(self._latency_s)
        if self._comes_too_fast():
            return web.Response(status=429, text="the practice site was asked too often")
        fault = self._fault(request)
        if fault is None:
            return await self._page(request)
        failure = await self._fail(request, fault)
        if failure is not None:
            return failure
        if fault.serve_as is not None:
            request = request.clone(method="GET", rel_url=fault.serve_as)
        response = await self._page(request, conditional=not fault.damages)
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

    async def _page(self, request: web.BaseRequest, *, conditional: bool = True) -> web.StreamResponse:
        """Answer with the page itself; `conditional` is whether an unchanged page is answered with 304."""
        path, reads = request.path, request.method in ("GET", "HEAD")
        found = ROUTER.find(path)
        if found is not None:
            return await self._visit(request, *found)
        if not reads:
            return _not_allowed("GET", "HEAD")
        page = self._pages.get(path)
        if page is not None:
            return _send(page, request if conditional else None)
        if path.startswith(trouble.PREFIX):
            answer = await trouble.answer_trouble(request)
            if answer is not None:
                return answer
        if f"{path}/" in self._pages or ROUTER.find(f"{path}/"):
            query = f"?{request.query_string}" if request.query_string else ""
            return web.Response(status=301, headers={"Location": f"{path}/{query}"})
        raise not_found()

    async def _visit(self, request: web.BaseRequest, route: Route, captured: dict[str, str]) -> web.StreamResponse:
        """Answer with a page that is rendered for this request."""
        if request.method.replace("HEAD", "GET") not in route.methods:
            return _not_allowed(*route.methods)
        form = await request.post() if request.method == "POST" else {}
        texts = {name: value for name, value in form.items() if isinstance(value, str)}
        templates = environment(self._padding_kb)
        return await route.reply(Visit(request, route, captured, texts, self.site, templates, self._memory))

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


def _not_allowed(*methods: str) -> web.Response:
    return web.Response(status=405, headers={"Allow": ", ".join(methods)})


def _send(page: Page, request: web.BaseRequest | None) -> web.Response:
    if request is not None and request.headers.get("If-None-Match") == page.etag:
        return web.Response(status=304, headers={"ETag": page.etag})
    return web.Response(body=page.body, headers={"Content-Type": page.content_type, "ETag": page.etag})
