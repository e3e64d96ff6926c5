"""A generated site of one kind: what it has, how it shows it, and what it answers to a request."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from scraper.paging import Cursor, Feed, Lists, NextForm, NextLink, PageNumbers, Pagination, Sitemap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

LISTS = ("red", "green", "blue", "grey")
KINDS = ("next", "details", "numbered", "cursor", "form", "scroll", "sitemap", "feed", "lists")
"""`details` is a list of links to records' own pages, as sitemaps are; the others show their records themselves."""
HTML, DATA, XML = ("next", "details", "numbered", "form", "lists"), ("cursor", "scroll"), ("sitemap", "feed")
LINKED, ON_THEIR_OWN = ("next", "details", "cursor", "form", "feed", "lists"), ("details", "sitemap")
SAYS_WHAT_ENDS = ("cursor", "feed")
"""Kinds in which an empty page is an explicit end, so that a full last page may lead to one."""

LOGIN = (
    b"<html><title>Sign in</title><body><form method=post action=/login><input name=user>"
    b"<input type=password name=password><button>Sign in</button></form></body></html>"
)
NOT_FOUND = b"<html><title>Not found</title><body><h1>Not found</h1></body></html>"


@dataclass(frozen=True)
class Look:
    """What is in a site besides its records."""

    holder: str = "ul"
    row: str = '<li class="item"><span class="t">{name}</span> <b class="p">{price}</b></li>'
    items: str = "li.item"
    next: str = "Next"
    result: str = "{n} results"
    numbers: bool = False
    around: str = ""
    last_next: str = ""
    """What stands for the next link on the last page."""
    behind: str = "404"
    """What is behind the last page: 404, words that say that there is nothing, or the last or first page again."""
    spills: bool = False
    """Whether a last page that is full leads to an empty one."""


@dataclass(frozen=True)
class View:
    """What one page of a list shows; what a fault changes."""

    number: int
    rows: tuple[int, ...]
    following: int | None
    total: int | None
    list: str = ""
    one_name: bool = False
    """Whether its second record bears the name of its first."""


@dataclass(frozen=True)
class Reply:
    """An answer of a site; `ends` says how the connection does."""

    body: bytes
    status: int = 200
    type: str = "text/html; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = ()
    ends: str = ""


