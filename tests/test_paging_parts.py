"""Sitemaps that an index lists by number are held against each other, as the pages of one list are."""

from __future__ import annotations

import pytest

from scraper.paging import NextLink, Pagination, Sitemap
from scraper.paging.ask import Ask, End
from scraper.paging.chain import Chain
from scraper.paging.facts import PageFacts
from scraper.paging.parts import doubts_of_parts

NUMBERED = "https://h/map-{}.xml"
FULL = range(5)


def parts(sizes: dict[int, int | range], name: str = NUMBERED, kind: Pagination | None = None) -> list[Chain]:
    """Return the lists of numbered sitemaps, of which every second entry is followed; a range says which they are."""
    chains, others = [], 1_000
    for number, size in sizes.items():
        chain = Chain(name.format(number), kind or Sitemap("/item/"), 8, 1)
        chain.begin(Ask(chain.name))
        entries = list(size if isinstance(size, range) else range(others, others + size // 2))
        others += 100
        listed = len(size) if isinstance(size, range) else size
        chain.take(1, PageFacts(url=chain.name, entries=entries, listed=listed, following=End("one page", sure=True)))
        chains.append(chain)
    return chains


@pytest.mark.parametrize(
    ("sizes", "doubts"),
    [
        ({1: 5, 2: 5, 3: 5, 4: 3}, []),
        ({0: 5, 1: 5, 2: 5}, []),
        ({1: 7, 2: 3, 3: 9, 4: 2}, []),
        ({1: 5}, []),
        ({1: 0, 2: 0}, []),
        ({1: 5, 2: 3, 3: 0}, []),
        ({1: 5, 2: 5, 3: 0}, ["/map-3.xml has no entry, unlike the parts around it"]),
        ({1: 5, 2: 0, 3: 4}, ["/map-2.xml has no entry, unlike the parts around it"]),
        ({1: 5, 2: 3, 3: 5, 4: 3}, ["/map-2.xml has 3 entries, the other parts 5"]),
        ({1: 9, 2: 5, 3: 5, 4: 9, 5: 9}, ["/map-2.xml has 5 entries, the other parts 9, and so 1 more"]),
        ({1: FULL, 2: 5, 3: FULL, 4: 3}, ["/map-3.xml shows the same entries as /map-1.xml"]),
        (
            {1: FULL, 2: range(3, 8), 3: range(8, 13)},
            ["/map-2.xml shows 2 entries of the parts before it again: are as many left out?"],
        ),
        ({1: 5, 2: 5, 4: 5, 5: 2}, ["/map-5.xml and 3 parts before it are listed, but no number 3"]),
        ({1: 5, 3: 4, 9: 5, 10: 2}, []),
    ],
)
def test_a_part_that_is_empty_short_or_shown_twice_is_a_doubt(sizes: dict[int, int | range], doubts: list[str]) -> None:
    assert list(doubts_of_parts(parts(sizes))) == doubts


def test_lists_that_are_no_parts_of_one_are_not_held_against_each_other() -> None:
    short: dict[int, int | range] = {1: 5, 2: 0, 3: 5, 4: 2, 5: 5, 6: 1}
    assert len(list(doubts_of_parts(parts(short)))) == 2
    # Months, years, and categories with a number in their address.
    for name in ("https://h/2026/map-{}.xml", "https://h/map-2026-{}.xml"):
        assert list(doubts_of_parts(parts(short, name))) == [], name
    assert list(doubts_of_parts(parts({2020 + number: size for number, size in short.items()}))) == []
    assert list(doubts_of_parts(parts(short, kind=NextLink()))) == []


def test_a_part_that_could_not_be_read_is_not_said_to_be_missing() -> None:
    chains = parts({1: 5, 2: 5, 4: 5, 5: 2})
    lost = Chain(NUMBERED.format(3), Sitemap("/item/"), 8, 1)
    assert len(list(doubts_of_parts(chains))) == 1
    assert list(doubts_of_parts([*chains, lost])) == []
