"""Ask for the second page of a list, and say whether it is one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scraper.errors import ProbeError
from scraper.page_data import record_lists
from scraper.probe.outline import words
from scraper.probe.page import StudiedPage
from scraper.probe.stated import number_at
from scraper.select import compiled

if TYPE_CHECKING:
    from collections.abc import Callable

    from scraper.probe.blocks import Block
    from scraper.probe.fetching import Fetched
    from scraper.probe.hints import Hint
    from scraper.probe.stated import Stated

POSTED = ("pagination = NextForm(", "pagination = Postback(")
MOST_TRIED = 2
MOST_CHARACTERS = 300


class SecondPages:
    """The pages that hints lead to, each asked for once, and not more than two of them."""

    def __init__(self, page: StudiedPage, blocks: list[Block], fetch: Callable[[str], Fetched]) -> None:
        self._page, self._block, self._fetch = page, blocks[0] if blocks else None, fetch
        self.found: dict[str, str] = {}
        """What each address showed, in words."""
        self.page: StudiedPage | None = None
        """The one that goes on with the list."""
        self._same: set[str] = set()

    def tried(self, hints: list[Hint]) -> list[Hint]:
        """Return the hints with what their pages show; those that lead to the same records again come last."""
        for hint in hints:
            if self._may_ask(hint) and self.page is None and len(self.found) < MOST_TRIED:
                self.found[hint.leads_to] = self._look(hint.leads_to)
        known = [hint if hint.line.startswith(POSTED) else replace(hint, found=self.found.get(hint.leads_to, ""))
                 for hint in hints]  # fmt: skip
        return sorted(known, key=lambda hint: hint.leads_to in self._same)

    def agreed(self, stated: Stated) -> Stated:
        """Return what the second page states as well; all of it when there is none."""
        if self.page is None:
            return stated
        if stated.total and number_at(self.page, stated.total) != stated.records:
            stated = replace(stated, total="", records=None)
        if stated.last and number_at(self.page, stated.last) != stated.pages:
            stated = replace(stated, last="", pages=None)
        return stated

    def _may_ask(self, hint: Hint) -> bool:
        own = urlsplit(self._page.url).netloc
        fresh = hint.leads_to not in self.found and hint.leads_to != self._page.url
        return (
            bool(hint.leads_to) and fresh and urlsplit(hint.leads_to).netloc == own and not hint.line.startswith(POSTED)
        )

    def _look(self, url: str) -> str:
        try:
            fetched = self._fetch(url)
        except ProbeError as error:
            return f"not had: {error}"
        if fetched.status >= 400:
            return f"it answered {fetched.status} {fetched.reason}".rstrip()
        second = StudiedPage(fetched)
        if second.kind == "json":
            lists = [found for inside in second.data_inside for found in record_lists(inside, second.effort)]
            return f"it has {max((len(found.entries) for found in lists), default=0)} records"
        if self._block is None:
            self.page = second
            return f"it is there: {second.kind}"
        return self._compared(url, second, self._block)

    def _compared(self, url: str, second: StudiedPage, block: Block) -> str:
        mine, others = texts_of(self._page, block), texts_of(second, block)
        fresh = [text for text in others if text not in set(mine)]
        if others and not fresh:
            self._same.add(url)
            return f"it shows the same {len(others)} blocks again"
        if not others:
            return f"it has no block at {block.selector}"
        self.page = second
        again = (
            f", {len(others) - len(fresh)} of them as here" if len(fresh) < len(others) else ", all others than here"
        )
        return f"it has {len(others)} blocks{again}"


def texts_of(page: StudiedPage, block: Block) -> list[str]:
    """Return the texts of a block's records on a page."""
    if page.kind != "html":
        return []
    found = compiled(block.selector)(page.response.selector.root)
    ends = [*found[1:], None]
    return (
        [words(element, MOST_CHARACTERS, end, on=block.goes_on) for element, end in zip(found, ends, strict=True)]
        if found
        else []
    )
