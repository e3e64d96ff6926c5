"""How often the verdict on a crawl is right: with faults injected into the site, and on healthy sites.

    python benchmarks/verdicts.py                            # every fault, and 1,000 healthy crawls
    python benchmarks/verdicts.py --only faults
    python benchmarks/verdicts.py --only healthy --crawls 100 --seed 7

Each crawl is one of Scrapy's engine with every pipeline, over sockets, into a real MongoDB; they run one after the
other in one process, each of a site with a loopback address of its own. A crawl that is injected a fault is right when
it is `complete` and every record of the site is stored as it is, or when it is not `complete` and gives a reason; and
when no record of the site is marked as gone. In a `later` run a healthy crawl comes first. Where sites state no total
(sitemaps and feeds) `at_least` stands for it. Ends with 1 when less than 99 % of the verdicts are right, a healthy
site is read wrong, or more than 1 % of the healthy crawls are not `complete`. Browsers are not used.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qs, urlsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from mongoengine import StringField  # noqa: E402

from models import cleaners  # noqa: E402
from models.record import Record  # noqa: E402
from scraper.paging import Cursor, Feed, Lists, NextForm, NextLink, PageNumbers, Pagination, Sitemap  # noqa: E402
from scraper.select import first  # noqa: E402
from scraper.spider import SiteSpider  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GOAL, MOST_FALSE_ALARMS = 0.99, 0.01
PAGES, PER_PAGE, BROKEN = 5, 5, 3
"""Pages and records a page of the sites with faults, and the page that has the fault."""
LISTS = ("red", "green", "blue", "grey")
KINDS = ("next", "numbered", "cursor", "form", "scroll", "sitemap", "feed", "lists")
HTML, DATA, XML = ("next", "numbered", "form", "lists"), ("cursor", "scroll"), ("sitemap", "feed")
LINKED = ("next", "cursor", "form", "feed", "lists")
OPTIONS = {
    "SWATHE_CRAWL_DELAY_S": "0",
    "SWATHE_CRAWL_CONCURRENCY_PER_SITE": "16",
    "SWATHE_CRAWL_RETRIES": "1",
    "SWATHE_POLITENESS_BACKOFF_S": "0.02",
    "SWATHE_POLITENESS_MAX_WAIT_S": "0.1",
    "SWATHE_RENDERING_TIERS": "html, data, api",
    "SWATHE_MONGODB_IDLE_STOP_S": "30",
}


class VerdictThing(Record):
    """A record of a generated site."""

    meta: ClassVar = {"collection": "verdict_things"}
    name = StringField(required=True, key=True, clean=cleaners.one_line)
    site = StringField(required=True, key=True)
    price = StringField(required=True, clean=cleaners.one_line)


class Generated(SiteSpider):
    """Reads a generated site."""

    start_url = "http://127.0.0.1:9/"
    records = (VerdictThing,)
    site = ""

    def found(self, page: Any, name: Any, price: Any) -> Any:
        """Return a record."""
        return VerdictThing.found(page, name=name, site=self.site, price=price)

    def read_item(self, page: Any, item: Any) -> Iterator[Any]:
        """Read an entry."""
        yield self.found(page, first(item, ".t::text"), first(item, ".p::text"))

    def read_data(self, page: Any, data: Any) -> Iterator[Any]:
        """Read an entry of an API or a feed; follow one of a sitemap."""
        if "loc" in data:
            yield from self.follow_record(page, [data["loc"]])
        else:
            name = data.get("name") or data.get("title")
            yield self.found(page, name, data.get("price") or data.get("summary"))

    def read_page(self, page: Any) -> Iterator[Any]:
        """Read a record's own page."""
        if first(page, "h1.t::text"):
            yield self.found(page, first(page, "h1.t::text"), first(page, ".p::text"))


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
    """What is behind the last page: 404, the last page again, or words that say that there is nothing."""


