"""Render every page that never changes once, so that serving one is a look-up."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from textwrap import wrap
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from scraper.demo import paths
from scraper.demo.records import Book, Quote
from scraper.demo.site import DemoSite, split_pages

HTML_TYPE = "text/html; charset=utf-8"
TEXT_TYPE = "text/plain; charset=utf-8"
# The shop leaves the charset to a meta tag, as books.toscrape.com does.
BOOKS_TYPE = "text/html"
SVG_TYPE = "image/svg+xml"
TOP_TAGS = 10

ROBOTS_TXT = f"User-agent: *\nDisallow: {paths.PRIVATE}\n"

DAMAGE = (
    # closing tags that were forgotten
    (re.compile(r"</(?:li|p|td|th|tr)>"), ""),
    # closing tags of things that were never opened
    (re.compile(r"<main>"), "<main></div></div>"),
    (re.compile(r"(</small>|</h2>)"), r"\1</em></font>"),
    (re.compile(r"</table>"), "</tbody></div></table>"),
    (re.compile(r"</html>"), "</div></body></table>"),
    # attributes that are bare, doubled or plainly wrong
    (re.compile(r'href="([^"\s>]+)"'), r"href=\1"),
    (re.compile(r'<(article|div) class="'), r'<\1 "" =odd class="'),
    (re.compile(r'<span class="(\w+)"'), r'<SPAN class="\1"class="\1 twice"'),
)
"""How hand-written pages are damaged: a parser that repairs HTML still reads every record."""


def break_html(html: str) -> str:
    """Return the page with its markup damaged and its text untouched.

    >>> break_html('<p><a href="page-2.html">next</a></p>')
    '<p><a href=page-2.html>next</a>'
    """
    for pattern, replacement in DAMAGE:
        html = pattern.sub(replacement, html)
    return html


def environment(*folders: Path) -> Environment:
    """Return the templates that every page is rendered from, and those in `folders`."""
    templates = Environment(
        loader=FileSystemLoader([*folders, Path(__file__).with_name("templates")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.globals.update(author_link=paths.author, tag_link=partial(paths.tag_list, page=1))
    return templates


@dataclass(frozen=True)
class ServedPage:
    """What the server sends for one path."""

    body: bytes
    content_type: str
    etag: str

    @classmethod
    def of(cls, text: str, content_type: str) -> ServedPage:
        """Encode a text and give it an ETag (with its quotation marks) that changes with the content."""
        body = text.encode()
        return cls(body, content_type, f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"')


class Draft(NamedTuple):
    """A page still to be rendered."""

    path: str
    content_type: str
    template: str
    context: dict[str, Any]


def _quote_list_drafts(site: DemoSite) -> Iterator[Draft]:
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


def _author_drafts(site: DemoSite) -> Iterator[Draft]:
    for author in site.all_authors:
        yield Draft(author.path, HTML_TYPE, "author.html", {"shown": author.on_page()})


def _book_list_drafts(site: DemoSite) -> Iterator[Draft]:
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


def _product_drafts(site: DemoSite) -> Iterator[Draft]:
    for book in site.all_books:
        context = {
            "heading": book.title or "Untitled",
            "book": book,
            "shown": book.on_page(),
            "all_books": paths.category_list("books_1", 1),
            "category_path": paths.category_list(site.category_folder(book.category), 1),
        }
        yield Draft(book.path, BOOKS_TYPE, "book.html", context)


def _cover_drafts(site: DemoSite) -> Iterator[Draft]:
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


def _other_drafts(site: DemoSite) -> Iterator[Draft]:
    yield Draft(paths.FRONT, HTML_TYPE, "front.html", {"site": site})
    private = {"heading": "Private", "words": "robots.txt asks robots to stay out of this folder."}
    yield Draft(paths.PRIVATE, HTML_TYPE, "notice.html", private)


def render_pages(site: DemoSite, templates: Environment | None = None) -> dict[str, ServedPage]:
    """Render every page that never changes: path (as requested, without a query) to page."""
    templates = templates or environment()
    halves = (_quote_list_drafts(site), _author_drafts(site), _book_list_drafts(site), _product_drafts(site))
    pages = {}
    for path, content_type, template, context in chain(*halves, _cover_drafts(site), _other_drafts(site)):
        html = templates.get_template(template).render(link=partial(paths.relative, path), **context)
        pages[path] = ServedPage.of(break_html(html) if path in site.broken_html else html, content_type)
    pages[paths.ROBOTS] = ServedPage.of(ROBOTS_TXT, TEXT_TYPE)
    # The second names under which the real sites serve their first page; nothing links to them.
    pages["/quotes/page/1/"] = pages[paths.quote_list(1)]
    pages["/books/index.html"] = pages[paths.book_list(1)]
    return pages
