"""What one page of a list told of the list, apart from its records: enough to know the list again without the page.

A crawl that goes on after a crash, or beside others, takes these in instead of asking for the page once more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self

from scraper.core.tiers import HTML
from scraper.paging.ask import Ask, End
from scraper.paging.links import likely_next

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scraper.core.tiers import Tier
    from scraper.paging.kind import ListPage

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
    without_record: int = 0
    """How many of its entries gave neither a record nor a link."""
    total: int | None = None
    last: int | None = None
    remark: str = ""
    """What is odd about its statements."""
    fault: str = ""
    """Why it may lack entries that its list has."""
    hint: str | None = None
    """What looks like a link to the second page, whatever the pagination says."""


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
            facts = {name: value for name, value in _fields(self.facts).items() if value or name == "entries"}
            ends = isinstance(self.facts.following, End)
            data["facts"] = {
                **facts,
                "ends": ends,
                "entries": list(self.facts.entries),
                "following": _fields(self.facts.following),
            }
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the event that `to_json` wrote."""
        fields = dict(data)
        if "facts" in fields:
            facts = dict(fields["facts"])
            kind = End if facts.pop("ends") else Ask
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
    looks_for_hint = page.number == 1 and not kind.chained and not page.is_data
    return PageFacts(
        url=page.url,
        entries=entries,
        following=end or kind.following(page),
        tier=tier,
        without_record=without_record,
        total=total,
        last=last or None,
        remark=remark,
        fault=kind.fault(page),
        hint=likely_next(page) if looks_for_hint else None,
    )
