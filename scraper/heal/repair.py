"""One repair: what a spider no longer reads on today's pages, and the edits that let it read that again."""

from __future__ import annotations

from ast import unparse
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scrapy import Request

from models.record import Found, schema_of
from scraper.core.text import quoted
from scraper.heal.data_search import STATED, DataFieldSearch, DataSearch, FoundData, html_in, moved_places
from scraper.heal.field_search import LEAST_KNOWN, FieldSearch, NotFoundError, Shown
from scraper.heal.gate import ON_EACH
from scraper.heal.known_records import EMPTY, UNREAD, FieldReader, KnownRecords
from scraper.heal.list_search import FoundEntries, ListSearch, next_call, with_parts
from scraper.heal.spider_source import DATA_METHOD, Edit, SpiderSource, either, field_edit
from scraper.heal.todays_pages import TodaysPages
from scraper.pages.reread import TodaysSpiders, in_full
from scraper.paging import NextForm, NextLink, Offsets, PageNumbers
from scraper.paging.ask import Ask
from scraper.paging.kind import ListPage
from scraper.paging.links import absolute
from scraper.probe.leaves import leaves_of
from scraper.select import address_selector, texts
from scraper.spider import SiteSpider

if TYPE_CHECKING:
    import ast
    from collections.abc import Sequence

    from scrapy.http import TextResponse

    from scraper.heal.spider_source import FieldPlace

MENDED = (NextLink, PageNumbers, Offsets, NextForm)
"""Kinds of pagination by which one page of HTML leads to the next."""

OF_ENTRIES = ("read_item", DATA_METHOD)
"""Methods that read an entry of a list."""

GROWN = 1.05
"""A list goes on when so many times as many records are known as its first page shows."""


@dataclass(frozen=True)
class Mended:
    """A selector that becomes another."""

    what: str
    """`items`, `link`, `pagination`, or a document and its field."""
    before: str
    now: str


@dataclass
class Healing:
    """What came of trying to heal a spider."""

    source: SpiderSource
    start: str
    """The address at which the spider's list begins."""
    mended: list[Mended] = field(default_factory=list)
    evidence: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    """Why nothing is to be changed; empty when the repair passed the gate, or nothing was to be mended."""
    text: str = ""
    """The mended module; empty where it is refused or nothing is broken."""
    looked_at: str = ""
    """Which pages were looked at, in words."""

    @property
    def patch(self) -> str:
        """The repair as a unified diff."""
        return self.source.patch_to(self.text) if self.text else ""


