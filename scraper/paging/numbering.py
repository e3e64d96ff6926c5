"""Learn from one link to a next page how every page of the list is addressed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

OFFSET_PARAMETER = re.compile(r"[?&](?:offset|start|skip|from)=$", re.IGNORECASE)
PAGE_PARAMETER = re.compile(r"(?:^|[?&/_.-])(?:page|paged|pagenum|pageno|pg|p|seite|pagina)[=/_-]?$", re.IGNORECASE)
LONGEST_PARAMETER = 9
"""Characters of the longest text that one of the patterns above can match."""


@dataclass(frozen=True, slots=True)
class Numbering:
    """The address of a list's pages, around the page's number."""

    before: str
    after: str
    width: int
    shift: int = 0
    """1 where the site counts its pages from 0."""

    @classmethod
    def learn(cls, url: str, number: int) -> Self | None:
        """Find the page's number in its address; None when it is not there, or may be in more than one place.

        >>> Numbering.learn("https://shop.example/catalogue/page-2.html", 2).url(17)
        'https://shop.example/catalogue/page-17.html'
        >>> Numbering.learn("https://shop.example/2/list?page=2&size=20", 2).url(3)
        'https://shop.example/2/list?page=3&size=20'
        >>> Numbering.learn("https://shop.example/news?page=1", 2).url(3)
        'https://shop.example/news?page=2'
        >>> Numbering.learn("https://shop.example/list?after=kzj2", 2)
        """
        found = cls._places(url, number)
        named = [place for place in found if _is_named(place)]
        alone = [place for place in found if not re.match(r"[\w%]", url[place.start() - 1])]
        chosen, shift = (named if len(named) == 1 else alone), 0
        if not chosen:
            chosen = [place for place in cls._places(url, number - 1) if _is_named(place)]
            shift = 1
        if len(chosen) != 1:
            return None
        first, last = chosen[0].span()
        return cls(url[:first], url[last:], last - first if chosen[0].group().startswith("0") else 0, shift)

    @staticmethod
    def _places(url: str, number: int) -> list[re.Match[str]]:
        """Return where a number stands in an address, behind its host."""
        host = urlsplit(url).netloc
        start = url.index(host) + len(host)
        return [match for match in re.finditer(rf"(?<!\d)0*{number}(?!\w)", url) if match.start() >= start]

    def url(self, number: int) -> str:
        """Return the address of a page."""
        return f"{self.before}{number - self.shift:0{self.width}}{self.after}"


def _is_named(place: re.Match[str], like: re.Pattern[str] = PAGE_PARAMETER) -> bool:
    """Return whether a parameter or folder that is named like a page stands before a number."""
    start = place.start()
    return like.search(place.string, max(0, start - LONGEST_PARAMETER), start) is not None


def skipped(addresses: Mapping[int, str]) -> int | None:
    """Return the page behind which a link skips one, given the addresses that links lead to by their place in the list.

    >>> skipped({1: "/list", 2: "/list?page=2", 3: "/list?page=3", 4: "/list?page=5"})
    3
    >>> skipped({1: "/list", 2: "/list?start=20", 3: "/list?start=40", 4: "/list?start=80"})
    3
    >>> skipped({1: "/list", 2: "/list?page=1", 3: "/list?page=2"})
    """
    counted: dict[int, tuple[str, str, int]] = {}
    for number, address in addresses.items():
        for found in re.finditer(r"(?<!\d)\d{1,9}(?!\w)", address):
            if _is_named(found) or _is_named(found, OFFSET_PARAMETER):
                counted[number] = (address[: found.start()], address[found.end() :], int(found[0]))
                break
    first = counted.get(2)
    if first and 1 not in counted and PAGE_PARAMETER.search(first[0]) and first[2] == 3:
        return 1
    steps = {
        number: counted[number + 1][2] - place[2]
        for number, place in counted.items()
        if number + 1 in counted and counted[number + 1][:2] == place[:2]
    }
    as_counted = any(
        PAGE_PARAMETER.search(place[0]) and abs(place[2] - number) < 2 for number, place in counted.items()
    )
    usual = 1 if as_counted else min(steps.values(), default=0)
    wider = [number for number, step in steps.items() if 0 < usual < step and step % usual == 0]
    return min(wider, default=None)
