"""New selectors for a list: its entries, the link to a record's own page, and the link to the next page."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.cleaners import canonical_url
from scraper.fetch.http.responses import base_of
from scraper.heal.field_search import NotFoundError
from scraper.heal.field_values import LEAST_EQUAL, LEAST_KNOWN, MOST_LEAVES, Shown
from scraper.probe.blocks import all_weighed, repeated_blocks
from scraper.probe.column_selector import proposed_selectors
from scraper.probe.group_selector import group_selector
from scraper.probe.hint_buttons import button_hints
from scraper.probe.hint_forms import form_hints
from scraper.probe.hint_links import link_hints
from scraper.probe.hint_numbers import number_hints
from scraper.probe.hints import Study
from scraper.probe.leaves import Aligned, leaves_of
from scraper.probe.outline import Outline, words
from scraper.probe.selectors import Selectors
from scraper.select import address_selector, compiled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scrapy.http import TextResponse

    from scraper.heal.known_records import FieldReader, KnownRecords
    from scraper.heal.todays_pages import TodaysPages
    from scraper.probe.leaves import Leaf
    from scraper.probe.outline import Element

MOST_GROUPS, MOST_ENTRIES, MOST_VALUES = 40, 300, 40
"""Groups of a page that are looked at, entries of each, and values of one that count."""
MOST_CHARACTERS = 300
NEXT_PAGES = ("NextLink(", "PageNumbers(", "Offsets(", "NextForm(")
"""How lines begin that say which page follows."""

FOLLOWED_BY = "::attr(href)"


@dataclass(frozen=True)
class FoundEntries:
    """The entries of a list page that a selector finds, and which known records they are."""

    selector: str
    shown: tuple[Shown, ...]

    @property
    def known(self) -> int:
        """How many different known records they are; none is shown twice."""
        return count_known(self.shown)

    def on(self, page: TextResponse | None) -> set[str]:
        """Return the texts of the entries of another page of the list; none of one that was not had."""
        if page is None:
            return set()
        return {words(element, MOST_CHARACTERS) for element in compiled(self.selector)(page.selector.root)}


class ListSearch:
    """The search in one list page for the entries of known records."""

    def __init__(
        self,
        page: TextResponse,
        known: KnownRecords,
        reader: FieldReader,
        *,
        linked: bool,
        made: Sequence[Callable[[str], Any]] = (),
    ) -> None:
        """`linked` says whether the records have pages of their own, by which they are told first.

        `made` is how the spider takes texts apart that hold several fields.
        """
        self._made = made
        self._page, self._known, self._reader, self._linked = page, known, reader, linked
        self._root = page.selector.root

    def entries(self, current: str) -> FoundEntries:
        """Return the entries by the current selector where that still finds them, else by a new one."""
        today = self._entries_of(compiled(current)(self._root), current) if current else None
        groups = sorted(all_weighed(Outline(self._root)), key=lambda one: -one.score)[:MOST_GROUPS]
        found = []
        for weighed in groups:
            group = weighed.group
            members = [tuple(group.members(place)) for place in range(min(len(group.elements), MOST_ENTRIES))]
            found.append((self._identified(members), group.elements))
        best, elements = max(found, key=lambda one: weight(one[0]), default=((), ()))
        if today is not None and today.known >= LEAST_KNOWN and is_as_good(today.shown, best):
            return today
        if count_known(best) < LEAST_KNOWN:
            raise NotFoundError(
                f"{count_known(best)} of the {len(self._known.records)} known records stand on {self._page.url}, "
                f"expected {LEAST_KNOWN} or more side by side"
            )
        selector = group_selector(self._root, elements).selector
        new = self._entries_of(compiled(selector)(self._root), selector)
        if new.known < LEAST_EQUAL * count_known(best):
            raise NotFoundError(f"no selector finds the {len(elements)} entries of {self._page.url}")
        return new

    def shown_by(self, selector: str) -> list[Shown]:
        """Return the entries that a selector finds."""
        return list(self._entries_of(compiled(selector)(self._root), selector).shown)

    def check_whole(self, entries: FoundEntries) -> None:
        """Raise NotFoundError when entries are a part of the list: records of this page stand elsewhere on it."""
        leaves = leaves_of((self._root,), every_attribute=True, most=MOST_LEAVES)
        texts = with_parts({leaf.text for leaf in leaves}, self._made)
        standing = self._known.shown_by(texts, self._page.url, self._reader, loosely=False)
        here = {one["_id"] for one in standing if one["url"] == self._page.url}
        found = {one.known["_id"] for one in entries.shown if one.known is not None}
        if not self._linked and len(entries.shown) < MOST_ENTRIES and len(here & found) < LEAST_EQUAL * len(here):
            raise NotFoundError(
                f"{entries.selector} finds {len(here & found)} of the {len(here)} known records on {self._page.url}"
            )

    def link(self, entries: FoundEntries, current: str) -> str:
        """Return the selector of the link to a record's own page: the current one where it does, else a new one."""
        known = [one for one in entries.shown if one.known is not None]
        if current and all(self._leads(one, current) for one in known):
            return current
        rows: dict[tuple[str, ...], list[list[Leaf]]] = defaultdict(lambda: [[] for _ in known])
        for number, one in enumerate(known):
            for leaf in one.leaves:
                if leaf.attribute == "href" and self._address(leaf.text) == self._address_of(one):
                    rows[leaf.key[:-1]][number].append(leaf)
        for key, found in sorted(rows.items(), key=lambda row: -sum(map(bool, row[1]))):
            for selector in proposed_selectors(Aligned((*key, ""), found)):
                link = selector.removesuffix(FOLLOWED_BY)
                if (link != selector or "::" in selector) and all(self._leads(one, link) for one in known):
                    return link
        raise NotFoundError(f"no selector gives the links of the {len(known)} known records on {self._page.url}")

    def _entries_of(self, elements: list[Element], selector: str) -> FoundEntries:
        """Describe the entries that a selector finds, each with what stands between it and the next one."""
        ends, members = set(elements), []
        for element in elements[:MOST_ENTRIES]:
            record = [element]
            while (following := record[-1].getnext()) is not None and following not in ends:
                record.append(following)
            members.append(tuple(record))
        alone, whole = self._identified([(element,) for element in elements]), self._identified(members)
        return FoundEntries(selector, whole if count_known(whole) >= count_known(alone) else alone)

    def _identified(self, members: Sequence[tuple[Element, ...]]) -> tuple[Shown, ...]:
        found = [Shown(record, self._page, self._record_in(record)) for record in members]
        seen: set[Any] = set()
        shown = []
        for one in found:
            again = one.known is not None and one.known["_id"] in seen
            seen.update([one.known["_id"]] if one.known else [])
            shown.append(Shown(one.members, one.page, None) if again else one)
        return tuple(shown)

    def _record_in(self, members: tuple[Element, ...]) -> dict[str, Any] | None:
        """Return the one known record that an entry shows; None for none, or for several."""
        leaves = leaves_of(members, every_attribute=True)
        if self._linked:
            links = {self._address(leaf.text) for leaf in leaves if leaf.attribute == "href"}
            found = {record["_id"]: record for url in links for record in self._known.by_url.get(url, ())}
            if found:
                return next(iter(found.values())) if len(found) == 1 else None
        found_texts = with_parts({leaf.text for leaf in leaves}, self._made)
        shown = self._known.shown_by(found_texts, self._page.url, self._reader, loosely=self._linked)
        return shown[0] if len(shown) == 1 else None

    def _address(self, href: str) -> str:
        try:
            return canonical_url(base_of(self._page).resolve(href), self._page.url) or ""
        except ValueError:
            return ""

    def _address_of(self, one: Shown) -> str:
        """Return the address of a record's own page: where it was, or the first to which its entry links."""
        own = one.known["url"] if one.known else ""
        links = [self._address(leaf.text) for leaf in one.leaves if leaf.attribute == "href"]
        return own if own in links else next(iter(links), "")

    def _leads(self, one: Shown, link: str) -> bool:
        found = {self._address(str(value)) for value in compiled(address_selector(link))(one.members[0])}
        return bool(found) and found == {self._address_of(one)}


