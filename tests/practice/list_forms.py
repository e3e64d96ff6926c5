"""Lists that one gets on with by a button or a form."""

from __future__ import annotations

from aiohttp import web

from practice.list_template import show
from scraper.demo.list_page import Leaf, leaf
from scraper.demo.memory import ExpiredError, seal, unseal
from scraper.demo.pages import HTML_TYPE
from scraper.demo.records import Quote
from scraper.demo.router import BadValueError, Route, Visit, redirect, send, send_json, whole_number

FRAGMENT = "/lists/load-more/fragment"
MORE_JSON = "/lists/load-more-json/more"
PAGER = "pager"
STATE = "state of a form"


def _quotes_and_button(visit: Visit, quotes: list[Quote], after: int) -> web.Response:
    total = len(visit.site.listed_quotes)
    more = f"{FRAGMENT}?after={after + len(quotes)}" if after + len(quotes) < total else None
    if visit.route.path == FRAGMENT:
        return send(visit.fill("fragment.html", quotes=quotes, more=more), HTML_TYPE)
    return show(visit, quotes, template="list_more.html", more=more)


def _more(visit: Visit) -> web.Response:
    after = visit.asked("after", 0, smallest=0)
    quotes = visit.site.listed_quotes[after : after + visit.site.quotes_per_page]
    return _quotes_and_button(visit, list(quotes), after)


def _more_json(visit: Visit) -> web.Response:
    if visit.request.method != "POST":
        page = leaf(visit, 1)
        return show(visit, page.quotes, template="list_more_json.html", page=page, action=MORE_JSON)
    if visit.form.get("action") != "more":
        raise BadValueError(f"action must be 'more', not {visit.form.get('action')!r}")
    page = leaf(visit, whole_number("page", visit.form.get("page", "")))
    html = visit.fill("fragment.html", quotes=page.quotes, more=None)
    return send_json({"html": html, "more": page.has_next, "page": page.number})


def _form(visit: Visit) -> web.Response:
    number: str | None = "1"
    if visit.request.method == "POST":
        number = unseal(STATE, visit.form.get("state", ""))
    if number is None:
        raise BadValueError("the state of the form is not valid")
    page = leaf(visit, int(number))
    state = seal(STATE, str(page.number + 1)) if page.has_next else None
    return show(visit, page.quotes, template="list_form.html", action=visit.route.path, state=state)


def _posted_back(visit: Visit) -> Leaf | None:
    """Return the page that was asked for with the form; None when its state is not valid. Raises ExpiredError."""
    if visit.memory.view_states.use(visit.form.get("__VIEWSTATE", "")) is None:
        return None
    target, argument = visit.form.get("__EVENTTARGET"), visit.form.get("__EVENTARGUMENT", "")
    page = leaf(visit, whole_number("__EVENTARGUMENT", argument))
    if target != PAGER or page.number > page.last:
        raise BadValueError(f"there is no {argument!r} of {target!r}")
    return page


def _postback(visit: Visit) -> web.Response:
    page: Leaf | None = leaf(visit, 1)
    if visit.request.method == "POST":
        try:
            page = _posted_back(visit)
        except ExpiredError:
            return redirect(visit.route.path)
    if page is None:
        return web.Response(status=500, text="the state of the form is not valid")
    view_state = visit.memory.view_states.issue()
    path = visit.route.path
    return show(
        visit, page.quotes, template="list_postback.html", action=path, page=page, pager=PAGER, view_state=view_state
    )


ROUTES = (
    Route("/lists/load-more/", _more, "A button fetches more of the page"),
    Route(FRAGMENT, _more),
    Route("/lists/load-more-json/", _more_json, "A button fetches more of the page, as HTML in JSON"),
    Route(MORE_JSON, _more_json, methods=("POST",), answers_json=True),
    Route("/lists/form/", _form, "A form leads to the next page", ("GET", "POST")),
    Route("/lists/postback/", _postback, "Links send a form of the ASP.NET kind", ("GET", "POST")),
)
