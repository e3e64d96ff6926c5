"""quotes.toscrape.com/tableful/: the same sayings in a table without any classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.quotes import Quote
from scraper import NextLink, SiteSpider, first, texts

if TYPE_CHECKING:
    from collections.abc import Iterator


class QuotesTableSpider(SiteSpider):
    """Stores every quote of the table."""

    name = "quotes-table"
    start_url = "https://quotes.toscrape.com/tableful/"
    records = (Quote,)
    items = "//tr[contains(td/@style, 'padding-top')]"
    pagination = NextLink("//td/a[starts-with(normalize-space(), 'Next')]")

    def read_item(self, page: Any, item: Any) -> Iterator[Any]:
        """Read two rows: `“text” Author: name`, and the tags."""
        text, _, author = (first(item, "./td/text()") or "").rpartition(" Author: ")
        yield Quote.found(page, text=text, author=author, tags=texts(item, "./following-sibling::tr[1]/td/a/text()"))
