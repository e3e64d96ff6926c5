"""Spiders of Scrapy's own kinds (`Spider`, `CrawlSpider`, `SitemapSpider`, …), taken into a run as they are."""

from __future__ import annotations

import inspect
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Self
from urllib.parse import urlsplit

from scrapy import Spider

from models.system import LIMITS
from scraper.crawl.failures import PageFailures
from scraper.crawl.list_reader import ListReader
from scraper.crawl.plain_items import PlainItems
from scraper.crawl.shared_links import SharedLinks
from scraper.errors import UsageError
from scraper.fetch.http.redirects import Detours
from scraper.spider.site_spider import SiteSpider, check_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.settings import BaseSettings
    from twisted.python.failure import Failure

    from models.record import Found, Record

NAMES = frozenset({"lists", "reader", "detours", "shared_links", "start_at", "plain_items"})
"""Attributes that a run gives a spider."""

ITEMS_AT_ONCE = 100
"""Scrapy's default. Ours is for spiders whose records go through the pipelines together."""


class PlainSpider(SiteSpider):
    """What a run needs of a spider, for one that knows nothing of it; `adopted` puts it below the spider's own class.

    A spider may say more of itself, in class attributes: `records`, a dict of its classes of items, or their names, to
    documents or names of collections; `item_key`, the fields that tell one item from another; `at_least`, how many
    records of a collection a whole crawl must find.
    """

    takes_any_page = True
    item_records: ClassVar[Mapping[Any, Any]] = {}
    item_key: ClassVar[tuple[str, ...]] = ()

    def __init__(self, name: str | None = None, **arguments: Any) -> None:
        Spider.__init__(self, name, **arguments)

    @classmethod
    def update_settings(cls, settings: BaseSettings) -> None:
        """Let as many items of a page wait for their being stored as Scrapy does; its own settings go before."""
        settings.set("CONCURRENT_ITEMS", ITEMS_AT_ONCE, priority="project")
        super().update_settings(settings)

    @classmethod
    def check_arguments(cls, arguments: Mapping[str, Any]) -> None:
        """Raise UsageError for an argument of every crawl that cannot be used; any other is the spider's own."""
        check_values({name: value for name, value in arguments.items() if name in cls.taken_arguments()})

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Build the spider with its own arguments, and prepare it for a run."""
        taken = {name: kwargs.pop(name) for name in cls.taken_arguments() if kwargs.get(name)}
        spider = super(SiteSpider, cls).from_crawler(crawler, *args, **kwargs)
        if clash := NAMES & (vars(spider).keys() | _named_by(cls)):
            raise UsageError(
                f"spider '{cls.name}' has an attribute '{min(clash)}', which Swathe uses itself: give it another name"
            )
        spider._prepare(taken)
        if depth := spider.crawl_limit("max_depth"):
            crawler.settings.set("DEPTH_LIMIT", depth, priority="cmdline")
        return spider

    @classmethod
    def taken_arguments(cls) -> tuple[str, ...]:
        """Return the names of the arguments of every crawl that are no parameters of the spider."""
        own = inspect.signature(cls.__init__).parameters
        return tuple(name for name in super().taken_arguments() if name not in own)

    def _prepare(self, taken: Mapping[str, Any]) -> None:
        if start := taken.get("start"):
            where = "sitemap_urls" if hasattr(self, "sitemap_urls") else "start_urls"
            setattr(self, where, [start])
        self.start_at = start or next(iter(_starts(self)), "")
        self._crawl_limits = {name: int(taken[name]) for name in LIMITS if name in taken}
        self.lists, self.shared_links, self.detours = ListReader(self), SharedLinks(), Detours()
        self.plain_items = PlainItems(self.name, self.item_records, self.item_key, self.start_at)

    def crawl_limit(self, name: str) -> int | None:
        """Return how much of the site the crawl is to read at most; the spider may use the name for its own ends."""
        return self._crawl_limits.get(name)

    @classmethod
    def declared_records(cls) -> tuple[type[Record], ...]:
        """Return the documents that the spider names for its items."""
        return tuple(document for document in cls.item_records.values() if not isinstance(document, str))

    def fewest(self, document: type[Record]) -> int:
        """Return how many records of a document, or of its collection, a whole crawl must find."""
        said: Any = self.at_least
        counts: dict[Any, int] = said if isinstance(said, dict) else {}
        return counts.get(document, counts.get(document._get_collection_name(), 0))

    @property
    def stored_records(self) -> tuple[type[Record], ...]:
        """The documents that the spider's items were stored as."""
        return tuple(self.plain_items.documents)

    @property
    def cannot_tell(self) -> str:
        """Why it cannot be told whether a crawl took everything."""
        name = next((document._get_collection_name() for document in self.stored_records), self.name)
        return (
            "the spider follows pages by itself, so nothing tells whether they were all: "
            f'declare how many records it must find, as at_least = {{"{name}": 100}}'
        )

    @property
    def advice(self) -> list[str]:
        """What the spider could say of itself, so that its records were better kept."""
        if not self.plain_items.has_no_key:
            return []
        return [
            f"items of '{self.name}' are told apart by all that they hold, so one that changes becomes another one: "
            f"declare item_key = (…,); `swathe keys {self.name}` shows the fields that would do"
        ]

    start = Spider.start
    parse = Spider.parse

    @property
    def reads_lists(self) -> bool:
        """Whether the lists are read by Swathe: never, the spider follows pages by itself."""
        return False

    def record_of(self, item: Any, response: Response | None) -> Found:
        """Return the record that an item is."""
        return self.plain_items.record_of(item, response)

    def page_failed(self, failure: Failure) -> None:  # type: ignore[override]
        """Note a page that could not be read."""
        failures = PageFailures.of(self.crawler)
        failures.note(failure)
        failures.hand_on(failure)


@cache
def adopted(kind: type[Spider]) -> type[SiteSpider]:
    """Return a spider's class as one that a run can have: itself, or one below it that adds what is needed.

    >>> from scrapy.spiders import CrawlSpider
    >>> adopted(SiteSpider) is SiteSpider, issubclass(adopted(CrawlSpider), (CrawlSpider, SiteSpider))
    (True, True)
    """
    if issubclass(kind, SiteSpider):
        return kind
    declared = getattr(kind, "records", {})
    by_class = declared if isinstance(declared, dict) else {}
    own: dict[str, Any] = {
        "__module__": kind.__module__,
        "__doc__": kind.__doc__,
        "item_records": by_class,
        "start_url": next(iter(_starts(kind)), ""),
    }
    return type(kind.__name__, (kind, PlainSpider), own)


def _named_by(kind: type) -> set[str]:
    """Return the names in a spider's own classes, those above what `adopted` adds."""
    own = kind.__mro__[: kind.__mro__.index(PlainSpider)]
    return {name for base in own if base.__module__.partition(".")[0] != "scrapy" for name in vars(base)}


def _starts(spider: Any) -> list[str]:
    """Return the addresses that a spider, or its class, begins at, as far as it names them."""
    named = [getattr(spider, name, None) for name in ("start_urls", "sitemap_urls", "start_url")]
    found: Any = next((value for value in named if value), [])
    urls = [found] if isinstance(found, str) else list(found) if isinstance(found, list | tuple) else []
    return [url for url in urls if isinstance(url, str) and urlsplit(url).scheme in ("http", "https")]
