"""books.toscrape.com: list pages of a book shop, and a product page of each book."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.books import Book
from scraper import NextLink, SiteSpider, each, first

if TYPE_CHECKING:
    from collections.abc import Iterator


class BooksSpider(SiteSpider):
    """Stores every book of the shop."""

    name = "books"
    start_url = "https://books.toscrape.com/"
    records = (Book,)
    items = ".product_pod"
    link = "h3 a"
    pagination = NextLink("li.next a", total=".form-horizontal strong", last="li.current")

    def read_page(self, page: Any) -> Iterator[Any]:
        """Read a product page."""
        facts = {first(row, "th::text"): first(row, "td::text") for row in each(page, "table tr")}
        yield Book.found(
            page,
            upc=facts.get("UPC"),
            title=first(page, "h1::text"),
            price=facts.get("Price (incl. tax)"),
            currency=facts.get("Price (incl. tax)"),
            in_stock=facts.get("Availability"),
            stock=facts.get("Availability"),
            rating=first(page, ".product_main .star-rating::attr(class)"),
            category=first(page, ".breadcrumb li:nth-child(3) a::text"),
            description=first(page, "#product_description + p::text"),
            reviews=facts.get("Number of reviews"),
            image_url=first(page, "#product_gallery img::attr(src)"),
        )
