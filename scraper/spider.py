"""The base of every spider: where it starts, what it stores, and that it stays on its site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from scrapy import Request, Spider

from scraper.errors import UsageError, expected_one_of
from scraper.failures import PageFailures
from scraper.select import texts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    from twisted.python.failure import Failure

    from models.record import Record


class SiteSpider(Spider):
    """A spider of one site: set `name`, `start_url` and `records`, and write `parse`.

    Arguments of a crawl: `start`, another URL to start at (a mirror, a variant of the site); `max_pages`, how many
    pages to read at most.
    """

    start_url: ClassVar[str]
    records: ClassVar[tuple[type[Record], ...]]
    arguments: ClassVar[tuple[str, ...]] = ("start", "max_pages")

    def __init__(self, name: str | None = None, **arguments: Any) -> None:
        """Take the arguments of a crawl; raise UsageError for one that is unknown or cannot be used."""
        self.check_arguments(arguments)
        super().__init__(name)
        self.start_at: str = arguments.get("start") or self.start_url
        self.max_pages: int | None = int(arguments["max_pages"]) if arguments.get("max_pages") else None
        host = urlsplit(self.start_at).hostname or ""
        self.allowed_domains = [host.removeprefix("www.")]
        self._followed: set[str] = set()

    @classmethod
    def check_arguments(cls, arguments: Mapping[str, Any]) -> None:
        """Raise UsageError for an argument of a crawl that is unknown or cannot be used."""
        for name, value in arguments.items():
            if name not in cls.arguments:
                raise UsageError(
                    f"spider '{cls.name}' has no argument '{name}': {expected_one_of(name, cls.arguments)}"
                )
            if name == "start" and value:
                check_start_url(value)
            if name == "max_pages" and value and not (str(value).isdecimal() and int(value) > 0):
                raise UsageError(f"max_pages is '{value}', expected a whole number of 1 or more")

    async def start(self) -> AsyncIterator[Request]:
        """Ask for the first page; unlike with Scrapy's own start(), it may neither leave the site nor be repeated."""
        yield Request(self.start_at, callback=self.parse)

    def follow_new(self, response: Any, css: str, callback: Callable[..., Any] | None = None) -> Iterator[Request]:
        """Follow the links of a selector that were not followed before.

        For links that many pages have, such as that to an author: Scrapy would drop a repeated request as well, but
        only after making it, which costs more than reading a record.
        """
        for link in texts(response, f"{css}::attr(href)"):
            url = response.urljoin(link.strip())
            if url not in self._followed:
                self._followed.add(url)
                yield response.follow(url, callback)

    def page_failed(self, failure: Failure) -> None:
        """Note a page that could not be read; every request without an errback of its own comes here."""
        PageFailures.of(self.crawler).note(failure)


def check_start_url(url: str) -> None:
    """Raise UsageError unless `url` is an absolute http or https address."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise UsageError(f"start is '{url}', expected an address such as https://quotes.toscrape.com/")
