"""Answer with the quotes as quotes.toscrape.com shows them besides: by scrolling, and as a table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from scraper.demo import paths
from scraper.demo.list_page import asked_leaf, leaf_in_path
from scraper.demo.pages import TOP_TAGS
from scraper.demo.records import Quote
from scraper.demo.router import Route, Visit, send_json
from scraper.demo.site import DemoSite

API = "/quotes/api/quotes"


def quote_as_json(site: DemoSite, quote: Quote) -> dict[str, Any]:
    """Return a quote in the shape of the sandbox's API, with the texts that a page shows."""
    shown = quote.on_page()
    author = {
        "goodreads_link": site.goodreads_link(quote.author),
        "name": shown["author"],
        "slug": paths.author(quote.author).rpartition("/")[2],
    }
    return {"author": author, "tags": shown["tags"], "text": shown["text"]}


def quotes_as_json(site: DemoSite, quotes: Iterable[Quote] | None = None) -> list[dict[str, Any]]:
    """Return quotes in that shape: all the listed ones unless others are given."""
    return [quote_as_json(site, quote) for quote in (site.listed_quotes if quotes is None else quotes)]


def _top_tags(site: DemoSite) -> list[tuple[str, int]]:
    return [(tag, len(quotes)) for tag, quotes in list(site.listed_by_tag.items())[:TOP_TAGS]]


def _scroll(visit: Visit) -> web.Response:
    return visit.show("scroll.html", api=API)


def send_api(visit: Visit) -> web.Response:
    """Answer with the page that the query asks for, as the API of the sandbox does."""
    page = asked_leaf(visit)
    content = {
        "has_next": page.has_next,
        "page": page.number,
        "quotes": quotes_as_json(visit.site, page.quotes),
        "tag": None,
        "top_ten_tags": _top_tags(visit.site),
    }
    return send_json(content)


def _table(visit: Visit) -> web.Response:
    page = leaf_in_path(visit)
    return visit.show(
        "tableful.html",
        quotes=page.quotes,
        top_tags=_top_tags(visit.site),
        previous=paths.table_list(page.number - 1) if page.number > 1 else None,
        next=paths.table_list(page.number + 1) if page.has_next else None,
    )


ROUTES = (
    Route("/quotes/scroll", _scroll, "Quotes that a script fetches while one scrolls"),
    Route(API, send_api, "What that script fetches: JSON with has_next", answers_json=True),
    Route(paths.table_list(1), _table, "Quotes in the rows of a table"),
    Route("/quotes/tableful/page/{page}/", _table),
)
