"""A value asked for that no record has, and the value nearly like it that one has: `did you mean 'Poetry'?`."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

import mongoengine as me
from pymongo.errors import ExecutionTimeout

from scraper.query.filters import Filter, read_filter
from scraper.query.values import element

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mongoengine import Document
    from pymongo.collection import Collection
    from pymongo.database import Database

LOOKED_THROUGH, STEPS = 2_000, 50
"""Records that are looked through for values, and values to each side of the one asked for that an index gives."""

WAIT_MS = 250
"""Time of each look, at most: a hint is worth no scan of a million records."""

LONGEST = 100
"""Characters of a value that is compared with others; to compare takes quadratic time."""

LIKENESS = 0.75


def near_values(
    database: Database[dict[str, Any]], document: type[Document], filters: Sequence[str], *, is_empty: bool
) -> Iterator[str]:
    """Yield a line for each text in `filters` that no record has though one has nearly the same.

    Fields without an index are looked into when nothing was found (`is_empty`): that question has read them already.
    """
    collection = database[document._get_collection_name()]
    indexed = {index["key"][0][0] for index in collection.index_information().values()}
    for condition in filter(None, (read_filter(document, text) for text in filters)):
        is_indexed = condition.path.shown in indexed
        if _compares_text(condition) and (is_empty or is_indexed):
            for value in condition.values:
                if near := _near(collection, condition, value, is_indexed=is_indexed):
                    yield f"no {collection.name} have {condition.path.name} '{value}': did you mean '{near}'?"


def _compares_text(condition: Filter) -> bool:
    is_text = isinstance(element(condition.path.field), me.StringField)
    return is_text and condition.path.is_column and condition.operator.strip("!") in ("=", ":")


def _near(collection: Collection[dict[str, Any]], condition: Filter, value: str, *, is_indexed: bool) -> str | None:
    path = condition.path
    if not value or len(value) > LONGEST:
        return None
    try:
        if collection.find_one({path.column: value}, {"_id": 1}, max_time_ms=WAIT_MS):
            return None
        known = [*(element(path.field).choices or ()), *_some(collection, path.parts)]
        if is_indexed and not path.lists:
            known += [*_beside(collection, path.parts, value, 1), *_beside(collection, path.parts, value, -1)]
    except ExecutionTimeout:
        return None
    by_folded = {text.casefold(): text for text in known if isinstance(text, str) and len(text) <= LONGEST}
    near = get_close_matches(value.casefold(), by_folded, n=1, cutoff=LIKENESS)
    return by_folded[near[0]] if near else None


def _some(collection: Collection[dict[str, Any]], parts: Sequence[str]) -> Iterator[Any]:
    found = collection.find({}, {".".join(parts): 1}, limit=LOOKED_THROUGH, max_time_ms=WAIT_MS)
    for record in found:
        yield from _texts(record, parts)


def _beside(collection: Collection[dict[str, Any]], parts: Sequence[str], value: str, direction: int) -> Iterator[str]:
    """Yield the values after another one in the order of an index, or before it; each costs one look into the index."""
    column, operator = ".".join(parts), "$gt" if direction > 0 else "$lt"
    for _ in range(STEPS):
        order = [(column, direction)]
        record = collection.find_one({column: {operator: value}}, {column: 1}, sort=order, max_time_ms=WAIT_MS)
        if record is None:
            return
        value = next(iter(_texts(record, parts)))
        yield value


def _texts(value: Any, parts: Sequence[str]) -> Iterable[Any]:
    """Return the values at the end of a path, of lists each element."""
    if isinstance(value, list):
        return [text for part in value for text in _texts(part, parts)]
    if not parts:
        return [value]
    return _texts(value.get(parts[0]), parts[1:]) if isinstance(value, dict) else []
