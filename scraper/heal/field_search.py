"""A new selector for a field: from where its stored values stand on today's pages, and only where that says enough."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mongoengine import Decimal128Field, DecimalField, FloatField, IntField, ListField

from models.record import schema_of
from scraper.errors import SwatheError
from scraper.heal.known_records import EMPTY, UNREAD, is_as_stored, plain
from scraper.heal.place_names import ASKED, OLD, is_named, is_struck, words_at, words_in, words_of
from scraper.probe.column_selector import proposed_selectors
from scraper.probe.column_types import MONEY
from scraper.probe.leaves import BESIDE, Aligned, leaves_of
from scraper.select import compiled

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scrapy.http import TextResponse

    from models.record import Record
    from scraper.heal.field_places import FieldPlace
    from scraper.heal.known_records import FieldReader
    from scraper.probe.leaves import Leaf
    from scraper.probe.outline import Element

LEAST_EQUAL = 0.9
"""The share of the stored values that a selector has to give, of a field that does not change from run to run."""

LEAST_OF_RARE = 0.8
"""The same of the values that are not the commonest one: a selector that always says yes is right of most books."""

LEAST_EVER = 0.5
LEAST_KNOWN = 3
"""Records that are known and stand on today's pages."""

MOST_LEAVES, MOST_PLACES, MOST_SELECTORS, MOST_EXAMPLES = 3_000, 16, 48, 3
LONGEST_AMOUNT = 40
BARE = re.compile(r"\d[\d.,'\u2019\s]*[.,]\d\d")
"""An amount without its currency."""

VALUE = re.compile(r"/(?:text\(\)(?:\[normalize-space\(\)\])?|@[\w-]+)$")
"""The end of a selector that says which text of an element is meant."""

CODE = re.compile("[A-Z]{3}")
"""A currency, which is the same everywhere as a rule, and nowhere has a name."""

NUMBERS = (IntField, FloatField, DecimalField, Decimal128Field)


class NotFoundError(SwatheError):
    """Report a field for which no selector is sure enough; the text goes on behind the field's name."""


@dataclass(frozen=True)
class Shown:
    """A record on one of today's pages."""

    members: tuple[Element, ...]
    """The elements that it consists of: the entry, or the page's root."""
    page: TextResponse
    known: dict[str, Any] | None
    """The record as MongoDB had it; None for one that is new."""

    @cached_property
    def leaves(self) -> list[Leaf]:
        """Its values, in texts and attributes."""
        return leaves_of(self.members, every_attribute=True, most=MOST_LEAVES)

    def read(self, selector: str) -> list[Any]:
        """Return the texts that a selector gives."""
        return [str(value) for value in compiled(selector)(self.members[0])]

    @property
    def given(self) -> Any:
        """What the spider's method is given, beside the page."""
        return self.members[0]


@dataclass(frozen=True)
class FoundPlace:
    """A selector, and how it does on the known records."""

    selector: str
    column: Aligned
    equal: int
    of: int
    named: int = 0
    """How many words of the field stand at the place."""


