"""Notice, before a crawl writes, that stored records are of an older schema than their documents."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

from models.record import schema_of
from scraper.errors import DatabaseError
from scraper.storage.indexes import key_columns
from scraper.storage.migration.stored import fits, old_columns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymongo.database import Database

    from models.record import Record

LOOKED_AT = 20
"""Records at each end of a collection whose values are held against their fields' types."""


def refuse_older_schema(database: Database[dict[str, Any]], documents: Iterable[type[Record]]) -> None:
    """Raise DatabaseError, naming `swathe migrate`, where a crawl would store records beside older ones. Blocks."""
    for document in documents:
        if what := _older(database, document):
            name = schema_of(document).collection
            raise DatabaseError(
                f"the stored {name} are of an older schema ({what}): "
                f"`swathe migrate {name} --dry-run` shows what has to change, without it the change is made"
            )


def _older(database: Database[dict[str, Any]], document: type[Record]) -> str:
    """Return what is older, or an empty text."""
    schema = schema_of(document)
    records = database[schema.collection]
    key, stored = tuple(schema.columns[name] for name in schema.key), key_columns(records)
    if stored not in (None, key):
        return f"their key is {', '.join(stored or ())}, expected {', '.join(key)}"
    for name in schema.content:
        for old in old_columns(document, name):
            if records.find_one({old: {"$exists": True}}, ["_id"]):
                return f"they have `{old}`, expected `{schema.columns[name]}`"
    for record in chain(*(records.find(sort=[("_id", order)], limit=LOOKED_AT) for order in (1, -1))):
        for name in schema.content:
            value = record.get(schema.columns[name])
            if not fits(schema.fields[name], value):
                return f"`{name}` is a {type(value).__name__}, expected a {type(schema.fields[name]).__name__}"
    return ""
