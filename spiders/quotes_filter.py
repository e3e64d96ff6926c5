"""quotes.toscrape.com/search.aspx: the sayings behind a form, found by author and tag."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.quotes import Quote
from scraper import FormChoices, SiteSpider, first, texts

if TYPE_CHECKING:
    from collections.abc import Iterator


class QuotesFilterSpider(SiteSpider):
    """Stores every quote that has a tag; a result shows one tag, the one that was chosen."""

    name = "quotes-filter"
    start_url = "https://quotes.toscrape.com/search.aspx"
    records = (Quote,)
    items = ".results .quote"
    pagination = FormChoices("form[name=filterform]", ("author", "tag"))

    def read_item(self, page: Any, item: Any) -> Iterator[Any]:
        """Read a result."""
        yield Quote.found(
            page,
            text=first(item, ".content::text"),
            author=first(item, ".author::text"),
            tags=texts(item, ".tag::text"),
        ).adding("tags")
