"""The base of every spider: a site's spider says what is where; how its pages are found and read is done here."""

from __future__ import annotations

# What callbacks are annotated with is imported, since scrapy-poet looks it up.
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Self
from urllib.parse import urldefrag, urlsplit

from scrapy import Request, Spider
from scrapy.http import Response
from twisted.python.failure import Failure

from models.addresses import browser_url, is_route
from models.record import Found, Record
from models.system import LIMITS
from scraper.core import meta as meta_keys
from scraper.core.tiers import API
from scraper.crawl.api_discovery import pagination_of
from scraper.crawl.failures import PageFailures
from scraper.crawl.list_reader import ListReader
from scraper.crawl.page_reader import PageReader, Render, render_request
from scraper.crawl.request_stats import ASTRAY, OFF_SITE, WITHOUT_RECORD, Tallies
from scraper.crawl.shared_links import SharedLinks
from scraper.errors import UsageError, expected_one_of
from scraper.fetch.http.credentials import without_account
from scraper.fetch.http.redirects import Detours
from scraper.paging import NextLink, Pagination
from scraper.paging.links import absolute
from scraper.paging.values import in_json
from scraper.select import address_selector, texts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence

    from scrapy.crawler import Crawler

    from scraper.browser.actions import Action
    from scraper.crawl.attempt import Given
    from scraper.login import Login
    from scraper.paging.kind import ListPage


