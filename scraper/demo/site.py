"""The practice site as data: every true record, where it is listed, and what must be refused."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from scraper.demo import paths
from scraper.demo.records import Author, Book, Quote

DATA_FILE = Path(__file__).with_name("site.json")

GOODREADS = "http://goodreads.com"

Listed = TypeVar("Listed", Quote, Book)


class Refusal(NamedTuple):
    """A record that must not be stored: its collection, the fields at fault, and the path of the page that shows it."""

    collection: str
    fields: tuple[str, ...]
    path: str


def split_pages(records: Sequence[Listed], per_page: int) -> list[list[Listed]]:
    """Cut a list into pages, then add each record that is listed twice to the foot of its second page."""
    pages = [list(records[start : start + per_page]) for start in range(0, len(records), per_page)]
    for record in records:
        if record.also_on_page is not None:
            pages[record.also_on_page - 1].append(record)
    return pages


def sort_by_tag(quotes: Iterable[Quote]) -> dict[str, list[Quote]]:
    """Return the quotes that carry each tag, most used tag first."""
    tagged: dict[str, list[Quote]] = {}
    for quote in quotes:
        for tag in quote.tags:
            tagged.setdefault(tag, []).append(replace(quote, also_on_page=None))
    return dict(sorted(tagged.items(), key=lambda item: (-len(item[1]), item[0])))


@dataclass(frozen=True)
class DemoSite:
    """The whole site.

    The `all_…` fields hold everything that has a page; `quotes`, `authors` and `books` hold what a perfect scrape
    stores, each record once. `broken_html` names the pages whose markup is damaged. `base` is the address it is served
    at, with a final slash: image addresses begin with it, or are paths while it is empty.
    """

    all_quotes: tuple[Quote, ...]
    all_authors: tuple[Author, ...]
    all_books: tuple[Book, ...]
    categories: tuple[str, ...]
    quotes_per_page: int = 10
    books_per_page: int = 20
    broken_html: frozenset[str] = frozenset()
    base: str = ""

    def at(self, base: str) -> DemoSite:
        """Return the same site as it is seen when served at `base`."""
        return replace(self, base=base)

    @cached_property
    def quotes(self) -> list[dict[str, Any]]:
        """The true quotes: text, author, tags (a list)."""
        return [quote.record() for quote in self.listed_quotes]

    @cached_property
    def listed_quotes(self) -> tuple[Quote, ...]:
        """The healthy quotes, each once: what every other list shows."""
        return tuple(quote for quote in self.all_quotes if not quote.refused)

    @cached_property
    def filterable_quotes(self) -> tuple[Quote, ...]:
        """The healthy quotes that the search form can find: those with a tag."""
        return tuple(quote for quote in self.listed_quotes if quote.tags)

    @cached_property
    def authors(self) -> list[dict[str, Any]]:
        """The true authors: name, born_date (an aware datetime, UTC), born_location, description."""
        return [author.record() for author in self.all_authors]

    @cached_property
    def books(self) -> list[dict[str, Any]]:
        """The true books, with the fields of the collection `books`; the price is a Decimal."""
        return [book.record(self.base) for book in self.all_books if not book.refused]

    @cached_property
    def refused(self) -> list[Refusal]:
        """What must not be stored, and why; a quote's page is the first list page that shows it."""
        quotes = [
            Refusal("quotes", quote.refused, paths.quote_list(index // self.quotes_per_page + 1))
            for index, quote in enumerate(self.all_quotes)
            if quote.refused
        ]
        return quotes + [Refusal("books", book.refused, book.path) for book in self.all_books if book.refused]

    def quote_pages(self) -> list[list[Quote]]:
        """Return the quotes of each list page."""
        return split_pages(self.all_quotes, self.quotes_per_page)

    def book_pages(self) -> list[list[Book]]:
        """Return the books of each list page."""
        return split_pages(self.all_books, self.books_per_page)

    @cached_property
    def by_tag(self) -> dict[str, list[Quote]]:
        """The quotes that carry each tag, most used tag first."""
        return sort_by_tag(self.all_quotes)

    @cached_property
    def listed_by_tag(self) -> dict[str, list[Quote]]:
        """The healthy quotes that carry each tag, most used tag first."""
        return sort_by_tag(self.listed_quotes)

    @cached_property
    def tags_of_author(self) -> dict[str, tuple[str, ...]]:
        """The tags of each author's healthy quotes, by name; an author without any is left out."""
        found: dict[str, set[str]] = {}
        for quote in self.filterable_quotes:
            found.setdefault(quote.author, set()).update(quote.tags)
        return {author: tuple(sorted(found[author])) for author in sorted(found)}

    @cached_property
    def _author_numbers(self) -> dict[str, int]:
        return {author.name: number for number, author in enumerate(self.all_authors, start=1)}

    def goodreads_link(self, author: str) -> str:
        """Return the path of an author's page on goodreads.com, given the true name."""
        slug = paths.author(author).rpartition("/")[2].replace("-", "_")
        return f"/author/show/{self._author_numbers[author]}.{slug}"

    def goodreads_url(self, author: str) -> str:
        """Return the address of an author's page on goodreads.com, given the true name."""
        return GOODREADS + self.goodreads_link(author)

    @cached_property
    def by_category(self) -> dict[str, list[Book]]:
        """The books of each category, in the order of the categories."""
        sorted_books: dict[str, list[Book]] = {category: [] for category in self.categories}
        for book in self.all_books:
            sorted_books[book.category].append(replace(book, also_on_page=None))
        return sorted_books

    def category_folder(self, category: str) -> str:
        """Return the folder of a category; its number counts from 2, since 1 is the folder of all books."""
        return f"books/{paths.slugify(category)}_{self.categories.index(category) + 2}"


def _quote(entry: dict[str, Any]) -> Quote:
    return Quote(**{**entry, "tags": tuple(entry["tags"]), "refused": tuple(entry.get("refused", ()))})


def _author(entry: dict[str, Any]) -> Author:
    return Author(**{**entry, "born_date": date.fromisoformat(entry["born_date"])})


def _book(number: int, entry: dict[str, Any]) -> Book:
    price = None if entry["price"] is None else Decimal(entry["price"])
    return Book(number=number, **{**entry, "price": price, "refused": tuple(entry.get("refused", ()))})


def load_site() -> DemoSite:
    """Read the bundled site.

    An entry of the file holds the true values of a record. Where its page shows a field in another way, `shown` holds
    the raw text; `awkward` says what is odd about it. `refused` names the fields that no scrape can find a value for.
    """
    content = json.loads(DATA_FILE.read_text(encoding="utf-8"))
    return DemoSite(
        all_quotes=tuple(_quote(entry) for entry in content["quotes"]),
        all_authors=tuple(_author(entry) for entry in content["authors"]),
        all_books=tuple(_book(number, entry) for number, entry in enumerate(content["books"], start=1)),
        categories=tuple(content["categories"]),
        quotes_per_page=content["quotes_per_page"],
        books_per_page=content["books_per_page"],
        broken_html=frozenset(content["broken_html"]),
    )
