"""The document of a collection by its name: of a module of `models/`, or learned from the items of a spider."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from models.learned import recall
from models.registry import all_documents, record_documents
from scraper.core.config import load_config
from scraper.errors import DatabaseError, UsageError, expected_one_of
from scraper.storage.connection import connection_to

if TYPE_CHECKING:
    from collections.abc import Callable

    from mongoengine import Document

    from models.record import Record

D = TypeVar("D")


def document_called(name: str) -> type[Document]:
    """Return the document of records, or of what Swathe itself keeps; raise UsageError, naming those there are."""
    return _called(name, all_documents)


def record_called(name: str) -> type[Record]:
    """Return the document of records; raise UsageError, naming those there are."""
    return _called(name, record_documents)


def _called(name: str, known: Callable[[], dict[str, type[D]]]) -> type[D]:
    if name not in (documents := known()):
        _recall()
        documents = known()
    if name not in documents:
        raise UsageError(f"there are no records '{name}': {expected_one_of(name, documents)}")
    return documents[name]


def _recall() -> None:
    """Take in what MongoDB knows of items by now; without MongoDB nothing more is known."""
    connection = connection_to(load_config().mongodb)
    if connection.is_open:  # it is not ours to close: a scheduler's other threads use it
        recall(connection.open())
        return
    try:
        with connection:
            pass
    except DatabaseError:
        return
