"""Scrapy's download handler for a crawl without Twisted's reactor, held to checked addresses."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from aiohttp import ClientHttpProxyError, ClientProxyConnectionError
from scrapy.core.downloader.handlers._aiohttp import AiohttpDownloadHandler
from scrapy.exceptions import DownloadConnectionRefusedError, DownloadFailedError

from scraper.core import meta as meta_keys
from scraper.fetch.http.resolver import resolver_of
from scraper.fetch.http.upstream import ProxyFailedError, Upstream, not_connected, refused

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

_proxy: ContextVar[Upstream | None] = ContextVar("proxy", default=None)
"""The proxy of the request that is under way: the user has named it, so it is connected to as it is."""


class CheckedAiohttp(AiohttpDownloadHandler):
    """Scrapy's handler, connecting to checked addresses; aiohttp has limits of its own for the head of an answer."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        resolver, connector = resolver_of(crawler), self._session.connector
        look_up = connector._resolve_host  # type: ignore[union-attr]

        async def resolve(host: str, port: int, traces: Any = None) -> Any:
            found = await look_up(host, port, traces)
            proxy = _proxy.get()
            if proxy is not None and (proxy.host, proxy.port) == (host, port):
                return found
            allowed = resolver.checked(host, port, [entry["host"] for entry in found])
            return [entry for entry in found if entry["host"] in allowed]

        connector._resolve_host = resolve  # type: ignore[union-attr]

    async def download_request(self, request: Request) -> Response:
        """Return the answer; raise ProxyFailedError, AddressRefusedError, or one of Scrapy's Download…Errors."""
        address = request.meta.get(meta_keys.PROXY)
        if not address:
            return await super().download_request(request)
        proxy = Upstream.of(address)
        token = _proxy.set(proxy)
        try:
            return await super().download_request(request)
        except (DownloadConnectionRefusedError, DownloadFailedError) as error:
            cause = error.__cause__
            if isinstance(cause, ClientProxyConnectionError):
                raise ProxyFailedError(not_connected(proxy.address, cause.os_error)) from None
            if isinstance(cause, ClientHttpProxyError):
                raise refused(proxy.address, cause.status) from None
            raise
        finally:
            _proxy.reset(token)
