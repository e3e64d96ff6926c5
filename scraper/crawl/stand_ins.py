"""Notice what was shown in the place of a record's page: an error, a captcha, a start page, one page for many records.

A list is held against its own pages (`scraper/paging/account.py`); here records' pages are held against each other.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urldefrag, urljoin, urlsplit

from scrapy.http import HtmlResponse

from scraper.core import meta as meta_keys
from scraper.core import statistics
from scraper.crawl.request_stats import SAME_RECORD, STAND_IN, Tallies
from scraper.crawl.url_template import template_of
from scraper.paging.skeleton import FAILED, NO_PAGE, PASSWORD, WALLS, are_alike, parts_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from models.record import Found

FEW_PARTS = 5
"""Kinds of elements; pages that have fewer are alike whatever they are."""
MOST_WAITING = 20
"""Pages that are kept until another page of their template is seen."""
MOST_USUAL, MOST_KINDS = 2, 200
"""Pages of one kind of address that others are held against, and kinds that are known."""
MOST_RECORDS = 200
"""Records, those seen last, of which it is known how many pages gave them."""
LEAST_SAME, SAME = 3, 0.2
"""Pages, and the share of all, that give one record before that is conspicuous: goods have several addresses, too."""

_STATUS = re.compile(
    r"\berror\W{0,3}[45]\d\d\b|^\W{0,5}[45]\d\d\W{1,3}(?:error|not found|forbidden|unauthorized|bad|internal|service|"
    r"gateway|too many|gone)\b",
    re.IGNORECASE,
)
_GONE = re.compile(
    r"\b(?:is|are|was|has|have)(?: been)? (?:no longer (?:available|exists?|listed)|removed|deleted|discontinued)\b"
    r"|no longer exists|(?:page|product|item|listing|article) (?:is )?(?:unavailable|not available)",
    re.IGNORECASE,
)
_TAG = re.compile(r"<[^<>]{0,500}>?")
_FATAL = b"<b>Fatal error</b>:"
"""How PHP ends a page in the middle of it."""
_PASSWORD = re.compile(rb"""type\s{0,5}=\s{0,5}["']?password""", re.IGNORECASE)
LONGEST = 1_000
"""Bytes of a page's title and heading that are looked through."""


CUT = "breaks off with an error of its program"


class _Page(NamedTuple):
    """What a record's page is known by."""

    url: str
    template: str
    """The kind of the address that was asked for."""
    led_to: str
    """That of the one that it was redirected to, or the same."""
    wall: str
    """What it says that stands in the place of another; empty for most."""
    has_password: bool
    parts: frozenset[int]


class StandIns:
    """What was shown in the place of records' pages, in one process of a crawl."""

    def __init__(self) -> None:
        self._usual: dict[str, list[_Page]] = {}
        """By template, pages that say nothing of the kind: the first one, and the first with a password, or without."""
        self._waiting: list[_Page] = []
        self._given: OrderedDict[int, int] = OrderedDict()
        """The hash of the first page that gave a record, by the record's hash."""

    def look_at(self, crawler: Crawler, page: Response, records: Iterable[Found], lists: Collection[str]) -> None:
        """Take in a record's page and what it gave; note what speaks against its being that record's."""
        tallies, request = Tallies.of(crawler), page.request
        if where := _led_to(page, lists):
            tallies.note(request, STAND_IN, f"{where}: {_first_url(page)}")
        elif isinstance(page, HtmlResponse):
            self._compare(tallies, request, page)
        for record in records:
            self._count(tallies, request, page.url, record)

    def settle(self, tallies: Tallies) -> list[str]:
        """Return the notes of the run, with those of pages of which no other of their template came."""
        others = [page for pages in self._usual.values() for page in pages]
        lonely = [page for page in self._waiting if not others or _stands_out(page, others)]
        return [*tallies.noted(STAND_IN), *(f"{page.wall}: {page.url}" for page in lonely)]

    def _compare(self, tallies: Tallies, request: Request | None, response: HtmlResponse) -> None:
        url, wall, has_password = _first_url(response), wall_of(response), _has_password(response)
        template, led_to = _kind_of(url), _kind_of(response.url)
        others = self._usual.get(template, [])
        if not wall and any((other.led_to, other.has_password) == (led_to, has_password) for other in others):
            return  # as nearly every page
        page = _Page(url, template, led_to, wall, has_password, parts_of(response.selector.root))
        if wall and not others:
            self._waiting += [page] if len(self._waiting) < MOST_WAITING else []
        elif what := _stands_out(page, others):
            tallies.note(request, STAND_IN, f"{what}: {url}")
        elif not wall and len(others) < MOST_USUAL and (others or len(self._usual) < MOST_KINDS):
            self._look_back(tallies, page, others)

    def _look_back(self, tallies: Tallies, page: _Page, others: list[_Page]) -> None:
        """Take a page for a usual one, and hold those that came before it against it."""
        before = [waiting for waiting in self._waiting if waiting.template == page.template]
        self._waiting = [waiting for waiting in self._waiting if waiting not in before]
        strange = {other: what for other in (*before, *others) if (what := _stands_out(other, [page]))}
        for other, what in strange.items():
            tallies.note(None, STAND_IN, f"{what}: {other.url}")
        self._usual[page.template] = [*(other for other in others if other not in strange), page]

    def _count(self, tallies: Tallies, request: Request | None, url: str, record: Found) -> None:
        known, own = hash((record.document.__name__, repr(sorted(record.raw.items(), key=str)))), hash(url)
        first = self._given.setdefault(known, own)
        self._given.move_to_end(known)
        if len(self._given) > MOST_RECORDS:
            self._given.popitem(last=False)
        if first != own:
            tallies.note(request, SAME_RECORD, f"{known:x} {url}")


