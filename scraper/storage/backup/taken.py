"""What of a backup is taken: documents whose values have the types of their fields, and indexes that remove nothing."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import bson
from mongoengine import DateTimeField, ValidationError

from models.record import Record
from models.registry import all_documents
from scraper.errors import FileError

if TYPE_CHECKING:
    from pathlib import Path

AGE = "expireAfterSeconds"
"""The option of an index with which MongoDB removes documents by their age; no index of Swathe's has it."""


class Customs:
    """Looks through what a backup brings, which somebody else may have written."""

    def __init__(self, path: Path) -> None:
        self._path, self._documents = path, all_documents()

    def check_indexes(self, collection: str, indexes: list[Any]) -> None:
        """Raise FileError for an index that would remove documents, or that is none."""
        for index in indexes:
            if not isinstance(index, dict) or AGE in index:
                raise self._refused(f"an index of '{collection}' would remove documents by their age ({AGE})")

    def check_document(self, collection: str, data: bytes) -> None:
        """Raise FileError for a document with a value of another type than its field has.

        Of a record only what Swathe keeps about it is looked at: its own fields may be of an earlier schema, which
        `swathe migrate` takes along.
        """
        if (document := self._documents.get(collection)) is None:
            return
        fields = Record._fields if issubclass(document, Record) else document._fields
        found = bson.decode(data)
        for field in fields.values():
            value = found.get(field.db_field)
            if value is not None and (fault := _fault(field, value)):
                shown = f"{field.db_field} is {value!r:.60}"
                raise self._refused(f"a document of '{collection}' is none: {shown}, {fault}")

    def _refused(self, what: str) -> FileError:
        return FileError(f"{self._path} cannot be restored ({what}): nothing was changed; use another backup")


def _fault(field: Any, value: Any) -> str:
    """Return what is wrong with a stored value for a field; empty when nothing is."""
    if isinstance(field, DateTimeField):  # it would take a text, too
        return "" if isinstance(value, datetime) else "expected a time"
    try:
        field.validate(field.to_python(value))
    except (ValidationError, TypeError, ValueError, AttributeError, KeyError) as error:
        return " ".join(f"expected another value: {error}".split())[:120]
    return ""
