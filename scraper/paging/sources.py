"""Lists that a site publishes for machines: sitemaps and feeds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any, ClassVar

from scrapy.utils.gz import gunzip

from models.addresses import browser_url
from scraper.fetch.http.compression import is_cut_short
from scraper.paging.ask import Ask, End
from scraper.paging.kind import Pagination
from scraper.paging.links import absolute
from scraper.paging.xml_documents import local_name, xml_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy.http import Response

    from scraper.paging.kind import ListPage

LARGEST_SITEMAP_BYTES = 50 * 2**20
"""Source: sitemaps.org, "no larger than 50MB uncompressed"."""


FEED_PARTS = ("rss", "channel", "item", "feed", "entry", "RDF")
"""Elements of feeds that hold elements only."""


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
    in_parts: ClassVar[bool] = True
    named_by_site: ClassVar[bool] = False

    def first(self, start: str) -> Ask:
        """Ask for the sitemap."""
        return Ask(start if start.endswith((".xml", ".gz")) else browser_url(self.address, start))

    def sublists(self, page: ListPage) -> Sequence[Ask] | End | None:
        """Return the sitemaps of an index."""
        kind, entries, _ = page.parsed
        if kind == "sitemapindex":
            links = [absolute(page.answer, entry["loc"])[0] for entry in entries]
            return [Ask(url, list=url) for url in links if url]
        return None if kind == "urlset" else End("no sitemap", gap=f"{page.url} is not a sitemap")

    def entries(self, page: ListPage) -> list[Any] | None:
        """Return the addresses that match `follow`, as dicts with `loc` and perhaps `lastmod`."""
        kind, entries, _ = page.parsed
        return [entry for entry in entries if kind == "urlset" and re.search(self.follow, entry["loc"])]

    def listed(self, page: ListPage) -> int | None:
        """Return how many addresses there are, whatever `follow` says of them."""
        return len(page.parsed[1])

    def fault(self, page: ListPage) -> str:
        """Say why a sitemap may lack entries."""
        return str(page.parsed[2])

    def parsed(self, answer: Response) -> tuple[str, list[dict[str, Any]], str]:
        """Return the kind of sitemap, its entries, and what is broken in it; an empty kind for what is none."""
        body = answer.body
        if body[:2] == b"\x1f\x8b":
            try:
                body = gunzip(packed := body, max_size=LARGEST_SITEMAP_BYTES)
            except (OSError, ValueError):
                return "", [], ""
            if is_cut_short(packed, "gzip", len(body)):
                return "", [], ""
        document = xml_document(answer, body)
        kind = local_name(document.root)[1] if document.root is not None else ""
        if kind not in ("urlset", "sitemapindex"):
            return "", [], ""
        listed = [element for element in document.root.iter() if local_name(element)[1] in ("url", "sitemap")]
        entries = [_fields(element) for element in document.whole(listed, "url", "sitemap")]
        fault = document.fault_among((kind, "url", "sitemap"))
        return kind, [entry for entry in entries if entry.get("loc")], fault


def _fields(element: Any) -> dict[str, Any]:
    """Return an entry's own fields, but not what another vocabulary says of it, such as `image:loc`."""
    space = local_name(element)[0]
    own = [(local_name(child)[1], child) for child in element if local_name(child)[0] == space]
    return {name: "".join(child.itertext()).strip() for name, child in own if name}


@dataclass(frozen=True)
class Feed(Pagination):
    """An RSS or Atom feed, paged ones (RFC 5005) too; its entries go to `read_data`, as feedparser's dicts."""

    data_link: ClassVar[str] = "link"

    def entries(self, page: ListPage) -> list[Any] | None:
        """Return the feed's entries."""
        return list(page.parsed[0].entries)

    def following(self, page: ListPage) -> Ask | End:
        """Follow the feed's link to the page with older entries."""
        for link in page.parsed[0].feed.get("links", []):
            if link.get("rel") == "next" and link.get("href") and (url := absolute(page.answer, link["href"])[0]):
                return Ask(url, page.number + 1)
        return End("no further page of the feed", sure=True)

    def sublists(self, page: ListPage) -> Sequence[Ask] | End | None:
        """Refuse what is no feed."""
        feed = page.parsed[0]
        return None if feed.get("version") or feed.entries else End("no feed", gap=f"{page.url} is not a feed")

    def fault(self, page: ListPage) -> str:
        """Say why a feed may lack entries."""
        return str(page.parsed[1])

    def parsed(self, answer: Response) -> tuple[Any, str]:
        """Return feedparser's reading of the feed, and what is broken in it."""
        import feedparser  # forty modules, for the spiders that read feeds

        document = xml_document(answer, answer.body)
        # A stream, since feedparser takes other arguments for the name of a file or an address to fetch.
        headers = {"content-location": answer.url, "content-type": "application/xml; charset=utf-8"}
        feed = feedparser.parse(BytesIO(document.text.encode()), response_headers=headers, sanitize_html=False)
        feed.entries = document.whole(feed.entries, "item", "entry")
        return feed, document.fault_among(FEED_PARTS)
