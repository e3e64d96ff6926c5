"""quotes.toscrape.com: sayings on numbered pages, or behind a scrolling page's API, and a page about each author."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any, ClassVar

from models.quotes import Author, Quote
from scraper import NextLink, PageNumbers, SiteSpider, first, texts

if TYPE_CHECKING:
    from collections.abc import Iterator


class QuotesSpider(SiteSpider):
    """Stores every quote, and every author once."""

    name = "quotes"
    start_url = "https://quotes.toscrape.com/"
    records = (Quote, Author)
    items = "div.quote"
    pagination: ClassVar = {
        "*/scroll": PageNumbers("api/quotes?page={page}", json="quotes", more="has_next"),
        "*": NextLink("li.next a"),
    }

    def read_item(self, page: Any, item: Any) -> Iterator[Any]:
        """Read a quote of a page."""
        author = first(item, "small.author::text")
        yield Quote.found(page, text=first(item, "span.text::text"), author=author, tags=texts(item, "a.tag::text"))
        links = texts(item, "a[href*='/author/']::attr(href)")
        yield from self.follow_new(page, links or author_page(page, author), self.parse_author)

    def read_data(self, page: Any, data: Any) -> Iterator[Any]:
        """Read a quote of the API."""
        yield Quote.found(page, text=data["text"], author=data["author"]["name"], tags=data["tags"])
        yield from self.follow_new(page, [f"{home_of(page.url)}author/{data['author']['slug']}"], self.parse_author)

    def parse_author(self, response: Any) -> Iterator[Any]:
        """Read the page of an author."""
        yield Author.found(
            response,
            name=first(response, ".author-title::text"),
            born_date=first(response, ".author-born-date::text"),
            born_location=first(response, ".author-born-location::text"),
            description=first(response, ".author-description::text"),
        )


def home_of(url: str) -> str:
    """Return where the site begins, whichever of its variants a page belongs to.

    >>> home_of("http://127.0.0.1:8100/quotes/js/page/2/")
    'http://127.0.0.1:8100/quotes/'
    """
    return re.sub(r"(?<=/)(?:js|js-delayed|scroll|api|page|tag)(?:[/?#].*)?$", "", url, flags=re.DOTALL)


def author_page(page: Any, name: str | None) -> list[str]:
    """Return the address of an author's page as the site makes it from the name, for variants without a link."""
    plain = unicodedata.normalize("NFKD", name or "").encode("ascii", "ignore").decode().replace("'", "")
    slug = "-".join(re.findall(r"[A-Za-z0-9]+", plain))
    return [f"{home_of(page.url)}author/{slug}"] if slug else []
