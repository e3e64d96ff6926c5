"""Answer with the search form of the ASP.NET kind: choose an author, then a tag, then see what is found."""

from __future__ import annotations

from aiohttp import web

from scraper.demo import paths
from scraper.demo.memory import ExpiredError
from scraper.demo.records import Quote
from scraper.demo.router import Route, Visit, redirect

NOTHING = "----------"
"""What a select shows while nothing is chosen; the option has no value of its own."""


def _page(visit: Visit, author: str = "", tag: str = "", found: list[Quote] | None = None) -> web.Response:
    return visit.show(
        "filter.html",
        action=paths.FILTER,
        nothing=NOTHING,
        authors=list(visit.site.tags_of_author),
        tags=visit.site.tags_of_author.get(author, ()),
        chosen_author=author,
        chosen_tag=tag,
        found=found,
        view_state=visit.memory.view_states.issue(author),
    )


def _search(visit: Visit) -> web.Response:
    return _page(visit)


def _filter(visit: Visit) -> web.Response:
    try:
        listed_for = visit.memory.view_states.use(visit.form.get("__VIEWSTATE", ""))
    except ExpiredError:
        return redirect(paths.SEARCH)
    if listed_for is None:
        return web.Response(status=500, text="the state of the form is not valid")
    author, tag = (visit.form.get(name, NOTHING) for name in ("author", "tag"))
    if author == NOTHING:
        return _page(visit)
    if author not in visit.site.tags_of_author:
        return redirect(paths.SEARCH)
    if tag == NOTHING:
        return _page(visit, author)
    # The form that was sent must have offered the tag, and it only offers those of the author chosen before.
    if author != listed_for or tag not in visit.site.tags_of_author[author]:
        return redirect(paths.SEARCH)
    found = [quote for quote in visit.site.listed_by_tag[tag] if quote.author == author]
    return _page(visit, author, tag, found)


ROUTES = (
    Route(paths.SEARCH, _search, "A search form in two steps, with __VIEWSTATE"),
    Route(paths.FILTER, _filter, "Quotes found by author and tag", ("POST",)),
)
