"""What was seen of one list, for the account that is given of it at the end of a crawl."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scraper.paging.ask import End
    from scraper.paging.kind import Pagination


@dataclass(slots=True)
class Seen:
    """A page that was read."""

    url: str
    size: int
    new: int
    """How many of its entries no page of the list showed before."""
    repeats: int | None
    """The page that showed exactly the same, if any."""


class Sightings:
    """A list as far as it was read."""

    def __init__(self, name: str, kind: Pagination) -> None:
        self.name, self.kind = name, kind
        self.start = ""
        self.pages: dict[int, Seen] = {}
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
        self.top = 0
        """The number of the furthest page that showed something new."""
        self.asked = 1
        """The number of the furthest page asked for."""
        self.hint: str | None = None
        """What looks like a link from the first page to the second, whatever the pagination says."""
        self.led_to_lists = 0
        self.without_record: list[int] = []
        """Pages with entries that gave nothing, once for each such entry."""
        self.entries: set[int] = set()
        """Hashes of the entries shown."""

    @property
    def found(self) -> int:
        """How many different entries the list has shown."""
        return len(self.entries)

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
