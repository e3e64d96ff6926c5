"""The list of a spider: where its entries and its further pages are today, and the edits by which it finds them."""

from __future__ import annotations

from ast import unparse
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy import Request

from scraper.core.text import quoted
from scraper.heal.data_search import STATED, DataSearch, FoundData, html_in, moved_places
from scraper.heal.field_places import DATA_METHOD, LISTED_METHOD
from scraper.heal.field_search import NotFoundError
from scraper.heal.known_records import FieldReader, KnownRecords
from scraper.heal.list_search import FoundEntries, ListSearch, next_call, with_parts
from scraper.heal.outcome import Mended
from scraper.heal.sitemap_search import FoundAddresses, SitemapSearch
from scraper.heal.spider_source import Edit, either
from scraper.heal.todays_pages import TodaysPages
from scraper.pages.reread import TodaysSpiders
from scraper.paging import NextForm, NextLink, Offsets, PageNumbers, Sitemap
from scraper.paging.ask import Ask
from scraper.paging.kind import ListPage
from scraper.probe.leaves import leaves_of
from scraper.select import address_selector
from scraper.spider import SiteSpider

if TYPE_CHECKING:
    import ast

    from scrapy.http import TextResponse

    from scraper.heal.outcome import Healing

MENDED = (NextLink, PageNumbers, Offsets, NextForm)
"""Kinds of pagination by which one page of HTML leads to the next."""

Entries = FoundEntries | FoundData | FoundAddresses
OF_ENTRIES = ("read_item", LISTED_METHOD, DATA_METHOD)
"""Methods that read an entry of a list."""

GROWN = 1.05
"""A list goes on when so many times as many records are known as its first page shows."""