def with_parts(texts: set[str], made: Sequence[Callable[[str], Any]]) -> set[str]:
    """Return texts with the parts that a spider makes of them."""
    return texts | {part for text in texts for one in made if isinstance(part := one(text), str) and part}


def next_call(page: TextResponse, pages: TodaysPages, kind: str) -> str:
    """Return the pagination that leads on from a list's first page, of a kind where one does; raise NotFoundError."""
    studied = pages.studied(page)
    study = Study(studied, repeated_blocks(studied), Selectors(studied.soup))
    hints = [hint for maker in (link_hints, number_hints, button_hints, form_hints) for hint in maker(study)]
    found = [hint.line.removeprefix("pagination = ") for hint in hints if hint.leads_to not in ("", page.url)]
    called = [line for line in found if line.startswith(NEXT_PAGES)]
    if not called:
        raise NotFoundError(f"nothing on {page.url} leads to a next page")
    return min(called, key=lambda line: not line.startswith(f"{kind}("))


def count_known(shown: Sequence[Shown]) -> int:
    """Return how many entries are known records."""
    return sum(one.known is not None for one in shown)


def is_as_good(today: Sequence[Shown], best: Sequence[Shown]) -> bool:
    """Say whether entries are as many known records as the best ones, and among them no more that are none."""
    return count_known(today) >= LEAST_EQUAL * count_known(best) and precision(today) >= LEAST_EQUAL * precision(best)


def precision(shown: Sequence[Shown]) -> float:
    """Return the share of entries that are known records."""
    return count_known(shown) / max(1, len(shown))


def weight(shown: Sequence[Shown]) -> float:
    """Weigh entries by how many known records they are, then by how few others there are, and how much they show."""
    values = sum(min(len(one.leaves), MOST_VALUES) for one in shown if one.known is not None) / MOST_VALUES
    return count_known(shown) + precision(shown) + values / (2 * max(1, len(shown)))