def one_for_many(tallies: Tallies) -> str:
    """Say that a share of the records' pages gave one and the same record; empty when none does."""
    pages_of: dict[str, list[str]] = {}
    for note in tallies.noted(SAME_RECORD):
        known, _, url = note.partition(" ")
        pages_of.setdefault(known, []).append(url)
    same = max(pages_of.values(), key=len, default=[])
    count = len(same) + 1
    if count < max(LEAST_SAME, SAME * tallies.total(statistics.PAGES)):
        return ""
    return f"{count} records' pages gave one and the same record, one of them {same[0]}: are they that record's?"


def wall_of(response: HtmlResponse) -> str:
    """Return what a page's title or heading says that stands in the place of another page; empty for most."""
    if _FATAL in response.body:
        return CUT
    for tag in (b"title", b"h1"):
        text = _said(response, tag)
        if _STATUS.search(text):
            return FAILED
        if _GONE.search(text):
            return NO_PAGE
        for wall, words in WALLS.items():
            if words.search(text):
                return wall
    return ""


def _said(response: HtmlResponse, tag: bytes) -> str:
    """Return the text of a page's first title or heading; to look for the element takes a tenth of parsing the page."""
    body = response.body
    at = max(body.find(b"<" + tag), body.find(b"<" + tag.upper()))
    if at < 0:
        return ""
    piece = body[at : at + LONGEST]
    ends = [end for end in (piece.find(b"</" + tag), piece.find(b"</" + tag.upper())) if end > 0]
    return " ".join(_TAG.sub(" ", piece[: min(ends, default=None)].decode(response.encoding, "replace")).split())


def _kind_of(url: str) -> str:
    """Return the template of an address without the name at its end, which may be one word: "/films/denied"."""
    parts = urlsplit(url)
    return template_of(url if parts.query else urljoin(url, "." if not parts.path.endswith("/") else ".."))


def _has_password(response: HtmlResponse) -> bool:
    return b"assword" in response.body and _PASSWORD.search(response.body) is not None


def _stands_out(page: _Page, others: list[_Page]) -> str:
    """Return what makes a page another one than those of its template; empty where it is built as they are."""
    if page.wall == CUT:
        return CUT
    wall = page.wall or ("leads to another page" if page.led_to not in (page.template, *_led(others)) else "")
    if page.has_password and not wall:
        wall, others = PASSWORD, [other for other in others if not other.has_password]
    # Of pages of a few elements nothing can be told by what they are built of.
    told = [other for other in others if len(other.parts) >= FEW_PARTS]
    if any(are_alike(page.parts, other.parts) for other in told):
        return ""
    return wall if others and (told or page.wall) else ""


def _led(pages: list[_Page]) -> list[str]:
    return [page.led_to for page in pages]


def _first_url(page: Response) -> str:
    return str((page.meta.get(meta_keys.REDIRECT_URLS) or [page.url])[0])


def _led_to(page: Response, lists: Collection[str]) -> str:
    """Say where a record's page was redirected to that is no record's: the start of its site, or of a list."""
    before, now = urldefrag(_first_url(page))[0], urldefrag(page.url)[0]
    if before == now:
        return ""
    parts = urlsplit(now)
    if now in lists:
        return "leads to a list"
    return "leads to the start page" if parts.path in ("", "/") and not parts.query else ""
