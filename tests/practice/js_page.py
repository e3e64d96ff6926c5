"""What the pages that need JavaScript have in common: which quotes they show, and where their next page is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from practice.list_template import existing_leaf
from scraper.demo.layouts import quotes_as_json
from scraper.demo.list_page import Leaf
from scraper.demo.router import Visit

API = "/js/api/quotes"


def quotes_of(visit: Visit, page: Leaf) -> list[dict[str, Any]]:
    """Return what a page lists as the API does."""
    return quotes_as_json(visit.site, page.quotes)


def kept_query(visit: Visit, kept: Sequence[str], **others: object) -> str:
    """Return a query with `others`, and with what this request says of `kept`; empty when there is nothing to say."""
    asked = visit.request.query
    said = {**others, **{name: asked[name] for name in kept if name in asked}}
    return f"?{urlencode(said)}" if said else ""


def show_page(visit: Visit, template: str, *, kept: Sequence[str] = (), **context: object) -> web.Response:
    """Answer with the page that the query asks for; its link to the next one keeps the parameters `kept`.

    The template knows the page as `page`, the link as `next`, and the API as `api`. A page beyond the last raises
    HTTPNotFound.
    """
    page = existing_leaf(visit)
    following = kept_query(visit, kept, page=page.number + 1) if page.has_next else None
    return visit.show(template, page=page, previous=None, next=following, api=API, **context)
