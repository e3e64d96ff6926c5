"""Which documents there are, by the name of their collection: every one that a module of `models/` defines."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from mongoengine import Document

import models
from models.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator


def record_documents() -> dict[str, type[Record]]:
    """Return every record's document of the modules in `models/`, by collection name."""
    return _below(Record)


def all_documents() -> dict[str, type[Document]]:
    """Return the records' documents and Swathe's own, by collection name."""
    return {**record_documents(), **_below(Document)}


def _below(base: type[Document]) -> dict[str, Any]:
    for module in iter_modules(models.__path__, "models."):
        import_module(module.name)
    ours = [document for document in _heirs(base) if document.__module__.startswith("models.")]
    return {name: document for document in sorted(ours, key=str) if (name := document._get_collection_name())}


def _heirs(document: type[Document]) -> Iterator[type[Document]]:
    for heir in document.__subclasses__():
        yield heir
        yield from _heirs(heir)
