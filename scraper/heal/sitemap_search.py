"""Where a site's sitemap is today, and which of its addresses are those of known records' own pages."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from posixpath import commonpath, dirname
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scraper.heal.field_search import NotFoundError
from scraper.heal.field_values import LEAST_EQUAL
from scraper.paging.kind import ListPage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scrapy.http import TextResponse

    from scraper.heal.known_records import KnownRecords
    from scraper.heal.todays_pages import TodaysPages
    from scraper.paging import Sitemap

MOST_PARTS, MOST_KINDS, TRIED = 2, 3, 2
"""Sitemaps of an index that are read, kinds of addresses that are tried, and pages of each."""


@dataclass(frozen=True)
class FoundAddresses:
    """The addresses of records' own pages, and what a sitemap's pagination says to have them."""

    page: TextResponse
    """The sitemap, or the index of sitemaps."""
    follow: str
    urls: tuple[str, ...]


class SitemapSearch:
    """The search for the addresses of known records' pages in a site's sitemap."""

    def __init__(
        self,
        kind: Sitemap,
        pages: TodaysPages,
        known: KnownRecords,
        record_of: Callable[[TextResponse, str, KnownRecords], dict[str, Any] | None],
    ) -> None:
        """`record_of` says which known record a page shows."""
        self._kind, self._pages, self._known, self._record_of = kind, pages, known, record_of

    def found(self, start: str) -> FoundAddresses:
        """Return the addresses that the pagination follows where it finds any, else those that it has to follow now."""
        page = self._sitemap(start)
        urls, is_whole = self._urls(page)
        followed = [url for url in urls if re.search(self._kind.follow, url)]
        if followed:
            return FoundAddresses(page, self._kind.follow, tuple(followed))
        follow, mine = self._follow(page.url, urls)
        count, known = len(mine), len(self._known.records)
        if is_whole and count < LEAST_EQUAL * known:
            raise NotFoundError(f"{count} addresses in {page.url} match {follow!r}, and {known} records are known")
        return FoundAddresses(page, follow, tuple(mine))

    def _sitemap(self, start: str) -> TextResponse:
        """Return the sitemap: where it was, or where robots.txt says that one is."""
        own = self._kind.first(start).url
        named = [url for url in self._pages.sitemaps() if url != own][:MOST_PARTS]
        for url in (own, *named):
            page = self._pages.get(url)
            if page is not None and ListPage(page, self._kind, 1).parsed[0]:
                return page
        where = f"robots.txt names {', '.join(named)}, which is none" if named else "robots.txt names no other"
        raise NotFoundError(f"{own} is not had as a sitemap, and {where}")

    def _urls(self, page: TextResponse) -> tuple[list[str], bool]:
        """Return the addresses of a sitemap, and whether they are all; of an index those of a few sitemaps."""
        kind, entries, _ = self._kind.parsed(page)
        if kind == "urlset":
            return [entry["loc"] for entry in entries], True
        found: list[str] = []
        for entry in entries[:MOST_PARTS]:
            part = self._pages.get(entry["loc"])
            if part is not None:
                found += [one["loc"] for one in self._kind.parsed(part)[1]]
        return found, len(entries) <= MOST_PARTS

    def _follow(self, sitemap: str, urls: Sequence[str]) -> tuple[str, list[str]]:
        """Return the folder that the addresses of known records' pages have alone, and these; raise NotFoundError."""
        paths = {url: urlsplit(url).path or "/" for url in urls}
        shared = commonpath([dirname(path) for path in paths.values()] or ["/"]).rstrip("/") + "/"
        kinds: dict[str, list[str]] = defaultdict(list)
        for url, path in paths.items():
            folder, slash, _ = path.removeprefix(shared).partition("/")
            kinds[f"{shared}{folder}/" if slash else shared].append(url)
        largest = sorted(kinds, key=lambda kind: -len(kinds[kind]))[:MOST_KINDS]
        mine = [kind for kind in largest if self._shows_records(kinds[kind][:TRIED])]
        what = f"none of the {len(urls)} addresses in {sitemap} matches {self._kind.follow!r}, and "
        if not mine:
            raise NotFoundError(f"{what}the first pages of no kind of them show known records")
        if len(mine) > 1:
            raise NotFoundError(f"{what}those of several kinds show known records: {', '.join(sorted(mine))}")
        follow = re.escape(mine[0]).replace(r"\-", "-")
        if mine[0] == "/" or [url for url in urls if re.search(follow, url)] != kinds[mine[0]]:
            raise NotFoundError(f"{what}those that show known records have no folder of their own")
        return follow, kinds[mine[0]]

    def _shows_records(self, urls: Sequence[str]) -> bool:
        pages = [(url, self._pages.get(url)) for url in urls]
        return all(page is not None and self._record_of(page, url, self._known) is not None for url, page in pages)