@dataclass(frozen=True)
class View:
    """What one page of a list shows; what a fault changes."""

    number: int
    rows: tuple[int, ...]
    following: int | None
    total: int | None
    list: str = ""


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
        self, name: str, kind: str, records: int, per_page: int, *, total: bool, look: Look | None = None
    ) -> None:
        self.name, self.kind, self.records, self.per_page = name, kind, records, per_page
        self.total, self.look, self.url = total, look or Look(), ""
        self.fault: Callable[[Site, View | None, Reply | View], Reply | View] | None = None
        self.grows_by = 0

    @property
    def truth(self) -> dict[str, str]:
        """The records by name, with their price."""
        return {f"Thing {number}": f"{number}.50" for number in range(1, self.records + 1)}

    def pages_of(self, name: str) -> list[tuple[int, ...]]:
        """Return the records on each page of a list; an empty list has one page."""
        numbers = list(range(1, self.records + 1))
        if self.kind == "lists":
            numbers = numbers[LISTS.index(name) :: len(LISTS)]
        size = self.per_page
        return [tuple(numbers[place : place + size]) for place in range(0, len(numbers), size)] or [()]

    def pagination(self) -> Pagination:
        """Return how a spider is told to read it."""
        place = "total" if self.kind in DATA else ".total"
        total = place if self.total and self.kind not in XML else ""
        following = NextLink("a.next", total=total)
        kinds: dict[str, Pagination] = {
            "next": following,
            "numbered": PageNumbers("/?page={page}", total=total),
            "cursor": Cursor("next", address="/", query="page", json="items", total=total),
            "form": NextForm("form.next", total=total),
            "scroll": PageNumbers("/?page={page}", json="items", more="more", total=total),
            "sitemap": Sitemap("/item/"),
            "feed": Feed(),
            "lists": Lists(".lists a", following),
        }
        return kinds[self.kind]

    def spider(self) -> type[Generated]:
        """Return a spider for it."""
        least = {VerdictThing: self.records} if self.total and self.kind in XML else {}
        fields = {"name": self.name, "site": self.name, "start_url": self.url, "at_least": least}
        more = {"items": self.look.items, "pagination": self.pagination()}
        return type("GeneratedSite", (Generated,), {**fields, **more})

    def answer(self, target: str, sent: str) -> Reply:
        """Answer a request."""
        parts = urlsplit(target)
        query = {**parse_qs(parts.query), **parse_qs(sent)}
        if parts.path == "/login":
            return Reply(LOGIN)
        if found := re.fullmatch(r"/item/(\d+)", parts.path):
            name, price = list(self.truth.items())[int(found[1]) - 1]
            return Reply(
                f'<html><title>{name}</title><h1 class="t">{name}</h1><b class="p">{price}</b></html>'.encode()
            )
        if self.kind == "lists" and parts.path == "/":
            names = LISTS[1:] if self.fault is _without_a_list else LISTS
            links = "".join(f'<a href="/{name}/">{name}</a>' for name in names)
            return Reply(f'<html><body><div class="lists">{links}</div></body></html>'.encode())
        if self.kind == "sitemap" and parts.path == "/sitemap.xml":
            maps = "".join(f"<sitemap><loc>{self.url}map-{n}.xml</loc></sitemap>" for n in range(1, 1 + self._count()))
            return Reply(f"<sitemapindex>{maps}</sitemapindex>".encode(), type="application/xml")
        in_path = re.search(r"map-(\d+)", parts.path)
        number = int(in_path[1] if in_path else query.get("page", ["1"])[-1].strip("k"))
        name = parts.path.strip("/") if self.kind == "lists" else ""
        if parts.path not in ("/", f"/{name}/", f"/map-{number}.xml") or (name and name not in LISTS):
            return Reply(NOT_FOUND, 404)
        return self._page(number, name)

    def _count(self) -> int:
        return len(self.pages_of(LISTS[0]))

    def _page(self, number: int, name: str) -> Reply:
        pages = self.pages_of(name or LISTS[0])
        if number > len(pages) and self.look.behind == "404" and self.kind not in DATA:
            return Reply(NOT_FOUND, 404)
        shown = min(number, len(pages)) if self.look.behind == "again" else number
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
        truth = list(self.truth.items())
        rows = [truth[row - 1] for row in view.rows]
        if self.kind in DATA:
            token = f"k{view.following}" if view.following else None
            data: dict[str, Any] = {"items": [{"name": name, "price": price} for name, price in rows]}
            data |= {"more": bool(view.following)} if self.kind == "scroll" else {"next": token}
            data |= {"total": view.total} if view.total is not None else {}
            return Reply(json.dumps(data).encode(), type="application/json")
        if self.kind == "sitemap":
            urls = "".join(f"<url>\n<loc>{self.url}item/{row}</loc>\n</url>" for row in view.rows)
            return Reply(f"<urlset>{urls}</urlset>".encode(), type="application/xml")
        if self.kind == "feed":
            entries = "".join(
                f"<item>\n<title>{name}</title><description>{price}</description>\n</item>" for name, price in rows
            )
            link = f'<atom:link rel="next" href="{self.url}?page=k{view.following}"/>' if view.following else ""
            start = '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>Things</title>'
            return Reply(f"{start}{link}{entries}</channel></rss>".encode(), type="application/rss+xml")
        return Reply(self._html(view, rows, pages).encode())

    def _html(self, view: View, rows: list[tuple[str, str]], pages: int) -> str:
        look = self.look
        shown = "".join(look.row.format(name=name, price=price) for name, price in rows)
        total = f'<p class="total">{look.result.format(n=view.total)}</p>' if view.total is not None else ""
        none = "<p>No results</p>" if not rows and look.behind == "words" and view.number > pages else ""
        numbers = "".join(f'<a href="?page={n}">{n}</a> ' for n in range(1, pages + 1)) if look.numbers else ""
        # The addresses of a numbered list are numbers; those of a chain tell nothing.
        # A last page that links to itself does so by its own address, and that of the first page has no token.
        own = f"?page={view.number}" if self.kind == "numbered" else f"?page=k{view.number}" * (view.number > 1)
        following = look.last_next.format(here=own)
        if view.following and self.kind == "form":
            following = f'<form class="next" method="post"><input name="page" value="{view.following}"></form>'
        elif view.following and self.kind != "numbered":
            following = f'<a class="next" rel="next" href="?page=k{view.following}">{look.next}</a>'
        pager = f'<div class="pager">{numbers if self.kind == "numbered" else ""}{following}</div>'
        tag = look.holder
        return (
            f"<html><head><title>Things to buy</title></head><body><h1>Things</h1>{total}"
            f'<{tag} class="holder">{shown}</{tag}>{none}{pager}{look.around}</body></html>'
        )


