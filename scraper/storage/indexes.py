"""Create the indexes that the documents' fields ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, TEXT, IndexModel
from pymongo.errors import OperationFailure

from models.record import UNTOLD, schema_of
from scraper.errors import DatabaseError

if TYPE_CHECKING:
    from mongoengine import Document
    from pymongo.collection import Collection
    from pymongo.database import Database

KEY_INDEX = "record_key"
"""Name of the unique index over the fields that tell one record from another."""

TEXT_INDEX = "record_text"
"""Name of the index over the fields that a text search looks into; a collection has one at most."""

_OTHER_OPTIONS, _OTHER_KEYS = 85, 86
"""Codes of MongoDB's for an index of that name, or a text index, that is another one."""


def ensure_indexes(database: Database[dict[str, Any]], document: type[Document], *, for_search: bool = False) -> None:
    """Create what is missing: a unique index of the key, one for each field with index=True.

    With `for_search` also the one of a text search, which makes storing a record half as dear again; so it is made for
    the first one who searches.
    """
    schema = schema_of(document)
    indexes = [IndexModel([(schema.columns[name], ASCENDING)], name=name) for name in schema.indexes]
    if schema.key:
        key = [(schema.columns[name], ASCENDING) for name in schema.key]
        indexes.append(IndexModel(key, name=KEY_INDEX, unique=True))
    if schema.searched and for_search:
        indexes.append(_text_index([schema.columns[name] for name in schema.searched]))
    if not indexes:
        return
    try:
        _create(database[schema.collection], indexes)
    except OperationFailure as error:
        raise DatabaseError(
            f"the indexes of '{schema.collection}' cannot be made ({error.details and error.details.get('errmsg')}): "
            f"`swathe migrate {schema.collection}` brings records of an older schema up to date"
        ) from error


def ensure_untold_index(collection: Collection[dict[str, Any]]) -> None:
    """Create the index of what listeners have not been told, by time; it has no entry for anything else."""
    keys = [(UNTOLD, ASCENDING), ("when", ASCENDING)]
    collection.create_index(keys, name="untold", partialFilterExpression={UNTOLD: {"$exists": True}})


def key_columns(collection: Collection[dict[str, Any]]) -> tuple[str, ...] | None:
    """Return the columns of a collection's unique index over the key; None where it has none."""
    index = collection.index_information().get(KEY_INDEX)
    return tuple(str(column) for column, _ in index["key"]) if index else None


def _text_index(columns: list[str]) -> IndexModel:
    """Return the index of a text search: words as they are written, whatever a field called `language` says."""
    return IndexModel(
        [(column, TEXT) for column in columns],
        name=TEXT_INDEX,
        default_language="none",
        language_override="__language",
    )


def _create(collection: Collection[dict[str, Any]], indexes: list[IndexModel]) -> None:
    """Create the indexes; a text index over other fields than before takes the place of the old one."""
    try:
        collection.create_indexes(indexes)
    except OperationFailure as error:
        if error.code not in (_OTHER_OPTIONS, _OTHER_KEYS) or TEXT_INDEX not in str(error):
            raise
        collection.drop_index(TEXT_INDEX)
        collection.create_indexes(indexes)
