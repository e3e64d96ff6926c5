"""books.toscrape.com: list pages of a book shop, and a product page of each book."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.books import Book
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
        facts = {row.css("th::text").get(): row.css("td::text").get() for row in response.css("table tr")}
        yield Book.found(
            response,
            upc=facts.get("UPC"),
            title=response.css("h1::text").get(),
            price=facts.get("Price (incl. tax)"),
            currency=facts.get("Price (incl. tax)"),
            in_stock=facts.get("Availability"),
            stock=facts.get("Availability"),
            rating=response.css(".product_main .star-rating::attr(class)").get(),
            category=response.css(".breadcrumb li:nth-child(3) a::text").get(),
            description=response.css("#product_description + p::text").get(),
            reviews=facts.get("Number of reviews"),
            image_url=response.css("#product_gallery img::attr(src)").get(),
        )