LOGIN = (
    b"<html><title>Sign in</title><body><form method=post action=/login><input name=user>"
    b"<input type=password name=password><button>Sign in</button></form></body></html>"
)
NOT_FOUND = b"<html><title>Not found</title><body><h1>Not found</h1></body></html>"
Fault = tuple[tuple[str, ...], "Callable[[Site, View | None, Reply | View], Reply | View]"]


def _shown(change: Callable[[Site, View], View], *numbers: int) -> Any:
    """Return the fault that changes what some pages show."""

    def fault(site: Site, _view: View | None, made: Reply | View) -> Reply | View:
        return change(site, made) if isinstance(made, View) and made.number in numbers else made

    return fault


def _sent(change: Callable[[Site, Reply], Reply], *numbers: int) -> Any:
    """Return the fault that changes how some pages are sent."""

    def fault(site: Site, view: View | None, made: Reply | View) -> Reply | View:
        hit = isinstance(made, Reply) and view is not None and view.number in (numbers or (BROKEN,))
        return change(site, made) if hit and isinstance(made, Reply) else made

    return fault


def _instead(body: bytes, status: int = 200, **headers: str) -> Any:
    named = tuple(headers.items())
    return _sent(lambda _site, _reply: Reply(body, status, headers=named))


def _middle(site: Site, reply: Reply, text: str) -> Reply:
    """Return a reply with a text between the second of its entries and the third."""
    tag = b"</url>" if site.kind == "sitemap" else b"</item>"
    before = tag.join(reply.body.split(tag)[:2]) + tag
    return replace(reply, body=before + text.encode() + reply.body[len(before) :])


