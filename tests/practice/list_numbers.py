"""Lists whose pages have numbers that one may count up, with or without the total on the page."""

from __future__ import annotations

import asyncio

from aiohttp import web

from practice.list_template import Parts, existing_leaf, show, stated
from scraper.demo.list_page import Leaf, asked_leaf, leaf, leaf_in_path
from scraper.demo.router import Route, Visit, not_found

LAST_OF_CAPPED = 3
# Long enough that pages asked for side by side come out of order.
RANKED_DELAY_S = 0.03


def _numbers(visit: Visit) -> web.Response:
    return show(visit, leaf_in_path(visit).quotes)


def _numbers_404(visit: Visit) -> web.Response:
    page = leaf_in_path(visit)
    if page.number > page.last:
        raise not_found()
    return show(visit, page.quotes)


def _clamped(visit: Visit) -> web.Response:
    page = asked_leaf(visit)
    return show(visit, leaf(visit, min(page.number, page.last)).quotes)


def _stated(visit: Visit) -> web.Response:
    page = existing_leaf(visit)
    return show(visit, page.quotes, stated(page))


def _stated_next(visit: Visit) -> web.Response:
    page = existing_leaf(visit)
    return show(visit, page.quotes, stated(page, next_link=True))


async def _ranked(visit: Visit) -> web.Response:
    page = existing_leaf(visit)
    await asyncio.sleep(RANKED_DELAY_S * (page.number % 2))
    return show(visit, page.quotes, stated(page))


def asked_slice(visit: Visit) -> Leaf:
    """Return the quotes that the query asks for with `offset` and `limit`, as a list of one page."""
    offset, most = visit.asked("offset", 0, smallest=0), visit.site.quotes_per_page
    limit = min(visit.asked("limit", most), most)
    return Leaf(1, limit, visit.site.listed_quotes[offset : offset + limit])


def _offset(visit: Visit) -> web.Response:
    return show(visit, asked_slice(visit).quotes, Parts(total=f"{len(visit.site.listed_quotes)} quotes"))


def _capped(visit: Visit) -> web.Response:
    page = existing_leaf(visit)
    if page.number > LAST_OF_CAPPED:
        raise not_found()
    following = page.next if page.number < LAST_OF_CAPPED else None
    return show(visit, page.quotes, Parts(results=str(len(page.listed)), next=following))


def _totals_wrong(visit: Visit) -> web.Response:
    page = existing_leaf(visit)
    return show(visit, page.quotes, Parts(results="1000", next=page.next))


def _totals_word(visit: Visit) -> web.Response:
    page = existing_leaf(visit)
    return show(visit, page.quotes, Parts(results="many", next=page.next))


def _totals_many(visit: Visit) -> web.Response:
    page = existing_leaf(visit)
    total = f"{len(page.listed)} quotes by {len(visit.site.all_authors)} authors, found in 0.02 seconds"
    return show(visit, page.quotes, Parts(total=total, next=page.next))


def _totals_growing(visit: Visit) -> web.Response:
    page = existing_leaf(visit)
    return show(visit, page.quotes, Parts(results=str(len(page.listed) + page.number - 1), next=page.next))


NUMBERS = "Pages by number without any link; those beyond the last one are empty"
NUMBERS_404 = "Pages by number without any link; those beyond the last one are missing"

ROUTES = (
    Route("/lists/numbers/", _numbers, NUMBERS),
    Route("/lists/numbers/{page}/", _numbers, NUMBERS),
    Route("/lists/numbers-404/", _numbers_404, NUMBERS_404),
    Route("/lists/numbers-404/{page}/", _numbers_404, NUMBERS_404),
    Route(
        "/lists/clamped/", _clamped, "Pages by number without any link; beyond the last one comes the last one again"
    ),
    Route("/lists/stated/", _stated, "Each page says how many there are, and links to them by number"),
    Route("/lists/stated-next/", _stated_next, "The same with a link to the next page"),
    Route("/lists/ranked/", _ranked, "Each page says how many there are; odd ones are slower"),
    Route("/lists/offset/", _offset, "Parts of the list by offset and limit, with the total"),
    Route("/lists/capped/", _capped, "The total is stated, but the list ends after three pages"),
    Route("/lists/totals/wrong/", _totals_wrong, "The stated total is too large"),
    Route("/lists/totals/word/", _totals_word, "The stated total is a word"),
    Route("/lists/totals/many/", _totals_many, "The stated total is one of several numbers"),
    Route("/lists/totals/growing/", _totals_growing, "The stated total is larger on each page"),
)
