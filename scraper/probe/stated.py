"""Find where a page states how many pages or records there are: "Page 1 of 50", "1,000 results"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bs4 import Tag
from bs4.element import NavigableString

from scraper.paging.kind import ListPage, Pagination
from scraper.paging.words import pages_stated, total_stated
from scraper.probe.selectors import words_of

if TYPE_CHECKING:
    from scraper.probe.page import StudiedPage
    from scraper.probe.selectors import Selectors

LONGEST = 160
MOST_ELEMENTS = 400


@dataclass(frozen=True)
class Stated:
    """What a page states; each with the selector of the place."""

    last: str = ""
    pages: int | None = None
    total: str = ""
    records: int | None = None


def find_stated(page: StudiedPage, selectors: Selectors) -> Stated:
    """Return what an HTML page states of its list, as far as the selectors give back the numbers."""
    last: tuple[str, int | None] = ("", None)
    total: tuple[str, int | None] = ("", None)
    seen = 0
    for element in page.soup.find_all(_may_state):
        seen += 1
        if seen > MOST_ELEMENTS or (last[0] and total[0]):
            break
        words = words_of(element, LONGEST + 1)
        if len(words) > LONGEST:
            continue
        if not last[0] and pages_stated(words):
            last = _place(page, selectors, element)
        elif not total[0] and total_stated(words) is not None:
            total = _place(page, selectors, element)
    return Stated(*last, *total)


def _may_state(tag: Tag) -> bool:
    """Say whether an element has a text of its own besides those of its children."""
    if tag.name in ("script", "style", "option", "title", "a", "button", "noscript"):
        return False
    return any(isinstance(part, NavigableString) and part.strip() for part in tag.contents[:20])


def _place(page: StudiedPage, selectors: Selectors, element: Tag) -> tuple[str, int | None]:
    """Return a selector at which a spider reads the number, of the element or of a part of it, and the number."""
    whole = selectors.of(element)
    parts = element.find_all(True, limit=3)
    for selector in [whole, *(f"{whole} {part.name}" for part in parts)]:
        number = number_at(page, selector)
        if number is not None:
            return selector, number
    return "", None


def number_at(page: StudiedPage, selector: str) -> int | None:
    """Return the number that a spider would read at a selector."""
    try:
        return ListPage(page.response, Pagination(), 1).stated(selector)[0]
    except ValueError:
        return None
