"""What the readers of pages and lists need of a spider; `scraper.spider.site_spider.SiteSpider` is it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from scraper.browser.actions import Action
    from scraper.crawl.attempt import Given
    from scraper.crawl.shared_links import SharedLinks
    from scraper.paging.kind import ListPage, Pagination


class Site(Protocol):
    """A spider as its readers see it: what is where on the site, and what reads an entry or a page."""

    name: str
    crawler: Crawler
    start_at: str
    shared_links: SharedLinks
    since_known: int | None

    @property
    def items(self) -> str:
        """Selector of the entries of a list page."""
        ...

    @property
    def ready(self) -> str:
        """What a browser waits for on a record's own page."""
        ...

    @property
    def actions(self) -> Sequence[Action]:
        """What a browser does on a list page."""
        ...

    @property
    def in_order(self) -> bool:
        """Whether the pages of a list are read one after the other."""
        ...

    @property
    def kind(self) -> Pagination:
        """The pagination of the site."""
        ...

    @property
    def reads_data(self) -> bool:
        """Whether a record can be read from data that is no HTML."""
        ...

    def on_site(self, url: str) -> bool:
        """Return whether an address belongs to the site that is crawled."""
        ...

    def read_entry(self, page: ListPage, entry: Any) -> Given:
        """Yield what an entry of a list page gives, whatever it is made of."""
        ...

    def read_item(self, page: Any, item: Any) -> Given:
        """Yield what an entry of a list page shows."""
        ...

    def read_data(self, page: Any, data: Any, *_: Any, **listed: Any) -> Given:
        """Yield what an entry that is no HTML holds."""
        ...

    def read_page(self, page: Any, *_: Any, **listed: Any) -> Given:
        """Yield the records of a record's own page; `listed` is what the list showed of it."""
        ...

    def on_record_page(self, response: Response, **listed: Any) -> Iterator[Any]:
        """Read a record's own page: the callback of its request."""
        ...

    def on_list_page(self, response: Response, name: str, number: int, state: dict[str, Any]) -> Iterator[Any]:
        """Read a page of a list: the callback of its request."""
        ...

    def on_list_failure(self, failure: Failure) -> Iterator[Any]:
        """Go on without a page of a list: the errback of its request."""
        ...
