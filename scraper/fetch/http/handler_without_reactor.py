"""Scrapy's download handler for a crawl without Twisted's reactor, held to checked addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.core.downloader.handlers._aiohttp import AiohttpDownloadHandler

from scraper.fetch.http.resolver import resolver_of

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


class CheckedAiohttp(AiohttpDownloadHandler):
    """Scrapy's handler, connecting to checked addresses; aiohttp has limits of its own for the head of an answer."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        resolver, connector = resolver_of(crawler), self._session.connector
        look_up = connector._resolve_host  # type: ignore[union-attr]

        async def resolve(host: str, port: int, traces: Any = None) -> Any:
            found = await look_up(host, port, traces)
            allowed = resolver.checked(host, port, [entry["host"] for entry in found])
            return [entry for entry in found if entry["host"] in allowed]

        connector._resolve_host = resolve  # type: ignore[union-attr]
