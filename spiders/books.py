"""books.toscrape.com: list pages of a book shop, and a product page of each book."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.books import Book
from scraper.select import each, first
from scraper.spider import SiteSpider

if TYPE_CHECKING:
    from collections.abc import Iterator


class BooksSpider(SiteSpider):
    """Stores every book of the shop."""

    name = "books"
    start_url = "https://books.toscrape.com/"
    records = (Book,)

    def parse(self, response: Any) -> Iterator[Any]:
        """Read a list page."""
        yield from response.follow_all(css=".product_pod h3 a", callback=self.parse_book)
        yield from response.follow_all(css="li.next a")

    def parse_book(self, response: Any) -> Iterator[Any]:
        """Read a product page."""
        facts = {first(row, "th::text"): first(row, "td::text") for row in each(response, "table tr")}
        yield Book.found(
            response,
            upc=facts.get("UPC"),
            title=first(response, "h1::text"),
            price=facts.get("Price (incl. tax)"),
            currency=facts.get("Price (incl. tax)"),
            in_stock=facts.get("Availability"),
            stock=facts.get("Availability"),
            rating=first(response, ".product_main .star-rating::attr(class)"),
            category=first(response, ".breadcrumb li:nth-child(3) a::text"),
            description=first(response, "#product_description + p::text"),
            reviews=facts.get("Number of reviews"),
            image_url=first(response, "#product_gallery img::attr(src)"),
        )
