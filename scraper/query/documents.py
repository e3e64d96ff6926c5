"""The document of a collection by its name: of a module of `models/`, or learned from the items of a spider."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.registry import all_documents, record_documents
from scraper.core.config import load_config
from scraper.errors import DatabaseError, UsageError, expected_one_of
from scraper.storage.connection import connection_to

if TYPE_CHECKING:
    from mongoengine import Document

    from models.record import Record


def document_called(name: str) -> type[Document]:
    """Return the document of records, or of what Swathe itself keeps; raise UsageError, naming those there are."""
    documents = all_documents()
    if name not in documents:
        _recall()
        documents = all_documents()
    if name not in documents:
        raise UsageError(f"there are no records '{name}': {expected_one_of(name, documents)}")
    return documents[name]


def record_called(name: str) -> type[Record]:
    """Return the document of records; raise UsageError, naming those there are."""
    documents = record_documents()
    if name not in documents:
        _recall()
        documents = record_documents()
    if name not in documents:
        raise UsageError(f"there are no records '{name}': {expected_one_of(name, documents)}")
    return documents[name]


def _recall() -> None:
    """Connect, and so take in what MongoDB knows of items; without MongoDB nothing more is known."""
    try:
        with connection_to(load_config().mongodb):
            pass
    except DatabaseError:
        return
