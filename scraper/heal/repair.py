"""One repair: what a spider no longer reads on today's pages, and the edits that let it read that again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.record import Found, schema_of
from scraper.heal.data_search import DataFieldSearch, FoundData
from scraper.heal.field_places import DATA_METHOD, LISTED_METHOD
from scraper.heal.field_search import FieldSearch, NotFoundError
from scraper.heal.field_values import LEAST_KNOWN, Shown
from scraper.heal.gate import ON_EACH
from scraper.heal.known_records import EMPTY, UNREAD, KnownRecords
from scraper.heal.list_repair import OF_ENTRIES, Entries, ListRepair
from scraper.heal.list_search import FoundEntries, ListSearch
from scraper.heal.outcome import Mended
from scraper.heal.sitemap_search import FoundAddresses
from scraper.heal.spider_source import field_edit
from scraper.pages.reread import in_full
from scraper.paging.links import absolute
from scraper.select import address_selector, texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scraper.heal.field_places import FieldPlace


class Repair(ListRepair):
    """One attempt: looks at today's pages, and gathers edits."""

    def tried(self) -> None:
        """Fill the healing: with the mended text, or with why it is refused."""
        entries = self.entries()
        if entries is not None:
            for method, document in dict.fromkeys((one.method, one.document) for one in self._places):
                if document in self._known:
                    self._fields(method, document, entries)
        if self._edits:
            self._healing.refused += self._unseen
        if self._edits and not self._healing.refused:
            self._healing.text = self._source.patched(self._edits)

    def _fields(self, method: str, document: str, entries: Entries) -> None:
        """Mend the fields that a method reads of a document."""
        known = self._known[document]
        places = [one for one in self._places if (one.method, one.document) == (method, document)]
        shown: list[Shown]
        if isinstance(entries, FoundAddresses) or method not in OF_ENTRIES:
            shown = self._own_pages(method, known, entries)
        else:
            shown = list(entries.shown)
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

    def _show_rare(self, method: str, search: FieldSearch, name: str, known: KnownRecords, entries: Entries) -> None:
        """Let a page more be searched for a field that none of the known records on the others has."""
        column = schema_of(known.document).columns[name]
        having = [record for record in known.records if record.get(column) not in EMPTY]
        if not having or any(value not in EMPTY for value in search.stored(name)):
            return
        url = having[0]["url"]
        # Which list page shows a record with a page of its own is not known.
        page, shown = self._pages.get(url) if method != LISTED_METHOD else None, list[Shown]()
        if page is not None and isinstance(entries, FoundData) and method == DATA_METHOD:
            shown = self._data_search(page, known).shown_by(entries.selector)
        elif page is not None and isinstance(entries, FoundEntries) and method == "read_item":
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
        listed = [place for place in self._places if place.argument and place.document == document]
        try:
            if method == LISTED_METHOD:
                shown = self._spider.read_listed(*arguments)
                raw = {place.name: shown.get(place.argument) for place in listed}
                return self._known[document].document.found(one.page, **raw)
            given = {place.argument: None for place in listed} if method == "read_page" else {}
            for output in in_full(getattr(self._spider, method)(*arguments, **given)):
                if isinstance(output, Found) and output.document.__name__ == document:
                    return output
        except Exception:  # noqa: BLE001 - a spider whose selectors find nothing may raise whatever it likes
            return None
        return None

    def _own_pages(self, method: str, known: KnownRecords, entries: Entries) -> list[Shown]:
        """Return records' own pages: those that the list leads to, or where they were stored from."""
        urls: list[str] = []
        if isinstance(entries, FoundAddresses):
            # The first, which the gate reads as well.
            urls = list(entries.urls[:ON_EACH])
        elif method == "read_page" and isinstance(entries, FoundEntries):
            for one in entries.shown:
                found = texts(one.members[0], address_selector(self.link)) if one.known is not None else []
                urls += [url for raw in found[:1] if (url := absolute(one.page, raw)[0])]
        else:
            urls = list(known.by_url)
        shown = []
        step = max(1, len(urls) // ON_EACH)
        for url in urls[::step][:ON_EACH]:
            own = self._pages.get(url)
            if own is not None:
                shown.append(Shown((own.selector.root,), own, self._record_of(own, url, known)))
        return shown
