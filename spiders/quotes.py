"""quotes.toscrape.com: sayings on numbered pages, or behind a scrolling page's API, and a page about each author."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from models.quotes import Author, Quote
from scraper.paging import NextLink, PageNumbers
from scraper.select import first, texts
from scraper.spider import SiteSpider

if TYPE_CHECKING:
    from collections.abc import Iterator


class QuotesSpider(SiteSpider):
    """Stores every quote, and every author once."""

    name = "quotes"
    start_url = "https://quotes.toscrape.com/"
    records = (Quote, Author)
    items = ".quote"
    pagination: ClassVar = {
        "*/scroll": PageNumbers("api/quotes?page={page}", json="quotes", more="has_next"),
        "*": NextLink("li.next a"),
    }

    def read_item(self, page: Any, item: Any) -> Iterator[Any]:
        """Read a quote of a page."""
        yield Quote.found(
            page, text=first(item, ".text::text"), author=first(item, ".author::text"), tags=texts(item, ".tag::text")
        )
        yield from self.follow_new(page, texts(item, "a[href*='/author/']::attr(href)"), self.parse_author)

    def read_data(self, page: Any, data: Any) -> Iterator[Any]:
        """Read a quote of the API."""
        yield Quote.found(page, text=data["text"], author=data["author"]["name"], tags=data["tags"])
        yield from self.follow_new(page, [f"../author/{data['author']['slug']}"], self.parse_author)

    def parse_author(self, response: Any) -> Iterator[Any]:
        """Read the page of an author."""
        yield Author.found(
            response,
            name=first(response, ".author-title::text"),
            born_date=first(response, ".author-born-date::text"),
            born_location=first(response, ".author-born-location::text"),
            description=first(response, ".author-description::text"),
        )
