"""Pages whose scripts fetch the quotes: at once, while one scrolls, or when a button is clicked."""

from __future__ import annotations

import asyncio

from aiohttp import web

from practice.js_page import API, show_page
from scraper.demo.layouts import send_api
from scraper.demo.router import BadValueError, Route, Visit

SLOW_MS = 500
LONGEST_MS = 60_000
CONSENT = "consent"


def _asked_wait(visit: Visit, default_ms: int = 0) -> int:
    """Read how long the answer is to take (ms); raises BadValueError."""
    wait_ms = visit.asked("wait", default_ms, smallest=0)
    if wait_ms > LONGEST_MS:
        raise BadValueError(f"wait must be at most {LONGEST_MS}, not {wait_ms}")
    return wait_ms


async def _api(visit: Visit) -> web.Response:
    await asyncio.sleep(_asked_wait(visit) / 1000)
    return send_api(visit)


def _fetched(visit: Visit) -> web.Response:
    return show_page(visit, "js_fetched.html", kept=("wait",), wait_ms=_asked_wait(visit))


def _fetched_slowly(visit: Visit) -> web.Response:
    return show_page(visit, "js_fetched.html", kept=("wait",), wait_ms=_asked_wait(visit, SLOW_MS))


def _scroll(visit: Visit) -> web.Response:
    return visit.show("scroll.html", api=API)


def _load_more(visit: Visit) -> web.Response:
    return visit.show("js_load_more.html", api=API, previous=None, next=None)


def _noscript(visit: Visit) -> web.Response:
    return show_page(visit, "js_noscript.html")


def _modal(visit: Visit) -> web.Response:
    return show_page(visit, "js_modal.html")


def _cookie_wall(visit: Visit) -> web.Response:
    accepted = visit.request.cookies.get(CONSENT) == "yes"
    return show_page(visit, "js_cookie_wall.html", accepted=accepted, cookie=CONSENT)


ROUTES = (
    Route("/js/xhr/", _fetched, "Quotes fetched after load; ?wait=MS delays them"),
    Route("/js/xhr-slow/", _fetched_slowly, "Quotes fetched after load, half a second late"),
    Route(API, _api, "What the scripts fetch: JSON with has_next; ?wait=MS delays it", answers_json=True),
    Route("/js/scroll/", _scroll, "Quotes fetched while one scrolls"),
    Route("/js/load-more/", _load_more, "Quotes fetched when a button is clicked, until it hides itself"),
    Route("/js/modal/", _modal, "Quotes fetched when the window over the page is closed"),
    Route("/js/cookie-wall/", _cookie_wall, "Quotes fetched when cookies are accepted; with the cookie they are there"),
    Route("/js/noscript/", _noscript, "A page that is empty without JavaScript, and says so"),
)
