"""Scrapy's way to http and https: through a proxy where [proxies] or the spider has one, and there as a page is got."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.downloadermiddlewares.httpproxy import HttpProxyMiddleware

from scraper.fetch.browser.handler import BrowserHandler
from scraper.fetch.proxies.router import router_of

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response


class ProxiedHandler(BaseDownloadHandler):
    """Download handler for http and https that chooses the proxy, and leaves the rest to the one below it."""

    lazy = False

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._pages = BrowserHandler(crawler)
        self._router = router_of(crawler)

    async def download_request(self, request: Request) -> Response:
        """Return the page; raise as ProxyRouter.fetch."""
        return await self._router.fetch(request, self._pages.download_request)

    async def close(self) -> None:
        """End the browsers and Scrapy's own handler."""
        await self._pages.close()


class ProxyMiddleware(HttpProxyMiddleware):
    """Scrapy's `http_proxy` and `meta["proxy"]`, for the requests that [proxies] says nothing about."""

    _crawler: Crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the middleware for a crawl; raise NotConfigured with `HTTPPROXY_ENABLED` off."""
        middleware = super().from_crawler(crawler)
        middleware._crawler = crawler
        return middleware

    def process_request(self, request: Request, spider: object = None) -> None:
        """Set a proxy where the download handler will not."""
        if router_of(self._crawler).names_for(request) is None:
            super().process_request(request)