class Repair:
    """One attempt: looks at today's pages, and gathers edits."""

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

    def tried(self) -> None:
        """Fill the healing: with the mended text, or with why it is refused."""
        page = self._pages.get(self._spider.lists.first_request())
        if page is None:
            why = self._pages.missed[0] if self._pages.missed else f"{self._spider.start_at} was not had"
            self._healing.refused.append(why)
            return
        entries = self._data_list(page) if self.is_data else self._list(page)
        if entries is not None:
            for method, document in dict.fromkeys((one.method, one.document) for one in self._places):
                if document in self._known:
                    self._fields(method, document, page, entries)
        if self._edits:
            self._healing.refused += self._unseen
        if self._edits and not self._healing.refused:
            self._healing.text = self._source.patched(self._edits)

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
            self.must_go_on = len(known.records) > GROWN * len(entries.shown)
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
        if (goes_on and has_total) or len(self._known[self.main].records) <= GROWN * len(entries.shown):
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
        if len(self._known[self.main].records) <= GROWN * len(entries.shown):
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

    def _fields(self, method: str, document: str, page: TextResponse, entries: FoundEntries | FoundData) -> None:
        """Mend the fields that a method reads of a document."""
        known = self._known[document]
        places = [one for one in self._places if (one.method, one.document) == (method, document)]
        shown = list(entries.shown) if method in OF_ENTRIES else self._own_pages(method, known, page, entries)
        usual = {one.name: self._usual.get((schema_of(known.document).collection, one.name), 0.0) for one in places}
        search_in = DataFieldSearch if method == DATA_METHOD else FieldSearch
        search = search_in(known.document, shown, self._reader, places, usual)
        if len(search.known) < LEAST_KNOWN:
            if method in (*OF_ENTRIES, "read_page"):
                count = len(search.known)
                self._healing.refused.append(
                    f"{document}: {count} known records stand on today's pages, expected {LEAST_KNOWN}"
                )
            return
        for place in places:
            self._show_rare(method, search, place.name, known, entries)
        found = [self._read(method, document, one) for one in search.known]
        for place in places:
            self._field(place, search, found)

    def _show_rare(
        self, method: str, search: FieldSearch, name: str, known: KnownRecords, entries: FoundEntries | FoundData
    ) -> None:
        """Let a page more be searched for a field that none of the known records on the others has."""
        column = schema_of(known.document).columns[name]
        having = [record for record in known.records if record.get(column) not in EMPTY]
        if not having or any(value not in EMPTY for value in search.stored(name)):
            return
        url = having[0]["url"]
        page, shown = self._pages.get(url), list[Shown]()
        if page is not None and method == DATA_METHOD:
            shown = self._data_search(page, known).shown_by(entries.selector)
        elif page is not None and method == "read_item":
            shown = ListSearch(page, known, self._reader, linked=False, made=self._source.made).shown_by(
                entries.selector
            )
        elif page is not None:
            shown = [Shown((page.selector.root,), page, self._record_of(page, url, known))]
        search.add(shown)
        if all(value in EMPTY for value in search.stored(name)):
            self._unseen.append(
                f"{known.document.__name__}.{name}: {len(having)} stored records have a value, and none of them "
                f"stands on today's pages"
            )

    def _field(self, place: FieldPlace, search: FieldSearch, found: Sequence[Found | None]) -> None:
        name = place.name
        values = [
            self._reader.value(search.document, name, one.raw.get(name), one.base_url or one.url) if one else UNREAD
            for one in found
        ]
        # One field at which the spider fails takes the others along.
        if search.is_right(name, values) or (
            place.selector and search.is_right(name, search.values_by(name, place.selector))
        ):
            return
        try:
            selector = self._shared(place, search) or search.found(place).selector
        except NotFoundError as error:
            self._healing.refused.append(f"{place.document}.{name}: {error}")
            return
        of_whole, many = search.is_part(name), search.is_many(name)
        if of_whole or place.whole is None:
            self._shares[place.origin] = selector
        self._edits.append(field_edit(place, selector, many=many, keep_old=self._keep_old, of_whole=of_whole))
        self._healing.mended.append(Mended(f"{place.document}.{name}", place.selector or place.source, selector))

    def _shared(self, place: FieldPlace, search: FieldSearch) -> str:
        """Return the new selector of a variable that gives another field as well; raise where they stand apart now."""
        selector = self._shares.get(place.origin, "")
        if selector and not search.is_right(place.name, search.values_by(place.name, selector)):
            if place.whole is not None:
                return ""
            raise NotFoundError(f"`{place.source}` is another field, too, which stands at {selector} now: part them")
        return selector

    def _read(self, method: str, document: str, one: Shown) -> Found | None:
        """Return what the spider makes today of a record; None where it makes nothing, or fails."""
        arguments = (one.page, one.given) if method in OF_ENTRIES else (one.page,)
        try:
            for output in in_full(getattr(self._spider, method)(*arguments)):
                if isinstance(output, Found) and output.document.__name__ == document:
                    return output
        except Exception:  # noqa: BLE001 - a spider whose selectors find nothing may raise whatever it likes
            return None
        return None

    def _own_pages(
        self, method: str, known: KnownRecords, page: TextResponse, entries: FoundEntries | FoundData
    ) -> list[Shown]:
        """Return records' own pages: those that the list leads to, or where they were stored from."""
        urls: list[str] = []
        if method == "read_page":
            for one in entries.shown:
                found = texts(one.members[0], address_selector(self.link)) if one.known is not None else []
                urls += [url for raw in found[:1] if (url := absolute(page, raw)[0])]
        else:
            urls = list(known.by_url)
        shown = []
        step = max(1, len(urls) // ON_EACH)
        for url in urls[::step][:ON_EACH]:
            own = self._pages.get(url)
            if own is not None:
                shown.append(Shown((own.selector.root,), own, self._record_of(own, url, known)))
        return shown

    def _record_of(self, own: TextResponse, url: str, known: KnownRecords) -> dict[str, Any] | None:
        for address in (own.url, url):
            if len(records := known.by_url.get(address, [])) == 1:
                return records[0]
        leaves = leaves_of((own.selector.root,), every_attribute=True)
        shown = with_parts({leaf.text for leaf in leaves}, self._source.made)
        records = known.shown_by(shown, own.url, self._reader, loosely=False)
        return records[0] if len(records) == 1 else None


def reads_entries_of_data(spider: SiteSpider) -> bool:
    """Say whether a spider reads the entries of its list as data: JSON of an API, or what its pages carry."""
    return bool(spider.kind.json) or (spider.reads_data and not spider.items)
