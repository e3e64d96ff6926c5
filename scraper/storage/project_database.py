"""Ask for records in Python: in a notebook, a script, `swathe db shell` and `scrapy shell`."""

from __future__ import annotations

import atexit
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pymongo.database import Database

from models.registry import all_documents
from scraper.core.config import load_config
from scraper.core.project import enter_project, project
from scraper.storage.connection import CODEC, connection_to

if TYPE_CHECKING:
    from mongoengine import Document


class ProjectDatabase(Database[dict[str, Any]]):
    """The project's database; besides its collections (`db.books`) it has the documents by name (`db.Book`)."""

    documents: dict[str, type[Document]]
    """The documents of the project's records and Swathe's own, by class name."""

    def __getattr__(self, name: str) -> Any:
        """Return the document or the collection of a name."""
        documents = self.__dict__.get("documents", {})
        return documents[name] if name in documents else super().__getattr__(name)

    def __dir__(self) -> list[str]:
        """Return what can follow the dot, for completion."""
        return [*super().__dir__(), *self.documents, *(one._get_collection_name() for one in self.documents.values())]


def connect(folder: str | Path | None = None) -> ProjectDatabase:
    """Connect to the database of the project at or above a folder (default: the current one), and return it.

    From then on `Book.objects` asks it, and the project's package can be imported. The embedded MongoDB is started
    when it is needed, and stops after this process. Raise ProjectError, ConfigError or DatabaseError.
    """
    enter_project(Path(folder).absolute() if folder is not None else None)
    project()  # raises when there is none
    connection = connection_to(load_config().mongodb)
    opened = connection.open()
    atexit.register(connection.close)
    database = ProjectDatabase(opened.client, opened.name, codec_options=CODEC)
    database.documents = {document.__name__: document for document in all_documents().values()}
    return database
