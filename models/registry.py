"""Which documents there are, by the name of their collection."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

import models
from models.frontier import QueuedRequest
from models.record import Record
from models.system import Change, Rejected, RenderDecision, Run

if TYPE_CHECKING:
    from mongoengine import Document


def record_documents() -> dict[str, type[Record]]:
    """Return every record's document of the modules in `models/`, by collection name."""
    for module in iter_modules(models.__path__, "models."):
        import_module(module.name)
    ours = [document for document in Record.__subclasses__() if document.__module__.startswith("models.")]
    return {document._get_collection_name(): document for document in sorted(ours, key=str)}


def all_documents() -> dict[str, type[Document]]:
    """Return the records' documents and Swathe's own, by collection name."""
    ours = (Change, QueuedRequest, Rejected, RenderDecision, Run)
    return {**record_documents(), **{document._get_collection_name(): document for document in ours}}
