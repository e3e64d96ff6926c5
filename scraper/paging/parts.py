"""Hold the parts of one list against each other: `sitemap-1.xml` and `sitemap-2.xml`, which an index leads to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scraper.paging.account import overlapping, short
from scraper.paging.sightings import Sightings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from scraper.paging.chain import Chain

ONE_NUMBER = re.compile(r"([^\d]*)(\d{1,6})([^\d]*)")
YEAR = re.compile(r"/(?:19|20)\d\d/")
"""In a folder: what is numbered in it may be months, of which any may be short."""

FULL_PARTS = 3
"""Parts of one size after which a number that is missing between them is conspicuous."""


def doubts_of_parts(chains: Iterable[Chain]) -> Iterator[str]:
    """Name the parts that are empty, short, or shown by another, where the others are not."""
    rows: dict[tuple[str, str], dict[int, Chain]] = {}
    for chain in chains:
        place = _place(chain.name) if chain.kind.in_parts else None
        if place is not None:
            rows.setdefault(place[:2], {})[place[2]] = chain
    for parts in rows.values():
        read = {number: chain for number, chain in sorted(parts.items()) if chain.pages}
        missing = [number for number in range(min(parts), max(parts)) if number not in parts]
        # Parts are counted from 0 or 1; what begins elsewhere, or has holes, are years or numbers of other things.
        if len(read) > 1 and min(parts) <= 1 and len(missing) <= 1:
            yield from _doubts(read, missing)


def _place(address: str) -> tuple[str, str, int] | None:
    """Return what stands around the one number in an address, and the number; None where it is no part's.

    >>> _place("https://h/sitemap-2.xml"), _place("https://h/maps/sitemap.xml?page=3")
    (('https://h/sitemap-', '.xml', 2), ('https://h/maps/sitemap.xml?page=', '', 3))
    >>> _place("https://h/products_1.xml?from=20&to=90"), _place("https://h/posts-2026-04.xml")
    (('https://h/products_', '.xml', 1), None)
    """
    parts = urlsplit(address)
    folder, _, name = parts.path.rpartition("/")
    if YEAR.search(f"{folder}/"):
        return None
    found, where = ONE_NUMBER.fullmatch(name), f"{parts.scheme}://{parts.netloc}{folder}/"
    if found is None and not re.search(r"\d", name):
        found, where = ONE_NUMBER.fullmatch(parts.query), f"{where}{name}?"
    return (where + found[1], found[3], int(found[2])) if found else None


def _doubts(parts: Mapping[int, Chain], missing: Sequence[int]) -> Iterator[str]:
    """Name what is odd in a row of parts, as if each were a page of one list."""
    row = Sightings("", next(iter(parts.values())).kind)
    for number, chain in parts.items():
        row.see(number, chain.name, sorted(chain.entries), sum(page.size for page in chain.pages.values()))
    sizes = {number: page.size for number, page in row.pages.items()}
    usual, last = max(sizes.values()), max(sizes)
    are_full = all(size == usual for number, size in sizes.items() if number < last)
    for number, size in sizes.items():
        # As with pages, the last one may well be empty behind a short one, but is not listed behind full ones only.
        if not size and usual and (number < last or (are_full and last > 2)):
            yield f"{_part(parts, number)} has no entry, unlike the parts around it"
        elif (repeated := row.repeats(number)) is not None:
            yield f"{_part(parts, number)} shows the same entries as {_part(parts, repeated)}"
    for number, again in overlapping(row):
        if row.repeats(number) is None:
            yield f"{_part(parts, number)} shows {again} entries of the parts before it again: are as many left out?"
    if numbers := short(row):
        more = f", and so {len(numbers) - 1} more" if len(numbers) > 1 else ""
        yield f"{_part(parts, numbers[0])} has {sizes[numbers[0]]} entries, the other parts {usual}{more}"
    if missing and are_full and len(sizes) > FULL_PARTS:
        yield f"{_part(parts, last)} and {len(parts) - 1} parts before it are listed, but no number {missing[0]}"


def _part(parts: Mapping[int, Chain], number: int) -> str:
    address = urlsplit(parts[number].name)
    return f"{address.path}?{address.query}" if address.query else address.path
