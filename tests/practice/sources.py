"""Answer with what names pages without showing them: robots.txt, sitemaps and feeds."""

from __future__ import annotations

import gzip

from aiohttp import web

from practice.faults import GZIP_TYPE
from practice.list_parts import quote_day
from practice.list_template import existing_leaf, show
from scraper.demo import paths
from scraper.demo.pages import ROBOTS_TXT, TEXT_TYPE
from scraper.demo.router import Route, Visit, not_found, send, whole_number

SITEMAP = "/sitemap.xml"
AUTHORS_SITEMAP, BOOKS_SITEMAP = "/sitemap-authors.xml.gz", "/sitemap-books.xml"
RSS, ATOM = "/feeds/quotes.rss", "/feeds/quotes.atom"
ALONE = "/quotes/one/{number}/"
XML_TYPE = "application/xml"


def _robots(visit: Visit) -> web.Response:
    sitemap = visit.site.base.rstrip("/") + SITEMAP
    return send(f"{ROBOTS_TXT}\nSitemap: {sitemap}\n", TEXT_TYPE)


def _sitemap_index(visit: Visit) -> web.Response:
    listed = (AUTHORS_SITEMAP, BOOKS_SITEMAP)
    return send(visit.fill("sitemap.xml", root="sitemapindex", entry="sitemap", listed=listed), XML_TYPE)


def _authors(visit: Visit) -> web.Response:
    listed = [author.path for author in visit.site.all_authors]
    content = visit.fill("sitemap.xml", root="urlset", entry="url", listed=listed)
    return web.Response(body=gzip.compress(content.encode(), mtime=0), headers={"Content-Type": GZIP_TYPE})


def _books(visit: Visit) -> web.Response:
    listed = [book.path for book in visit.site.all_books]
    return send(visit.fill("sitemap.xml", root="urlset", entry="url", listed=listed), XML_TYPE)


def _feed(visit: Visit) -> web.Response:
    """Answer with one page of a feed, linked as RFC 5005 has it."""
    page = existing_leaf(visit)
    name = visit.route.path.rpartition(".")[2]
    start = (page.number - 1) * page.per_page
    entries = [
        (quote, f"{visit.site.base.rstrip('/')}{ALONE.format(number=number)}", quote_day(visit.site, number - 1))
        for number, quote in enumerate(page.quotes, start=start + 1)
    ]
    address = visit.site.base.rstrip("/") + visit.route.path
    updated = quote_day(visit.site, len(visit.site.listed_quotes) - 1)
    content = visit.fill(f"feed.{name}", entries=entries, address=address, page=page, updated=updated)
    return send(content, f"application/{name}+xml; charset=utf-8")


def _alone(visit: Visit) -> web.Response:
    number, listed = whole_number("number", visit.captured["number"]), visit.site.listed_quotes
    if number > len(listed):
        raise not_found()
    return show(visit, listed[number - 1 : number])


ROUTES = (
    Route(paths.ROBOTS, _robots),
    Route(SITEMAP, _sitemap_index, "The sitemap, in two parts: authors and books"),
    Route(AUTHORS_SITEMAP, _authors),
    Route(BOOKS_SITEMAP, _books),
    Route(RSS, _feed, "Quotes as an RSS feed in pages"),
    Route(ATOM, _feed, "Quotes as an Atom feed in pages"),
    Route(ALONE, _alone, "One quote alone"),
)
