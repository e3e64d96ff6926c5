"""What the functions behind pages are given: the database, the configuration, an id; and how they say no."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from bson import ObjectId
from fastapi import Depends, Path, Query, Request
from pydantic import AfterValidator
from starlette.exceptions import HTTPException

from models.learned import recall
from models.registry import record_documents
from scraper.core.config import Config
from scraper.web.access import Visitor
from scraper.web.texts import named_by

if TYPE_CHECKING:
    from models.record import Record

PER_PAGE = 50
MOST = 1_000
"""Rows that a program gets at once."""


def _database(request: Request) -> Any:
    return request.app.state.connection.open()


def _config(request: Request) -> Config:
    config: Config = request.app.state.config
    return config


def _visitor(request: Request) -> Visitor:
    visitor: Visitor = request.scope["visitor"]
    return visitor


Db = Annotated[Any, Depends(_database)]
"""A pymongo Database, with aware times."""

Settings = Annotated[Config, Depends(_config)]
Who = Annotated[Visitor, Depends(_visitor)]
Id = Annotated[str, Path(pattern="^[0-9a-f]{24}$", description="An id, of 24 hexadecimal digits.")]
Cursor = Annotated[str, Query(pattern="^([0-9a-f]{24})?$", description="`next` of the page before this one.")]
Limit = Annotated[int, Query(ge=1, le=MOST, description="Rows at most.")]
Name = Annotated[str, Query(max_length=200)]
Named = Annotated[
    str,
    Path(max_length=800, description="A name; `~` and two hexadecimal digits are a byte of its UTF-8: `~2F` for `/`."),
    AfterValidator(named_by),
]
"""What is called so, in a path."""


def not_there(what: str) -> HTTPException:
    """Return the error for something that is asked for by its address and is not there."""
    return HTTPException(404, what)


def found(database: Any, collection: str, id_: str, what: str, fields: Any = None) -> dict[str, Any]:
    """Return the document with an id; raise a 404."""
    document = database[collection].find_one({"_id": ObjectId(id_)}, fields)
    if document is None:
        raise not_there(f"there is no {what} {id_}: it may have been removed, as [retention] says")
    return dict(document)


def records_called(database: Any, name: str) -> type[Record]:
    """Return the document of records; raise a 404 that names those there are."""
    if name not in record_documents():
        recall(database)
    documents = record_documents()
    if name not in documents:
        raise not_there(f"there are no records of this name, expected one of: {', '.join(sorted(documents))}")
    return documents[name]


def after(cursor: str) -> dict[str, Any]:
    """Return the condition for what comes after a cursor, the latest first."""
    return {"_id": {"$lt": ObjectId(cursor)}} if cursor else {}


def paged(rows: list[dict[str, Any]], limit: int) -> tuple[list[dict[str, Any]], str]:
    """Return one page of `limit` + 1 rows that were asked for, and the cursor of the next; empty for the last."""
    return rows[:limit], str(rows[limit - 1]["_id"]) if len(rows) > limit else ""
