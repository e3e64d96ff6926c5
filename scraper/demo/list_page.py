"""One page of the healthy quotes, which are cut into pages of equal length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scraper.demo.records import Quote
from scraper.demo.router import Visit, whole_number


def count_pages(records: int, per_page: int) -> int:
    """Return how many pages a list has; an empty list has one.

    >>> [count_pages(records, 10) for records in (0, 10, 11)]
    [1, 1, 2]
    """
    return max(1, -(-records // per_page))


@dataclass(frozen=True)
class Leaf:
    """One page of a list, counted from 1; beyond the last one there are no quotes."""

    number: int
    per_page: int
    listed: Sequence[Quote]

    @property
    def last(self) -> int:
        """The number of the last page with quotes."""
        return count_pages(len(self.listed), self.per_page)

    @property
    def quotes(self) -> Sequence[Quote]:
        """What the page lists."""
        return self.listed[(self.number - 1) * self.per_page : self.number * self.per_page]

    @property
    def has_next(self) -> bool:
        """Whether a page with quotes follows."""
        return self.number < self.last

    @property
    def next(self) -> str | None:
        """The link to the next page, for lists whose pages are numbered in the query."""
        return f"?page={self.number + 1}" if self.has_next else None

    @property
    def state(self) -> str:
        """Where this page is, in words."""
        return f"Page {self.number} of {self.last}"

    @property
    def links(self) -> list[tuple[int, str]]:
        """The numbered link to each page."""
        return [(number, f"?page={number}") for number in range(1, self.last + 1)]


def leaf(visit: Visit, number: int, quotes: Sequence[Quote] | None = None) -> Leaf:
    """Return one page of the healthy quotes, or of some of them."""
    return Leaf(number, visit.site.quotes_per_page, visit.site.listed_quotes if quotes is None else quotes)


def asked_leaf(visit: Visit, quotes: Sequence[Quote] | None = None) -> Leaf:
    """Return the page that the query asks for with `page`; raises BadValueError."""
    return leaf(visit, visit.asked("page", 1), quotes)


def leaf_in_path(visit: Visit) -> Leaf:
    """Return the page that the path asks for; a path without a number is that of the first one."""
    return leaf(visit, whole_number("page", visit.captured.get("page", "1")))
