"""Pages that a spider reads from files instead of asking its site: of an example, or to work on a spider offline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self
from urllib.parse import unquote, urlsplit

from scrapy.exceptions import NotConfigured
from scrapy.http import Response
from scrapy.responsetypes import responsetypes

from scraper.core.project import project

if TYPE_CHECKING:
    from pathlib import Path

    from scrapy import Request
    from scrapy.crawler import Crawler


class SavedPages:
    """Downloader middleware that answers with the files of the folder that a spider's `saved_pages` names.

    Only while the crawl begins at the spider's own `start_url`, and for its host alone. It stands behind all others, so
    that a page is treated as one of the site would be.
    """

    def __init__(self, folder: Path, host: str) -> None:
        """Take the folder, and the host whose pages are in it."""
        self._folder, self._host = folder.resolve(), host

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the middleware for a crawl; raise NotConfigured when its pages are not read from files."""
        saved, start = (getattr(crawler.spider, name, "") for name in ("saved_pages", "start_url"))
        if not saved or getattr(crawler.spider, "start_at", "") != start:
            raise NotConfigured
        return cls(project().folder / saved, urlsplit(start).netloc)

    def process_request(self, request: Request) -> Response | None:
        """Return what is saved of a page, 404 when nothing is; None for another host's."""
        parts = urlsplit(request.url)
        if parts.netloc != self._host:
            return None
        file = (self._folder / unquote(parts.path).lstrip("/")).resolve()
        file = file / "index.html" if file.is_dir() else file
        if not file.is_relative_to(self._folder) or not file.is_file():
            return Response(request.url, status=404)
        body = file.read_bytes()
        kind = responsetypes.from_args(url=request.url, filename=file.name, body=body)
        return kind(request.url, body=body)