class SiteSpider(Spider):
    """A spider of one site. It names what it stores and where its lists begin, and reads one entry or one page.

    - `items`: selector of the entries of a list page (CSS, or XPath when it begins with `/`, `./` or `(`);
    - `pagination`: the kind of pagination; a dict of them by the path of the start page, such as `"*/scroll"`;
    - `link`: selector, inside an entry, of the link to the record's own page, which `read_page` reads; it is given
      what `read_listed` finds in the entry;
    - without `link`, `read_item` reads the record from the entry itself; `read_data` does so where an entry is no
      HTML but data: JSON of an API, an entry of a feed;
    - `at_least`: how many records of a document a whole crawl must find;
    - `in_order`: whether the pages of a list are read one after the other although they could be side by side;
    - `login`: how to log in first;
    - `saved_pages`: a folder of the project whose files are read instead of the site's pages, `index.html` for `/`;
    - `proxies`: the names of those in [proxies] that it goes through; () for none, whatever stands there;
    - `ready`, `actions`: what a browser waits for on a record's own page (CSS), and what it does on a list page first.

    A spider that writes `parse` itself is an ordinary one of Scrapy's; nothing is then known about its lists.

    Arguments of a crawl: `start`, another URL to start at (a mirror, a variant of the site); `max_pages`, how many
    pages to read at most; `max_depth`, how many links away from the start.
    """

    has_runs: ClassVar[bool] = True
    """Whether a crawl of it is a run, with a verdict."""
    takes_any_page: ClassVar[bool] = False
    """Whether it is given what is no text too, and its items one by one, as Scrapy does."""
    noting_errbacks: ClassVar = frozenset({"on_list_failure", "page_failed"})
    """The errbacks that note a page that could not be read themselves."""
    start_url: ClassVar[str] = ""
    records: ClassVar[tuple[type[Record], ...]]
    items: ClassVar[str] = ""
    link: ClassVar[str] = ""
    pagination: ClassVar[Pagination | Mapping[str, Pagination]] = NextLink()
    at_least: ClassVar[Mapping[type[Record], int]] = {}
    in_order: ClassVar[bool] = False
    login: ClassVar[Login | None] = None
    saved_pages: ClassVar[str] = ""
    proxies: ClassVar[Sequence[str] | None] = None
    ready: ClassVar[str] = ""
    actions: ClassVar[Sequence[Action]] = ()
    arguments: ClassVar[tuple[str, ...]] = ("start", *LIMITS)

    def __init__(self, name: str | None = None, **arguments: Any) -> None:
        """Take the arguments of a crawl; raise UsageError for one that is unknown or cannot be used."""
        self.check_arguments(arguments)
        super().__init__(name)
        for own in set(self.arguments) - {"start", *LIMITS}:
            setattr(self, own, arguments.get(own, getattr(self, own, None)))
        self.start_at: str = with_plain_host(arguments.get("start") or self.start_url)
        self.max_pages: int | None = int(arguments["max_pages"]) if arguments.get("max_pages") else None
        self.max_depth: int | None = int(arguments["max_depth"]) if arguments.get("max_depth") else None
        self.since_known: int | None = int(arguments["since_known"]) if arguments.get("since_known") else None
        host = urlsplit(self.start_at).hostname or ""
        self.allowed_domains = [host.removeprefix("www.")]
        self.lists = ListReader(self)
        self.shared_links = SharedLinks()
        self.detours = Detours()

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Build the spider for a crawl; its `max_depth` becomes Scrapy's DEPTH_LIMIT."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        if spider.max_depth is not None:
            crawler.settings.set("DEPTH_LIMIT", spider.max_depth, priority="cmdline")
        return spider

    @classmethod
    def check_arguments(cls, arguments: Mapping[str, Any]) -> None:
        """Raise UsageError for an argument of a crawl that is unknown or cannot be used.

        What begins with `_` is a word of the program that started the crawl, such as scrapyd's `_job`.
        """
        if not cls.start_url:
            raise UsageError(f"spider '{cls.name}' has no start_url: expected the address at which its lists begin")
        for name in arguments:
            if name not in cls.arguments and not name.startswith("_"):
                raise UsageError(
                    f"spider '{cls.name}' has no argument '{name}': {expected_one_of(name, cls.arguments)}; "
                    f'a spider adds its own with arguments = (*SiteSpider.arguments, "{name}")'
                )
        check_values(arguments)

    def crawl_limit(self, name: str) -> int | None:
        """Return how much of the site the crawl is to read at most, by the name of the argument that said it."""
        limit: int | None = getattr(self, name)
        return limit

    @classmethod
    def taken_arguments(cls) -> tuple[str, ...]:
        """Return the names of the arguments of every crawl that this spider does not use for its own ends."""
        return ("start", *LIMITS)

    @classmethod
    def declared_records(cls) -> tuple[type[Record], ...]:
        """Return the documents that the spider says it stores."""
        return cls.records

    @property
    def stored_records(self) -> tuple[type[Record], ...]:
        """The documents that a crawl of the spider stores."""
        return self.records

    @property
    def cannot_tell(self) -> str:
        """Why it cannot be told whether a crawl took everything, where the spider reads the lists itself."""
        return (
            "the spider follows pages by itself, so nothing tells whether they were all: "
            "declare its `pagination`, or `at_least` how many records it must find"
        )

    @property
    def advice(self) -> list[str]:
        """What the spider could say of itself, so that its records were better kept."""
        return []

    def record_of(self, item: Any, response: Response | None) -> Found:
        """Return the record that an item is; raise TypeError, because a spider of a site names its records itself."""
        raise TypeError(
            f"a spider yielded a {type(item).__name__}, expected a record: "
            f"yield Document.found(response, field=…) with a document of models/"
        )

    def fewest(self, document: type[Record]) -> int:
        """Return how many records of a document a whole crawl must find."""
        return self.at_least.get(document, 0)

    @cached_property
    def kind(self) -> Pagination:
        """The pagination of the site as it is seen from the start page; raises UsageError when none fits."""
        return self.kind_from(self.known_api())

    def known_api(self) -> dict[str, Any] | None:
        """Return the API that earlier runs have proved to have the same records as the site's pages, if it is used."""
        rendering = self.crawler.settings["SWATHE"].rendering
        used = rendering.learn_api and API in rendering.tiers
        return self.reader.decisions.proved_api(self.start_at) if used else None

    def kind_from(self, api: Mapping[str, Any] | None) -> Pagination:
        """Return the pagination of the site, or of an API of it; raise UsageError when none fits the start page."""
        if api:
            return pagination_of(api)
        if isinstance(self.pagination, Pagination):
            return self.pagination
        path, tiers = urlsplit(self.start_at).path, self.crawler.settings["SWATHE"].rendering.tiers
        for pattern, kind in self.pagination.items():
            if fnmatchcase(path, pattern) and (API in tiers or not kind.json):
                return kind
        raise UsageError(f"start is '{self.start_at}', expected a path such as {' or '.join(self.pagination)}")

    @cached_property
    def reader(self) -> PageReader:
        """How this crawl reads pages: in the cheapest way that yields their records."""
        rendering = self.crawler.settings["SWATHE"].rendering
        return PageReader(self, rendering.tiers, rendering.recheck_share)

    @property
    def reads_data(self) -> bool:
        """Whether the spider can read a record from data that is no HTML."""
        return type(self).read_data is not SiteSpider.read_data

    @property
    def reads_lists(self) -> bool:
        """Whether the lists are read here, and not by a `parse` of the spider's own."""
        return type(self).parse is SiteSpider.parse

    async def start(self) -> AsyncIterator[Request]:
        """Ask for the first page; unlike with Scrapy's own start(), it may neither leave the site nor be repeated."""
        yield self.lists.first_request() if self.reads_lists else Request(self.start_at, callback=self.parse)

    def parse(self, response: Response, **_: Any) -> Iterator[Any]:
        """Read the start page, as `scrapy parse` and `scrapy shell` ask for it."""
        self.lists.first_request()
        yield from self.on_list_page(response, next(iter(self.lists.chains)), 1, {})

    def read_item(self, page: Any, item: Any) -> Given:
        """Yield what an entry of a list page shows: records, or requests; by default follow its `link`."""
        if not self.link:
            raise NotImplementedError(f"{type(self).__name__} needs a `link`, or a `read_item` that reads an entry")
        return self.follow_record(page, texts(item, address_selector(self.link)), self.read_listed(page, item))

    def read_listed(self, page: Any, item: Any) -> dict[str, Any]:
        """Return what an entry shows of a record and its own page does not, by the names of `read_page`'s arguments.

        The values are plain data: texts, numbers, lists and dicts.
        """
        return {}

    def read_data(self, page: Any, data: Any, *_: Any, **listed: Any) -> Given:
        """Yield what an entry that is no HTML holds; by default follow its link."""
        return self.follow_record(page, [data])

    def read_page(self, page: Any, *_: Any, **listed: Any) -> Given:
        """Yield the records of a record's own page; `listed` is what the list showed of it."""
        raise NotImplementedError(f"{type(self).__name__} needs a `read_page` that reads a record's own page")

    def read_entry(self, page: ListPage, entry: Any) -> Given:
        """Hand an entry to the method for what it is made of."""
        if not page.is_data:
            return self.read_item(page.response, entry)
        link = page.kind.data_link if not self.link or page.kind.data_link else self.link
        return self.read_data(page.response, entry if self.reads_data else in_json(entry, link))

    def on_list_page(self, response: Response, name: str, number: int, state: dict[str, Any]) -> Iterator[Any]:
        """Read a page of a list."""
        yield from self.lists.read(response, name, number, state)

    def on_list_failure(self, failure: Failure) -> Iterator[Any]:
        """Go on without a page of a list, where that can be done."""
        yield from self.lists.failed(failure)

    def on_record_page(self, response: Response, **_: Any) -> Iterator[Any]:
        """Read a record's own page, in the browser if need be, and notice when it gives none."""
        made = yield from self.reader.read_record(response)
        if isinstance(made, Render):
            if response.request is not None:
                yield render_request(response.request, made, self.reader.browser_options(response.url, is_list=False))
            return
        self.reader.settle(response, made)
        self.reader.note_closing_tag(response)
        if self.detours.is_astray(response):
            Tallies.of(self.crawler).note(response.request, ASTRAY, response.url)
        outputs = [output for _, outputs in made.outputs for output in outputs]
        found = [output for output in outputs if isinstance(output, Found)]
        self.reader.stand_ins.look_at(self.crawler, response, found, self.lists.chains)
        yield from outputs
        if made.error is not None:
            raise made.error
        if not found:
            Tallies.of(self.crawler).note(response.request, WITHOUT_RECORD, response.url)

    def follow_record(
        self, page: Response, links: Iterable[Any], listed: Mapping[str, Any] | None = None
    ) -> Iterator[Request]:
        """Follow links to records' own pages, as far as they are addresses on the site.

        `listed` is what the list shows of the record: `read_page` is given it, by the names of its arguments.
        A link whose fragment is a route of the site's script (`#/item/1`) leads to a page that only the browser shows.
        """
        for link in links:
            text = str(link or "").strip()
            url, _ = absolute(page, text) if text else (None, "")
            if is_route(text) and (route := self.reader.route(page, text)):
                url = route
            if url and self.on_site(url):
                rendered = self.reader.takes_browser(url) or is_route(url)
                meta = {meta_keys.BROWSER: self.reader.browser_options(url, is_list=False)} if rendered else None
                request = page.follow(url, self.on_record_page, meta=meta, cb_kwargs=dict(listed or {}))
                self.lists.fragments[request] = urldefrag(text)[1]
                yield request
            elif url:
                Tallies.of(self.crawler).note(page.request, OFF_SITE, url)

    def follow_new(self, page: Any, links: str | Iterable[str], callback: Callable[..., Any]) -> Iterator[Request]:
        """Follow links, or those that a selector finds, that were not followed before.

        For links that many pages have, such as that to an author: Scrapy would drop a repeated request as well, but
        only after making it, which costs more than reading a record.
        """
        found = texts(page, f"{links}::attr(href)") if isinstance(links, str) else links
        yield from self.shared_links.follow(page, found, callback)

    def on_site(self, url: str) -> bool:
        """Return whether an address is one of the web and belongs to the site that is crawled."""
        host = urlsplit(url).hostname or ""
        return url.startswith(("http://", "https://")) and any(
            host == domain or host.endswith(f".{domain}") for domain in self.allowed_domains or []
        )

    def page_failed(self, failure: Failure) -> Iterator[Request]:
        """Note a page that could not be read; every request without an errback of its own comes here."""
        plain = self.reader.without_browser(failure)
        if plain is None:
            PageFailures.of(self.crawler).note(failure)
        else:
            yield plain


def check_values(arguments: Mapping[str, Any]) -> None:
    """Raise UsageError for a value that an argument of every crawl cannot have."""
    for name, value in arguments.items():
        if name == "start" and value:
            check_start_url(value)
        if name in LIMITS and value and not (str(value).isdecimal() and int(value) > 0):
            raise UsageError(f"{name} is '{value}', expected a whole number of 1 or more")


def with_plain_host(url: str) -> str:
    """Return an address whose host is written as requests have it: in ASCII, without a dot behind it."""
    host = urlsplit(url).hostname or ""
    return browser_url(url, url) if not host.isascii() or host.endswith(".") else url


def check_start_url(url: str) -> None:
    """Raise UsageError unless `url` is an absolute http or https address."""
    if (shown := without_account(url)) != url:
        raise UsageError(
            f"start has a user and password in it, expected {shown}: the account of a login form belongs into [login], "
            f"one of the server itself into Scrapy's settings HTTPAUTH_USER, HTTPAUTH_PASS and HTTPAUTH_DOMAIN"
        )
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        with_plain_host(url)
    except ValueError:
        good = False
    if not good:
        raise UsageError(f"start is '{url}', expected an address such as https://quotes.toscrape.com/")
