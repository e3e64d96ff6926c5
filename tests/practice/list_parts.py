"""Lists that come in parts: by tag, or between two days with only the first quotes shown."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date, timedelta

from aiohttp import web

from practice.list_template import Parts, existing_leaf, show
from scraper.demo.records import Quote
from scraper.demo.router import BadValueError, Route, Visit, not_found
from scraper.demo.site import DemoSite

TAGS = "/lists/tags/"
FIRST_DAY, LAST_DAY = date(2026, 1, 1), date(2026, 3, 31)
"""The days between which every healthy quote has its own."""


def quote_day(site: DemoSite, index: int) -> date:
    """Return the day of a healthy quote, counted from 0: many quotes share the first days, few the last."""
    most = max(len(site.listed_quotes) - 1, 1)
    return FIRST_DAY + timedelta(days=(LAST_DAY - FIRST_DAY).days * index * index // (most * most))


def quotes_between(site: DemoSite, first: date, last: date) -> tuple[Quote, ...]:
    """Return the healthy quotes of some days, both inclusive."""

    def day(index: int) -> date:
        return quote_day(site, index)

    indexes = range(len(site.listed_quotes))
    return site.listed_quotes[bisect_left(indexes, first, key=day) : bisect_right(indexes, last, key=day)]


def _tags(visit: Visit) -> web.Response:
    return show(visit, (), template="list_tags.html", tags=[(tag, f"{TAGS}{tag}/") for tag in visit.site.listed_by_tag])


def _tag(visit: Visit) -> web.Response:
    quotes = visit.site.listed_by_tag.get(visit.captured["tag"])
    if quotes is None:
        raise not_found()
    page = existing_leaf(visit, quotes)
    return show(visit, page.quotes, Parts(total=f"{len(quotes)} quotes", next=page.next))


def _asked_day(visit: Visit, name: str, default: date) -> date:
    text = visit.request.query.get(name, default.isoformat())
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    # fromisoformat() also reads other ways to write a day, which this form does not send.
    if day is None or day.isoformat() != text:
        raise BadValueError(f"{name} must be a day such as {default}, not {text!r}")
    return day


def _archive(visit: Visit, *, states_total: bool) -> web.Response:
    first, last = _asked_day(visit, "from", FIRST_DAY), _asked_day(visit, "to", LAST_DAY)
    quotes = quotes_between(visit.site, first, last)
    parts = Parts(total=f"{len(quotes)} quotes" if states_total else None)
    shown = quotes[: visit.site.quotes_per_page]
    return show(visit, shown, parts, "list_archive.html", first=first, last=last)


def _archive_stated(visit: Visit) -> web.Response:
    return _archive(visit, states_total=True)


def _archive_silent(visit: Visit) -> web.Response:
    return _archive(visit, states_total=False)


ROUTES = (
    Route(TAGS, _tags, "Lists by tag: most quotes are in several"),
    Route(f"{TAGS}{{tag}}/", _tag, "The quotes with one tag"),
    Route("/lists/archive/", _archive_stated, "Quotes between two days: the first few, and how many there are"),
    Route("/lists/archive-silent/", _archive_silent, "Quotes between two days: the first few, and no more words"),
)
