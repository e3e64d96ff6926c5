"""A new selector for a field: from where its stored values stand on today's pages, and only where that says enough."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from models.record import schema_of
from scraper.errors import SwatheError
from scraper.heal.field_values import LEAST_EVER, FieldValues, FoundPlace, same_value, value_key
from scraper.heal.known_records import EMPTY, UNREAD, is_as_stored, plain
from scraper.heal.place_names import ASKED, OLD, is_named, is_struck, words_at, words_in, words_of
from scraper.heal.text_parts import NUMBERS, doubt_of
from scraper.probe.column_selector import proposed_selectors
from scraper.probe.leaves import BESIDE, Aligned
from scraper.select import compiled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scraper.heal.field_places import FieldPlace
    from scraper.probe.leaves import Leaf
    from scraper.probe.outline import Element

MOST_PLACES, MOST_SELECTORS, MOST_EXAMPLES = 16, 48, 3

VALUE = re.compile(r"/(?:text\(\)(?:\[normalize-space\(\)\])?|@[\w-]+)$")
"""The end of a selector that says which text of an element is meant."""

CODE = re.compile("[A-Z]{3}")
"""A currency, which is the same everywhere as a rule, and nowhere has a name."""


class NotFoundError(SwatheError):
    """Report a field for which no selector is sure enough; the text goes on behind the field's name."""


class FieldSearch(FieldValues):
    """The search for the fields of one document, in the records that one method of the spider reads."""

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
        if doubt := doubt_of(self, place, tried[0]):
            raise NotFoundError(doubt)
        if isinstance(schema_of(self.document).fields[name], NUMBERS) and self.is_amount(
            place.name, tried[0].column.first
        ):
            self._check_is_the_price(place, tried[0])
        return tried[0]

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
                value = self.value_of(name, one, [self.told(leaf)])
                if value is not UNREAD and value not in EMPTY and _is_part(value, old, many=many):
                    rows[self.key_of(leaf)][number].append(leaf)
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
            if not all(map(same_value, mine, self._all_values(place.name, other.selector))):
                raise NotFoundError(
                    f"{best.selector} and {other.selector} both give its stored values, and differ elsewhere"
                )
        is_named = best.named or words_of(place) & words_in(best.column.first.text)
        if len({value_key(value) for value in stored}) > 1 or is_named or CODE.fullmatch(str(stored[0])):
            return
        raise NotFoundError(f"all {len(stored)} stored values are {stored[0]}, and nothing on the pages has its name")

    def _all_values(self, name: str, selector: str) -> list[Any]:
        return [self.value_of(name, one, one.read(selector)) for one in self.shown]

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
                is_own = leaf.text in given or same_value(own, self.value_of(place.name, one, [self.told(leaf)]))
                if self.is_amount(place.name, leaf) and not is_own:
                    rows[self.key_of(leaf)][number].append(leaf)
        others = [other.name for other in self.places if other.name != place.name]
        for key, found in rows.items():
            column = Aligned(key, found)
            is_between = key[0] and not best.column.key[0] and column.filled < LEAST_EVER
            if not is_between and not any(self.is_shown_in(other, place.name, found) for other in others):
                yield column


def _is_part(value: Any, stored: Any, *, many: bool) -> bool:
    """Say whether a value is the stored one; of a list, whether it has nothing else."""
    return set(map(plain, value)) <= set(map(plain, stored)) if many else is_as_stored(stored, value)


def _standing(leaf: Leaf) -> int:
    """Return how likely a place is of the record itself, 0 the likeliest: headings first, what is beside it last."""
    if any(above.tag in BESIDE for above in leaf.element.iterancestors()):
        return 2
    return 0 if leaf.element.tag in ("h1", "h2", "h3") else 1


def _is_within(element: Element, members: tuple[Element, ...]) -> bool:
    return element in members or any(above in members for above in element.iterancestors())
