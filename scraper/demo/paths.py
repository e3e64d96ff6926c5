"""Where every page of the practice site stands, and how one page links to another."""

from __future__ import annotations

import functools
import posixpath
import re
import unicodedata

FRONT = "/"
PRIVATE = "/private/"
ROBOTS = "/robots.txt"
MEMBERS = "/quotes/members/"
LOGIN, LOGOUT = "/quotes/login", "/quotes/logout"
SEARCH, FILTER = "/quotes/search.aspx", "/quotes/filter.aspx"


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def slugify(text: str) -> str:
    """Spell a title for an address.

    >>> slugify("The Bear's Second Breakfast")
    'the-bears-second-breakfast'
    """
    return "-".join(re.findall(r"[a-z0-9]+", _ascii(text).lower().replace("'", "")))


def quote_list(page: int) -> str:
    """Return the address of one page of all quotes; page 1 is the start page."""
    return "/quotes/" if page == 1 else f"/quotes/page/{page}/"


def table_list(page: int) -> str:
    """Return the address of one page of the quotes laid out as a table; page 1 is the start page."""
    return "/quotes/tableful/" if page == 1 else f"/quotes/tableful/page/{page}/"


def member_list(page: int) -> str:
    """Return the address of one page of the quotes as a member sees them; page 1 is the start page."""
    return MEMBERS if page == 1 else f"{MEMBERS}page/{page}/"


def tag_list(tag: str, page: int) -> str:
    """Return the address of one page of the quotes that carry a tag."""
    return f"/quotes/tag/{tag}/page/{page}/"


def author(name: str) -> str:
    """Return the address of an author's page.

    >>> author("Célestine Morvanne")
    '/quotes/author/Celestine-Morvanne'
    """
    return "/quotes/author/" + "-".join(re.findall(r"[A-Za-z0-9]+", _ascii(name)))


def book_list(page: int) -> str:
    """Return the address of one page of all books; page 1 is the start page."""
    return "/books/" if page == 1 else f"/books/catalogue/page-{page}.html"


def category_list(folder: str, page: int) -> str:
    """Return the address of one page of a category, given its folder: `books/travel_2`, or `books_1` for all."""
    return f"/books/catalogue/category/{folder}/" + ("index.html" if page == 1 else f"page-{page}.html")


def book(slug: str, number: int) -> str:
    """Return the address of a product page."""
    return f"/books/catalogue/{slug}_{number}/index.html"


@functools.lru_cache(maxsize=65_536)
def _relative_from(folder: str, target: str) -> str:
    link = posixpath.relpath(target, folder)
    return link + "/" if target.endswith("/") else link


def relative(page: str, target: str) -> str:
    """Write the link from one page to another the way a saved shop does: relative to the page's folder.

    >>> relative("/books/catalogue/paper-boats_68/index.html", "/books/catalogue/category/books/children_9/index.html")
    '../category/books/children_9/index.html'
    >>> relative("/books/catalogue/page-2.html", "/books/")
    '../'
    """
    return _relative_from(posixpath.dirname(page), target)
