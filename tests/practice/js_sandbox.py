"""Answer with the quotes as quotes.toscrape.com shows them with scripts: at once, and after a while."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from practice.js_literals import in_script
from practice.js_page import kept_query, quotes_of
from scraper.demo.list_page import leaf_in_path
from scraper.demo.router import Route, Visit

DELAY_MS = 10_000


def _written_list(page: int) -> str:
    return "/quotes/js/" if page == 1 else f"/quotes/js/page/{page}/"


def _delayed_list(page: int) -> str:
    return "/quotes/js-delayed/" if page == 1 else f"/quotes/js-delayed/page/{page}/"


def _show(visit: Visit, template: str, address: Callable[[int], str], **context: object) -> web.Response:
    page, kept = leaf_in_path(visit), kept_query(visit, ("delay",))
    return visit.show(
        template,
        data=in_script(quotes_of(visit, page), indent=4, ascii_only=True),
        previous=address(page.number - 1) + kept if page.number > 1 else None,
        next=address(page.number + 1) + kept if page.has_next else None,
        **context,
    )


def _written(visit: Visit) -> web.Response:
    return _show(visit, "js_written.html", _written_list)


def _delayed(visit: Visit) -> web.Response:
    delay_ms = visit.asked("delay", DELAY_MS, smallest=0)
    return _show(visit, "js_delayed.html", _delayed_list, delay_ms=delay_ms)


ROUTES = (
    Route(_written_list(1), _written, "Quotes that a script writes into the page, from data in it"),
    Route("/quotes/js/page/{page}/", _written),
    Route(_delayed_list(1), _delayed, "Quotes that a script shows after ten seconds; ?delay=MS changes that"),
    Route("/quotes/js-delayed/page/{page}/", _delayed),
)
