"""Render every page that never changes once, so that serving one is a look-up."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from textwrap import wrap
from typing import Any, NamedTuple

from scraper.demo import paths
from scraper.demo.breakage import break_html
from scraper.demo.data import PracticeSite, split_pages
from scraper.demo.records import Book, Quote
from scraper.demo.rendering import HTML_TYPE, TOP_TAGS, environment

# The shop leaves the charset to a meta tag, as books.toscrape.com does.
BOOKS_TYPE = "text/html"
SVG_TYPE = "image/svg+xml"


@dataclass(frozen=True)
class Page:
    """What the server sends for one path."""

    body: bytes
    content_type: str
    etag: str

    @classmethod
    def of(cls, text: str, content_type: str) -> Page:
        """Encode a text and give it an ETag (with its quotation marks) that changes with the content."""
        body = text.encode()
        return cls(body, content_type, f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"')


class Draft(NamedTuple):
    """A page still to be rendered."""

    path: str
    content_type: str
    template: str
    context: dict[str, Any]


def _quote_list_drafts(site: PracticeSite) -> Iterator[Draft]:
    lists: list[tuple[str | None, list[list[Quote]]]] = [(None, site.quote_pages())]
    lists += [(tag, split_pages(quotes, site.quotes_per_page)) for tag, quotes in site.by_tag.items()]
    top_tags = list(site.by_tag)[:TOP_TAGS]
    for tag, pages in lists:
        address = partial(paths.tag_list, tag) if tag else paths.quote_list
        for page, quotes in enumerate(pages, start=1):
            around = _around(address(page - 1), address(page + 1), page, len(pages))
            context = {"tag": tag, "quotes": quotes, "top_tags": top_tags, **around}
            yield Draft(address(page), HTML_TYPE, "quote_list.html", context)


def _around(previous: str, following: str, page: int, pages: int) -> dict[str, Any]:
    return {"previous": previous if page > 1 else None, "next": following if page < pages else None}


def _author_drafts(site: PracticeSite) -> Iterator[Draft]:
    for author in site.all_authors:
        yield Draft(author.path, HTML_TYPE, "author.html", {"shown": author.on_page()})


def _book_list_drafts(site: PracticeSite) -> Iterator[Draft]:
    all_books = paths.category_list("books_1", 1)
    folders = {category: site.category_folder(category) for category in site.by_category}
    lists: list[tuple[str, Any, list[list[Book]]]] = [("All products", paths.book_list, site.book_pages())]
    lists.append(("Books", partial(paths.category_list, "books_1"), site.book_pages()))
    for category, books in site.by_category.items():
        pages = split_pages(books, site.books_per_page)
        lists.append((category, partial(paths.category_list, folders[category]), pages))
    categories = {category: paths.category_list(folder, 1) for category, folder in folders.items()}
    for heading, address, pages in lists:
        # A book that is listed twice counts once, as in a shop that shows a favourite again.
        total = len({book.number for books in pages for book in books})
        for page, books in enumerate(pages, start=1):
            context = {
                "heading": heading,
                "category": heading != "All products",
                "all_books": all_books,
                "categories": categories,
                "books": books,
                "total": total,
                "page": page,
                "pages": len(pages),
                "first": (page - 1) * site.books_per_page + 1,
                "last": min(page * site.books_per_page, total),
                **_around(address(page - 1), address(page + 1), page, len(pages)),
            }
            yield Draft(address(page), BOOKS_TYPE, "book_list.html", context)


def _product_drafts(site: PracticeSite) -> Iterator[Draft]:
    for book in site.all_books:
        context = {
            "heading": book.title or "Untitled",
            "book": book,
            "shown": book.on_page(),
            "all_books": paths.category_list("books_1", 1),
            "category_path": paths.category_list(site.category_folder(book.category), 1),
        }
        yield Draft(book.path, BOOKS_TYPE, "book.html", context)


def _cover_drafts(site: PracticeSite) -> Iterator[Draft]:
    for book in site.all_books:
        dice = hashlib.blake2b(f"{book.number} {book.category}".encode()).digest()
        context = {
            "lines": wrap(book.title or "Untitled", 17)[:7],
            "hue": site.categories.index(book.category) * 360 // len(site.categories) + dice[0] % 20,
            "light": 32 + dice[1] % 12,
            "x": dice[2] * 180 // 255,
            "y": 160 + dice[3] * 90 // 255,
            "width": 2 + dice[4] % 12,
        }
        yield Draft(book.image_path, SVG_TYPE, "cover.svg", context)


def _other_drafts(site: PracticeSite) -> Iterator[Draft]:
    counts = {"quotes": len(site.all_quotes), "authors": len(site.all_authors)}
    counts |= {"books": len(site.all_books), "categories": len(site.categories)}
    yield Draft(
        paths.FRONT, HTML_TYPE, "front.html", {**counts, "directory": paths.DIRECTORY, "scripted": paths.SCRIPTED}
    )
    private = {"heading": "Private", "words": "robots.txt asks robots to stay out of this folder."}
    yield Draft(paths.PRIVATE, HTML_TYPE, "notice.html", private)


def render_pages(site: PracticeSite, *, padding_kb: int = 0) -> dict[str, Page]:
    """Render every page that never changes: path (as requested, without a query) to page.

    `padding_kb` makes every HTML page that much heavier with hidden menus (KiB).
    """
    templates = environment(padding_kb)
    halves = (_quote_list_drafts(site), _author_drafts(site), _book_list_drafts(site), _product_drafts(site))
    pages = {}
    for path, content_type, template, context in chain(*halves, _cover_drafts(site), _other_drafts(site)):
        html = templates.get_template(template).render(link=partial(paths.relative, path), **context)
        pages[path] = Page.of(break_html(html) if path in site.broken_html else html, content_type)
    # The second names under which the real sites serve their first page; nothing links to them.
    pages["/quotes/page/1/"] = pages[paths.quote_list(1)]
    pages["/books/index.html"] = pages[paths.book_list(1)]
    return pages
