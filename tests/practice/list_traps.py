"""Lists in which a crawler that follows every link to a next page never comes to an end, or learns nothing new."""

from __future__ import annotations

import re
import secrets
from datetime import MAXYEAR, MINYEAR, date, timedelta

from aiohttp import web

from practice.list_parts import FIRST_DAY, quotes_between
from practice.list_template import Parts, existing_leaf, show
from scraper.demo.list_page import asked_leaf, leaf
from scraper.demo.router import BadValueError, Route, Visit

LOOP = ("/lists/loop/a/", "/lists/loop/b/")


def _loop(visit: Visit) -> web.Response:
    place = LOOP.index(visit.route.path)
    return show(visit, leaf(visit, place + 1).quotes, Parts(next=LOOP[1 - place]))


def _sessions(visit: Visit) -> web.Response:
    page = existing_leaf(visit)
    following = page.number % page.last + 1
    return show(visit, page.quotes, Parts(next=f"?page={following}&sid={secrets.token_hex(8)}"))


def _same(visit: Visit) -> web.Response:
    following = asked_leaf(visit).number + 1
    return show(visit, leaf(visit, 1).quotes, Parts(next=f"?page={following}"))


def _asked_month(visit: Visit) -> date:
    text = visit.request.query.get("month", f"{FIRST_DAY:%Y-%m}")
    # The last of all months has no day after it.
    if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text, re.ASCII) or not MINYEAR <= int(text[:4]) < MAXYEAR:
        raise BadValueError(f"month must be like {FIRST_DAY:%Y-%m}, not {text!r}")
    return date.fromisoformat(f"{text}-01")


def _calendar(visit: Visit) -> web.Response:
    month = _asked_month(visit)
    following = (month + timedelta(days=31)).replace(day=1)
    quotes = quotes_between(visit.site, month, following - timedelta(days=1))
    # Not strftime: it writes the year 987 without a leading zero.
    return show(visit, quotes, Parts(state=month.isoformat()[:7], next=f"?month={following.isoformat()[:7]}"))


ROUTES = (
    Route(LOOP[0], _loop, "Two pages that lead to each other"),
    Route(LOOP[1], _loop, "The second of two pages that lead to each other"),
    Route("/lists/sessions/", _sessions, "Every link is new, and the last page leads to the first one"),
    Route("/lists/same/", _same, "Every page shows the same, and there is always another"),
    Route("/lists/calendar/", _calendar, "A calendar that goes on for ever"),
)
