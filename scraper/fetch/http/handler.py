# ruff: noqa: N802 - Twisted's names
"""Scrapy's download handler for http and https, held to checked addresses and to limits of size and time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.core.downloader.handlers.http11 import (
    HTTP11DownloadHandler,
    _LenientHTTP11ClientFactory,
    _LenientHTTP11ClientProtocol,
    _LenientHTTPClientParser,
)
from scrapy.exceptions import DownloadFailedError, DownloadTimeoutError
from twisted.web.client import ResponseFailed

from scraper.core import meta as meta_keys
from scraper.fetch.http.head import MOST_HEAD_BYTES, MOST_HEADERS, TOKEN, HeadTooLargeError
from scraper.fetch.http.resolver import resolver_of
from scraper.fetch.http.twisted_pool import CheckedPool

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure


class CheckedHttp(HTTP11DownloadHandler):
    """Scrapy's handler, connecting to checked addresses, and reading heads of a bounded size."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        from twisted.internet import reactor

        timeout_s = crawler.settings.getfloat("DOWNLOAD_TIMEOUT")
        pool = CheckedPool(reactor, resolver_of(crawler), self._contextFactory, timeout_s)
        pool.maxPersistentPerHost = self._pool.maxPersistentPerHost
        pool._factory = _Factory
        self._pool = pool

    async def download_request(self, request: Request) -> Response:
        """Return the answer; raise AddressRefusedError, HeadTooLargeError, or one of Scrapy's Download…Errors."""
        try:
            return await super().download_request(request)
        except DownloadTimeoutError:
            timeout_s = request.meta.get(meta_keys.DOWNLOAD_TIMEOUT)
            raise DownloadTimeoutError(f"it took longer than [crawl] timeout_s, {timeout_s:g} s") from None
        except DownloadFailedError as error:
            failed = error.__cause__
            reasons = failed.reasons if isinstance(failed, ResponseFailed) else []
            if any(isinstance(reason.value, HeadTooLargeError) for reason in reasons):
                raise HeadTooLargeError from None
            raise


class _Parser(_LenientHTTPClientParser):
    """Counts what comes before the body, also in the answers (1xx) that come before the answer."""

    MAX_LENGTH = MOST_HEAD_BYTES
    _bytes = _lines = 0

    def lineReceived(self, line: bytes) -> None:
        """Take one line; raise HeadTooLargeError."""
        self._bytes += len(line)
        self._lines += 1
        if self._lines > MOST_HEADERS or self._bytes > MOST_HEAD_BYTES:
            raise HeadTooLargeError
        super().lineReceived(line)

    def headerReceived(self, name: bytes, value: bytes) -> None:
        """Take a header, but not one whose name is no token: browsers pass over such a line."""
        if TOKEN.fullmatch(name := name.rstrip(b" \t")):
            super().headerReceived(name, value)  # type: ignore[no-untyped-call]

    def lineLengthExceeded(self, line: bytes) -> None:
        """Raise HeadTooLargeError."""
        raise HeadTooLargeError


class _Protocol(_LenientHTTP11ClientProtocol):
    def request(self, request: Any) -> Any:
        """Send a request, and read its answer with the parser above."""
        answer = super().request(request)
        # As in the class above: Twisted hardcodes the parser.
        self._parser.__class__ = _Parser
        return answer

    def _giveUp(self, reason: Failure) -> None:
        transport: Any = self.transport
        super()._giveUp(reason)  # type: ignore[no-untyped-call]
        if isinstance(reason.value, HeadTooLargeError):
            # A TLS connection would otherwise wait for the server to say goodbye, and take what it sends.
            transport.abortConnection()


class _Factory(_LenientHTTP11ClientFactory):
    def buildProtocol(self, addr: Any) -> _Protocol:
        """Return the protocol for a new connection."""
        return _Protocol(self._quiescentCallback)  # type: ignore[no-untyped-call]
