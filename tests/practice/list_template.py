"""Answer with a list page that shows some quotes, and whatever leads to the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from scraper.demo.list_page import Leaf, asked_leaf
from scraper.demo.records import Quote
from scraper.demo.router import Visit, not_found


def existing_leaf(visit: Visit, quotes: Sequence[Quote] | None = None) -> Leaf:
    """Return the page that the query asks for; beyond the last one raises HTTPNotFound."""
    page = asked_leaf(visit, quotes)
    if page.number > page.last:
        raise not_found()
    return page


@dataclass(frozen=True)
class Parts:
    """What a list page shows besides its quotes; what is None or empty is left out."""

    head_next: str | None = None
    """`<link rel="next">` in the head."""
    next: str | None = None
    """`li.next a`, as most lists have it."""
    rel_next: str | None = None
    """`<a rel="next nofollow">`."""
    next_links: Sequence[str] = ()
    """Several `a.next`."""
    links: Sequence[tuple[int, str]] = ()
    """`nav.pages a`: the pages by number."""
    state: str | None = None
    """`p.state`, such as "Page 1 of 7"."""
    results: str | None = None
    """The total as a shop states it: `p.total strong`, followed by "results"."""
    total: str | None = None
    """`p.total` in words of its own."""


def show(
    visit: Visit, quotes: Sequence[Quote], parts: Parts | None = None, template: str = "list.html", **context: object
) -> web.Response:
    """Answer with a list page."""
    return visit.show(template, quotes=quotes, parts=parts or Parts(), **context)


def stated(page: Leaf, *, next_link: bool = False) -> Parts:
    """Return what a page shows that says how many there are, and links to each by number."""
    return Parts(
        state=page.state,
        results=str(len(page.listed)),
        links=page.links,
        next=page.next if next_link else None,
    )
