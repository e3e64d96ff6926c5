"""Records made of what spiders of Scrapy's own kind yield: dicts, Items, dataclasses, attrs and pydantic objects."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from hashlib import blake2b
from math import isfinite
from typing import TYPE_CHECKING, Any
from uuid import UUID

from bson import Decimal128, ObjectId
from itemadapter import ItemAdapter

from models.learned import LearnedRecord, attribute_of, holds, learned_document, learned_documents, unfit_names
from models.record import JOINT, WHOLE_RECORD, Found, Record, schema_of
from models.registry import all_documents, record_documents

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scrapy.http import Response

MOST_DEEP = 50
"""Levels of values in values; MongoDB takes 100."""

Wanted = type[Record] | str
"""A document, or the name of a collection whose document is learned."""


class PlainItems:
    """Which record each item of a spider is.

    That is what the spider's `records` says for the item's class, else the one document of the project that has its
    name and fields, or its fields; else a document learned from the items, in a collection named after the spider.
    """

    def __init__(self, spider: str, wanted: Mapping[Any, Wanted], key: Sequence[str], home: str) -> None:
        self._spider, self._wanted, self._key, self._home = spider, wanted, tuple(key), home
        self._chosen: dict[Any, type[Record]] = {}
        documents = [document for document in wanted.values() if not isinstance(document, str)]
        known = [document for document in learned_documents().values() if spider in document.spiders]
        self.documents: dict[type[Record], None] = dict.fromkeys([*documents, *known])
        """The documents of items that were seen, now or by earlier crawls, or are declared."""

    def record_of(self, item: Any, response: Response | None) -> Found:
        """Return the record that an item is, with what is wrong with it; raise TypeError for what is no item."""
        if not ItemAdapter.is_item(item):
            raise TypeError(
                f"the spider yielded a {type(item).__name__}, expected a request or an item: "
                f"a dict, an Item, a dataclass, an attrs or pydantic object, or a record of models/"
            )
        given = ItemAdapter(item).asdict()
        document = self._document_of(item, given)
        found = document.found(response) if response is not None else Found(document, "", {})
        if own := _address(given.get("url")):
            found.url = own
        found.url = found.url or self._home
        if issubclass(document, LearnedRecord):
            self._fill(found, document, given)
        else:
            content = {"url", *schema_of(document).content}
            found.raw = {name: value for name, value in given.items() if name != "url" and name in content}
            found.faults = {
                str(name): f"{document.__name__} has no such field" for name in given if name not in content
            }
        if not found.url:
            found.faults["url"] = "was yielded without a page, by a spider without `start_urls`: give the item a `url`"
        return found

    @property
    def has_no_key(self) -> bool:
        """Whether items are told apart by all that they hold."""
        return not self._key and any(issubclass(document, LearnedRecord) for document in self.documents)

    def _fill(self, found: Found, document: type[LearnedRecord], given: Mapping[Any, Any]) -> None:
        """Set the values of a record without a document of its own, and let the document learn from them."""
        found.faults = unfit_names(given)
        if _address(given.get("url")) == found.url and given.get("url"):
            given = {name: value for name, value in given.items() if name != "url"}
        values: dict[str, Any] = {}
        for name, value in given.items():
            if str(name) not in found.faults:
                try:
                    values[name] = plain(value)
                    holds(values[name])
                except (ValueError, TypeError) as fault:
                    found.faults[name], values[name] = str(fault), str(value)
        found.raw = {attribute_of(name): value for name, value in values.items()}
        found.raw["item_id"] = self._id_of(found, values)
        if not found.faults:
            try:
                document.learn({name: holds(value) for name, value in values.items()}, self._spider)
            except ValueError as fault:
                found.faults[WHOLE_RECORD] = str(fault)

    def _id_of(self, found: Found, values: Mapping[str, Any]) -> str | None:
        if not self._key:
            said = json.dumps([found.url, values], sort_keys=True, default=str)
            return blake2b(said.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
        parts = {name: found.url if name == "url" else values.get(name) for name in self._key}
        lacking = [name for name, value in parts.items() if value is None or isinstance(value, list | dict)]
        if lacking:
            found.faults[lacking[0]] = "is part of the spider's item_key, and not there: expected a text or number"
            return None
        return JOINT.join(str(value) for value in parts.values())

    def _document_of(self, item: Any, given: Mapping[Any, Any]) -> type[Record]:
        shape = (type(item), frozenset(given))
        if shape not in self._chosen:
            if len(self._chosen) > 1000:
                self._chosen.clear()
            self._chosen[shape] = self._choose(type(item), given)
            self.documents[self._chosen[shape]] = None
        return self._chosen[shape]

    def _choose(self, kind: type, given: Mapping[Any, Any]) -> type[Record]:
        names = {kind, kind.__name__, *kind.__mro__}
        wanted = next((document for name, document in self._wanted.items() if name in names), None)
        if wanted is not None and not isinstance(wanted, str):
            return wanted
        fitting = [document for document in record_documents().values() if _fits(document, given)]
        named = [one for one in fitting if one.__name__.casefold() == kind.__name__.removesuffix("Item").casefold()]
        if wanted is None and len(named or fitting) == 1:
            return (named or fitting)[0]
        collection = wanted or re.sub(r"\W", "_", self._spider)
        taken = all_documents().get(collection)
        return learned_document(
            collection if taken is None or issubclass(taken, LearnedRecord) else f"{collection}_items"
        )


def plain(value: Any, deep: int = 0) -> Any:
    """Return a value as MongoDB holds it; raise ValueError for one that it cannot hold."""
    if deep > MOST_DEEP:
        raise ValueError(f"has more than {MOST_DEEP} levels of values in values")
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, float) and not isfinite(value):
        raise ValueError(f"{value} is no number: leave it out, or give None")
    if value is None or isinstance(value, str | bool | int | float | bytes | ObjectId | UUID | Decimal128):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    if isinstance(value, Decimal):
        return Decimal128(value)
    if isinstance(value, set | frozenset):
        return [plain(part, deep + 1) for part in sorted(value, key=str)]
    if isinstance(value, list | tuple):
        return [plain(part, deep + 1) for part in value]
    if isinstance(value, Mapping):
        if odd := unfit_names(value):
            raise ValueError(f"its key {next(iter(odd))!r} {odd[next(iter(odd))]}")
        return {name: plain(part, deep + 1) for name, part in value.items()}
    raise ValueError(f"a {type(value).__name__} cannot be stored: expected text, numbers, times, lists and dicts")


def _fits(document: type[Record], given: Mapping[Any, Any]) -> bool:
    """Return whether a document has every field of an item, and requires no other."""
    schema, names = schema_of(document), set(given) - {"url"}
    return (
        not issubclass(document, LearnedRecord) and bool(names) and set(schema.required) <= names <= set(schema.content)
    )


def _address(value: Any) -> str:
    return value if isinstance(value, str) and value.startswith(("http://", "https://")) else ""