class ListRepair:
    """Looks at today's pages of the list, and gathers edits."""

    def __init__(
        self,
        healing: Healing,
        spider: SiteSpider,
        spiders: TodaysSpiders,
        pages: TodaysPages,
        known: dict[str, KnownRecords],
        usual: dict[tuple[str, str], float],
        *,
        keep_old: bool,
    ) -> None:
        self._keep_old = keep_old
        self._healing, self._spider, self._pages, self._known, self._usual = healing, spider, pages, known, usual
        self._reader, self._source = FieldReader(spiders), healing.source
        self.is_data = reads_entries_of_data(spider)
        """Whether the list's entries are data."""
        self.must_go_on = False
        """Whether a second page of the list has to have other entries."""
        unread = "read_item" if self.is_data else DATA_METHOD
        self._places = [one for one in self._source.fields if one.method != unread]
        self._edits: list[Edit] = []
        self._unseen: list[str] = []
        self._shares: dict[ast.expr, str] = {}

    def entries(self) -> Entries | None:
        """Mend the list; return its entries today."""
        if isinstance(self._spider.kind, Sitemap):
            return self._addresses(self._spider.kind)
        page = self._pages.get(self._spider.lists.first_request())
        if page is None:
            why = self._pages.missed[0] if self._pages.missed else f"{self._spider.start_at} was not had"
            self._healing.refused.append(why)
            return None
        return self._data_list(page) if self.is_data else self._list(page)

    def _addresses(self, kind: Sitemap) -> FoundAddresses | None:
        """Mend where the sitemap is, and which of its addresses are followed; return these."""
        start, calls = self._spider.start_at, self._source.calls_of("Sitemap")
        try:
            found = SitemapSearch(kind, self._pages, self._known[self.main], self._record_of).found(start)
            own = kind.first(start).url
            if (found.page.url, found.follow) == (own, kind.follow):
                return found
            if len(calls) != 1 or own == start:
                where = f"expected one Sitemap(…) in {self._source.shown_file} that is not its start_url"
                raise NotFoundError(f"{found.page.url} has the addresses {found.follow!r} now; {where}")
            now = sitemap_call(calls[0], kind, found.follow, "" if found.page.url == own else found.page.url, start)
            self._edits.append(Edit(calls[0], now))
            self._healing.mended.append(Mended("pagination", unparse(calls[0]), now))
        except NotFoundError as error:
            self._healing.refused.append(f"pagination: {error}")
            return None
        return found

    def _list(self, page: TextResponse) -> FoundEntries | None:
        """Mend `items`, `link` and the next link; return the entries of the first page."""
        spider, linked = self._spider, self._is_linked
        main = self._known[self.main]
        search = ListSearch(page, main, self._reader, linked=linked, made=self._source.made)
        what = "items"
        try:
            entries = search.entries(spider.items)
            search.check_whole(entries)
            self._mend(what, spider.items, entries.selector, self._source.attribute("items"))
            if linked:
                what = "link"
                link = search.link(entries, spider.link)
                self._mend(what, spider.link, link, self._source.attribute("link"))
                self.link = link
            what = "pagination"
            self._next(page, entries)
        except NotFoundError as error:
            self._healing.refused.append(f"{what}: {error}")
            return None
        return entries

    @property
    def _is_linked(self) -> bool:
        return type(self._spider).read_item is SiteSpider.read_item

    @property
    def main(self) -> str:
        """The document whose records the list shows."""
        method = DATA_METHOD if self.is_data else "read_page" if self._is_linked else "read_item"
        return next((one.document for one in self._places if one.method == method), self._places[0].document)

    def _data_list(self, page: TextResponse) -> FoundData | None:
        """Mend where an answer has its entries, and what says that there are more; return the first page's entries."""
        kind, known = self._spider.kind, self._known[self.main]
        what = "json" if kind.json else "data"
        try:
            if self._keep_old:
                raise NotFoundError("records that are data are read in one way: leave --keep-old out")
            entries = self._data_search(page, known).entries(kind.json)
            what = "pagination"
            if not kind.json:
                self._next(page, entries)
                return entries
            self.must_go_on = self._are_more_known(entries)
            moved = list(moved_places(ListPage(page, kind, 1), len(known.records)))
            for name, before, now in [("json", kind.json, entries.selector), *moved]:
                if now:
                    self._mend(name, before, now, self._parameter(name, before))
                elif self.must_go_on and name not in STATED:
                    raise NotFoundError(
                        f"nothing in {page.url} stands for {name} = {before!r}, which said what follows"
                    )
        except NotFoundError as error:
            self._healing.refused.append(f"{what}: {error}")
            return None
        return entries

    def _data_search(self, page: TextResponse, known: KnownRecords) -> DataSearch:
        name = next(one.context for one in self._places if one.method == DATA_METHOD)
        return DataSearch(page, known, self._reader, name=name, inside=not self._spider.kind.json)

    def _parameter(self, name: str, value: str) -> ast.expr | None:
        """Return where the pagination that is used is given a parameter; None where that is not written there."""
        kind, how = self._spider.kind, "json" if self._spider.kind.json else "html"
        calls = [call for call in self._pagination_calls() if self._is_given(call, how, getattr(kind, how))]
        if len(calls) == 1 and self._is_given(calls[0], name, value):
            return self._source.parameter(calls[0], name)
        return None

    def _is_given(self, call: ast.Call, name: str, value: str) -> bool:
        return getattr(self._source.parameter(call, name), "value", None) == value

    def _mend(self, what: str, before: str, now: str, node: Any) -> None:
        if before == now:
            return
        if node is None:
            raise NotFoundError(f"{self._source.shown_file} does not say it, expected {what} = {now!r} in the class")
        self._edits.append(Edit(node, quoted(self._with_old(what, before, now) if self._keep_old else now)))
        self._healing.mended.append(Mended(what, before, now))

    @staticmethod
    def _with_old(what: str, before: str, now: str) -> str:
        """Return a selector of a list that finds what the new one or the present one finds."""
        if what not in ("items", "link"):
            raise NotFoundError(f"{what} is {now!r} now, and has no place for {before!r}: leave --keep-old out")
        pair = [one if what == "items" else address_selector(one) for one in (now, before)]
        try:
            return either(*pair)
        except ValueError as error:
            raise NotFoundError(f"{error}: leave --keep-old out") from None

    def _next(self, page: TextResponse, entries: FoundEntries | FoundData) -> None:
        """Mend the way to the next page where the list goes on and it is not found, and the total beside it."""
        kind, calls = self._spider.kind, self._pagination_calls()
        if kind.html:
            self._fragment(page, entries)
        if kind.json or kind.html or not isinstance(kind, MENDED):
            return
        listed = ListPage(page, kind, 1)
        has_total = not kind.total or listed.stated(kind.total)[0] is not None
        goes_on = self._goes_on(kind.following(listed), entries)
        if (goes_on and has_total) or not self._are_more_known(entries):
            return
        now = next_call(page, self._pages, type(kind).__name__)
        if goes_on and "total=" not in now:
            return
        if len(calls) != 1:
            raise NotFoundError(f"{self._source.shown_file} has {len(calls)} {type(kind).__name__}, expected 1: {now}")
        self.must_go_on = True
        self._edits.append(Edit(calls[0], now, now.partition("(")[0]))
        self._healing.mended.append(Mended("pagination", unparse(calls[0]), now))

    def _fragment(self, page: TextResponse, entries: FoundEntries | FoundData) -> None:
        """Mend where the answers that follow the first page have their HTML, and what says that there are more."""
        kind, start = self._spider.kind, self._spider.start_at
        if not self._are_more_known(entries):
            return
        self.must_go_on = True
        ask = kind.following(ListPage(page, kind, 1)) if kind.chained else kind.numbered(start, 2, len(entries.shown))
        if not isinstance(ask, Ask):
            raise NotFoundError(f"nothing on {page.url} leads to a next page")
        answer = self._pages.get(Request(ask.url, method=ask.method, body=ask.body, headers=ask.headers))
        if answer is None:
            raise NotFoundError(
                f"what follows was not had: {self._pages.missed[-1] if self._pages.missed else ask.url}"
            )
        now = html_in(answer, kind.html, entries.selector)
        moved = [one for one in moved_places(ListPage(answer, kind, 2), 0) if one[0] not in STATED]
        for name, before, found in [("html", kind.html, now), *moved]:
            if not found:
                raise NotFoundError(f"nothing in {answer.url} stands for {name} = {before!r}, which said what follows")
            self._mend(name, before, found, self._parameter(name, before))

    def _are_more_known(self, entries: FoundEntries | FoundData) -> bool:
        """Say whether more records are known than the first page of the list shows."""
        return len(self._known[self.main].records) > GROWN * len(entries.shown)

    def _pagination_calls(self) -> list[ast.Call]:
        """Return where the source makes the spider's pagination."""
        kind = self._spider.kind
        calls = self._source.calls_of(type(kind).__name__)
        if isinstance(kind, NextLink) and kind.link:
            return [call for call in calls if call.args and getattr(call.args[0], "value", None) == kind.link]
        return calls

    def _goes_on(self, following: object, entries: FoundEntries | FoundData) -> bool:
        """Say whether the next page is found: of one that a number gives the address, whether it has other entries."""
        if not isinstance(following, Ask):
            return False
        if isinstance(self._spider.kind, NextLink) or following.method != "GET":
            return True
        page = self._pages.get(following.url)
        return not entries.on(page) <= entries.on(entries.shown[0].page)

    def _record_of(self, own: TextResponse, url: str, known: KnownRecords) -> dict[str, Any] | None:
        for address in (own.url, url):
            if len(records := known.by_url.get(address, [])) == 1:
                return records[0]
        leaves = leaves_of((own.selector.root,), every_attribute=True)
        shown = with_parts({leaf.text for leaf in leaves}, self._source.made)
        records = known.shown_by(shown, own.url, self._reader, loosely=False)
        return records[0] if len(records) == 1 else None


def sitemap_call(call: ast.Call, kind: Sitemap, follow: str, url: str, start: str) -> str:
    """Write a sitemap's pagination with what it follows now, and with its address where that is another."""
    here, there = urlsplit(start), urlsplit(url)
    if url:
        address = url if (there.scheme, there.netloc) != (here.scheme, here.netloc) else url.partition(there.netloc)[2]
    else:
        address = kind.address
    given = [quoted(follow), *([quoted(address)] if address != type(kind).address else [])]
    others = [unparse(one) for one in call.keywords if one.arg not in ("follow", "address")]
    return f"{unparse(call.func)}({', '.join([*given, *others])})"


def reads_entries_of_data(spider: SiteSpider) -> bool:
    """Say whether a spider reads the entries of its list as data: JSON of an API, or what its pages carry."""
    return bool(spider.kind.json) or (spider.reads_data and not spider.items)