@dataclass
class FieldSearch:
    """The search for the fields of one document, in the records that one method of the spider reads."""

    document: type[Record]
    shown: list[Shown]
    reader: FieldReader
    places: Sequence[FieldPlace]
    """All fields that the method reads."""
    usual_changes: Mapping[str, float] = field(default_factory=dict)
    """By field: in which share of the records it changes from run to run."""

    @cached_property
    def known(self) -> list[Shown]:
        """The records that are known."""
        return [one for one in self.shown if one.known is not None]

    def __post_init__(self) -> None:
        self._made = {place.name: place.made for place in self.places if place.made is not None}

    def add(self, shown: Sequence[Shown]) -> None:
        """Search further records, too; before anything was looked for."""
        self.shown += shown
        self.__dict__.pop("known", None)

    def stored(self, name: str) -> list[Any]:
        """Return the stored values of a field, of the known records."""
        column = schema_of(self.document).columns[name]
        return [one.known.get(column) for one in self.known if one.known is not None]

    def is_many(self, name: str) -> bool:
        """Return whether a field is a list."""
        return isinstance(schema_of(self.document).fields[name], ListField)

    def least(self, name: str) -> float:
        """Return the share of stored values that have to be found again: of a field that often changes fewer."""
        return least_equal(self.usual_changes.get(name, 0.0))

    def is_right(self, name: str, values: Sequence[Any]) -> bool:
        """Say whether values are those of the known records."""
        return are_as_stored(list(zip(self.stored(name), values, strict=True)), self.least(name))

    def values_by(self, name: str, selector: str) -> list[Any]:
        """Return what a field makes of a selector, in the known records."""
        return [self._value(name, one, one.read(selector)) for one in self.known]

    def is_part(self, name: str) -> bool:
        """Say whether selectors of a field give a text of which it is a part."""
        return name in self._made

    def found(self, place: FieldPlace) -> FoundPlace:
        """Return the surest place of a field; raise NotFoundError.

        One that is a part of a text is looked for in such texts first, then by itself, where it is all of one.
        """
        made = self._made.get(place.name)
        try:
            found = self._found(place)
            if made is None or not all(made(leaf.text) == leaf.text for row in found.column.rows for leaf in row):
                return found
        except NotFoundError:
            if made is None:
                raise
        del self._made[place.name]
        return self._found(place)

    def _found(self, place: FieldPlace) -> FoundPlace:
        name, stored = place.name, self.stored(place.name)
        if all(value in EMPTY for value in stored):
            raise NotFoundError("no known record on today's pages has a value to look for")
        columns = self._columns(name)
        if not columns:
            shown = next(value for value in stored if value not in EMPTY)
            raise NotFoundError(f"its stored values, such as {str(shown)[:40]!r}, stand on none of today's pages")
        tried = [one for column in columns if (one := self._best_selector(place, column))]
        if not tried:
            least = f"{self.least(name):.0%}"
            raise NotFoundError(f"no selector gives {least} of its {len(stored)} stored values on today's pages")
        tried.sort(key=lambda one: (-one.equal, -one.named, _standing(one.column.first)))
        self._check_says_enough(place, tried)
        self._check_is_no_other(place, tried[0])
        if isinstance(schema_of(self.document).fields[name], NUMBERS) and self._is_amount(
            place.name, tried[0].column.first
        ):
            self._check_is_the_price(place, tried[0])
        return tried[0]

    @cached_property
    def _labels(self) -> Counter[str]:
        """In how many known records each label stands; one of a few is a value itself, such as a title with a colon."""
        return Counter(label for one in self.known for label in {leaf.label for leaf in one.leaves})

    def _key_of(self, leaf: Leaf) -> tuple[str, ...]:
        """Return what is the same for a value's place in all records: its path, and its label where that is one."""
        label = leaf.label if self._labels[leaf.label] >= LEAST_EVER * len(self.known) else ""
        return (*leaf.key[:-1], label)

    def _value(self, name: str, one: Shown, texts: list[Any]) -> Any:
        raw: Any = texts if self.is_many(name) else (texts[0] if texts else None)
        if name in self._made:
            raw = self._made[name](texts[0]) if texts else None
        return self.reader.value(self.document, name, raw, one.page.url)

    def _told(self, leaf: Leaf) -> Any:
        """Return what a field is given of a value."""
        return leaf.text

    def _is_amount(self, name: str, leaf: Leaf) -> bool:
        """Say whether a value is a price, as a field is that is one."""
        text = leaf.text
        short = len(text) < LONGEST_AMOUNT and any(map(str.isdecimal, text))
        return short and bool(MONEY.search(text) or BARE.fullmatch(text))

    def _selectors(self, column: Aligned) -> list[str]:
        """Return selectors of a place, as they are proposed of the first records that have it."""
        found: dict[str, None] = {}
        rows = [row for row in column.rows if row]
        for start in range(min(MOST_EXAMPLES, len(rows))):
            found.update(dict.fromkeys(proposed_selectors(Aligned(column.first.key, rows[start:]))))
        return list(found)[:MOST_SELECTORS]

    def _columns(self, name: str) -> list[Aligned]:
        """Return where stored values stand, those of most records first."""
        rows: dict[tuple[str, ...], list[list[Leaf]]] = defaultdict(lambda: [[] for _ in self.known])
        many, stored = self.is_many(name), self.stored(name)
        for number, (one, old) in enumerate(zip(self.known, stored, strict=True)):
            for leaf in one.leaves if old not in EMPTY else ():
                value = self._value(name, one, [self._told(leaf)])
                if value is not UNREAD and value not in EMPTY and _is_part(value, old, many=many):
                    rows[self._key_of(leaf)][number].append(leaf)
        columns = [Aligned(key, found) for key, found in rows.items()]
        columns = [column for column in columns if column.filled >= LEAST_EVER * self._filled(stored)]
        return sorted(columns, key=lambda column: -column.filled)[:MOST_PLACES]

    @staticmethod
    def _filled(stored: Sequence[Any]) -> float:
        return sum(value not in EMPTY for value in stored) / len(stored)

    def _best_selector(self, place: FieldPlace, column: Aligned) -> FoundPlace | None:
        """Return the first selector of a place that gives most of the stored values, and gives nothing behind them."""
        named = len(words_of(place) & words_at(column))
        found = []
        for selector in self._selectors(column):
            values = self.values_by(place.name, selector)
            if self.is_right(place.name, values) and self._stays_within(selector):
                equal = sum(map(is_as_stored, self.stored(place.name), values))
                alone = self.is_many(place.name) or all(len(one.read(selector)) < 2 for one in self.shown)
                found.append((equal, alone, FoundPlace(selector, column, equal, len(values), named)))
                if alone and equal == len(values):
                    break
        return max(found, key=lambda one: one[:2])[2] if found else None

    def _stays_within(self, selector: str) -> bool:
        """Say whether a selector gives nothing of the next record, where one consists of elements side by side."""
        if not selector.startswith("./following-sibling::"):
            return True
        elements = [(one, compiled(VALUE.sub("", selector))(one.members[0])) for one in self.shown]
        return all(_is_within(element, one.members) for one, found in elements for element in found)

    def _check_says_enough(self, place: FieldPlace, tried: Sequence[FoundPlace]) -> None:
        """Raise NotFoundError where the values stand in other places as well, and none has the field's name."""
        best, stored = tried[0], self.stored(place.name)
        mine = self._all_values(place.name, best.selector)
        rivals = [one for one in tried[1:] if one.equal == best.equal and one.named >= best.named]
        for other in rivals:
            if not all(map(_same, mine, self._all_values(place.name, other.selector))):
                raise NotFoundError(
                    f"{best.selector} and {other.selector} both give its stored values, and differ elsewhere"
                )
        is_named = best.named or words_of(place) & words_in(best.column.first.text)
        if len({_key(value) for value in stored}) > 1 or is_named or CODE.fullmatch(str(stored[0])):
            return
        raise NotFoundError(f"all {len(stored)} stored values are {stored[0]}, and nothing on the pages has its name")

    def _all_values(self, name: str, selector: str) -> list[Any]:
        return [self._value(name, one, one.read(selector)) for one in self.shown]

    def _check_is_no_other(self, place: FieldPlace, best: FoundPlace) -> None:
        """Raise NotFoundError where the values stand at what is another field by its name: they have been swapped."""
        mine = [one.read(best.selector) for one in self.known]
        for other in self.places:
            selector = other.selector
            if other.name == place.name or not is_named(selector):
                continue
            theirs = [one.read(selector) for one in self.known]
            same = sum(bool(a) and a[:1] == b[:1] for a, b in zip(mine, theirs, strict=True))
            if same > LEAST_EVER * len(mine) and not self.is_right(other.name, self.values_by(other.name, selector)):
                raise NotFoundError(
                    f"its stored values stand where `{other.name}` is read ({selector}): were they swapped?"
                )

    def _check_is_the_price(self, place: FieldPlace, best: FoundPlace) -> None:
        """Raise NotFoundError for a price that may be an old one: it is called so, or another stands beside it."""
        words, at = words_of(place), words_at(best.column)
        rows = zip(best.column.rows, self.known, strict=True)
        struck = any(is_struck(leaf.element, one.members[0]) for row, one in rows for leaf in row)
        if (struck or at & OLD) and not words & OLD:
            raise NotFoundError(f"its stored values stand where the pages show an old price ({best.selector})")
        for rival in self._prices_beside(place, best):
            theirs = words_at(rival)
            if best.named and theirs & OLD:
                continue
            if best.named <= len(words & theirs) or (theirs - at) & ASKED:
                what = rival.first.text[:30]
                raise NotFoundError(
                    f"{best.selector} gives its stored values, but there is another price, such as {what!r}"
                )

    def _prices_beside(self, place: FieldPlace, best: FoundPlace) -> Iterator[Aligned]:
        """Yield where other amounts stand, if only in one record: a sale need not be of all.

        Left out are those that are other fields' stored values, and advertisements between some of the entries.
        """
        rows: dict[tuple[str, ...], list[list[Leaf]]] = defaultdict(lambda: [[] for _ in self.known])
        for number, (one, own) in enumerate(zip(self.known, self.stored(place.name), strict=True)):
            given = {" ".join(str(text).split()) for text in one.read(best.selector)}
            for leaf in one.leaves:
                is_own = leaf.text in given or _same(own, self._value(place.name, one, [self._told(leaf)]))
                if self._is_amount(place.name, leaf) and not is_own:
                    rows[self._key_of(leaf)][number].append(leaf)
        others = [other.name for other in self.places if other.name != place.name]
        for key, found in rows.items():
            column = Aligned(key, found)
            is_between = key[0] and not best.column.key[0] and column.filled < LEAST_EVER
            if not is_between and not any(self._is_shown_in(other, place.name, found) for other in others):
                yield column

    def _is_shown_in(self, name: str, reads: str, rows: Sequence[Sequence[Leaf]]) -> bool:
        """Say whether the first texts of rows are stored values of a field; `reads` is the one that reads amounts."""
        shown = [
            stored == self._told(row[0]) or _same(stored, self._value(reads, one, [self._told(row[0])]))
            for one, row, stored in zip(self.known, rows, self.stored(name), strict=True)
            if row
        ]
        return bool(sum(shown) >= self.least(name) * len(shown))


