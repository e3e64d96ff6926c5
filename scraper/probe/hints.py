"""A proposed line of a spider, and whether it does on the page what it promises."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from scraper import paging
from scraper.core.text import quoted
from scraper.paging.ask import Ask
from scraper.paging.kind import ListPage, Pagination
from scraper.probe.selectors import Selectors
from scraper.probe.stated import Stated, find_stated

if TYPE_CHECKING:
    from bs4 import Tag

    from scraper.probe.blocks import Block
    from scraper.probe.page import StudiedPage

Value = str | int | dict[str, str] | tuple[str, ...]


@dataclass(frozen=True)
class Hint:
    """One way in which the list may go on."""

    line: str
    """What to write into the spider."""
    why: str
    leads_to: str = ""
    """The address of the page that it asks for next; empty when it was not tried."""
    found: str = ""
    """What that page shows, in words; empty when it was not asked for."""


@dataclass(frozen=True)
class Call:
    """A kind of pagination with its arguments, before it is written down."""

    kind: str
    positional: tuple[Value | Call, ...] = ()
    named: tuple[tuple[str, Value | Call], ...] = ()

    @classmethod
    def of(cls, kind: str, *positional: Value | Call, **named: Value) -> Call:
        """Return the call without the arguments that are empty."""
        return cls(
            kind, positional, tuple((name, value) for name, value in named.items() if value not in ("", {}, None))
        )

    def __str__(self) -> str:
        """Write it as Python."""
        named = [f"{name}={_python(value)}" for name, value in self.named]
        return f"{self.kind}({', '.join([*map(_python, self.positional), *named])})"

    def made(self) -> Pagination:
        """Return the pagination itself; raise TypeError or ValueError when it cannot be."""
        positional = [value.made() if isinstance(value, Call) else value for value in self.positional]
        named = {name: value.made() if isinstance(value, Call) else value for name, value in self.named}
        return getattr(paging, self.kind)(*positional, **named)  # type: ignore[no-any-return]


class Study:
    """What the questions about one page share."""

    def __init__(
        self, page: StudiedPage, blocks: list[Block], selectors: Selectors, stated: Stated | None = None
    ) -> None:
        self.page, self.blocks, self.selectors, self._known = page, blocks, selectors, stated
        self.next_anchors: list[Tag] | None = None
        """The links that look as if they led to the next page, once they were looked for."""

    @cached_property
    def stated(self) -> Stated:
        """How many pages and records the page says there are, and where."""
        return self._known or find_stated(self.page, self.selectors, self.shown)

    @property
    def shown(self) -> int:
        """How many records the page shows, as far as its likeliest block tells; 0 for none."""
        return self.blocks[0].count if self.blocks else 0

    @property
    def is_last(self) -> bool:
        """Whether the page says that it is the last of its list, so that nothing on it leads to a next one."""
        return self.stated.pages is not None and self.stated.pages == self.stated.number != 1

    def hint(self, call: Call, why: str, *, number: int = 0) -> Hint | None:
        """Return the hint when the pagination finds a next page here, or the page of a `number`; else None."""
        try:
            kind = call.made()
            listed = ListPage(self.page.response, kind, 1)
            if number:
                asked = kind.numbered(self.page.url, number, max((block.count for block in self.blocks), default=1))
            else:
                following = kind.following(listed)
                asked = following if isinstance(following, Ask) else None
        except (TypeError, ValueError, RecursionError, NotImplementedError):
            return None
        return Hint(f"pagination = {call}", why, asked.url) if asked else None


def untried(call: Call, why: str) -> Hint:
    """Return a hint that only asking the site for more could try."""
    return Hint(f"pagination = {call}", why)


def _python(value: Any) -> str:
    """Write an argument as Python source, whatever the page put into it."""
    if isinstance(value, tuple):
        return "(" + ", ".join(map(_python, value)) + ("," if len(value) == 1 else "") + ")"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_python(key)}: {_python(part)}" for key, part in value.items()) + "}"
    return quoted(value) if isinstance(value, str) else str(value)
