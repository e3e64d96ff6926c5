"""A download handler for http and https that asks servers itself, and leaves what it does not know to Scrapy's.

Scrapy's own handlers ask by way of Twisted or aiohttp, which takes a fifth of the time of a crawl.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from pydispatch.dispatcher import getAllReceivers, liveReceivers
from scrapy import signals
from scrapy.core.downloader.handlers._base_http import BaseHttpDownloadHandler
from scrapy.exceptions import (
    DownloadCancelledError,
    DownloadTimeoutError,
    ResponseDataLossError,
    StopDownload,
)
from scrapy.http import Headers
from scrapy.responsetypes import responsetypes
from scrapy.utils._download_handlers import (
    check_stop_download,
    get_dataloss_msg,
    get_maxsize_msg,
    get_warnsize_msg,
    normalize_bind_address,
)
from scrapy.utils.httpobj import urlparse_cached
from scrapy.utils.misc import build_from_crawler, load_object

from scraper.core import meta as meta_keys
from scraper.fetch.http.addresses import WEB_PORTS
from scraper.fetch.http.answer_parser import DATALOSS, NoAnswerError
from scraper.fetch.http.connection_pool import ConnectionPool, Origin
from scraper.fetch.http.head import CODING, LENGTH, TOKEN, Head
from scraper.fetch.http.resolver import resolver_of

if TYPE_CHECKING:
    from urllib.parse import ParseResult

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from scraper.fetch.http.connection import Connection

logger = logging.getLogger(__name__)

OF_SCRAPY = "scraper.fetch.http.handler.CheckedHttp"
OF_SCRAPY_WITHOUT_REACTOR = "scraper.fetch.http.handler_without_reactor.CheckedAiohttp"

SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
"""Methods by which nothing changes, however often something is asked by them (RFC 9110, section 9.2.1)."""

_WITH_BODY = ("POST", "PUT", "PATCH")
_TARGET = re.compile(r"[\x21-\x7e]+")
_NOT_SENT = (LENGTH, CODING, b"Proxy-Authorization")
_WRITTEN = {b"Dnt": b"DNT", b"Te": b"TE", b"Content-Md5": b"Content-MD5"}
"""Headers of requests whose usual case is another than Scrapy's, as Twisted has it."""
_LINE_BREAK = re.compile(rb"[\r\n]+[ \t]*")

_TLS_OF_SCRAPY = {
    "DOWNLOADER_CLIENTCONTEXTFACTORY": "SENTINEL",
    "DOWNLOADER_CLIENT_TLS_METHOD": "TLS",
    "DOWNLOADER_CLIENT_TLS_VERBOSE_LOGGING": False,
}
"""Settings that only Scrapy's handler knows, with the values by which they say nothing."""


