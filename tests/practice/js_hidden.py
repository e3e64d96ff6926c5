"""Pages in which a script puts the quotes, or the way to the next page, where a look at the document misses them."""

from __future__ import annotations

from aiohttp import web

from practice.js_page import show_page
from scraper.demo.router import Route, Visit

FRAME = "/js/iframe/frame/"


def _next_only(visit: Visit) -> web.Response:
    return show_page(visit, "js_next_only.html")


def _shadow(visit: Visit) -> web.Response:
    return show_page(visit, "js_shadow.html")


def _iframe(visit: Visit) -> web.Response:
    return show_page(visit, "js_iframe.html", frame=FRAME)


def _frame(visit: Visit) -> web.Response:
    return show_page(visit, "js_frame.html")


ROUTES = (
    Route("/js/next-only/", _next_only, "Quotes in the HTML, but a script adds the link to the next page"),
    Route("/js/shadow/", _shadow, "Quotes in the shadow root of an element"),
    Route("/js/iframe/", _iframe, "Quotes in a frame"),
    Route(FRAME, _frame),
)
