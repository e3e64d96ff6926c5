"""Serve the practice site on 127.0.0.1 from a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType
from typing import Self

from aiohttp import web
from jinja2 import Environment

from scraper.demo import layouts, members, search_form
from scraper.demo.memory import Memory
from scraper.demo.pages import ServedPage, environment, render_pages
from scraper.demo.router import Route, Router, Visit, not_found
from scraper.demo.site import DemoSite, load_site

HOST = "127.0.0.1"
# An answer that still waits when the server stops is given up after this long.
SHUTDOWN_S = 0.2


ROUTES = (*layouts.ROUTES, *members.ROUTES, *search_form.ROUTES)
"""The pages that are rendered when they are asked for."""


class DemoServer:
    """The running practice site, used as a context manager.

    `site` is the bundled one unless another is given; what never changes is rendered on entering. Port 0 takes a free
    port. `router` finds the pages that are rendered when they are asked for, `templates` render all of them, and
    `memory` holds what is known of visitors.
    """

    def __init__(
        self,
        site: DemoSite | None = None,
        *,
        port: int = 0,
        router: Router | None = None,
        templates: Environment | None = None,
        memory: Memory | None = None,
    ) -> None:
        self.site = site or load_site()
        self.port = port
        self._router = router or Router(ROUTES)
        self._templates = templates or environment()
        self._memory = memory or Memory()
        self._pages: dict[str, ServedPage] = {}
        self._thread: threading.Thread | None = None
        self._ready = threading.Event()
        self._error: OSError | None = None

    @property
    def url(self) -> str:
        """The address of the front page, with a final slash."""
        return f"http://{HOST}:{self.port}/"

    def __enter__(self) -> Self:
        """Render the pages and start; raises OSError when the port cannot be had."""
        self._pages = render_pages(self.site, self._templates)
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
        runner = web.ServerRunner(web.Server(self.answer, access_log=None), shutdown_timeout=SHUTDOWN_S)
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

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request with its page; raises HTTPNotFound when there is none."""
        path = request.path
        found = self._router.find(path)
        if found is not None:
            return await self._visit(request, *found)
        if request.method not in ("GET", "HEAD"):
            return _not_allowed("GET", "HEAD")
        page = self._pages.get(path)
        if page is not None:
            return _send(page, request)
        if f"{path}/" in self._pages or self._router.find(f"{path}/"):
            query = f"?{request.query_string}" if request.query_string else ""
            return web.Response(status=301, headers={"Location": f"{path}/{query}"})
        raise not_found()

    async def _visit(self, request: web.BaseRequest, route: Route, captured: dict[str, str]) -> web.StreamResponse:
        """Answer with a page that is rendered for this request."""
        if request.method.replace("HEAD", "GET") not in route.methods:
            return _not_allowed(*route.methods)
        form = await request.post() if request.method == "POST" else {}
        texts = {name: value for name, value in form.items() if isinstance(value, str)}
        visit = Visit(request, route, captured, texts, self.site, self._templates, self._memory)
        return await route.reply(visit)


def _not_allowed(*methods: str) -> web.Response:
    return web.Response(status=405, headers={"Allow": ", ".join(methods)})


def _send(page: ServedPage, request: web.BaseRequest) -> web.Response:
    if request.headers.get("If-None-Match") == page.etag:
        return web.Response(status=304, headers={"ETag": page.etag})
    return web.Response(body=page.body, headers={"Content-Type": page.content_type, "ETag": page.etag})
