"""Grow the practice site to any size, for benchmarks: same kind of records, nothing awkward, every key unique."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from random import Random
from string import ascii_uppercase

from scraper.demo.records import Author, Book, Quote
from scraper.demo.site import DemoSite

QUOTES_PER_AUTHOR = 20
SEED = 2_026


def _grow_authors(site: DemoSite, count: int) -> list[Author]:
    """Compose authors from the first names, the surnames and an initial, which is all that tells some of them apart."""
    originals = site.all_authors
    firsts = [author.name.rpartition(" ")[0] for author in originals]
    surnames = [author.name.rpartition(" ")[2] for author in originals]
    limit = len(firsts) * len(surnames) * len(ascii_uppercase)
    if count > limit:
        most = limit * QUOTES_PER_AUTHOR
        raise ValueError(
            f"cannot compose {count} authors: the names in site.json make {limit}; ask for at most {most} quotes"
        )
    grown = []
    for number in range(count):
        rest, first = divmod(number, len(firsts))
        initial, surname = divmod(rest, len(surnames))
        original = originals[number % len(originals)]
        name = f"{firsts[first]} {ascii_uppercase[initial]}. {surnames[surname]}"
        description = original.description.replace(original.name, name)
        born_date = original.born_date + timedelta(days=number)
        grown.append(Author(name, born_date, original.born_location, description))
    return grown


def _grow_quotes(site: DemoSite, count: int, authors: list[Author], random: Random) -> list[Quote]:
    healthy = [quote for quote in site.all_quotes if quote.text and not quote.awkward]
    grown = []
    for number in range(1, count + 1):
        first, second = random.sample(healthy, 2)
        text = f"{first.text} {second.text} (saying {number})"
        tags = tuple(sorted({*first.tags[:2], *second.tags[:1]}))
        grown.append(Quote(text, authors[number % len(authors)].name, tags))
    return grown


def _grow_books(site: DemoSite, count: int, random: Random) -> list[Book]:
    healthy = [book for book in site.all_books if book.title and book.description and not book.awkward]
    grown = []
    for number in range(1, count + 1):
        first, second = random.sample(healthy, 2)
        grown.append(
            replace(
                first,
                number=number,
                upc=hashlib.blake2b(f"book {number}".encode(), digest_size=8).hexdigest(),
                title=f"{first.title}, or {second.title}",
                price=Decimal(random.randint(500, 9_999)) / 100,
                stock=random.randint(1, 40),
                rating=random.randint(1, 5),
                category=site.categories[number % len(site.categories)],
                description=f"{first.description} {second.description}",
                image=f"media/book-{number}.svg",
            )
        )
    return grown


def enlarge(
    site: DemoSite, quotes: int = 10_000, books: int = 2_000, quotes_per_page: int = 20, authors: int | None = None
) -> DemoSite:
    """Compose a healthy site of the given size from the records of `site`; equal arguments give an equal site.

    Quotes are dealt to `authors` in turn; None means one author for every 20 quotes. Raises ValueError for sizes below
    1, or when the names run out.
    """
    authors = -(-quotes // QUOTES_PER_AUTHOR) if authors is None else authors
    sizes = {"quotes": quotes, "books": books, "quotes_per_page": quotes_per_page, "authors": authors}
    for name, value in sizes.items():
        if value < 1:
            raise ValueError(f"cannot enlarge the practice site: {name} must be 1 or more, not {value}")
    random = Random(SEED)  # noqa: S311 - the same site every time is the point
    grown_authors = _grow_authors(site, authors)
    return replace(
        site,
        all_quotes=tuple(_grow_quotes(site, quotes, grown_authors, random)),
        all_authors=tuple(grown_authors),
        all_books=tuple(_grow_books(site, books, random)),
        quotes_per_page=quotes_per_page,
        broken_html=frozenset(),
    )