class DirectHandler(BaseHttpDownloadHandler):
    """Asks servers over connections of its own."""

    lazy = False

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        settings = crawler.settings
        self._pool = ConnectionPool(resolver_of(crawler), settings)
        self._timeout_s = settings.getfloat("DOWNLOAD_TIMEOUT")
        self._bind = settings.get("DOWNLOAD_BIND_ADDRESS")
        self._knows_tls = all(settings[name] == value for name, value in _TLS_OF_SCRAPY.items())
        self._knows_spider = not any(hasattr(crawler.spider, f"download_{name}") for name in ("maxsize", "warnsize"))
        self.most_bytes, self.warns_from_bytes = self._default_maxsize, self._default_warnsize
        self.fails_on_loss = self._fail_on_dataloss
        self._of_scrapy: Any = None

    def asks_itself(self, request: Request) -> bool:
        """Return whether a request is asked for here: straight at its server, and with nothing special about it."""
        parts = urlparse_cached(request)
        return (
            parts.scheme in WEB_PORTS
            and not request.meta.get(meta_keys.PROXY)
            and bool(parts.hostname)
            and "@" not in parts.netloc
            and (self._knows_tls or parts.scheme == "http")
            and self._knows_spider
        )

    @property
    def others(self) -> Any:
        """Scrapy's handler, made when it is first needed."""
        if self._of_scrapy is None:
            reactor = self.crawler.settings.getbool("TWISTED_REACTOR_ENABLED")
            kind = load_object(OF_SCRAPY if reactor else OF_SCRAPY_WITHOUT_REACTOR)
            self._of_scrapy = build_from_crawler(kind, self.crawler)
        return self._of_scrapy

    async def download_request(self, request: Request) -> Response:
        """Return the answer; raise AddressRefusedError, HeadTooLargeError, or one of Scrapy's Download…Errors."""
        if not self.asks_itself(request):
            return cast("Response", await self.others.download_request(request))
        parts = urlparse_cached(request)
        port, bind = parts.port or WEB_PORTS[parts.scheme], request.meta.get(meta_keys.BIND_ADDRESS) or self._bind
        origin = Origin(parts.scheme, parts.hostname or "", port, normalize_bind_address(bind))
        download = Download(self, request, written(request, origin, parts))
        timeout_s = request.meta.get(meta_keys.DOWNLOAD_TIMEOUT) or self._timeout_s
        try:
            await self._ask(download, origin, asyncio.get_running_loop().time() + timeout_s)
        except TimeoutError:
            raise DownloadTimeoutError(f"it took longer than [crawl] timeout_s, {timeout_s:g} s") from None
        except ResponseDataLossError:
            if not self._fail_on_dataloss_warned:
                logger.warning(get_dataloss_msg(request.url))
                self._fail_on_dataloss_warned = True
            raise
        return download.response()

    async def _ask(self, download: Download, origin: Origin, until: float) -> None:
        """Ask over a connection that is open, and over a new one where there is none, or it just comes to its end."""
        connection = self._pool.take(origin)
        if connection is not None:
            try:
                return await _answered(download, connection, until)
            except NoAnswerError:
                if not download.may_be_repeated:
                    raise
        async with asyncio.timeout_at(until):
            connection = await self._pool.connect(origin)
        return await _answered(download, connection, until)

    def is_heard(self, signal: object) -> bool:
        """Return whether anybody listens to a signal of the crawl."""
        return any(True for _ in liveReceivers(getAllReceivers(self.crawler, signal)))

    async def close(self) -> None:
        """End all connections."""
        await self._pool.close()
        if self._of_scrapy is not None:
            await self._of_scrapy.close()


async def _answered(download: Download, connection: Connection, until: float) -> None:
    """Send a request and wait for the end of its answer; raise TimeoutError, and what the download does."""
    loop = asyncio.get_running_loop()
    download.done, download.connection = loop.create_future(), connection
    answer = connection.send(download)
    timer = loop.call_at(until, download.fail, TimeoutError())
    try:
        await download.done
    finally:
        timer.cancel()
        connection.leave(answer)


