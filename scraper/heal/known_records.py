"""The records that are known from before a run, each as it was then: their values are looked for on today's pages."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from bson import Decimal128

from models.record import Found, schema_of
from models.sameness import is_same
from models.system import Change

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from pymongo.database import Database

    from models.record import Record
    from scraper.pages.reread import TodaysSpiders

    Mongo = Database[dict[str, Any]]

CHANGES = Change._get_collection_name()
MOST = 2_000
"""Records that are looked for, of those that were stored first and of those that were stored last."""

EMPTY: tuple[Any, ...] = (None, "", [])
UNREAD: Any = object()
"""Stands for the value of a text that a cleaner refuses."""

LEAST_TELLING = 6
"""Characters of a text that tells a record from others."""


class FieldReader:
    """Reads texts as a crawl does: the field's cleaner, its checks, and what MongoDB would hold."""

    def __init__(self, spiders: TodaysSpiders) -> None:
        self._spiders = spiders
        self._read: dict[tuple[Any, ...], Any] = {}

    def value(self, document: type[Record], name: str, raw: Any, url: str) -> Any:
        """Return what a field makes of a text, or of the list of them; UNREAD where it would be refused."""
        # 1, True and "1" are values of their own.
        known = (document, name, type(raw), raw if isinstance(raw, str) else repr(raw), url)
        if known not in self._read:
            found = Found(document, url, {name: raw})
            self._spiders.check([found])
            refused = name in found.faults and raw not in EMPTY
            self._read[known] = UNREAD if refused else found.stored.get(schema_of(document).columns[name])
        return self._read[known]


@dataclass(frozen=True)
class KnownRecords:
    """The records of one document, as MongoDB had them."""

    document: type[Record]
    records: tuple[dict[str, Any], ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """The fields that tell records apart."""
        return tuple(schema_of(self.document).key)

    @cached_property
    def by_url(self) -> dict[str, list[dict[str, Any]]]:
        """The records by the address of the page that showed them."""
        found = defaultdict(list)
        for record in self.records:
            found[record["url"]].append(record)
        return dict(found)

    @cached_property
    def telling(self) -> dict[str, dict[Any, list[dict[str, Any]]]]:
        """By field that tells records apart, the records by value: the key's fields, and texts unlike all others."""
        schema, found = schema_of(self.document), {}
        for name in schema.content:
            by_value: dict[Any, list[dict[str, Any]]] = defaultdict(list)
            for record in self.records:
                if (value := record.get(schema.columns[name])) not in EMPTY and not isinstance(value, list):
                    by_value[plain(value)].append(record)
            texts = all(isinstance(value, str) and len(value) >= LEAST_TELLING for value in by_value)
            if name in schema.key or (by_value and texts and all(len(same) == 1 for same in by_value.values())):
                found[name] = dict(by_value)
        return found

    def shown_by(self, texts: Iterable[str], url: str, reader: FieldReader, *, loosely: bool) -> list[dict[str, Any]]:
        """Return the records of which some texts have the key; `loosely`, without any, those that other texts tell."""
        schema, texts = schema_of(self.document), list(texts)
        hits: dict[Any, dict[str, dict[str, Any]]] = defaultdict(dict)
        for name, by_value in self.telling.items():
            for text in texts:
                value = reader.value(self.document, name, text, url)
                for record in by_value.get(plain(value), ()) if value is not UNREAD else ():
                    hits[record["_id"]][name] = record
        whole = [by_name for by_name in hits.values() if all(name in by_name for name in schema.key)]
        others = [by_name for by_name in hits.values() if any(name not in schema.key for name in by_name)]
        return [next(iter(by_name.values())) for by_name in (whole or (others if loosely else []))]


def known_records(database: Mongo, document: type[Record], site: str, before: datetime) -> KnownRecords:
    """Return the records of a site that were there before a moment, each as it was then. Blocks.

    `site` is an address of it. Of a large collection those that were stored first and those that were stored last.
    """
    host = urlsplit(site).netloc.replace(".", r"\.")
    collection = database[schema_of(document).collection]
    query = {"first_seen": {"$lt": before}, "url": {"$regex": f"^https?://{host}/"}}
    query["$or"] = [{"gone_at": None}, {"gone_at": {"$gte": before}}]
    found = {}
    for order in (1, -1):
        found.update({row["_id"]: row for row in collection.find(query, sort=[("_id", order)], limit=MOST)})
    changes = database[CHANGES].find({"record": {"$in": list(found)}, "when": {"$gte": before}}, sort=[("when", -1)])
    for change in changes:
        # The latest first, so that the earliest change has the last word.
        found[change["record"]][change["field"]] = change.get("old")
    return KnownRecords(document, tuple(found.values()))


def is_as_stored(stored: Any, value: Any) -> bool:
    """Say whether a value is the stored one; nothing is nothing, and the order of a list says nothing."""
    if stored in EMPTY or value in EMPTY:
        return stored in EMPTY and value in EMPTY
    if isinstance(stored, list) and isinstance(value, list):
        return sorted(map(str, stored)) == sorted(map(str, value))
    return is_same(stored, value)


def plain(value: Any) -> Any:
    """Return a value that is equal where values are the same, and can be looked up."""
    if isinstance(value, Decimal128):
        return value.to_decimal()
    return value if not isinstance(value, list | dict) else str(value)
