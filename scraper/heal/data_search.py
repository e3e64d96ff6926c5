"""Where known records stand in today's data: the list that holds them, and the keys under which their values are."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cache, cached_property, reduce
from itertools import islice
from typing import TYPE_CHECKING, Any

from lxml import etree
from scrapy import Selector

from scraper.heal.field_search import FieldSearch, NotFoundError
from scraper.heal.field_values import LEAST_EQUAL, LEAST_KNOWN, MOST_LEAVES, Shown
from scraper.heal.known_records import EMPTY, UNREAD, plain
from scraper.heal.list_search import MOST_ENTRIES, count_known, is_as_good, weight
from scraper.page_data import Effort, PageData, data_in, record_lists
from scraper.page_data.parameters import CURSOR, LAST, MORE, TOTAL, place_of
from scraper.page_data.records import step
from scraper.paging.values import NotJsonError, decoded, in_json
from scraper.probe.data_paths import EACH, expression, paths_in, value_at
from scraper.probe.hint_answers import NEXT
from scraper.probe.leaves import Aligned, Leaf
from scraper.select import compiled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import CodeType

    from scrapy.http import TextResponse

    from scraper.heal.known_records import FieldReader, KnownRecords
    from scraper.paging.kind import ListPage
    from scraper.probe.data_paths import Path

DEEPEST, MOST_LISTS = 4, 10
"""Keys from an entry to a value, and lists of a page that are looked at, the largest first."""

NEAR = 4.0
"""How many times as large as a number another may be, or as small, to be taken for the same on another day."""

PLACES = {"total": (TOTAL, int), "last": (LAST, int), "more": (MORE, bool), "token": (CURSOR, str), "link": (NEXT, str)}
"""What a pagination may read of an answer: how its key is called, and what it holds."""

STATED = ("total", "last")
"""Of these, what a list goes on without."""

MISFITS = (KeyError, TypeError, AttributeError, IndexError)


@dataclass(frozen=True)
class DataLeaf(Leaf):
    """A value of an entry; its element has the keys that lead to it for classes, as what names a place on a page."""

    value: Any = None
    path: Path = ()


@dataclass(frozen=True)
class ShownEntry(Shown):
    """A record that is an entry of data; a selector is the Python expression that reads a value from it."""

    entry: dict[str, Any] = field(default_factory=dict)
    name: str = "data"
    """What expressions call the entry."""

    @cached_property
    def leaves(self) -> list[Leaf]:
        """Its values: what is no dict, and of a list of dicts the values of each key."""
        found: list[Leaf] = []
        for path in islice(self._paths(), MOST_LEAVES):
            value, keys = value_at(self.entry, path), [str(key) for key in path if key is not EACH]
            if value in EMPTY or (
                isinstance(value, list) and not all(isinstance(part, str | int | float) for part in value)
            ):
                continue
            above, element = (etree.Element("data", {"class": _as_xml(name)}) for name in (keys[-2:-1], keys[-1:]))
            above.append(element)
            text = " ".join(str(value).split())
            found.append(DataLeaf(element, "", text, "", (*map(str, path), ""), value, path))
        return found

    def read(self, selector: str) -> list[Any]:
        """Return the value that an expression reads, by itself; nothing where it raises an error or gives None."""
        try:
            value = eval(_code(selector), {"__builtins__": {}, self.name: self.entry})  # noqa: S307 - keys and `get`
        except MISFITS:
            return []
        return [] if value is None else [value]

    @property
    def given(self) -> Any:
        """What the spider's method is given."""
        return self.entry

    def _paths(self) -> Iterator[Path]:
        for path in paths_in(self.entry, DEEPEST):
            yield path
            value = value_at(self.entry, path)
            if isinstance(value, list) and value and all(isinstance(part, dict) for part in value):
                yield from ((*path, EACH, key) for key in value[0])


@cache
def _code(selector: str) -> CodeType:
    return compile(selector, "<field>", "eval")


