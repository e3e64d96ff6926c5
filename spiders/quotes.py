"""quotes.toscrape.com: sayings on numbered pages, and a page about each author."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.quotes import Author, Quote
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
        for quote in response.css(".quote"):
            yield Quote.found(
                response,
                text=quote.css(".text::text").get(),
                author=quote.css(".author::text").get(),
                tags=quote.css(".tag::text").getall(),
            )
        yield from response.follow_all(css=".quote a[href*='/author/']", callback=self.parse_author)
        yield from response.follow_all(css="li.next a")

    def parse_author(self, response: Any) -> Iterator[Any]:
        """Read the page of an author."""
        about = response.css(".author-details")
        yield Author.found(
            response,
            name=about.css(".author-title::text").get(),
            born_date=about.css(".author-born-date::text").get(),
            born_location=about.css(".author-born-location::text").get(),
            description=about.css(".author-description::text").get(),
        )
