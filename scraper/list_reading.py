"""Read the lists of a crawl: hand each entry to the spider, and ask for the pages that the pagination names."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.spidermiddlewares.httperror import HttpError

from models.record import Found
from scraper.failures import PageFailures, describe
from scraper.page_limit import PageLimitReachedError
from scraper.paging.chain import Chain
from scraper.paging.kind import ListPage
from scraper.paging.values import NotJsonError, in_json
from scraper.rendering.attempt import Attempt
from scraper.rendering.reader import Render, render_request
from scraper.select import each

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scrapy.http import Response
    from twisted.python.failure import Failure

    from scraper.paging.ask import Ask, End
    from scraper.spider import SiteSpider

ABSENT = (404, 410)
"""Statuses of a page that does not exist."""

MOST_AHEAD = 8
"""Pages that may wait behind the last one that is known to exist."""

SESSION = re.compile(
    r"(?:;jsessionid=[^?#]*)|(?<=[?&])(?:phpsessid|aspsessionid\w*|session_?id|sid|cfid|cftoken)=[^&#]*&?",
    re.IGNORECASE,
)


class ListReader:
    """The lists of one crawl, by the name that their pages' requests carry."""

    def __init__(self, spider: SiteSpider) -> None:
        self._spider = spider
        self.chains: dict[str, Chain] = {}
        self.began_with: dict[str, dict[str, Any]] = {}
        """The state of each list's first page, which says of what kind the list is."""
        self.pages_without_record: list[str] = []
        """Addresses of records' pages that gave no record."""
        self.links_off_site: list[str] = []

    def expect(self, ask: Ask, began_with: dict[str, Any]) -> None:
        """Know of a page that this crawl has not asked for: one that was kept."""
        self._chain(ask.list, began_with).begin(ask)

    def first_request(self) -> Request:
        """Return the request for the first page of the spider's list."""
        return self._request(self._spider.kind.first(self._spider.start_at))

    def read(self, answer: Response, name: str, number: int, state: dict[str, Any]) -> Iterator[Any]:
        """Yield what a page of a list gives: records, links, and the requests for further pages."""
        chain = self.chains[name]
        page = ListPage(answer, chain.kind, number, state)
        page.is_stated = chain.last is not None and number <= chain.last
        try:
            page.entries_found = self._entries(page)
            leads_to = chain.kind.sublists(page)
            if isinstance(leads_to, Sequence):
                # What the page itself shows, the lists that it leads to show as well.
                yield from self._lead_on(chain, number, leads_to)
                return
            made = self._spider.reader.read_list(page)
            wish = made if isinstance(made, Render) else self._spider.reader.wants_next(page)
            if wish is not None and answer.request is not None:
                yield render_request(
                    answer.request, wish, self._spider.reader.browser_options(answer.url, is_list=True)
                )
                return
        except NotJsonError as error:
            PageFailures.of(self._spider.crawler).dead(answer.url, str(error))
            yield from self._requests(chain, chain.failed_to_read(number, str(error)))
            return
        assert isinstance(made, Attempt)
        yield from self._take_in(chain, page, made, leads_to)

    def _take_in(self, chain: Chain, page: ListPage, made: Attempt, end: End | None) -> Iterator[Any]:
        """Yield what the entries gave, and the requests for further pages; raise what the spider has raised."""
        hashes = []
        for entry, outputs in made.outputs:
            if not outputs:
                chain.without_record.append(page.number)
            hashes.append(_identity(entry, outputs))
            yield from outputs
        chain.tier = made.tier
        following = chain.read(page, hashes)
        self._spider.reader.settle(page.answer, made, leads_on=page.number not in chain.ends)
        if end is not None:
            chain.ends[page.number] = end
        yield from self._requests(chain, following)
        if made.error is not None:
            raise made.error

    def failed(self, failure: Failure) -> Iterator[Request]:
        """Take in a page of a list that could not be read; yield requests for pages that can be had without it."""
        request: Request = failure.request  # type: ignore[attr-defined]
        name, number = request.cb_kwargs["name"], request.cb_kwargs["number"]
        chain, error = self.chains[name], failure.value
        plain = self._spider.reader.without_browser(failure)
        if plain is not None:
            yield plain
            return
        if error is None or isinstance(error, PageLimitReachedError):
            chain.limited = True
            return
        again = chain.kind.again(request.cb_kwargs["state"])
        missing = isinstance(error, HttpError) and error.response.status in ABSENT
        if again is not None:
            yield from self._lead_on(chain, number, [again])
        elif chain.may_be_absent(number, missing=missing):
            yield from self._requests(chain, chain.is_absent(number))
        else:
            PageFailures.of(self._spider.crawler).note(failure)
            yield from self._requests(chain, chain.failed_to_read(number, describe(error, request)))

    def _lead_on(self, chain: Chain, number: int, asks: Sequence[Ask]) -> Iterator[Request]:
        chain.lead_to_lists(number)
        for ask in asks:
            if not self._spider.on_site(ask.url):
                chain.remarks.append(f"a list leads off the site, to {urlsplit(ask.url).hostname}")
            elif (ask.list or ask.url) not in self.chains:
                yield self._request(ask)

    def _requests(self, chain: Chain, asks: list[Ask]) -> Iterator[Request]:
        """Yield the requests for further pages of a list, as far as they stay on the site."""
        while asks:
            ask = asks.pop(0)
            if self._spider.on_site(ask.url):
                yield self._request(replace(ask, list=chain.name))
            else:
                why = f"leads off the site, to {urlsplit(ask.url).hostname}"
                asks += chain.failed_to_read(ask.number, why)

    def _entries(self, page: ListPage) -> list[Any]:
        own = page.kind.entries(page)
        if own is not None:
            return own
        if page.kind.json:
            found = in_json(page.data, page.kind.json)
            if found is not None and not isinstance(found, list):
                raise NotJsonError(f"has a {type(found).__name__} at '{page.kind.json}', expected a list")
            return found or []
        return each(page.response, self._spider.items) if self._spider.items else []

    def _side_by_side(self) -> tuple[int, int]:
        """Return how many pages of a list may wait at once: such as are known to exist, and others."""
        if self._spider.in_order:
            return 1, 1
        settings = self._spider.crawler.settings
        slot = settings["DOWNLOAD_SLOTS"].get(urlsplit(self._spider.start_at).hostname, {})
        at_once = slot.get("concurrency") or settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN")
        return 2 * settings.getint("CONCURRENT_REQUESTS"), min(at_once, MOST_AHEAD)

    def _meta(self, chain: Chain, ask: Ask) -> dict[str, Any]:
        if chain.kind.binary:
            return {"binary_allowed": True}
        reader = self._spider.reader
        if ask.method == "GET" and not chain.kind.json and (chain.tier == "browser" or reader.takes_browser(ask.url)):
            return {"browser": reader.browser_options(ask.url, is_list=True)}
        return {}

    def _chain(self, name: str, began_with: dict[str, Any]) -> Chain:
        """Return a list by its name, made when it is first asked for."""
        if name not in self.chains:
            window, ahead = self._side_by_side()
            self.chains[name] = Chain(name, self._spider.kind.inner(began_with), window, ahead)
            self.began_with[name] = began_with
        return self.chains[name]

    def _request(self, ask: Ask) -> Request:
        name = ask.list or ask.url
        is_first = name not in self.chains
        chain = self._chain(name, ask.state)
        if is_first:
            chain.begin(ask)
        return Request(
            ask.url,
            method=ask.method,
            body=ask.body,
            headers=ask.headers,
            callback=self._spider.on_list_page,
            errback=self._spider.on_list_failure,
            cb_kwargs={"name": name, "number": ask.number, "state": ask.state},
            meta=self._meta(chain, ask),
            # The list itself knows which of its pages were asked for. Scrapy would drop a repeated one without a word.
            dont_filter=True,
            # The next link goes before the records' pages it stands among, so that those never run out; pages that are
            # asked for side by side wait behind them, in order.
            priority=-ask.number if ask.number in chain.by_number else 0,
        )


def _identity(entry: Any, outputs: tuple[Any, ...]) -> int:
    """Return what tells an entry of a list from another: its record's key, the address it leads to, or its content."""
    for output in outputs:
        if isinstance(output, Found):
            return hash(output.identity)
    for output in outputs:
        if isinstance(output, Request):
            return hash(SESSION.sub("", output.url))
    if isinstance(entry, dict | list):
        return hash(json.dumps(entry, sort_keys=True, default=str))
    return hash("".join(entry.itertext()) if hasattr(entry, "itertext") else str(entry))
