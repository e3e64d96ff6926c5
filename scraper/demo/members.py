"""Answer with the log-in form, and with the list that shows members more than others."""

from __future__ import annotations

import hmac

from aiohttp import web

from scraper.demo import paths
from scraper.demo.list_page import leaf_in_path
from scraper.demo.pages import TOP_TAGS
from scraper.demo.router import Route, Visit, redirect

COOKIE = "session"
# Any other password will do: there is nothing to protect.
REFUSED_PASSWORD = "wrong"  # noqa: S105


def _form(visit: Visit, error: str | None = None) -> web.Response:
    sessions = visit.memory.sessions
    session = sessions.find(visit.request.cookies.get(COOKIE)) or sessions.begin()
    response = visit.show("login.html", csrf_token=session.csrf_token, login=paths.LOGIN, error=error)
    response.set_cookie(COOKIE, session.key, path="/", httponly=True)
    return response


def _log_in(visit: Visit) -> web.Response:
    if visit.request.method != "POST":
        return _form(visit)
    session = visit.memory.sessions.find(visit.request.cookies.get(COOKIE))
    token = visit.form.get("csrf_token", "")
    if session is None or not hmac.compare_digest(token.encode(), session.csrf_token.encode()):
        return _form(visit, "the form is not valid any more, please try again.")
    if not visit.form.get("username"):
        return _form(visit, "please, provide your username.")
    if visit.form.get("password") == REFUSED_PASSWORD:
        return _form(visit, "the username or the password is not right.")
    session.username = visit.form["username"]
    return redirect(paths.MEMBERS)


def _log_out(visit: Visit) -> web.Response:
    visit.memory.sessions.end(visit.request.cookies.get(COOKIE))
    response = redirect(paths.MEMBERS)
    response.del_cookie(COOKIE, path="/")
    return response


def _members(visit: Visit) -> web.Response:
    page = leaf_in_path(visit)
    return visit.show(
        "members.html",
        logged_in=visit.memory.sessions.serve_member(visit.request.cookies.get(COOKIE)),
        login=paths.LOGIN,
        logout=paths.LOGOUT,
        tag=None,
        quotes=page.quotes,
        top_tags=list(visit.site.listed_by_tag)[:TOP_TAGS],
        previous=paths.member_list(page.number - 1) if page.number > 1 else None,
        next=paths.member_list(page.number + 1) if page.has_next else None,
    )


ROUTES = (
    Route(paths.LOGIN, _log_in, "A log-in form with a CSRF token", ("GET", "POST")),
    Route(paths.LOGOUT, _log_out),
    Route(paths.MEMBERS, _members, "Quotes with a link that only members see"),
    Route(f"{paths.MEMBERS}page/{{page}}/", _members),
)
