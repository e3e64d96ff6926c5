"""quotes.toscrape.com: sayings on numbered pages, and a page about each author."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.quotes import Author, Quote
from scraper.select import each, first, texts
from scraper.spider import SiteSpider

if TYPE_CHECKING:
    from collections.abc import Iterator


class QuotesSpider(SiteSpider):
    """Stores every quote, and every author once."""

    name = "quotes"
    start_url = "https://quotes.toscrape.com/"
    records = (Quote, Author)

    def parse(self, response: Any) -> Iterator[Any]:
        """Read a page of quotes."""
        for quote in each(response, ".quote"):
            yield Quote.found(
                response,
                text=first(quote, ".text::text"),
                author=first(quote, ".author::text"),
                tags=texts(quote, ".tag::text"),
            )
        yield from self.follow_new(response, ".quote a[href*='/author/']", self.parse_author)
        yield from response.follow_all(css="li.next a")

    def parse_author(self, response: Any) -> Iterator[Any]:
        """Read the page of an author."""
        yield Author.found(
            response,
            name=first(response, ".author-title::text"),
            born_date=first(response, ".author-born-date::text"),
            born_location=first(response, ".author-born-location::text"),
            description=first(response, ".author-description::text"),
        )
