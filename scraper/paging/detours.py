"""Lists that a site redirects to another list of the same crawl: what they would have shown, nobody has seen."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from scraper.paging.chain import Chain

LONGEST_PATH = 120
_SAME_HOST = re.compile(r"^(?:www|m)\.")
_SAME_PATH = re.compile(r"/(?:(?:index|default)\.[a-z]{2,5})?$")
DEFAULT_PORTS = (80, 443, None)

Place = tuple[str, str, tuple[tuple[str, str], ...]]


def doubts_of_redirected(chains: Iterable[Chain]) -> Iterator[str]:
    """Name the lists that were redirected to where another list of the crawl is.

    It may be an alias, and all is well, or its records are missing: only the site knows. Addresses that differ as the
    addresses of one page do (scheme, `www.`, case, a slash at the end, the order of the query) are one.
    """
    places: defaultdict[Place, set[Place]] = defaultdict(set)
    chains = list(chains)
    for chain in chains:
        start = place_of(chain.start)
        for place in {start, *(place_of(url) for number, _, url in chain.redirected() if number == 1)}:
            places[place].add(start)
    found = []
    for chain in chains:
        if chain.led_to_lists:
            continue
        own = place_of(chain.start)
        for _, asked, url in chain.redirected():
            before, place = place_of(asked), place_of(url)
            # What is added to the address of another path may say where one came from.
            ways = {place, place if place[:2] == before[:2] else (*place[:2], ())}
            if place not in (before, own) and any(places[way] - {own} for way in ways if way in places):
                found.append((asked, url))
                break
    if found:
        asked, url = found[0]
        count = "1 list was" if len(found) == 1 else f"{len(found)} lists were"
        yield (
            f"{count} redirected to another list, the first from {_shown(asked)} to {_shown(url)}: "
            "are they one, or are its records missing?"
        )


def place_of(url: str) -> Place:
    """Return what tells a page's address from that of another page.

    >>> place_of("http://www.example.com/C/Tea/?b=2&a=1") == place_of("https://example.com/c/tea?a=1&b=2")
    True
    """
    parts = urlsplit(url)
    host = _SAME_HOST.sub("", (parts.hostname or "").lower(), count=1)
    host = host if parts.port in DEFAULT_PORTS else f"{host}:{parts.port}"
    path = _SAME_PATH.sub("", re.sub(r"/{2,}", "/", unquote(parts.path).lower()))
    return host, path, tuple(sorted(parse_qsl(parts.query, keep_blank_values=True)))


def _shown(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"[:LONGEST_PATH]
