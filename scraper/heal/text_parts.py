"""What speaks against a place that shows a field's value as a part of a longer text: it may be of something else."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from mongoengine import Decimal128Field, DecimalField, FloatField, IntField

from models.record import schema_of
from scraper.heal.field_values import FoundPlace
from scraper.heal.known_records import EMPTY, UNREAD, is_as_stored, plain
from scraper.heal.place_names import words_at, words_in, words_of
from scraper.probe.leaves import Aligned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scraper.heal.field_places import FieldPlace
    from scraper.heal.field_values import FieldValues

NUMBERS = (IntField, FloatField, DecimalField, Decimal128Field)
MOST_OF = 0.5
"""The share of the known records in which a place is one of theirs."""

LETTER = re.compile(r"[^\W\d_]")
DIGITS = re.compile(r"\d+")


def doubt_of(search: FieldValues, place: FieldPlace, best: FoundPlace) -> str:
    """Return why a text of which a field's value is a part may be of something else; empty where nothing says so.

    A number stands in many texts by chance, or because they tell of it: "tag 37x", "now with 37 stories". One that has
    the field's name is its own. So is one that it was read from before, together with another field.
    """
    own = words_of(place).difference(*(words_of(one) for one in search.places if not _is_with(one, place)))
    text = best.column.first.text
    if own & (words_at(best.column) | words_in(text)) or not _is_in_more(search, place, best):
        return ""
    for other in search.places:
        if not _is_with(other, place) and _is_text_of(search, other, place, best):
            return f"{best.selector} gives its stored values, but is the text of `{other.name}`: {text[:30]!r}"
    if isinstance(schema_of(search.document).fields[place.name], NUMBERS) and _is_among_words(search, place, best):
        for number in _numbers_beside(search, place, best, own):
            return (
                f"{best.selector} gives its stored values in other words, such as {text[:30]!r}, and its place may be "
                f"that of {number[:30]!r}"
            )
    return ""


def _is_with(other: FieldPlace, place: FieldPlace) -> bool:
    """Say whether two fields are read from one text by the spider as it is; a field is with itself."""
    return ast.unparse(other.origin) == ast.unparse(place.origin)


def _is_in_more(search: FieldValues, place: FieldPlace, best: FoundPlace) -> bool:
    """Say whether texts are more than a field's values; a number is never all of one, as other fields read texts."""
    there = [
        not {_written(leaf.text) for leaf in row} & {_written(part) for part in _parts(mine) if isinstance(part, str)}
        for row, mine in zip(best.column.rows, search.stored(place.name), strict=True)
        if row
    ]
    return _are_most(there)


def _is_text_of(search: FieldValues, other: FieldPlace, place: FieldPlace, best: FoundPlace) -> bool:
    """Say whether another field is all of the texts at a place, with this field's value in it."""
    rows = zip(best.column.rows, search.known, search.stored(other.name), search.stored(place.name), strict=True)
    there = [
        any(_has(theirs, leaf.text, mine) or _reads(search, other.name, one, told, theirs, mine)
            for leaf in row for told in [search.told(leaf)])
        for row, one, theirs, mine in rows if row
    ]  # fmt: skip
    return _are_most(there)


def _has(theirs: Any, text: str, mine: Any) -> bool:
    """Say whether a text is another field's value, or stands in it with more than this field's value."""
    values = [_written(value) for value in _parts(theirs) if value not in EMPTY]
    text = _written(text)
    return text in values or (text != _written(mine) and any(f" {text} " in f" {value} " for value in values))


def _reads(search: FieldValues, name: str, one: Any, told: Any, theirs: Any, mine: Any) -> bool:
    """Say whether another field reads its value from what a place tells, and has this field's value in it."""
    value = search.value_of(name, one, [told])
    if value is UNREAD or theirs in EMPTY or not is_as_stored(theirs, value):
        return False
    written, part = _written(theirs), _written(mine)
    digits = set(DIGITS.findall(part))
    return digits <= set(DIGITS.findall(written)) if digits else part in written


def _parts(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _written(value: Any) -> str:
    """Return a value as a text that is equal where the page's spelling alone differs; 31.00 is 31."""
    value = plain(value)
    text = f"{value.normalize():f}" if hasattr(value, "normalize") else str(value)
    return " ".join(text.split()).casefold()


def _is_among_words(search: FieldValues, place: FieldPlace, best: FoundPlace) -> bool:
    """Say whether numbers stand in texts with words; amounts of money have checks of their own."""
    leaves = [leaf for row in best.column.rows for leaf in row]
    worded = [leaf for leaf in leaves if LETTER.search(leaf.text) and not search.is_amount(place.name, leaf)]
    return len(worded) > MOST_OF * len(leaves)


def _numbers_beside(search: FieldValues, place: FieldPlace, best: FoundPlace, own: set[str]) -> Iterator[str]:
    """Yield other numbers of most records that may be the field's new ones.

    They are what its present selector gives, what has its name, and numbers by themselves that are no other field's.
    """
    if place.selector:
        texts = [one.read(place.selector) for one in search.known]
        values = search.values_by(place.name, place.selector)
        if _are_most([value is not UNREAD and value not in EMPTY for value in values]):
            yield next(" ".join(text[0].split()) for text in texts if text)
    rows: dict[tuple[str, ...], list[list[Any]]] = defaultdict(lambda: [[] for _ in search.known])
    for number, one in enumerate(search.known):
        for leaf in one.leaves:
            rows[search.key_of(leaf)][number].append(leaf)
    others = [one.name for one in search.places if one.name != place.name]
    for key, found in rows.items():
        column = Aligned(key, found)
        if key == best.column.key or column.is_constant or not _are_most([bool(row) for row in found]):
            continue
        values = [search.value_of(place.name, one, [search.told(row[0])]) if row else None
                  for one, row in zip(search.known, found, strict=True)]  # fmt: skip
        is_alone = not any(LETTER.search(leaf.text) for row in found for leaf in row)
        is_number = _are_most([value is not UNREAD and value not in EMPTY for value in values])
        is_theirs = any(search.is_shown_in(name, place.name, found) for name in others)
        if is_number and (is_alone or own & words_at(column)) and not is_theirs:
            yield column.first.text


def _are_most(told: list[bool]) -> bool:
    return sum(told) > MOST_OF * len(told)