def least_equal(usual_changes: float) -> float:
    """Return the share of stored values that a field has to give again, of one that usually changes in such a share."""
    return max(LEAST_EVER, LEAST_EQUAL - usual_changes)


def are_as_stored(pairs: Sequence[tuple[Any, Any]], least: float) -> bool:
    """Say whether enough values are the stored ones, of pairs of both: at least such a share of all.

    So have to be most of those that are not the commonest one, and most of those where nothing was.
    """
    equal = [new is not UNREAD and is_as_stored(old, new) for old, new in pairs]
    commonest = Counter(_key(old) for old, _ in pairs).most_common(1)[0][0]
    rare = [same for same, (old, _) in zip(equal, pairs, strict=True) if _key(old) != commonest]
    empty = [same for same, (old, _) in zip(equal, pairs, strict=True) if old in EMPTY]
    enough = sum(equal) >= least * len(equal)
    return enough and all(sum(some) >= min(least, LEAST_OF_RARE) * len(some) for some in (rare, empty))


def _is_part(value: Any, stored: Any, *, many: bool) -> bool:
    """Say whether a value is the stored one; of a list, whether it has nothing else."""
    return set(map(plain, value)) <= set(map(plain, stored)) if many else is_as_stored(stored, value)


def _same(one: Any, other: Any) -> bool:
    return one is other or (one is not UNREAD and other is not UNREAD and is_as_stored(one, other))


def _key(value: Any) -> Any:
    return "" if value in EMPTY else plain(value)


def _standing(leaf: Leaf) -> int:
    """Return how likely a place is of the record itself, 0 the likeliest: headings first, what is beside it last."""
    if any(above.tag in BESIDE for above in leaf.element.iterancestors()):
        return 2
    return 0 if leaf.element.tag in ("h1", "h2", "h3") else 1


def _is_within(element: Element, members: tuple[Element, ...]) -> bool:
    return element in members or any(above in members for above in element.iterancestors())
