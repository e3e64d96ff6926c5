"""Create the indexes that the documents' fields ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, IndexModel
from pymongo.errors import OperationFailure

from models.record import schema_of
from scraper.errors import DatabaseError

if TYPE_CHECKING:
    from mongoengine import Document
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
            f"drop the index that is in the way, or the records that share a key"
        ) from error
