"""The pages of a site as they are today: those that the run kept, others fetched politely and only a few."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from requests.structures import CaseInsensitiveDict
from scrapy import Request

from scraper.core.project import project
from scraper.core.text import counted
from scraper.errors import ProbeError
from scraper.fetch.http.saved_pages import SavedPages
from scraper.fetch.politeness.host import is_loopback
from scraper.pages.archive import PAGES, body_of
from scraper.probe.fetching import Fetched, Fetcher, Posted
from scraper.probe.page import StudiedPage
from scraper.probe.robots import Robots

if TYPE_CHECKING:
    from bson import ObjectId
    from pymongo.database import Database
    from scrapy.http import TextResponse

    from scraper.core.config import Config
    from scraper.spider import SiteSpider

    Mongo = Database[dict[str, Any]]

MOST_FETCHED = 12


class TodaysPages:
    """Pages by their address, each had once."""

    def __init__(
        self, database: Mongo, run: ObjectId, spider: SiteSpider, config: Config, *, ignore_robots: bool = False
    ) -> None:
        self._database, self._run, self._config = database, run, config
        saved = spider.saved_pages and spider.start_at == spider.start_url
        host = urlsplit(spider.start_url).netloc
        self._saved = SavedPages(project().folder / spider.saved_pages, host) if saved else None
        self._fetcher = Fetcher(config.crawl, spider.start_at, config.proxies)
        self._robots = Robots(self._fetcher, config.crawl.agent, obey=config.crawl.obey_robots and not ignore_robots)
        other = "json" if spider.kind.json or spider.kind.html else "xml" if spider.kind.data_link else ""
        self._kinds, self._start = ("html", other) if other else ("html",), spider.start_at
        self._had: dict[tuple[str, str, bytes], TextResponse | None] = {}
        self.kept = self.fetched = self.saved = 0
        self.missed: list[str] = []
        """Why pages were not had."""

    def __str__(self) -> str:
        """Say which pages were had, and why the first was not that could not be had."""
        had = ((self.kept, " that the run kept"), (self.saved, " from files"), (self.fetched, " fetched"))
        said = ", ".join(f"{counted(count, 'page')}{how}" for count, how in had if count) or "no page"
        return f"{said}; not had: {self.missed[0]}" if self.missed else said

    def get(self, asked: str | Request) -> TextResponse | None:
        """Return a page, with its request; None where it cannot be had, or enough were fetched."""
        request = Request(asked) if isinstance(asked, str) else asked
        key = (request.method, request.url, request.body)
        if key not in self._had:
            self._had[key] = self._page(request)
        return self._had[key]

    def sitemaps(self) -> tuple[str, ...]:
        """Return the addresses of sitemaps that the site's robots.txt names; none where it cannot be had."""
        if self._saved:
            return ()
        try:
            return self._robots.about(self._start).sitemaps
        except ProbeError as error:
            self.missed.append(str(error))
            return ()

    def studied(self, page: TextResponse) -> StudiedPage:
        """Return a page as a probe studies it."""
        headers = CaseInsensitiveDict({"Content-Type": "text/html; charset=utf-8"})
        return StudiedPage(Fetched(page.url, 200, "OK", headers, page.text.encode("utf-8", "replace"), 0))

    def _page(self, request: Request) -> TextResponse | None:
        fetched = self._kept(request) or (self._read_saved(request) if self._saved else self._fetch(request))
        if fetched is None:
            return None
        page = StudiedPage(fetched)
        if page.kind not in self._kinds:
            self.missed.append(f"{request.url} is {page.kind}, expected {' or '.join(self._kinds)}")
            return None
        return page.response.replace(request=request)

    def _kept(self, request: Request) -> Fetched | None:
        """Return a page that the run kept, as the spider was given it."""
        query: dict[str, Any] = {"run": self._run, "request.method": request.method}
        if request.method != "GET":
            query["request.body"] = request.body
        query["$or"] = [{"request.url": request.url}, {"url": request.url}]
        page = self._database[PAGES].find_one(query, sort=[("when", -1)])
        body = body_of(self._database, page) if page else None
        if page is None or body is None or page["status"] >= 400:
            return None
        self.kept += 1
        charset = f"; charset={page['encoding']}" if page.get("encoding") else ""
        headers = CaseInsensitiveDict({"Content-Type": f"text/html{charset}"})
        return Fetched(page["url"], page["status"], "", headers, body, 0)

    def _read_saved(self, request: Request) -> Fetched | None:
        """Return a page that the spider reads from a file."""
        assert self._saved is not None
        url, saved = request.url, self._saved.process_request(request)
        if saved is None or saved.status >= 400:
            self.missed.append(f"{url} is not among the saved pages")
            return None
        self.saved += 1
        return Fetched(url, 200, "OK", CaseInsensitiveDict(), saved.body, 0)

    def _fetch(self, request: Request) -> Fetched | None:
        url = request.url
        if self.fetched >= MOST_FETCHED:
            return None
        if self.fetched and not is_loopback(urlsplit(url).hostname or ""):
            time.sleep(max(self._config.crawl.delay_s, self._robots.about(url).crawl_delay_s or 0))
        self.fetched += 1
        try:
            headers = {str(name): str(value) for name, value in request.headers.to_unicode_dict().items()}
            posted = Posted(request.body, headers) if request.method == "POST" else None
            fetched = self._fetcher.page(url, self._robots.check, posted)
        except ProbeError as error:
            self.missed.append(str(error))
            return None
        if fetched.status >= 400:
            self.missed.append(f"{url} answered {fetched.status} {fetched.reason}".rstrip())
            return None
        return fetched