@dataclass(frozen=True)
class FoundData:
    """The entries of a page that is data or carries them, and which known records they are."""

    selector: str
    """JMESPath from the answer to the list; of data inside a page, where they are, in words."""
    shown: tuple[ShownEntry, ...]
    search: DataSearch

    def on(self, page: TextResponse | None) -> set[str]:
        """Return what tells the entries of another page of the list; nothing of one that was not had."""
        return {repr(entry) for entry in self.search.list_at(self.selector, page)} if page is not None else set()


class DataSearch:
    """The search in a page for the list of entries that are known records."""

    def __init__(self, page: TextResponse, known: KnownRecords, reader: FieldReader, *, name: str, inside: bool):
        """`name` is what the spider calls an entry; `inside` says that a page of HTML carries the data."""
        self._page, self._known, self._reader, self._name, self._inside = page, known, reader, name, inside

    def entries(self, current: str) -> FoundData:
        """Return the entries at the current JMESPath where these are known records still, else those of another list.

        Raise NotFoundError where too few are, or a part of what the page has.
        """
        lists = self._lists_of(self._page)
        largest = sorted(lists, key=lambda where: -len(lists[where]))[:MOST_LISTS]
        found = {where: self._shown(lists[where]) for where in largest}
        best = max(found, key=lambda where: weight(found[where]), default="")
        if current:
            today = self._shown(self.list_at(current, self._page))
            if count_known(today) >= LEAST_KNOWN and is_as_good(today, found.get(best, ())):
                found[best := current] = today
        if count_known(found.get(best, ())) < LEAST_KNOWN:
            raise NotFoundError(
                f"{count_known(found.get(best, ()))} of the {len(self._known.records)} known records stand in one list "
                f"of {self._page.url}, expected {LEAST_KNOWN} or more"
            )
        here = {one["_id"] for one in self._known.by_url.get(self._page.url, ())}
        standing = {where: here & {one.known["_id"] for one in shown if one.known} for where, shown in found.items()}
        every = set().union(*standing.values())
        if len(standing[best]) < LEAST_EQUAL * len(every):
            raise NotFoundError(
                f"{best} has {len(standing[best])} of the {len(every)} known records on {self._page.url}"
            )
        return FoundData(best, found[best], self)

    def list_at(self, selector: str, page: TextResponse) -> list[Any]:
        """Return the list of a page at a JMESPath, or of one that carries data at a place in it; empty for none."""
        if self._inside:
            return self._lists_of(page).get(selector, [])
        found = in_json(_json(page), selector)
        return found if isinstance(found, list) else []

    def _lists_of(self, page: TextResponse) -> dict[str, list[dict[str, Any]]]:
        """Return the lists of records that a page has, by where they are."""
        effort = Effort(len(page.text))
        if not self._inside:
            return {one.path: one.entries for one in record_lists(PageData("", _json(page)), effort)}
        found = [one for data in data_in(page.selector.root, effort) for one in record_lists(data, effort)]
        return {f"{one.where} {one.path}".strip(): one.entries for one in found}

    def _shown(self, entries: Sequence[Any]) -> tuple[ShownEntry, ...]:
        """Return entries with the known records that they are, none of them twice."""
        given = [one for one in entries if isinstance(one, dict)][:MOST_ENTRIES]
        rows = [ShownEntry((etree.Element("data"),), self._page, None, one, self._name) for one in given]
        keys = [self._by_key(name, rows) for name in self._known.keys]
        seen: set[Any] = set()
        shown = []
        for place, row in enumerate(rows):
            ids = set.intersection(*(set(found[place]) for found in keys)) if keys else set()
            one = next(iter(ids)) if len(ids) == 1 and not ids & seen else None
            seen |= ids
            known = keys[0][place][one] if one is not None else None
            shown.append(ShownEntry(row.members, row.page, known, row.entry, row.name))
        return tuple(shown)

    def _by_key(self, name: str, rows: Sequence[ShownEntry]) -> list[dict[Any, dict[str, Any]]]:
        """Return for each entry the records that have its value of a key's field, read where most of them stand."""
        by_value = self._known.telling.get(name, {})
        hits: dict[Path, list[dict[Any, dict[str, Any]]]] = defaultdict(lambda: [{} for _ in rows])
        for place, row in enumerate(rows):
            for leaf in row.leaves:
                assert isinstance(leaf, DataLeaf)
                value = self._reader.value(self._known.document, name, leaf.value, self._page.url)
                for record in by_value.get(plain(value), ()) if value is not UNREAD else ():
                    hits[leaf.path][place][record["_id"]] = record
        return max(hits.values(), key=lambda found: len(set().union(*found)), default=[{} for _ in rows])

    def shown_by(self, selector: str) -> list[Shown]:
        """Return the entries of the list at a place."""
        return list(self._shown(self.list_at(selector, self._page)))


