"""Which documents there are, by the name of their collection: Swathe's own, and those of the project's models."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any

from mongoengine import Document

import models
from models.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

SYSTEM = ("alerts", "frontier", "hosts", "pages", "schedules", "system", "visits")
"""The modules here with documents of Swathe's own."""


def record_documents() -> dict[str, type[Record]]:
    """Return every record's document of the project's models, by collection name."""
    return _below(Record)


def all_documents() -> dict[str, type[Document]]:
    """Return the records' documents and Swathe's own, by collection name."""
    for name in SYSTEM:
        import_module(f"models.{name}")
    return {**record_documents(), **_below(Document)}


def _below(base: type[Document]) -> dict[str, Any]:
    _load()
    ours = [document for document in _heirs(base) if _is_ours(document.__module__)]
    return {name: document for document in sorted(ours, key=str) if (name := document._get_collection_name())}


def _load() -> None:
    if models.RECORDS_IN:
        package = import_module(models.RECORDS_IN)
        for module in iter_modules(getattr(package, "__path__", ()), f"{models.RECORDS_IN}."):
            import_module(module.name)


def _is_ours(module: str) -> bool:
    own = models.RECORDS_IN
    return module == own or module.startswith(f"{own}.") or module in {f"models.{name}" for name in SYSTEM}


def _heirs(document: type[Document]) -> Iterator[type[Document]]:
    for heir in document.__subclasses__():
        yield heir
        yield from _heirs(heir)
