"""What one page of a list told of the list, apart from its records: enough to know the list again without the page.

A crawl that goes on after a crash, or beside others, takes these in instead of asking for the page once more.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self

from scraper.core import meta as meta_keys
from scraper.core.tiers import BROWSER, HTML
from scraper.paging.ask import Ask, End
from scraper.paging.kind import Pagination
from scraper.paging.leads import answer_leads, leads_of
from scraper.paging.skeleton import Skeleton, skeleton_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scraper.core.tiers import Tier
    from scraper.paging.kind import ListPage
    from scraper.paging.leads import Lead

KNOWN_BY = 2
"""Pages that others are held against: the second, too, since the pages behind the first may be fragments."""

HEAD_BYTES, TAIL_BYTES = 200, 2_000
"""Where a document begins, and where its closing tag stands; remarks of servers and scripts come behind it."""

What = Literal["read", "lists", "failed", "absent", "limited"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFacts:
    """A page of a list that was read."""

    url: str
    entries: Sequence[int]
    """What tells its entries from others, in their order."""
    following: Ask | End
    """What its pagination says of the page after it."""
    tier: Tier = HTML
    """How it was read."""
    listed: int | None = None
    """How many entries it has, where only some of them are followed."""
    without_record: int = 0
    """How many of its entries gave neither a record nor a link."""
    total: int | None = None
    last: int | None = None
    remark: str = ""
    """What is odd about its statements."""
    fault: str = ""
    """Why it may lack entries that its list has."""
    leads: Sequence[Sequence[Any]] = ()
    """Where its list seems to end: what leads on from it all the same, each a `Lead` or what was one."""
    closed: bool | None = None
    """Whether its document has its closing tag; None for what is no whole document of HTML."""
    skeleton: Skeleton | None = None
    """What it is known by: of the first two pages, and of those without an entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEvent:
    """What came of one page of a list. Everything in it can be written as JSON."""

    list: str
    number: int
    what: What
    facts: PageFacts | None = None
    """With `read`."""
    asks: Sequence[Ask] = ()
    """With `lists`: the first pages of the lists that it leads to."""
    why: str = ""
    """With `failed`; with `lists`, why it may not lead to all of them."""
    how_asked: Mapping[str, Any] = field(default_factory=dict)
    """What the page's request says of its list, see `Chain.note_of`."""

    def to_json(self) -> dict[str, Any]:
        """Return the event as plain data without what is empty."""
        data = {name: value for name, value in _fields(self).items() if value}
        data |= {"asks": [_fields(ask) for ask in self.asks]} if self.asks else {}
        if self.facts is not None:
            facts = {
                name: value
                for name, value in _fields(self.facts).items()
                if value or value is False or name == "entries"
            }
            ends = isinstance(self.facts.following, End)
            data["facts"] = {
                **facts,
                "ends": ends,
                "entries": list(self.facts.entries),
                "following": _fields(self.facts.following),
            }
            if self.facts.skeleton is not None:
                data["facts"]["skeleton"] = _fields(self.facts.skeleton)
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the event that `to_json` wrote."""
        fields = dict(data)
        if "facts" in fields:
            facts = dict(fields["facts"])
            kind = End if facts.pop("ends") else Ask
            if "skeleton" in facts:
                facts["skeleton"] = Skeleton(**facts["skeleton"])
            fields["facts"] = PageFacts(**{**facts, "following": kind(**facts["following"])})
        return cls(**{**fields, "asks": [Ask(**ask) for ask in fields.get("asks", [])]})


def _fields(of: Any) -> dict[str, Any]:
    """Return the fields of an object as they are; `asdict` copies every entry of a page."""
    return {name: getattr(of, name) for name in of.__slots__}


def facts_of(page: ListPage, entries: Sequence[int], tier: Tier, *, without_record: int, end: End | None) -> PageFacts:
    """Gather what a page tells of its list; `end`: why it leads no further, where that is known already."""
    kind = page.kind
    total, remark, last = None, "", kind.last if isinstance(kind.last, int) else None
    if kind.last and last is None:
        last = page.stated(str(kind.last))[0]
    if kind.total:
        total, text = page.stated(kind.total)
        if total is None and page.number == 1:
            what = f"'{' '.join(str(text).split())[:60]}'" if text is not None else "nowhere on its page"
            remark = f"its total is {what}, expected a number at '{kind.total}'"
    remark = "; ".join([*([remark] if remark else []), *_doubts_of_the_browser(page)])
    following = end or kind.following(page)
    return PageFacts(
        url=page.url,
        entries=entries,
        following=following,
        tier=tier,
        listed=kind.listed(page),
        without_record=without_record,
        total=total,
        last=last or None,
        remark=remark,
        fault=page.fault,
        leads=_leads(page, following),
        closed=is_closed(page.answer.body) if page.is_html else None,
        skeleton=skeleton_of(page) if _is_to_be_known(page) else None,
    )


def _leads(page: ListPage, following: Ask | End) -> Sequence[Lead]:
    if isinstance(following, End) and _may_go_on(page, following):
        return leads_of(page)
    return answer_leads(page, is_end=isinstance(following, End)) if page.kind.json else ()


def _doubts_of_the_browser(page: ListPage) -> Sequence[str]:
    """Return how what the browser did on a page ended, where its list may have more."""
    meta = page.answer.request.meta if page.answer.request is not None else {}
    doubts: Sequence[str] = meta.get(meta_keys.BROWSER_DOUBTS, ()) if BROWSER in page.answer.flags else ()
    return [f"{page.url}: {doubt}" for doubt in doubts]


def is_closed(body: bytes) -> bool | None:
    """Return whether a document of HTML has its closing tag; None for what is no whole document of HTML."""
    if not body[:HEAD_BYTES].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype html", b"<html")):
        return None
    # Broken markup may lack the last one; a page that was cut off lacks both.
    return re.search(rb"(?i)</(?:html|body)", body[-TAIL_BYTES:]) is not None


def _is_to_be_known(page: ListPage) -> bool:
    """Return whether what a page is known by is wanted: it may be none of its list, or tells which are."""
    return (page.number <= KNOWN_BY or not page.size) and page.is_html


def _may_go_on(page: ListPage, end: End) -> bool:
    """Return whether a page at which its list seems to end is to be searched for what leads on."""
    if page.number > 1:
        return page.kind.chained and not end.sure and not page.is_data
    # Whoever declares that the list is one page has looked.
    return type(page.kind) is not Pagination
