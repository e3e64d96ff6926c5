"""Read the lists of a crawl: hand each entry to the spider, and ask for the pages that the pagination names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urldefrag, urlsplit
from weakref import WeakKeyDictionary

from lxml import etree
from scrapy import Request
from scrapy.spidermiddlewares.httperror import HttpError

from models.addresses import is_route
from scraper.core import meta as meta_keys
from scraper.core.failed_page import FailedPage
from scraper.core.tiers import BROWSER, HTML, HTML5, TIERS
from scraper.crawl.attempt import ReadAttempt
from scraper.crawl.failures import PageFailures
from scraper.crawl.limits import PageLimitReachedError
from scraper.crawl.page_reader import Render, render_request
from scraper.crawl.request_stats import LISTED_TWICE, ONE_ADDRESS, Tallies
from scraper.crawl.site import Site
from scraper.fetch.politeness.errors import CrawlEndingError
from scraper.paging.ask import Ask, End
from scraper.paging.chain import SHOWS_RECORDS, Chain
from scraper.paging.entries import digest, identity_of, text_hash
from scraper.paging.facts import ListEvent, facts_of
from scraper.paging.kind import ListPage
from scraper.paging.values import NotJsonError, in_json
from scraper.select import each

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scrapy.http import Response
    from twisted.python.failure import Failure

    from scraper.crawl.page_reader import PageReader
    from scraper.paging.facts import PageFacts, What

ABSENT = (404, 410)
"""Statuses of a page that does not exist."""

MOST_AHEAD = 8
"""Pages that may wait behind the last one that is known to exist."""

MOST_ENTRIES = 100_000
"""Entries of one page that are read; each takes a fifth of a millisecond, and 6 KB when it is a link."""


class ListSite(Site, Protocol):
    """A spider as the reader of its lists sees it."""

    @property
    def reader(self) -> PageReader:
        """How this crawl reads pages."""
        ...


class ListReader:
    """The lists of one crawl, by the name that their pages' requests carry."""

    def __init__(self, spider: ListSite) -> None:
        self._spider = spider
        self.chains: dict[str, Chain] = {}
        self.entry_texts = WeakKeyDictionary[Request, int]()
        """What tells the entry that a request was made from, and its content, from any other."""
        self.fragments = WeakKeyDictionary[Request, str]()
        """What stood behind the `#` of the links that requests were made from."""
        self._listed: dict[int, int] = {}
        """What tells the values that entries showed for a record, by what tells the address of its own page."""

    def first_request(self) -> Request:
        """Return the request for the first page of the spider's list."""
        ask = self._spider.kind.first(self._spider.start_at)
        if (ask.list or ask.url) not in self.chains:
            self._begin(ask)
        return self.request_for(ask)

    def read(self, answer: Response, name: str, number: int, state: dict[str, Any]) -> Iterator[Any]:
        """Yield what a page of a list gives: records, links, and the requests for further pages."""
        chain = self._chain_of(answer.request, name, number, state)
        page = self._settled(chain, ListPage(answer, chain.kind, number, state))
        page.is_stated = chain.last is not None and number <= chain.last
        try:
            page.entries_found = self._entries(page)
            if page.size > MOST_ENTRIES:
                page.left_out = f"has {page.size} entries, of which the first {MOST_ENTRIES} were read"
                del page.entries_found[MOST_ENTRIES:]
            leads_to = chain.kind.sublists(page)
            if isinstance(leads_to, Sequence) and not chain.shows_records:
                # What the page itself shows, the lists that it leads to show as well.
                facts = self._index_facts(page, leads_to) if chain.kind.counts_lists else None
                yield from self._went(
                    answer.request, chain, number, "lists", asks=leads_to, why=page.fault, facts=facts
                )
                return
            made = yield from self._spider.reader.read_list(page)
            wish = made if isinstance(made, Render) else self._spider.reader.wants_next(page)
            if wish is not None and answer.request is not None:
                yield render_request(
                    answer.request, wish, self._spider.reader.browser_options(answer.url, is_list=True)
                )
                return
        except NotJsonError as error:
            failed = FailedPage(answer.url, str(error), "layout-changed", unread=True)
            PageFailures.of(self._spider.crawler).dead(answer.request, failed)
            yield from self._went(answer.request, chain, number, "failed", why=failed.what)
            return
        assert isinstance(made, ReadAttempt)
        if made.tier == HTML5:
            leads_to = chain.kind.sublists(page)
        yield from self._take_in(chain, page, made, leads_to)

    def _settled(self, chain: Chain, page: ListPage) -> ListPage:
        """Return a list's first page as the kind of page that it is, where it may show lists, records, or both."""
        state = {name: value for name, value in chain.first_state.items() if name != SHOWS_RECORDS}
        kind = self._spider.kind.inner(state)
        as_records = kind.showing_records() if page.number == 1 else None
        if as_records is None:
            return page
        shown = ListPage(page.answer, as_records, 1, page.state)
        if self._entries(shown) or not kind.sublists(shown):
            chain.become(as_records, {**state, SHOWS_RECORDS: True})
            return shown
        chain.become(kind, state)
        return ListPage(page.answer, kind, 1, page.state)

    def _index_facts(self, page: ListPage, lists: Sequence[Ask]) -> PageFacts:
        """Gather what a page tells of an index, whose entries are the lists that it leads to."""
        page.entries_found = [ask.list for ask in lists]
        in_browser = page.answer.request is not None and meta_keys.BROWSER in page.answer.request.meta
        entries = [text_hash(ask.list) for ask in lists]
        return facts_of(page, entries, BROWSER if in_browser else HTML, without_record=0, end=None)

    def _take_in(
        self, chain: Chain, page: ListPage, made: ReadAttempt, leads_to: Sequence[Ask] | End | None
    ) -> Iterator[Any]:
        """Yield what the entries gave, and the requests for further pages; raise what the spider has raised."""
        entries, without_record = [], 0
        for entry, outputs in made.outputs:
            without_record += not outputs
            entries.append(identity_of(entry, outputs))
            for output in outputs:
                if isinstance(output, Request):
                    self.entry_texts[output] = text_hash(entry)
                    self.compare_listed(page.answer.request, output)
                yield output
        self._compare_addresses(page, made)
        end, asks = (None, leads_to or ()) if not isinstance(leads_to, End) else (leads_to, ())
        facts = facts_of(page, entries, made.tier, without_record=without_record, end=end)
        requests = self._went(page.answer.request, chain, page.number, "read", facts=facts, asks=asks)
        self._spider.reader.settle(page.answer, made, leads_on=page.number not in chain.ends)
        yield from requests
        if made.error is not None:
            raise made.error

    def _compare_addresses(self, page: ListPage, made: ReadAttempt) -> None:
        """Note entries whose links differ only behind the `#`: they are one page for everybody but a script."""
        links: dict[str, tuple[Any, str]] = {}
        for entry, outputs in made.outputs:
            for request in outputs:
                if isinstance(request, Request) and not (is_route(request.url) and meta_keys.BROWSER in request.meta):
                    url, fragment = urldefrag(request.url)
                    fragment = fragment or self.fragments.get(request, "")
                    first, known = links.setdefault(url, (entry, fragment))
                    if first is not entry and known != fragment:
                        Tallies.of(self._spider.crawler).note(page.answer.request, ONE_ADDRESS, f"{url}#{fragment}")

    def compare_listed(self, page: Request | None, request: Request) -> None:
        """Note an entry that shows other values for a record than the one that led to the record's page before.

        The page is asked for once, with the values of the first.
        """
        if request.cb_kwargs and request.callback == self._spider.on_record_page:
            values = text_hash(request.cb_kwargs)
            if self._listed.setdefault(digest(request.url), values) != values:
                Tallies.of(self._spider.crawler).note(page, LISTED_TWICE, request.url)

    def failed(self, failure: Failure) -> Iterator[Request]:
        """Take in a page of a list that could not be read; yield requests for pages that can be had without it."""
        request: Request = failure.request  # type: ignore[attr-defined]
        name, number, state = (request.cb_kwargs[key] for key in ("name", "number", "state"))
        chain, error = self._chain_of(request, name, number, state), failure.value
        plain = self._spider.reader.without_browser(failure)
        if plain is not None:
            yield plain
            return
        again = chain.kind.again(state)
        left_out = error is None or isinstance(error, PageLimitReachedError | CrawlEndingError)
        missing = isinstance(error, HttpError) and error.response.status in ABSENT
        if again is not None and not left_out:
            yield from self._went(request, chain, number, "lists", asks=[again])
        elif not left_out and chain.may_be_absent(number, missing=missing):
            yield from self._went(request, chain, number, "absent")
        elif (failed := PageFailures.of(self._spider.crawler).note(failure)) is None:
            yield from self._went(request, chain, number, "limited")
        else:
            yield from self._went(request, chain, number, "failed", why=failed.what)

    def read_again(self, request: Request, before: ListEvent) -> list[Request]:
        """Take in a page that is what it was when it was read `before`; return the requests for further pages."""
        chain = self._chain_of(request, **request.cb_kwargs)
        return self._went(
            request,
            chain,
            request.cb_kwargs["number"],
            before.what,
            facts=before.facts,
            asks=before.asks,
            why=before.why,
        )

    def event_of(self, request: Request) -> ListEvent | None:
        """Return what came of a request's page; None when it was no page of a list."""
        return Tallies.of(self._spider.crawler).tally(request).event

    def apply(self, event: ListEvent) -> list[Ask]:
        """Take in what came of a page, here, before a crash or elsewhere; return the pages to ask for next."""
        chain = self.chains.get(event.list) or self._begin_from(event.list, event.how_asked)
        chain.expect(Ask(event.facts.url if event.facts else "", event.number), event.how_asked)
        self._become_as_noted(chain, event.how_asked)
        lists = self._lead_on(chain, event)
        if event.facts is not None:
            asks = chain.take(event.number, event.facts)
        elif event.what == "lists":
            asks = []
        elif event.what == "absent":
            asks = chain.is_absent(event.number)
        elif event.what == "limited":
            chain.limited = True
            asks = []
        else:
            asks = chain.failed_to_read(event.number, event.why)
        return [*lists, *self._on_site(chain, asks)]

    def _went(self, request: Request | None, chain: Chain, number: int, what: What, **more: Any) -> list[Request]:
        """Take in what came of a page, and keep it with its request; return the requests for further pages."""
        event = ListEvent(list=chain.name, number=number, what=what, how_asked=chain.note_of(number), **more)
        requests = [self.request_for(ask) for ask in self.apply(event)]
        if request is not None:
            Tallies.of(self._spider.crawler).tally(request).event = event
        return requests

    def _lead_on(self, chain: Chain, event: ListEvent) -> list[Ask]:
        """Begin the lists that a page leads to; return their first pages."""
        if event.what == "lists":
            chain.lead_to_lists(event.number, event.why)
        new, left_out = [], []
        for ask in event.asks:
            name = ask.list or ask.url
            if not self._spider.on_site(ask.url):
                chain.remarks.append(f"a list leads off the site, to {urlsplit(ask.url).hostname}")
            elif name in self.chains:
                chain.leads_back = chain.leads_back or (name if name in self._above(chain) else "")
            elif why := self._spider.kind.leaves_out(ask):
                left_out.append(f"{urlsplit(ask.url).path} is {why}")
            else:
                self._begin(ask).above = chain.name
                new.append(ask)
        chain.leave_out(event.number, left_out)
        return new

    def _above(self, chain: Chain) -> Iterator[str]:
        """Yield the names of the lists that lead to a list, and not its own."""
        while chain.above in self.chains:
            yield chain.above
            chain = self.chains[chain.above]

    def _on_site(self, chain: Chain, asks: list[Ask]) -> Iterator[Ask]:
        """Yield the further pages of a list, as far as they stay on the site."""
        while asks:
            ask = asks.pop(0)
            if self._spider.on_site(ask.url):
                yield replace(ask, list=chain.name)
            else:
                why = f"leads off the site, to {urlsplit(ask.url).hostname}"
                asks += chain.failed_to_read(ask.number, why)

    def _begin(self, ask: Ask) -> Chain:
        chain = Chain(ask.list or ask.url, self._spider.kind.inner(ask.state), *self._side_by_side())
        self.chains[chain.name] = chain
        chain.begin(ask)
        return chain

    def _begin_from(self, name: str, note: Mapping[str, Any]) -> Chain:
        """Begin a list that is known from what a page's request says of it."""
        return self._begin(Ask(note.get("start", name), list=name, state=note.get("state", {})))

    def _become_as_noted(self, chain: Chain, note: Mapping[str, Any]) -> None:
        """Let a list be the kind that its first page was found to be, before a crash or elsewhere."""
        state = note.get("state", {})
        if state.get(SHOWS_RECORDS) and not chain.shows_records:
            chain.become(self._spider.kind.inner(state), state)

    def _chain_of(self, request: Request | None, name: str, number: int, state: dict[str, Any]) -> Chain:
        """Return the list that a page belongs to, also when its request was made before a crash or elsewhere."""
        note = request.meta.get(meta_keys.LIST, {}) if request is not None else {}
        chain = self.chains.get(name) or self._begin_from(name, note)
        self._become_as_noted(chain, note)
        chain.expect(Ask(request.url if request is not None else "", number, state=state), note)
        return chain

    def _entries(self, page: ListPage) -> list[Any]:
        own = page.kind.entries(page)
        if own is not None:
            return own
        if page.kind.json:
            found = in_json(page.data, page.kind.json)
            if found is not None and not isinstance(found, list):
                raise NotJsonError(f"has a {type(found).__name__} at '{page.kind.json}', expected a list")
            return found or []
        found = each(page.response, self._spider.items) if self._spider.items else []
        # What a script fills in later is no entry, unless the spider asks for nothing else.
        return [entry for entry in found if not _in_template(entry)] or found

    def _side_by_side(self) -> tuple[int, int]:
        """Return how many pages of a list may wait at once: such as are known to exist, and others."""
        if self._spider.in_order or self._spider.since_known:
            return 1, 1
        settings = self._spider.crawler.settings
        slot = settings["DOWNLOAD_SLOTS"].get(urlsplit(self._spider.start_at).hostname, {})
        at_once = slot.get("concurrency") or settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN")
        return 2 * settings.getint("CONCURRENT_REQUESTS"), min(at_once, MOST_AHEAD)

    def _meta(self, chain: Chain, ask: Ask) -> dict[str, Any]:
        if chain.kind.binary:
            return {meta_keys.BINARY_ALLOWED: True}
        reader = self._spider.reader
        if (
            ask.method == "GET"
            and not chain.kind.json
            and (TIERS[chain.tier].takes_browser or reader.takes_browser(ask.url))
        ):
            return {meta_keys.BROWSER: reader.browser_options(ask.url, is_list=True)}
        return {}

    def request_for(self, ask: Ask) -> Request:
        """Return the request for a page of a list that was begun."""
        name = ask.list or ask.url
        chain = self.chains[name]
        return Request(
            ask.url,
            method=ask.method,
            body=ask.body,
            headers=ask.headers,
            callback=self._spider.on_list_page,
            errback=self._spider.on_list_failure,
            cb_kwargs={"name": name, "number": ask.number, "state": ask.state},
            meta={meta_keys.LIST: chain.note_of(ask.number), **self._meta(chain, ask)},
            # The list itself knows which of its pages were asked for. Scrapy would drop a repeated one without a word.
            dont_filter=True,
            # The next link goes before the records' pages it stands among, so that those never run out; pages that are
            # asked for side by side wait behind them, in order.
            priority=-ask.number if ask.number in chain.by_number else 0,
        )


def _in_template(entry: Any) -> bool:
    """Return whether an element is in a `<template>`, of which a browser shows nothing but a shadow's."""
    return isinstance(entry, etree._Element) and any(
        "shadowrootmode" not in template.attrib for template in entry.iterancestors("template")
    )


def stated_by(spider: object) -> int:
    """Return how many records the lists that a spider has seen so far say that there are; 0 when they do not."""
    lists = getattr(spider, "lists", None)
    chains = lists.chains.values() if isinstance(lists, ListReader) else ()
    return sum(chain.total or 0 for chain in chains if not chain.kind.counts_lists)
