"""Which documents there are, by the name of their collection: Swathe's own, and those of the project's models.

A module of the models that cannot be imported, or whose record cannot be stored, is left out alone (`models.broken`).
"""

from __future__ import annotations

import inspect
import sys
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from mongoengine import Document

import models
from models.broken import BROKEN, import_parts, note_broken
from models.learned import LearnedRecord, learned_documents
from models.record import Record, schema_of

if TYPE_CHECKING:
    from collections.abc import Iterator

SYSTEM = (
    "alerts", "frontier", "hosts", "learned", "pages", "proxies", "schedules", "system", "visits", "watches", "web",
)  # fmt: skip
"""The modules here with documents of Swathe's own."""


def record_documents() -> dict[str, type[Record]]:
    """Return every record's document of the project's models, and those of items, by collection name."""
    return {**learned_documents(), **_below(Record)}


def all_documents() -> dict[str, type[Document]]:
    """Return the project's documents, those of items, and Swathe's own, by collection name."""
    return {**learned_documents(), **_below(Document), **_system()}


def check_record(document: type[Record]) -> bool:
    """Return whether records of a document can be stored; where they cannot, its module is noted as broken."""
    try:
        name = schema_of(document).collection
        if (other := _system().get(name, document)) is not document:
            raise TypeError(f"{document.__name__} has the collection '{name}', which is of Swathe's {other.__name__}")
    except TypeError as error:
        note_broken(document.__module__, inspect.getsourcelines(document)[1], error)
        return False
    return True


def _below(base: type[Document]) -> dict[str, Any]:
    if models.RECORDS_IN:
        for _ in import_parts(models.RECORDS_IN):
            pass
    ours = sorted((document for document in _heirs(base) if _is_of_the_project(document)), key=str)
    named = {name: document for document in ours if (name := document._get_collection_name())}
    return {name: document for name, document in named.items() if check_record(document)}


@cache
def _system() -> dict[str, Any]:
    own = {import_module(f"models.{name}").__name__ for name in SYSTEM}
    heirs = (document for document in _heirs(Document) if not issubclass(document, LearnedRecord))
    found = sorted((document for document in heirs if document.__module__ in own), key=str)
    return {name: document for document in found if (name := document._get_collection_name())}


def _is_of_the_project(document: type[Document]) -> bool:
    """Return whether a document is in the project's models; one of a module that failed halfway is nowhere."""
    own, module = models.RECORDS_IN, document.__module__
    if issubclass(document, LearnedRecord):
        return False
    return module in sys.modules and module not in BROKEN and (module == own or module.startswith(f"{own}."))


def _heirs(document: type[Document]) -> Iterator[type[Document]]:
    for heir in document.__subclasses__():
        yield heir
        yield from _heirs(heir)
