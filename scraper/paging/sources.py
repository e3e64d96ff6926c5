"""Lists that a site publishes for machines: sitemaps and feeds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urljoin

import feedparser
from lxml import etree
from scrapy.utils.gz import gunzip
from scrapy.utils.sitemap import Sitemap as SitemapReader

from scraper.fetch.http.cut_short import is_cut_short
from scraper.paging.ask import Ask, End
from scraper.paging.kind import Pagination

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy.http import Response

    from scraper.paging.kind import ListPage

LARGEST_SITEMAP_BYTES = 50 * 2**20
"""Source: sitemaps.org, "no larger than 50MB uncompressed"."""


@dataclass(frozen=True)
class Sitemap(Pagination):
    """A sitemap, or an index of sitemaps, gzipped or not: `Sitemap("/product/")`.

    `follow` is a regular expression that the addresses of records' pages match; `address` is the sitemap's, relative to
    the start page.
    """

    follow: str = ""
    address: str = "/sitemap.xml"
    data_link: ClassVar[str] = "loc"
    binary: ClassVar[bool] = True
    may_be_empty: ClassVar[bool] = True

    def first(self, start: str) -> Ask:
        """Ask for the sitemap."""
        return Ask(start if start.endswith((".xml", ".gz")) else urljoin(start, self.address))

    def sublists(self, page: ListPage) -> Sequence[Ask] | End | None:
        """Return the sitemaps of an index."""
        kind, entries = page.parsed
        if kind == "sitemapindex":
            return [Ask(url, list=url) for entry in entries if (url := page.answer.urljoin(entry["loc"]))]
        return None if kind == "urlset" else End("no sitemap", gap=f"{page.url} is not a sitemap")

    def entries(self, page: ListPage) -> list[Any] | None:
        """Return the addresses that match `follow`, as dicts with `loc` and perhaps `lastmod`."""
        kind, entries = page.parsed
        return [entry for entry in entries if kind == "urlset" and re.search(self.follow, entry["loc"])]

    def parsed(self, answer: Response) -> tuple[str, list[dict[str, Any]]]:
        """Return the kind of sitemap and its entries; an empty kind for what is none."""
        body = answer.body
        try:
            if body[:2] == b"\x1f\x8b":
                body = gunzip(packed := body, max_size=LARGEST_SITEMAP_BYTES)
                if is_cut_short(packed, "gzip", len(body)):
                    return "", []
            reader = SitemapReader(body)
            return reader.type, [entry for entry in reader if entry.get("loc")]
        except (etree.XMLSyntaxError, StopIteration, OSError, ValueError):
            return "", []


@dataclass(frozen=True)
class Feed(Pagination):
    """An RSS or Atom feed, paged ones (RFC 5005) too; its entries go to `read_data`, as feedparser's dicts."""

    data_link: ClassVar[str] = "link"

    def entries(self, page: ListPage) -> list[Any] | None:
        """Return the feed's entries."""
        return list(page.parsed.entries)

    def following(self, page: ListPage) -> Ask | End:
        """Follow the feed's link to the page with older entries."""
        for link in page.parsed.feed.get("links", []):
            if link.get("rel") == "next" and link.get("href"):
                return Ask(page.answer.urljoin(link["href"]), page.number + 1)
        return End("no further page of the feed", sure=True)

    def sublists(self, page: ListPage) -> Sequence[Ask] | End | None:
        """Refuse what is no feed."""
        return None if page.parsed.version or page.parsed.entries else End("no feed", gap=f"{page.url} is not a feed")

    def parsed(self, answer: Response) -> Any:
        """Return feedparser's reading of the feed."""
        # A stream, since feedparser takes other arguments for the name of a file or an address to fetch.
        return feedparser.parse(
            BytesIO(answer.body), response_headers={"content-location": answer.url}, sanitize_html=False
        )
