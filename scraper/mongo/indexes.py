"""Create the indexes that the documents' fields ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, IndexModel
from pymongo.errors import OperationFailure

from models.record import schema_of
from scraper.errors import DatabaseError

if TYPE_CHECKING:
    from mongoengine import Document
    from pymongo.collection import Collection
    from pymongo.database import Database

KEY_INDEX = "record_key"
"""Name of the unique index over the fields that tell one record from another."""


def ensure_indexes(database: Database[dict[str, Any]], document: type[Document]) -> None:
    """Create what is missing: a unique index over the key, and one for each field that is filtered or sorted by."""
    schema = schema_of(document)
    indexes = [IndexModel([(schema.columns[name], ASCENDING)], name=name) for name in schema.indexes]
    if schema.key:
        key = [(schema.columns[name], ASCENDING) for name in schema.key]
        indexes.append(IndexModel(key, name=KEY_INDEX, unique=True))
    if not indexes:
        return
    try:
        database[schema.collection].create_indexes(indexes)
    except OperationFailure as error:
        raise DatabaseError(
            f"the indexes of '{schema.collection}' cannot be made ({error.details and error.details.get('errmsg')}): "
            f"`swathe migrate {schema.collection}` brings records of an older schema up to date"
        ) from error


def key_columns(collection: Collection[dict[str, Any]]) -> tuple[str, ...] | None:
    """Return the columns of a collection's unique index over the key; None where it has none."""
    index = collection.index_information().get(KEY_INDEX)
    return tuple(str(column) for column, _ in index["key"]) if index else None