def moved_places(page: ListPage, known: int) -> Iterator[tuple[str, str, str]]:
    """Yield what a pagination reads of an answer and finds no more, where it was, and where such a thing stands now.

    Where nothing does, the last is empty. A total has to count the `known` records.
    """
    for name, (pattern, wanted) in PLACES.items():
        place = getattr(page.kind, name, "")
        if isinstance(place, str) and place and page.value(place) is None:
            now = place_of(page.data, pattern, wanted)
            is_less = name == "total" and now and page.value(now) < LEAST_EQUAL * known
            yield name, place, "" if is_less else now


def html_in(answer: TextResponse, current: str, items: str) -> str:
    """Return the JMESPath of the HTML in an answer, in which a selector finds most entries; empty for none.

    The current one stays where there are entries. Raise NotFoundError for what is no JSON.
    """
    data = _json(answer)
    ahead = list(paths_in(data, DEEPEST)) if isinstance(data, dict) else []
    texts = {reduce(step, path, ""): value_at(data, path) for path in ahead} | {current: in_json(data, current)}
    counts = {path: len(compiled(items)(Selector(text=text).root)) for path, text in texts.items() if _is_html(text)}
    best = max(counts, key=lambda path: (counts[path], path == current), default="")
    return current if counts.get(current) else best if counts.get(best) else ""


def _is_html(text: Any) -> bool:
    return isinstance(text, str) and "<" in text


def _json(page: TextResponse) -> Any:
    try:
        return decoded(page)
    except NotJsonError as error:
        raise NotFoundError(f"{page.url} {error}") from None


@dataclass
class DataFieldSearch(FieldSearch):
    """The search for fields in entries of data: a place is a path of keys."""

    def is_many(self, name: str) -> bool:
        """Return False: a list is one value."""
        return False

    def _selectors(self, column: Aligned) -> list[str]:
        leaf = column.first
        assert isinstance(leaf, DataLeaf)
        entries = [one.entry for one in self.shown if isinstance(one, ShownEntry)]
        return [expression(leaf.path, entries, self.places[0].context)]

    def told(self, leaf: Leaf) -> Any:
        """Return a value as the data has it: a number is one."""
        assert isinstance(leaf, DataLeaf)
        return leaf.value

    def is_amount(self, name: str, leaf: Leaf) -> bool:
        """Say whether a value stands where most are numbers near the field's own, as another price would be.

        A price is written as 12, 12.5 or "£12.50" there, so that its form says nothing.
        """
        near = self._near.get(name)
        if near is None:
            near = self._near[name] = self._places_near(name)
        return self.key_of(leaf) in near

    def _places_near(self, name: str) -> set[tuple[str, ...]]:
        there, near = Counter[tuple[str, ...]](), Counter[tuple[str, ...]]()
        for one, own in zip(self.known, self.stored(name), strict=True):
            for leaf in one.leaves:
                value = self.value_of(name, one, [self.told(leaf)])
                if own in EMPTY or value is UNREAD or value in EMPTY or isinstance(self.told(leaf), bool | list):
                    continue
                there[self.key_of(leaf)] += 1
                mine, other = float(plain(own)), float(plain(value))
                near[self.key_of(leaf)] += abs(mine) <= NEAR * abs(other) and abs(other) <= NEAR * abs(mine)
        return {key for key, count in there.items() if 2 * near[key] >= count}

    @cached_property
    def _near(self) -> dict[str, set[tuple[str, ...]]]:
        return {}


def _as_xml(keys: Sequence[str]) -> str:
    """Return keys as a class: without what XML cannot hold."""
    return " ".join("".join(sign for sign in key if sign.isprintable()) for key in keys)
