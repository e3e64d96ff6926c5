"""quotes.toscrape.com after logging in: the same sayings, with a link to their authors at Goodreads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.quotes import Quote
from scraper import Login, NextLink, SiteSpider, first, texts

if TYPE_CHECKING:
    from collections.abc import Iterator


class QuotesLoginSpider(SiteSpider):
    """Stores every quote with its link to Goodreads."""

    name = "quotes-login"
    start_url = "https://quotes.toscrape.com/"
    records = (Quote,)
    items = "div.quote"
    pagination = NextLink("li.next a")
    # The sandbox lets everybody in.
    login = Login("../login", logged_in="a[href$='/logout']", account="swathe:sandbox", keep=True)

    def read_item(self, page: Any, item: Any) -> Iterator[Any]:
        """Read a quote."""
        yield Quote.found(
            page,
            text=first(item, "span.text::text"),
            author=first(item, "small.author::text"),
            tags=texts(item, "a.tag::text"),
            goodreads_url=first(item, "a[href*='goodreads.com']::attr(href)"),
        )
