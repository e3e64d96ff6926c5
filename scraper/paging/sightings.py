"""What was seen of one list, for the account that is given of it at the end of a crawl."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence, Set

    from scraper.paging.ask import End
    from scraper.paging.kind import Pagination
    from scraper.paging.skeleton import Skeleton


@dataclass(slots=True)
class SeenPage:
    """A page that was read."""

    url: str
    size: int
    different: int
    """How many different entries it shows."""
    new: int
    """How many of them no page with a lower number shows."""
    print: int | None
    """The hash of all its entries; None when it has none."""


class Sightings:
    """A list as far as it was read."""

    def __init__(self, name: str, kind: Pagination) -> None:
        self.name, self.kind = name, kind
        self.start = ""
        self.pages: dict[int, SeenPage] = {}
        self.failed: dict[int, str] = {}
        """Pages that could not be read, and why."""
        self.absent: set[int] = set()
        """Numbers that the site has no page for."""
        self.total: int | None = None
        self.first_total: int | None = None
        """The total when the list was begun; it may change while it is read."""
        self.last: int | None = None
        self.ends: dict[int, End] = {}
        """Why a page led no further."""
        self.remarks: list[str] = []
        self.faults: dict[int, str] = {}
        """Pages that may lack entries, and why."""
        self.closed: dict[int, bool] = {}
        """Whether a page, of those that are documents of HTML, has its closing tag."""
        self.skeletons: dict[int, Skeleton] = {}
        """What the first two pages are known by, and those without an entry that are no probe."""
        self.top = 0
        """The number of the furthest page that showed something new."""
        self.asked = 1
        """The number of the furthest page asked for."""
        self.leads: dict[int, Sequence[Sequence[Any]]] = {}
        """By the pages at which the list seemed to end: what leads on from there, whatever the pagination says."""
        self.led_to_lists = 0
        self.left_out: dict[int, str] = {}
        """Pages that lead to lists which are not read, and why."""
        self.above = ""
        """The list that led to it."""
        self.leads_back = ""
        """A list that leads to it, by way of others or not, and that it leads to."""
        self.without_record: list[int] = []
        """Pages with entries that gave nothing, once for each such entry."""
        self._first_on: dict[int, int] = {}
        """By the hash of an entry: the lowest page that shows it, so that nothing depends on the order of arrival."""
        self._first_print: dict[int, int] = {}
        """By the hash of all entries of a page: the lowest page that shows just these."""

    @property
    def found(self) -> int:
        """How many different entries the list has shown."""
        return len(self._first_on)

    @property
    def entries(self) -> Set[int]:
        """What tells the entries that the list has shown from others."""
        return self._first_on.keys()

    def see(self, number: int, url: str, entries: Sequence[int], size: int | None = None) -> SeenPage:
        """Take in what a page shows; pages of higher numbers that came before it show that no more as new.

        `size`: how many entries it has, where only some of them are followed.
        """
        size, print_ = len(entries) if size is None else size, hash(tuple(entries)) if entries else None
        seen = self.pages[number] = SeenPage(url, size, len({*entries}), 0, print_)
        for entry in set(entries):
            first = self._first_on.get(entry)
            if first is None or first > number:
                self._first_on[entry] = number
                seen.new += 1
                if first is not None:
                    self.pages[first].new -= 1
        if seen.print is not None:
            self._first_print[seen.print] = min(number, self._first_print.get(seen.print, number))
        if seen.new:
            self.top = max(self.top, number)
            while self.top not in self.pages or not self.pages[self.top].new:
                self.top -= 1
        return seen

    def repeats(self, number: int) -> int | None:
        """Return the first page that shows exactly the same as this one, if it is another."""
        print_ = self.pages[number].print
        first = number if print_ is None else self._first_print[print_]
        return first if first != number else None

    @property
    def seems_one_page(self) -> bool:
        """Whether a second page was expected to be possible and nothing was found of one, nor against it."""
        sure = self.end is not None and self.end.sure
        return len(self.pages) == self.top == 1 and self.total is None and self.last is None and not sure

    def shows_nothing(self, number: int, *, or_failed: bool = False) -> bool:
        """Return whether a page is not there, or shows nothing new; with `or_failed`, or could not be read."""
        page = self.pages.get(number)
        return (or_failed and number in self.failed) or number in self.absent or (page is not None and not page.new)

    @property
    def end(self) -> End | None:
        """Why the list was read no further; None while it is not known to be at its end."""
        return self.ends.get(max([self.top, *(number for number in self.ends if number > self.top)], default=0))