class Site:
    """A site of one kind, healthy until `fault` is set."""

    def __init__(
        self, name: str, kind: str, records: Iterable[int], per_page: int, *, total: bool, look: Look | None = None
    ) -> None:
        self.name, self.kind, self.records, self.per_page = name, kind, list(records), per_page
        self.total, self.look, self.url = total, look or Look(), ""
        self.fault: Callable[[Site, View | None, Reply | View], Reply | View] | None = None
        self.fault_of_record: tuple[int, Callable[[Reply], Reply]] | None = None
        self.lists: Sequence[str] = LISTS
        self.tokens: dict[tuple[str, int], str] = {}
        """What pages are linked to by, by list and number, where it is not what `token` makes of these."""
        self.grows_by = 0
        self.expected = len(self.records)
        """How many records its spider expects, where that stands for a total."""
        self.said: list[tuple[str, str, Reply]] = []
        """What was asked for, with what was sent, and what it answered."""

    @property
    def truth(self) -> dict[str, str]:
        """The records by name, with their price."""
        return {f"Thing {number}": f"{number}.50" for number in self.records}

    def pages_of(self, name: str) -> list[tuple[int, ...]]:
        """Return the records on each page of a list; an empty list has one page."""
        numbers = self.records
        if self.kind == "lists":
            numbers = [number for number in numbers if LISTS[(number - 1) % len(LISTS)] == name]
        size = self.per_page
        pages = [tuple(numbers[place : place + size]) for place in range(0, len(numbers), size)] or [()]
        return [*pages, ()] if self.look.spills and len(pages[-1]) == size else pages

    def pagination(self) -> Pagination:
        """Return how a spider is told to read it."""
        place = "total" if self.kind in DATA else ".total"
        total = place if self.total and self.kind not in XML else ""
        following = NextLink("a.next", total=total)
        kinds: dict[str, Pagination] = {
            "next": following,
            "details": following,
            "numbered": PageNumbers("/?page={page}", total=total),
            "cursor": Cursor("next", address="/", query="page", json="items", total=total),
            "form": NextForm("form.next", total=total),
            "scroll": PageNumbers("/?page={page}", json="items", more="more", total=total),
            "sitemap": Sitemap("/item/"),
            "feed": Feed(),
            "lists": Lists(".lists a", following),
        }
        return kinds[self.kind]

    def answer(self, target: str, sent: str) -> Reply:
        """Answer a request."""
        parts = urlsplit(target)
        query = {**parse_qs(parts.query), **parse_qs(sent)}
        if parts.path == "/login":
            return Reply(LOGIN)
        if found := re.fullmatch(r"/item/(\d+)", parts.path):
            return self._record(int(found[1]))
        if self.kind == "lists" and parts.path == "/":
            links = "".join(f'<a href="/{name}/">{name}</a>' for name in self.lists)
            return Reply(f'<html><body><div class="lists">{links}</div></body></html>'.encode())
        if self.kind == "sitemap" and parts.path == "/sitemap.xml":
            count = len(self.pages_of(""))
            maps = "".join(f"<sitemap><loc>{self.url}map-{n}.xml</loc></sitemap>" for n in range(1, 1 + count))
            return Reply(f"<sitemapindex>{maps}</sitemapindex>".encode(), type="application/xml")
        in_path = re.search(r"map-(\d+)", parts.path)
        name = parts.path.strip("/") if self.kind == "lists" else ""
        if parts.path not in ("/", f"/{name}/", in_path and f"/{in_path[0]}.xml") or (name and name not in LISTS):
            return Reply(NOT_FOUND, 404)
        number = self._number(in_path[1] if in_path else query.get("page", ["1"])[-1], name)
        return self._page(number, name) if number else Reply(NOT_FOUND, 404)

    def _record(self, number: int) -> Reply:
        if number not in self.records:
            return Reply(NOT_FOUND, 404)
        name, price = f"Thing {number}", f"{number}.50"
        shown = f'<h1 class="t">{name}</h1><b class="p">{price}</b>'
        reply = Reply(f"<html><title>{name}</title><body>{shown}</body></html>".encode())
        if self.fault_of_record and self.fault_of_record[0] == number:
            return self.fault_of_record[1](reply)
        return reply

    def _number(self, token: str, name: str) -> int | None:
        """Return the page that a number or token stands for; None for a token that is none."""
        if token.isdecimal():
            return int(token)
        tokens = [self.token(number, name) for number in range(1, len(self.pages_of(name)) + 1)]
        return tokens.index(token) + 1 if token in tokens else None

    def token(self, number: int, name: str) -> str:
        """Return what a page is linked to by."""
        made = "".join(chr(ord("g") + byte % 16) for byte in blake2b(f"{name} {number}".encode()).digest()[:9])
        return self.tokens.get((name, number), made)

    def _page(self, number: int, name: str) -> Reply:
        pages = self.pages_of(name)
        is_behind = number > len(pages)
        if is_behind and self.look.behind == "404" and self.kind not in DATA:
            return Reply(NOT_FOUND, 404)
        instead = {"again": len(pages), "first": 1}.get(self.look.behind, number)
        shown = instead if is_behind else number
        rows = pages[shown - 1] if shown <= len(pages) else ()
        total = sum(map(len, pages)) + (self.grows_by if number > 1 else 0) if self.total else None
        view = View(number, rows, number + 1 if number < len(pages) else None, total, name)
        changed = self.fault(self, None, view) if self.fault else view
        if isinstance(changed, Reply):
            return changed
        reply = self.render(changed, len(pages))
        changed = self.fault(self, view, reply) if self.fault else reply
        assert isinstance(changed, Reply)
        return changed

    def render(self, view: View, pages: int) -> Reply:
        """Write a page as the kind of list has it."""
        rows = [(f"Thing {row}", f"{row}.50", row) for row in view.rows]
        if view.one_name:
            rows[1] = (rows[0][0], *rows[1][1:])
        token = self.token(view.following, view.list) if view.following else None
        if self.kind in DATA:
            data: dict[str, Any] = {"items": [{"name": name, "price": price} for name, price, _ in rows]}
            data |= {"more": bool(view.following)} if self.kind == "scroll" else {"next": token}
            data |= {"total": view.total} if view.total is not None else {}
            return Reply(json.dumps(data).encode(), type="application/json")
        if self.kind == "sitemap":
            urls = "".join(f"<url>\n<loc>{self.url}item/{row}</loc>\n</url>" for row in view.rows)
            return Reply(f"<urlset>{urls}</urlset>".encode(), type="application/xml")
        if self.kind == "feed":
            entries = "".join(
                f"<item>\n<title>{name}</title><description>{price}</description>\n</item>" for name, price, _ in rows
            )
            link = f'<atom:link rel="next" href="{self.url}?page={token}"/>' if token else ""
            start = '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>Things</title>'
            return Reply(f"{start}{link}{entries}</channel></rss>".encode(), type="application/rss+xml")
        return Reply(self._html(view, rows, token, pages).encode())

    def _html(self, view: View, rows: list[tuple[str, str, int]], token: str | None, pages: int) -> str:
        look = self.look
        row = '<li class="item"><a href="/item/{number}">{name}</a></li>' if self.kind == "details" else look.row
        shown = "".join(row.format(name=name, price=price, number=number) for name, price, number in rows)
        total = f'<p class="total">{look.result.format(n=view.total)}</p>' if view.total is not None else ""
        none = "<p>No results</p>" if not rows and look.behind == "words" and view.number > pages else ""
        numbers = "".join(f'<a href="?page={n}">{n}</a> ' for n in range(1, pages + 1)) if look.numbers else ""
        # The addresses of a numbered list are numbers; those of a chain tell nothing.
        # A last page that links to itself does so by its own address, and that of the first page has no token.
        own = f"?page={view.number}" if self.kind == "numbered" else ""
        own = own or (f"?page={self.token(view.number, view.list)}" if view.number > 1 else "")
        following = look.last_next.format(here=own)
        if view.following and self.kind == "form":
            following = f'<form class="next" method="post"><input name="page" value="{view.following}"></form>'
        elif token and self.kind != "numbered":
            following = f'<a class="next" rel="next" href="?page={token}">{look.next}</a>'
        pager = f'<div class="pager">{numbers if self.kind == "numbered" else ""}{following}</div>'
        tag = look.holder
        return (
            f"<html><head><title>Things to buy</title></head><body><h1>Things</h1>{total}"
            f'<{tag} class="holder">{shown}</{tag}>{none}{pager}{look.around}</body></html>'
        )
