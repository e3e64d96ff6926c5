"""The faults that are injected into sites, each with the kinds of lists that it may befall."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from faulty_sites.site import (
    DATA,
    HTML,
    KINDS,
    LINKED,
    LISTS,
    LOGIN,
    NOT_FOUND,
    ON_THEIR_OWN,
    XML,
    Reply,
    Site,
    View,
)

PAGES, PER_PAGE, BROKEN = 5, 5, 3
"""Pages and records a page of the sites with faults, and the page that has the fault."""

SHOWN = tuple(kind for kind in KINDS if kind not in ON_THEIR_OWN)
STATED_TOO_HIGH, LIST_GONE, IGNORED = "states more than it shows", "a list gone", "page number ignored"
OnPage = Callable[[Site, View | None, "Reply | View"], "Reply | View"]
"""What changes the view of a page, before it is written, or its reply, which comes with the view that it had."""
OnRecord = Callable[[Reply], Reply]


@dataclass(frozen=True)
class Fault:
    """What may befall a site; a fault is of some of its lists' pages, of one record's own page, or of its lists."""

    kinds: tuple[str, ...]
    on_page: OnPage | None = None
    on_record: OnRecord | None = None
    lists: tuple[str, ...] = LISTS
    behind: str = "404"
    """What a site with it has behind its last page, see `Look`."""

    def befall(self, site: Site) -> None:
        """Let a site have the fault from now on."""
        site.fault, site.lists, site.look = self.on_page, self.lists, replace(site.look, behind=self.behind)
        if self.on_record is not None:
            site.fault_of_record = (BROKEN * PER_PAGE - 2, self.on_record)


def _shown(change: Callable[[Site, View], View], *numbers: int) -> OnPage:
    """Return the fault that changes what some pages show."""

    def fault(site: Site, _view: View | None, made: Reply | View) -> Reply | View:
        return change(site, made) if isinstance(made, View) and made.number in numbers else made

    return fault


def _sent(change: Callable[[Site, Reply], Reply], *numbers: int) -> OnPage:
    """Return the fault that changes how some pages are sent."""

    def fault(site: Site, view: View | None, made: Reply | View) -> Reply | View:
        hit = isinstance(made, Reply) and view is not None and view.number in (numbers or (BROKEN,))
        return change(site, made) if hit and isinstance(made, Reply) else made

    return fault


def _instead(body: bytes, status: int = 200, **headers: str) -> OnPage:
    named = tuple(headers.items())
    return _sent(lambda _site, _reply: Reply(body, status, headers=named))


def _middle(site: Site, reply: Reply, text: str) -> Reply:
    """Return a reply with a text between the second of its entries and the third."""
    tag = b"</url>" if site.kind == "sitemap" else b"</item>"
    before = tag.join(reply.body.split(tag)[:2]) + tag
    return replace(reply, body=before + text.encode() + reply.body[len(before) :])


def _data(change: Callable[[dict[str, Any]], dict[str, Any]]) -> OnPage:
    return _sent(lambda _, reply: replace(reply, body=json.dumps(change(json.loads(reply.body))).encode()))


_PAGE = b"<html><title>%s</title><body><h1>%s</h1></body></html>"
_LATER = tuple(range(BROKEN, PAGES + 1))
_ON_PAGES: dict[str, tuple[tuple[str, ...], OnPage]] = {
    "empty page, links on": (KINDS, _shown(lambda _, v: replace(v, rows=()), BROKEN)),
    "empty page, ends": (KINDS, _shown(lambda _, v: replace(v, rows=(), following=None), BROKEN)),
    "next link missing": (LINKED, _shown(lambda _, v: replace(v, following=None), BROKEN)),
    "next link to page 1": (LINKED, _shown(lambda _, v: replace(v, following=1), BROKEN)),
    "next link to itself": (LINKED, _shown(lambda _, v: replace(v, following=v.number), BROKEN)),
    "page skipped": (LINKED, _shown(lambda _, v: replace(v, following=v.number + 2), 2)),
    IGNORED: (
        KINDS,
        _shown(lambda s, v: replace(v, rows=s.pages_of(v.list or LISTS[0])[0]), *_LATER),
    ),
    "page of another number": (
        KINDS,
        _shown(lambda s, v: replace(v, rows=s.pages_of(v.list or LISTS[0])[1]), BROKEN),
    ),
    "overlapping pages": (
        KINDS,
        _shown(lambda s, v: replace(v, rows=s.pages_of(v.list or LISTS[0])[1][-2:] + v.rows[2:]), BROKEN),
    ),
    "short page": (KINDS, _shown(lambda _, v: replace(v, rows=v.rows[:-2]), BROKEN)),
    "two short pages": (KINDS, _shown(lambda _, v: replace(v, rows=v.rows[:-2]), 2, BROKEN)),
    "error page": (KINDS, _instead(_PAGE % (b"Error", b"Something went wrong"))),
    "maintenance from here": (
        KINDS,
        _sent(lambda _, __: Reply(_PAGE % (b"Shop", b"We are under maintenance")), *_LATER),
    ),
    "captcha": (KINDS, _instead(_PAGE % (b"Shop", b"Are you a robot?"))),
    "login form": (KINDS, _instead(LOGIN)),
    "session expired": (KINDS, _instead(_PAGE % (b"Things to buy", b"Your session has expired"))),
    "empty body": (KINDS, _instead(b"")),
    "cut by its length": (KINDS, _sent(lambda _, r: replace(r, ends="short"))),
    "cut without a length": (KINDS, _sent(lambda _, r: replace(r, ends="close"))),
    "cut by its program": (KINDS, _sent(lambda _, r: replace(r, body=r.body[: len(r.body) * 2 // 3]))),
    "connection reset": (KINDS, _sent(lambda _, r: replace(r, ends="reset"))),
    "500": (KINDS, _instead(b"no", 500)),
    "503": (KINDS, _instead(b"no", 503)),
    "403": (KINDS, _instead(b"no", 403)),
    "404": (KINDS, _instead(NOT_FOUND, 404)),
    "redirect to the start": (KINDS, _instead(b"", 302, Location="/")),
    "redirect to the login": (KINDS, _instead(b"", 302, Location="/login")),
    "container renamed": (HTML, _sent(lambda _, r: replace(r, body=r.body.replace(b'class="item"', b'class="new"')))),
    "selector never matches": (
        HTML,
        _sent(lambda _, r: replace(r, body=r.body.replace(b'class="item"', b'class="new"')), *range(1, PAGES + 1)),
    ),
    "records without key": (
        HTML,
        _sent(lambda _, r: replace(r, body=r.body.replace(b'class="t"', b'class="u"').replace(b"/item/", b"#"))),
    ),
    "null at the path": (DATA, _data(lambda d: {**d, "items": None})),
    "path absent": (DATA, _data(lambda d: {name: d[name] for name in d if name != "items"})),
    "errors beside": (DATA, _data(lambda d: {**d, "items": [], "errors": [{"message": "busy"}]})),
    "error alone": (DATA, _data(lambda _: {"error": {"code": 429, "message": "slow down"}})),
    "error text in the middle": (XML, _sent(lambda s, r: _middle(s, r, "Fatal error: out of memory"))),
    "broken off with a text": (
        XML,
        _sent(lambda s, r: replace(r, body=_middle(s, r, "\0").body.split(b"\0")[0] + b"Fatal error")),
    ),
    "two records under one key": (SHOWN, _shown(lambda _, v: replace(v, one_name=True), BROKEN)),
    STATED_TOO_HIGH: (
        (*HTML, *DATA),
        _shown(lambda _, v: replace(v, total=(v.total or 0) + 2), *range(1, PAGES + 1)),
    ),
}
_ON_RECORD: dict[str, OnRecord] = {
    "record's page empty": lambda r: replace(r, body=b""),
    "record's page of another layout": lambda r: replace(r, body=r.body.replace(b'class="t"', b'class="u"')),
    "record's page without its price": lambda r: replace(r, body=r.body.replace(b'class="p"', b'class="q"')),
    "record's page a login form": lambda _: Reply(LOGIN),
    "record's page an error": lambda _: Reply(_PAGE % (b"Error", b"Something went wrong")),
    "record's page a captcha": lambda _: Reply(_PAGE % (b"Shop", b"Are you a robot?")),
    "record's page a 404": lambda _: Reply(NOT_FOUND, 404),
    "record's page a 503": lambda _: Reply(b"no", 503),
    "record's page reset": lambda r: replace(r, ends="reset"),
    "record's page cut by its length": lambda r: replace(r, ends="short"),
    "record's page cut by its program": lambda r: replace(r, body=r.body.split(b"0</b>")[0]),
    "record's page leads to the login": lambda _: Reply(b"", 302, headers=(("Location", "/login"),)),
    "record's page leads to the start": lambda _: Reply(b"", 302, headers=(("Location", "/"),)),
}
FAULTS = {
    **{name: Fault(kinds, on_page) for name, (kinds, on_page) in _ON_PAGES.items()},
    **{name: Fault(ON_THEIR_OWN, on_record=on_record) for name, on_record in _ON_RECORD.items()},
    # A site that takes every number from there on for the first page's does so behind its last page, too.
    IGNORED: Fault(KINDS, _ON_PAGES[IGNORED][1], behind="first"),
    LIST_GONE: Fault(("lists",), lists=LISTS[1:]),
}
"""Every fault by its name."""


def faulty(number: int, kind: str, *, total: bool) -> Site:
    """Return a site that is to have a fault. Its last page is not full, as is usual."""
    lists = len(LISTS) if kind == "lists" else 1
    return Site(f"fault-{number}", kind, range(1, lists * (PAGES * PER_PAGE - 2) + 1), PER_PAGE, total=total)


def cells() -> list[tuple[str, str, bool, bool]]:
    """Return every fault with the kinds that it may befall, with a total or without, in a first or later run."""
    return [
        (name, kind, total, later)
        for name, fault in FAULTS.items()
        for kind in fault.kinds
        for total in (True, False)
        for later in (False, True)
        if (total or name != STATED_TOO_HIGH) and (later or name != LIST_GONE)
    ]
