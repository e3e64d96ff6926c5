"""The values of a document's fields on today's pages, as the spider's cleaners read them, beside the stored ones."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mongoengine import ListField

from models.record import schema_of
from scraper.heal.known_records import EMPTY, UNREAD, is_as_stored, plain
from scraper.probe.column_types import MONEY
from scraper.probe.leaves import Aligned, leaves_of
from scraper.select import compiled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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

MOST_LEAVES = 3_000
LONGEST_AMOUNT = 40
BARE = re.compile(r"\d[\d.,'\u2019\s]*[.,]\d\d")
"""An amount without its currency."""


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
class FieldValues:
    """The fields of one document, in the records that one method of the spider reads."""

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
        return [self.value_of(name, one, one.read(selector)) for one in self.known]

    def is_part(self, name: str) -> bool:
        """Say whether selectors of a field give a text of which it is a part."""
        return name in self._made

    @cached_property
    def _labels(self) -> Counter[str]:
        """In how many known records each label stands; one of a few is a value itself, such as a title with a colon."""
        return Counter(label for one in self.known for label in {leaf.label for leaf in one.leaves})

    def key_of(self, leaf: Leaf) -> tuple[str, ...]:
        """Return what is the same for a value's place in all records: its path, and its label where that is one."""
        label = leaf.label if self._labels[leaf.label] >= LEAST_EVER * len(self.known) else ""
        return (*leaf.key[:-1], label)

    def value_of(self, name: str, one: Shown, texts: list[Any]) -> Any:
        """Return what a field makes of the texts that a selector gives of a record."""
        raw: Any = texts if self.is_many(name) else (texts[0] if texts else None)
        if name in self._made:
            raw = self._made[name](texts[0]) if texts else None
        return self.reader.value(self.document, name, raw, one.page.url)

    def told(self, leaf: Leaf) -> Any:
        """Return what a field is given of a value."""
        return leaf.text

    def is_amount(self, name: str, leaf: Leaf) -> bool:
        """Say whether a value is a price, as a field is that is one."""
        text = leaf.text
        short = len(text) < LONGEST_AMOUNT and any(map(str.isdecimal, text))
        return short and bool(MONEY.search(text) or BARE.fullmatch(text))

    def is_shown_in(self, name: str, reads: str, rows: Sequence[Sequence[Leaf]]) -> bool:
        """Say whether the first texts of rows are stored values of a field; `reads` is the one that reads amounts."""
        shown = [
            stored == self.told(row[0]) or same_value(stored, self.value_of(reads, one, [self.told(row[0])]))
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
    commonest = Counter(value_key(old) for old, _ in pairs).most_common(1)[0][0]
    rare = [same for same, (old, _) in zip(equal, pairs, strict=True) if value_key(old) != commonest]
    empty = [same for same, (old, _) in zip(equal, pairs, strict=True) if old in EMPTY]
    enough = sum(equal) >= least * len(equal)
    return enough and all(sum(some) >= min(least, LEAST_OF_RARE) * len(some) for some in (rare, empty))


def same_value(one: Any, other: Any) -> bool:
    """Say whether two values that were read are the same; one that is refused is no other."""
    return one is other or (one is not UNREAD and other is not UNREAD and is_as_stored(one, other))


def value_key(value: Any) -> Any:
    """Return what is equal for values that are the same; nothing is nothing."""
    return "" if value in EMPTY else plain(value)
