"""Find where a page states how many pages or records there are: "Page 1 of 50", "1,000 results"."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bs4 import Tag
from bs4.element import NavigableString

from scraper.paging.kind import ListPage, Pagination
from scraper.paging.words import pages_stated, says_next, total_stated
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
    number: int | None = None
    """The page's own number."""


def find_stated(page: StudiedPage, selectors: Selectors, shown: int = 0) -> Stated:
    """Return what an HTML page states of its list, as far as the selectors give back the numbers that were read.

    `shown` records are on the page: fewer are no total, nor as many when there is a further page.
    """
    found, seen = Stated(), 0
    least = shown + 1 if shown and _goes_on(page) else shown
    for element in page.soup.find_all(_may_state):
        seen += 1
        if seen > MOST_ELEMENTS or (found.last and found.total):
            break
        words = words_of(element, LONGEST + 1)
        if len(words) > LONGEST:
            found = found if found.pages else _numbered_by_its_own_text(found, element)
            continue
        if not found.last and (pages := pages_stated(words)):
            if pages[0] <= pages[1] and (place := _place(page, selectors, element, pages[1])):
                found = replace(found, last=place, pages=pages[1], number=pages[0])
        elif not found.total and (total := total_stated(words)) is not None and total >= least:
            found = replace(found, total=_place(page, selectors, element, total), records=total)
    return found if found.total else replace(found, records=None)


def _numbered_by_its_own_text(found: Stated, element: Tag) -> Stated:
    """Add which page of how many this is, where a text beside long ones says so and no selector finds it alone."""
    own = [" ".join(part.split()) for part in element.contents[:200] if isinstance(part, NavigableString)]
    pages = next((pages for text in own if len(text) <= LONGEST and (pages := pages_stated(text))), None)
    return replace(found, number=pages[0], pages=pages[1]) if pages and pages[0] <= pages[1] else found


def _goes_on(page: StudiedPage) -> bool:
    """Say whether the page has a link to a further one, whatever that looks like."""
    return any(says_next(words := words_of(link, 40)) or words == "2" for link in page.soup.find_all("a", limit=5_000))


def _may_state(tag: Tag) -> bool:
    """Say whether an element has a text of its own besides those of its children."""
    if tag.name in ("script", "style", "option", "title", "a", "button", "noscript"):
        return False
    return any(isinstance(part, NavigableString) and part.strip() for part in tag.contents[:20])


def _place(page: StudiedPage, selectors: Selectors, element: Tag, number: int) -> str:
    """Return a selector at which a spider reads a number, of the element or of a part of it; empty for none."""
    whole = selectors.of(element)
    parts = element.find_all(True, limit=3)
    # What says all of it by itself is sure to mean that: a heading's other words may have a number some day.
    alone = [selectors.of(part) for part in parts if total_stated(words_of(part, LONGEST)) == number]
    tried = (*alone, whole, *(f"{whole} {part.name}" for part in parts))
    return next((selector for selector in tried if number_at(page, selector) == number), "")


def number_at(page: StudiedPage, selector: str) -> int | None:
    """Return the number that a spider would read at a selector."""
    try:
        return ListPage(page.response, Pagination(), 1).stated(selector)[0]
    except ValueError:
        return None
