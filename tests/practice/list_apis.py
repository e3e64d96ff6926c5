"""Lists as JSON: by page, offset, cursor, token in a header, and link."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from aiohttp import web

from practice.list_numbers import asked_slice
from scraper.demo.layouts import quote_as_json
from scraper.demo.list_page import Leaf, asked_leaf, leaf
from scraper.demo.memory import seal, unseal
from scraper.demo.records import Quote
from scraper.demo.router import BadValueError, Route, Visit, send_json

TOKEN_HEADER, NEXT_TOKEN_HEADER = "X-Page-Token", "X-Next-Page-Token"


def _items(visit: Visit, quotes: Iterable[Quote]) -> list[dict[str, Any]]:
    return [quote_as_json(visit.site, quote) for quote in quotes]


def _sealed_leaf(visit: Visit, purpose: str, sealed: str) -> Leaf:
    """Return the page that a cursor or token stands for; without one it is the first."""
    number = unseal(purpose, sealed) if sealed else "1"
    if number is None:
        raise BadValueError(f"there is no {purpose} {sealed!r}")
    return leaf(visit, int(number))


def _pages(visit: Visit) -> web.Response:
    page = asked_leaf(visit)
    content = {"page": page.number, "pages": page.last, "total": len(page.listed)}
    return send_json({**content, "data": {"items": _items(visit, page.quotes)}})


def _offset(visit: Visit) -> web.Response:
    return send_json({"total": len(visit.site.listed_quotes), "results": _items(visit, asked_slice(visit).quotes)})


def _cursor(visit: Visit) -> web.Response:
    page = _sealed_leaf(visit, "cursor", visit.request.query.get("cursor", ""))
    following = seal("cursor", str(page.number + 1)) if page.has_next else None
    return send_json({"items": _items(visit, page.quotes), "next_cursor": following})


def _cursor_loop(visit: Visit) -> web.Response:
    page = _sealed_leaf(visit, "cursor", visit.request.query.get("cursor", ""))
    return send_json({"items": _items(visit, page.quotes), "next_cursor": seal("cursor", "2")})


def _token(visit: Visit) -> web.Response:
    page = _sealed_leaf(visit, "token", visit.request.headers.get(TOKEN_HEADER, ""))
    response = send_json({"items": _items(visit, page.quotes)})
    if page.has_next:
        response.headers[NEXT_TOKEN_HEADER] = seal("token", str(page.number + 1))
    return response


def _links(visit: Visit) -> web.Response:
    page = asked_leaf(visit)
    if page.number > page.last:
        return send_json({"error": "there is no such page"}, status=404)
    following = f"{visit.site.base.rstrip('/')}{visit.route.path}{page.next}" if page.next else None
    return send_json({"count": len(page.listed), "next": following, "results": _items(visit, page.quotes)})


ROUTES = tuple(
    Route(f"/lists/api/{name}", answer, title, answers_json=True)
    for name, answer, title in (
        ("pages", _pages, "JSON by page, with the number of pages and the total"),
        ("offset", _offset, "JSON by offset and limit, with the total"),
        ("cursor", _cursor, "JSON with a cursor for the next page"),
        ("token", _token, "JSON with a token for the next page in a header"),
        ("links", _links, "JSON with the address of the next page"),
        ("cursor-loop", _cursor_loop, "JSON with a cursor that leads to the same page for ever"),
    )
)
