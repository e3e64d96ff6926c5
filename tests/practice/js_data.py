"""Pages that hold the quotes as data for their scripts, each in another form."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from practice.js_literals import UNDEFINED, by_hand, in_attribute, in_script, nuxt_state
from practice.js_page import quotes_of, show_page
from practice.list_template import existing_leaf
from scraper.demo import paths
from scraper.demo.list_page import Leaf
from scraper.demo.records import Quote
from scraper.demo.router import Route, Visit


def _pagination(page: Leaf) -> dict[str, int]:
    return {"page": page.number, "pages": page.last, "total": len(page.listed)}


def _next_data(visit: Visit) -> web.Response:
    page = existing_leaf(visit)
    data = {
        "props": {"pageProps": {"quotes": quotes_of(visit, page), "pagination": _pagination(page)}, "__N_SSP": True},
        "page": "/js/next-data",
        "query": {"page": str(page.number)},
        "buildId": "practice",
        "isFallback": False,
        "gssp": True,
        "scriptLoader": [],
    }
    return show_page(visit, "js_next_data.html", data=in_script(data))


def _nuxt(visit: Visit) -> web.Response:
    page = existing_leaf(visit)
    state = {
        "layout": "default",
        "data": [{"quotes": quotes_of(visit, page), **_pagination(page)}],
        "fetch": {},
        "error": None,
        "state": {"reader": None, "theme": UNDEFINED, "menu": False, "search": False},
        "serverRendered": True,
        "routePath": visit.route.path,
        "config": {"_app": {"basePath": "/", "assetsPath": "/_nuxt/", "cdnURL": None}},
    }
    return show_page(visit, "js_nuxt.html", data=nuxt_state(state))


def _window_state(visit: Visit) -> web.Response:
    page = existing_leaf(visit)
    quotes = [by_hand(quote) for quote in quotes_of(visit, page)]
    # The address in it has two slashes, which begin no comment there.
    base = by_hand(visit.site.base)
    return show_page(visit, "js_window_state.html", quotes=quotes, base=base, pagination=_pagination(page))


def _json_script(visit: Visit) -> web.Response:
    page = existing_leaf(visit)
    data = {"quotes": quotes_of(visit, page), **_pagination(page)}
    return show_page(visit, "js_json_script.html", data=in_script(data))


def _linked(quote: Quote) -> dict[str, Any]:
    shown = quote.on_page()
    creator = {"@type": "Person", "name": shown["author"], "url": paths.author(quote.author)}
    return {"@type": "Quotation", "text": shown["text"], "creator": creator, "keywords": shown["tags"]}


def _json_ld(visit: Visit) -> web.Response:
    page = existing_leaf(visit)
    graph = [_linked(quote) for quote in page.quotes]
    return show_page(visit, "js_json_ld.html", data=in_script({"@context": "https://schema.org", "@graph": graph}))


def _microdata(visit: Visit) -> web.Response:
    return show_page(visit, "js_microdata.html")


def _attribute(visit: Visit) -> web.Response:
    page = existing_leaf(visit)
    data = {"quotes": quotes_of(visit, page), **_pagination(page)}
    return show_page(visit, "js_attribute.html", data=in_attribute(data))


ROUTES = (
    Route("/js/next-data/", _next_data, "Data in __NEXT_DATA__, as Next.js writes it"),
    Route("/js/nuxt/", _nuxt, "Data in window.__NUXT__, the result of a function, as Nuxt 2 writes it"),
    Route("/js/window-state/", _window_state, "Data in window.__INITIAL_STATE__, JavaScript that is no JSON"),
    Route("/js/json-script/", _json_script, "Data as JSON in a script element"),
    Route("/js/json-ld/", _json_ld, "Data as JSON-LD"),
    Route("/js/microdata/", _microdata, "Quotes in the HTML, marked up as microdata only"),
    Route("/js/attribute/", _attribute, "Data as JSON in an attribute"),
)
