"""Lists that link to their next page, each in another way."""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import web

from practice.list_template import Parts, existing_leaf, show
from scraper.demo.list_page import asked_leaf
from scraper.demo.router import Route, Visit

MANY_LINKS = 10


def _in_head(visit: Visit) -> web.Response:
    page = existing_leaf(visit)
    return show(visit, page.quotes, Parts(head_next=page.next))


def _in_header(visit: Visit) -> web.Response:
    page = existing_leaf(visit)
    response = show(visit, page.quotes)
    if page.next:
        response.headers["Link"] = f'<{visit.route.path}{page.next}>; rel="next"'
    return response


def _by_rel(visit: Visit) -> web.Response:
    page = existing_leaf(visit)
    return show(visit, page.quotes, Parts(rel_next=page.next))


def _relative(visit: Visit) -> web.Response:
    """Write the link in one of the ways a browser understands, each in its turn."""
    page, path = existing_leaf(visit), visit.route.path
    following = page.number + 1
    ways = (
        f"./?page={following}#top",
        f"?page={following}",
        f"../{path.rstrip('/').rpartition('/')[2]}/?page={following}",
        f"//{urlsplit(visit.site.base).netloc}{path}?page={following}",
    )
    return show(visit, page.quotes, Parts(next=ways[page.number % len(ways)] if page.has_next else None))


def _last_empty(visit: Visit) -> web.Response:
    page = asked_leaf(visit)
    return show(visit, page.quotes, Parts(next=f"?page={page.number + 1}" if page.number <= page.last else None))


def _many(visit: Visit) -> web.Response:
    """Link to the next page and to others alike, again and again when there are few."""
    page = existing_leaf(visit)
    others = [address for number, address in page.links if number not in (page.number, page.number + 1)]
    shown = [page.next] if page.next else []
    while others and len(shown) < MANY_LINKS:
        shown += others[: MANY_LINKS - len(shown)]
    return show(visit, page.quotes, Parts(next_links=shown))


def _self(visit: Visit) -> web.Response:
    page = existing_leaf(visit)
    return show(visit, page.quotes, Parts(next=page.next or "#"))


def _script(visit: Visit) -> web.Response:
    return show(visit, existing_leaf(visit).quotes, Parts(next="javascript:void(0)"))


ROUTES = (
    Route("/lists/rel-next/", _in_head, "The next page is named only by a link element in the head"),
    Route("/lists/link-header/", _in_header, "The next page is named only by the header Link"),
    Route("/lists/anchor-rel/", _by_rel, "The link to the next page says so only with rel"),
    Route("/lists/relative/", _relative, "The link to the next page is relative, each time in another way"),
    Route("/lists/last-empty/", _last_empty, "The last page links to one more, which is empty"),
    Route("/lists/many-next/", _many, "Ten links look like the one to the next page"),
    Route("/lists/self-next/", _self, "The next page of the last one is the last one"),
    Route("/lists/script-next/", _script, "The link to the next page runs a script that does nothing"),
)