class Download:
    """One request that is under way: takes its answer, and holds it to the limits."""

    done: asyncio.Future[None]
    connection: Connection

    def __init__(self, handler: DirectHandler, request: Request, sent: bytes) -> None:
        meta = request.meta
        self.sent, self.is_head = sent, request.method == "HEAD"
        self.may_be_repeated = request.method in SAFE and not request.body
        self.may_stay = b"close" not in (request.headers.get(b"Connection") or b"").lower()
        self._handler, self._request, self._began = handler, request, time.monotonic()
        self._most = meta.get(meta_keys.DOWNLOAD_MAXSIZE, handler.most_bytes)
        self._warns_from = meta.get(meta_keys.DOWNLOAD_WARNSIZE, handler.warns_from_bytes)
        self._fails_on_loss = meta.get(meta_keys.DOWNLOAD_FAIL_ON_DATALOSS, handler.fails_on_loss)
        self._parts: list[bytes] = []
        self._size = 0
        self._stopped: StopDownload | None = None
        self._flags: list[str] = []

    def take_head(self, head: Head) -> bool:
        """Take the head; return False when the body is not wanted."""
        self._request.meta[meta_keys.DOWNLOAD_LATENCY] = time.monotonic() - self._began
        self._head, self._headers = head, Headers()
        dict.update(self._headers, head.headers)  # which have the names already that Headers would give them
        handler = self._handler
        if handler.is_heard(signals.headers_received):
            told = {"headers": self._headers.copy(), "body_length": head.length}
            if self._is_stopped(signals.headers_received, **told):
                return False
        self._tells_bytes = handler.is_heard(signals.bytes_received)
        return self._has_room(head.length or 0, expected=True)

    def take_body(self, data: bytes) -> bool:
        """Take a part of the body; return False when the rest is not wanted."""
        self._parts.append(data)
        self._size += len(data)
        if self._tells_bytes and self._is_stopped(signals.bytes_received, data=data):
            return False
        return self._has_room(self._size, expected=False)

    def _is_stopped(self, signal: object, **told: Any) -> bool:
        self._stopped = check_stop_download(signal, self._handler.crawler, self._request, **told)
        if self._stopped is not None:
            self._settle()
        return self._stopped is not None

    def _has_room(self, size: int, *, expected: bool) -> bool:
        if self._most and size > self._most:
            why = get_maxsize_msg(size, self._most, self._request, expected=expected)
            logger.warning(why)
            self._parts.clear()
            self.fail(DownloadCancelledError(why))
            return False
        if self._warns_from and size > self._warns_from:
            logger.warning(get_warnsize_msg(size, self._warns_from, self._request, expected=expected))
            self._warns_from = 0
        return True

    def end(self, flag: str = "") -> None:
        """Take the end of the body."""
        if flag == DATALOSS and self._fails_on_loss:
            self.fail(ResponseDataLossError(f"the connection ended after {self._size} bytes of the body"))
            return
        self._flags = [flag] if flag else []
        self._settle()

    def fail(self, error: BaseException) -> None:
        """Take that there is no answer."""
        if not self.done.done():
            self.done.set_exception(error)

    def _settle(self) -> None:
        if not self.done.done():
            self.done.set_result(None)

    def response(self) -> Response:
        """Return the answer; raise StopDownload if it was stopped by one that wants to be raised."""
        url, body = self._request.url.partition("#")[0], b"".join(self._parts)
        kind = responsetypes.from_args(headers=self._headers, url=url, body=body)
        response = kind(
            url,
            status=self._head.status,
            body=body,
            flags=self._flags,
            certificate=self.connection.certificate,
            ip_address=self.connection.address,
            protocol=self._head.protocol,
        )
        response.headers = self._headers
        if self._stopped is not None:
            response.flags.append("download_stopped")
            if self._stopped.fail:
                self._stopped.response = response
                raise self._stopped
        return response


def written(request: Request, origin: Origin, parts: ParseResult) -> bytes:
    """Return a request as it is sent; raise ValueError for a method, a target or a header that HTTP does not have."""
    target = request.url[len(parts.scheme) + 3 + len(parts.netloc) :].partition("#")[0]
    target = target if target.startswith("/") else f"/{target}"
    if not _TARGET.fullmatch(target) or not TOKEN.fullmatch(method := request.method.encode()):
        raise ValueError(f"{request.method} {target[:200]} cannot be written as HTTP")
    lines = [b"%b %b HTTP/1.1" % (method, target.encode())]
    if request.body or request.method in _WITH_BODY:
        lines.append(b"Content-Length: %d" % len(request.body))
    for name, values in dict.items(request.headers):
        if name not in _NOT_SENT:
            begin = _beginning(name)
            lines += [begin + _on_one_line(value) for value in values]
    if not dict.get(request.headers, b"Host"):
        host = f"[{origin.host}]" if ":" in origin.host else origin.host
        usual = origin.port == WEB_PORTS[origin.scheme]
        lines.append(b"Host: " + (host if usual else f"{host}:{origin.port}").encode())
    return b"\r\n".join((*lines, b"", request.body))


def _on_one_line(value: bytes) -> bytes:
    return _LINE_BREAK.sub(b" ", value) if b"\n" in value or b"\r" in value else value


@lru_cache(1000)
def _beginning(name: bytes) -> bytes:
    if not TOKEN.fullmatch(name):
        raise ValueError(f"the request has a header {name[:100]!r}, which is no name of one")
    return _WRITTEN.get(name, name) + b": "
