"""Learn from one link to a next page how every page of the list is addressed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

PAGE_PARAMETER = re.compile(r"(?:^|[?&/_.-])(?:page|paged|pagenum|pageno|pg|p|seite|pagina)[=/_-]?$", re.IGNORECASE)


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
        named = [place for place in found if PAGE_PARAMETER.search(url[: place.start()])]
        alone = [place for place in found if not re.match(r"[\w%]", url[place.start() - 1])]
        chosen, shift = (named if len(named) == 1 else alone), 0
        if not chosen:
            chosen = [p for p in cls._places(url, number - 1) if PAGE_PARAMETER.search(url[: p.start()])]
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
