"""Scrapy's way to http and https: its own handler, and the browser for requests that ask for it.

`request.meta["browser"]` is `{"wait_for": css, "actions": [...], "keep_json": bool, "screenshot": path}`, each of them
optional; scraper.browser.actions makes the actions. The screenshot is taken unless what was waited for came.
A crawl without such a request imports no Selenium and starts nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary, proxy

from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.exceptions import CannotResolveHostError
from scrapy.http import Headers, TextResponse
from scrapy.utils.misc import build_from_crawler, load_object
from scrapy.utils.reactor import is_reactor_installed

from scraper.browser.actions import actions_from_json
from scraper.core import meta as meta_keys
from scraper.core import statistics
from scraper.errors import UsageError
from scraper.fetch.browser.cookies import read_header
from scraper.fetch.browser.errors import PageRefusedError
from scraper.fetch.browser.job import PageJob, as_dict
from scraper.fetch.http.addresses import Server
from scraper.fetch.http.credentials import without_account
from scraper.fetch.http.resolver import resolver_of
from scraper.fetch.http.responses import HtmlPage, TextPage
from scraper.fetch.http.upstream import WRONG_ACCOUNT, Upstream, refused

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from scraper.core.config import Config
    from scraper.fetch.browser.job import RenderedPage
    from scraper.fetch.browser.pool import BrowserPool

HTTP = "scraper.fetch.http.direct_handler.DirectHandler"
"""What asks for a page that is not rendered, unless the setting HTTP_HANDLER names another download handler."""
OPTIONS = ("wait_for", "actions", "keep_json", "screenshot")
# About the body as it was sent, which is not the one that is returned.
_OF_TRANSFER = {"content-encoding", "content-length", "transfer-encoding", "content-type", "set-cookie", "connection"}
_HTML = ("text/html", "application/xhtml+xml")


class Rendering:
    """The pool of one crawl, which its handlers for http and https share."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = proxy(crawler)
        self._pool: BrowserPool | None = None

    @property
    def pool(self) -> BrowserPool:
        """The pool, made when it is first asked for."""
        if self._pool is None:
            from scraper.fetch.browser.pool import BrowserPool

            config: Config = self._crawler.settings["SWATHE"]
            self._pool = BrowserPool(
                config.rendering,
                config.mongodb.data_dir,
                user_agent=self._crawler.settings["USER_AGENT"],
                verify_certificates=self._crawler.settings.getbool("DOWNLOAD_VERIFY_CERTIFICATES"),
            )
            if is_reactor_installed():
                from twisted.internet import reactor

                # After a second Ctrl-C nothing else is called, and the end of the process would wait for the pages.
                reactor.addSystemEventTrigger("before", "shutdown", self._pool.kill)  # type: ignore[arg-type]
        return self._pool

    def publish(self) -> None:
        """Copy the pool's counts into the crawl's statistics."""
        if self._pool:
            for name, count in self._pool.counts.items():
                self._crawler.stats.set_value(statistics.browser(name), count)

    async def close(self) -> None:
        """End the pool, if there is one; safe to call twice."""
        pool = self._pool
        if pool:
            await asyncio.get_running_loop().run_in_executor(None, pool.close)
            self.publish()


_renderings: WeakKeyDictionary[Crawler, Rendering] = WeakKeyDictionary()
"""One a crawl: Scrapy makes a handler for http and another for https."""


class BrowserHandler(BaseDownloadHandler):
    """Download handler for http and https that renders the requests with `meta["browser"]`."""

    lazy = False

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._http = build_from_crawler(load_object(crawler.settings.get("HTTP_HANDLER", HTTP)), crawler)
        self._rendering = _renderings.setdefault(crawler, Rendering(crawler))
        self._resolver = resolver_of(crawler)

    async def download_request(self, request: Request) -> Response:
        """Return the page, as it was sent or as the browser shows it."""
        if "@" in request.url and without_account(request.url) != request.url:
            raise PageRefusedError("has a user and password in its address, which are sent nowhere")
        proxy = request.meta.get(meta_keys.PROXY)
        if proxy:
            await self._check_behind_proxy(request.url)
        wanted = request.meta.get(meta_keys.BROWSER)
        response = await (self._http.download_request(request) if wanted is None else self._render(request, wanted))
        if proxy and response.status == WRONG_ACCOUNT:
            raise refused(proxy.rpartition("/")[2], response.status)
        return response

    async def _render(self, request: Request, wanted: dict[str, Any]) -> Response:
        job = self.job_of(request, wanted)
        started = time.monotonic()
        try:
            page = await asyncio.wrap_future(self._rendering.pool.submit(job))
        finally:
            self._rendering.publish()
            request.meta[meta_keys.DOWNLOAD_LATENCY] = time.monotonic() - started
        request.meta[meta_keys.DOWNLOAD_LATENCY] = page.took_s
        if job.keep_json:
            request.meta[meta_keys.BROWSER_JSON] = [as_dict(answer) for answer in page.answers]
        request.meta[meta_keys.BROWSER_DOUBTS] = list(page.doubts)
        return to_response(request, page)

    async def _check_behind_proxy(self, url: str) -> None:
        """Raise AddressRefusedError for what a proxy must not be asked for; a name that only it knows passes."""
        server = Server.of(url)
        with contextlib.suppress(CannotResolveHostError):
            await self._resolver.look_up(server.host, server.port)

    async def close(self) -> None:
        """End the browsers and Scrapy's own handler."""
        await self._rendering.close()
        await self._http.close()

    def job_of(self, request: Request, wanted: dict[str, Any]) -> PageJob:
        """Return what the pool is to do for a request; raise PageRefusedError for what it cannot."""
        unknown = set(wanted) - set(OPTIONS)
        if unknown:
            raise PageRefusedError(f"meta['browser'] has {sorted(unknown)}, expected only {', '.join(OPTIONS)}")
        if request.method != "GET":
            raise PageRefusedError(f"is asked for by {request.method}, but the browser only takes GET")
        proxy = request.meta.get(meta_keys.PROXY)
        try:
            actions = actions_from_json(wanted.get("actions") or ())
            upstream = Upstream.of(proxy, _header(request, "Proxy-Authorization")) if proxy else None
        except (UsageError, ValueError) as error:
            raise PageRefusedError(str(error)) from None
        return PageJob(
            url=request.url,
            wait_for=str(wanted.get("wait_for") or ""),
            actions=actions,
            keep_json=bool(wanted.get("keep_json")),
            cookies=read_header(_header(request, "Cookie")),
            user_agent=_header(request, "User-Agent"),
            screenshot=Path(wanted["screenshot"]) if wanted.get("screenshot") else None,
            upstream=upstream,
            reach=self._resolver.reach,
            most_bytes=request.meta.get(meta_keys.DOWNLOAD_MAXSIZE) or self.crawler.settings.getint("DOWNLOAD_MAXSIZE"),
        )


def _header(request: Request, name: str) -> str:
    return (request.headers.get(name) or b"").decode("utf-8", "replace")


def to_response(request: Request, page: RenderedPage) -> TextResponse:
    """Return a rendered page as Scrapy's response: HTML as HtmlPage, other text as TextPage."""
    headers = Headers({name: value for name, value in page.headers.items() if name.lower() not in _OF_TRANSFER})
    headers["Content-Type"] = f"{page.kind}; charset=utf-8"
    headers.setlist("Set-Cookie", list(page.set_cookies))
    kind = HtmlPage if page.kind in _HTML else TextPage
    return kind(
        page.url,
        status=page.status,
        headers=headers,
        body=page.body,
        flags=list(page.flags),
        request=request,
        encoding="utf-8",
    )