def _without_a_list(_site: Site, _view: View | None, made: Reply | View) -> Reply | View:
    return made


def _data(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    return _sent(lambda _, reply: replace(reply, body=json.dumps(change(json.loads(reply.body))).encode()))


_PAGE = b"<html><title>%s</title><body><h1>%s</h1></body></html>"
_LATER = tuple(range(BROKEN, PAGES + 1))
FAULTS: dict[str, Fault] = {
    "empty page, links on": (KINDS, _shown(lambda _, v: replace(v, rows=()), BROKEN)),
    "empty page, ends": (KINDS, _shown(lambda _, v: replace(v, rows=(), following=None), BROKEN)),
    "next link missing": (LINKED, _shown(lambda _, v: replace(v, following=None), BROKEN)),
    "next link to page 1": (LINKED, _shown(lambda _, v: replace(v, following=1), BROKEN)),
    "next link to itself": (LINKED, _shown(lambda _, v: replace(v, following=v.number), BROKEN)),
    "page skipped": (LINKED, _shown(lambda _, v: replace(v, following=v.number + 2), 2)),
    "page number ignored": (
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
        _sent(lambda _, r: replace(r, body=r.body.replace(b'class="t"', b'class="u"'))),
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
    "a list gone": (("lists",), _without_a_list),
}
STATED_TOO_HIGH = "states more than it shows"


class Server:
    """Serves one site at a loopback address of its own."""

    def __init__(self, site: Site, number: int) -> None:
        self._site, self._host = site, f"127.{1 + number // 62_500}.{1 + number // 250 % 250}.{1 + number % 250}"

    async def __aenter__(self) -> Server:
        self._server = await asyncio.start_server(self._serve, self._host, 0)
        self._site.url = f"http://{self._host}:{self._server.sockets[0].getsockname()[1]}/"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            length = re.search(r"content-length: *(\d+)", head, re.IGNORECASE)
            sent = (await reader.readexactly(int(length[1]) if length else 0)).decode()
            target = head.split()[1]
            reply = Reply(b"", 404) if target == "/robots.txt" else self._site.answer(target, sent)
            self._send(writer, reply)
        except asyncio.IncompleteReadError:
            pass  # the crawl has gone
        finally:
            writer.close()

    def _send(self, writer: asyncio.StreamWriter, reply: Reply) -> None:
        if reply.ends == "reset":
            writer.transport.abort()
            return
        body, headers = reply.body, [("Content-Type", reply.type), ("Connection", "close"), *reply.headers]
        headers += [] if reply.ends == "close" else [("Content-Length", str(len(body)))]
        lines = [f"HTTP/1.1 {reply.status} Said", *(f"{name}: {value}" for name, value in headers)]
        body = body[: len(body) // 2] if reply.ends else body
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)


@dataclass(frozen=True)
class Outcome:
    """How a crawl ended, held against the truth."""

    verdict: str
    reasons: list[str]
    is_whole: bool
    gone: int

    @property
    def is_right(self) -> bool:
        """Whether the verdict is right, whatever the site did."""
        return not self.gone and (self.is_whole if self.verdict == "complete" else bool(self.reasons))


class Crawls:
    """Crawls one site after the other, in this process."""

    def __init__(self) -> None:
        from scrapy.crawler import AsyncCrawlerRunner

        from scraper.core.config import load_config
        from scraper.spider_loader import project_settings

        self.config, self.settings = load_config(), project_settings()
        # The log of a thousand crawls is nobody's; what is wrong with a crawl stands in its run.
        self.settings.set("LOG_ENABLED", False, priority="cmdline")
        self.runner = AsyncCrawlerRunner(self.settings)
        self.count = 0

    async def once(self, site: Site) -> Outcome:
        """Crawl a site that is being served."""
        from scraper.frontier.stores import stored_runs
        from scraper.runs.recorder import RunRecorder
        from scraper.runs.start import begin_run
        from scraper.storage.connection import connection_to

        database = connection_to(self.config.mongodb).open()
        spider = site.spider()
        begun = begin_run(database, spider, {"start": site.url}, "fresh", store=stored_runs(self.config, database))
        crawler = self.runner.create_crawler(spider)
        crawler.settings.set("SWATHE_RUN", begun, priority="cmdline")
        await self.runner.crawl(crawler, start=site.url)
        recorder = crawler.get_extension(RunRecorder)
        if recorder is None or recorder.verdict is None:
            sys.exit(f"{site.name}: the crawl came to no verdict")
        self.count += 1
        stored = list(database[VerdictThing._get_collection_name()].find({"site": site.name}))
        seen = {one["name"]: one["price"] for one in stored if one["gone_at"] is None}
        gone = sum(one["gone_at"] is not None and one["name"] in site.truth for one in stored)
        fresh = all(one["run"] == begun.run_id for one in stored if one["gone_at"] is None)
        verdict = recorder.verdict
        return Outcome(verdict.completeness, verdict.reasons, seen == site.truth and fresh, gone)


def cells() -> list[tuple[str, str, bool, bool]]:
    """Return every fault with the kinds that it may befall, with a total or without, in a first or later run."""
    names = {**{name: kinds for name, (kinds, _) in FAULTS.items()}, STATED_TOO_HIGH: (*HTML, *DATA)}
    return [
        (name, kind, total, later)
        for name, kinds in names.items()
        for kind in kinds
        for total in (True, False)
        for later in (False, True)
        if (total or name != STATED_TOO_HIGH) and (later or name != "a list gone")
    ]


async def inject(crawls: Crawls, number: int, cell: tuple[str, str, bool, bool]) -> Outcome:
    """Crawl a site with one fault, after a healthy crawl where the run is to be a later one."""
    name, kind, total, later = cell
    lists = len(LISTS) if kind == "lists" else 1
    # The last page is not full, as is usual.
    site = Site(f"fault-{number}", kind, lists * (PAGES * PER_PAGE - 2), PER_PAGE, total=total)
    async with Server(site, number):
        if later and (before := await crawls.once(site)).verdict != "complete":
            sys.exit(f"{site.name}: a healthy {kind} list is {before.verdict}: {before.reasons}")
        if name == STATED_TOO_HIGH:
            site.fault = _shown(lambda _, view: replace(view, total=(view.total or 0) + 2), *range(1, PAGES + 1))
        else:
            site.fault = FAULTS[name][1]
        return await crawls.once(site)


WORDS = {
    "Next": "{n} results", "Weiter": "{n} Treffer", "Suivant": "{n} résultats", "Siguiente": "{n} resultados",
    "Avanti": "{n} risultati", "Volgende": "{n} resultaten", "Далее": "{n} товаров", "次へ": "全{n}件",
    "Nästa": "{n} träffar", "Older posts »": "Showing all of {n} items", "→": "1-{n} of {n}",
}  # fmt: skip
"""What a next link says, and how the total is worded."""
LAYOUTS = (
    ("ul", '<li class="item"><span class="t">{name}</span> <b class="p">{price}</b></li>', "li.item"),
    ("div", '<article class="card"><h3 class="t">{name}</h3><p class="p">{price}</p></article>', "article.card"),
    ("table", '<tr class="r"><td class="t">{name}</td><td class="p">{price}</td></tr>', "tr.r"),
    ("section", '<div class="r"><h2><a class="t" href="/x">{name}</a></h2><i class="p">{price}</i></div>', "div.r"),
)
AROUND = (
    "",
    '<footer><a href="/about">About us</a> <a href="/terms">More about us</a></footer>',
    '<aside><h4>You may also like</h4><a href="/x/1">Another one</a></aside>',
    '<form action="/login"><input name="user"><input type="password"><button>Sign in</button></form>',
    '<div class="carousel"><button class="next">Next</button></div>',
    "<footer>Over 10,000 items sold. If something went wrong, try again later.</footer>",
    '<nav><a href="/help">Help</a><button aria-haspopup="true">More</button></nav>',
)
LAST = (
    "", "", '<span class="next disabled">Next</span>', '<a class="next" rel="next" href="{here}">Next</a>',
    '<a class="next disabled" aria-disabled="true">Next</a>',
)  # fmt: skip


def generated(number: int, random: Random) -> Site:
    """Return a healthy site."""
    kind, per_page, total = random.choice(KINDS), random.choice((3, 5, 8, 12, 20)), random.random() < 0.5
    # A list of one, a full last page, a single full page, and an empty list that says so.
    some = random.randint(2, 6 * per_page)
    full = per_page * random.randint(1, 5)
    records = random.choice((some, some, some, some, full, 1))
    if total and kind in (*HTML, *DATA) and kind != "lists" and random.random() < 0.05:
        records = 0
    if kind == "lists":
        records = max(records, len(LISTS))
    holder, row, items = random.choice(LAYOUTS)
    words, result = random.choice(list(WORDS.items()))
    look = Look(
        holder, row, items, words, result, random.random() < 0.3, random.choice(AROUND), random.choice(LAST),
        random.choice(("404", "again", "words")),
    )  # fmt: skip
    if kind in (*DATA, "form"):
        look = replace(look, behind="words", last_next="")
    site = Site(f"healthy-{number}", kind, records, per_page, total=total, look=look)
    # Where records come while the list is read, the last total is higher than what was there at first.
    site.grows_by = random.choice((0, 0, 0, 0, 1)) if total and kind != "lists" and records else 0
    return site


async def healthy(crawls: Crawls, number: int, random: Random) -> list[tuple[Site, Outcome]]:
    """Crawl a healthy site, some of them again when it has grown."""
    site = generated(number, random)
    async with Server(site, 10_000 + number):
        ends = [(site, await crawls.once(site))]
        if random.random() < 0.2 and site.records > 10:
            site.records += 1
            ends.append((site, await crawls.once(site)))
    return ends


def progress(text: str) -> None:
    """Say how far it is: on a terminal in one line, elsewhere now and then."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{text}\033[K")
        sys.stderr.flush()


def described(cell: tuple[str, str, bool, bool], outcome: Outcome) -> str:
    """Return a line on a verdict that is wrong."""
    name, kind, total, later = cell
    lacks = f"{outcome.gone} marked as gone" if outcome.gone else "records missing or wrong"
    run = f"{'total' if total else 'no total'}, {'later' if later else 'first'} run"
    return f"wrong: {name}, {kind}, {run}: {outcome.verdict}, {lacks}"


async def all_faults(crawls: Crawls, only: str) -> bool:
    """Print the table of faults; return whether the goal is met."""
    wanted = [cell for cell in cells() if not only or only in cell[:2]]
    right: Counter[str] = Counter()
    of: Counter[str] = Counter()
    for number, cell in enumerate(wanted):
        progress(f"fault {number + 1} of {len(wanted)}: {cell[0]}, {cell[1]}")
        outcome = await inject(crawls, number, cell)
        of[cell[1]] += 1
        right[cell[1]] += outcome.is_right
        if not outcome.is_right:
            progress("")
            print(described(cell, outcome), flush=True)
    progress("")
    print(f"{'pagination':<12}{'faults':>8}{'right':>8}")
    for kind in of:
        print(f"{kind:<12}{of[kind]:>8}{right[kind]:>8}")
    share = sum(right.values()) / max(len(wanted), 1)
    print(f"verdicts right: {sum(right.values())} of {len(wanted)}, {share:.1%} (goal {GOAL:.0%})", flush=True)
    return bool(wanted) and share >= GOAL


async def all_healthy(crawls: Crawls, count: int, seed: int) -> bool:
    """Crawl healthy sites and print those that were doubted; return whether the goal is met."""
    ends: list[tuple[Site, Outcome]] = []
    number = 0
    while len(ends) < count:
        progress(f"healthy crawl {len(ends) + 1} of {count}")
        ends += await healthy(crawls, number, Random(f"{seed} {number}"))  # noqa: S311
        number += 1
    progress("")
    ends = ends[:count]
    alarms = [(site, outcome) for site, outcome in ends if outcome.verdict != "complete"]
    bad = [(site, outcome) for site, outcome in ends if not outcome.is_right]
    for site, outcome in alarms:
        print(f"not complete: {site.name}, {site.kind}, {site.records} records: {'; '.join(outcome.reasons)[:200]}")
    for site, outcome in bad:
        print(f"read wrong: {site.name}, {site.kind}, {site.records} records: {outcome.verdict}")
    share = len(alarms) / count
    print(f"healthy crawls not complete: {len(alarms)} of {count}, {share:.1%} (goal {MOST_FALSE_ALARMS:.0%})")
    return not bad and share <= MOST_FALSE_ALARMS


async def measure(options: argparse.Namespace) -> bool:
    """Run what was asked for; return whether all goals are met."""
    from scraper.core.config import load_config
    from scraper.storage.connection import connection_to
    from scraper.storage.indexes import ensure_indexes

    with connection_to(load_config().mongodb) as database:
        ensure_indexes(database, VerdictThing)
        crawls, met = Crawls(), []
        if options.only != "healthy":
            met.append(await all_faults(crawls, "" if options.only == "faults" else options.only))
        if options.only in ("", "healthy"):
            met.append(await all_healthy(crawls, options.crawls, options.seed))
        print(f"{crawls.count} crawls, seed {options.seed}")
    return all(met)


def main() -> None:
    """Measure and end with 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="of the healthy sites; default: %(default)s")
    parser.add_argument("--crawls", type=int, default=1_000, metavar="N", help="healthy ones; default: %(default)s")
    known = ("faults", "healthy", *KINDS, *FAULTS, STATED_TOO_HIGH)
    parser.add_argument("--only", default="", choices=known, metavar="PART", help=f"one of: {', '.join(known)}")
    options = parser.parse_args()
    if options.crawls < 1:
        parser.error(f"--crawls is {options.crawls}, expected 1 or more")
    os.environ.update(OPTIONS)
    from scrapy.utils.reactor import install_reactor

    install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor")
    from scrapy.utils.defer import deferred_from_coro
    from twisted.internet import task

    met: list[bool] = []

    async def run() -> None:
        met.append(await measure(options))

    with tempfile.TemporaryDirectory(prefix="swathe-verdicts-") as folder:
        os.environ["SWATHE_MONGODB_DATA_DIR"] = folder
        try:
            task.react(lambda _: deferred_from_coro(run()))
        except SystemExit as ended:
            if ended.code:
                raise
        finally:
            stop = [sys.executable, "main.py", "db", "stop", "--force"]
            subprocess.run(stop, cwd=ROOT, check=True, capture_output=True)
    sys.exit(0 if met == [True] else 1)


if __name__ == "__main__":
    main()
