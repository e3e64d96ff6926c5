"""Find what a command is about: a document by the last digits of its id, and what the frontier keeps of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from bson import ObjectId

from scraper.cli.output import errors, visible
from scraper.core.config import load_config
from scraper.errors import SwatheError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.database import Database

    from scraper.frontier.protocol import StoredRuns


def find_by_id(collection: Any, text: str, what: str, listing: str) -> dict[str, Any]:
    """Return the document with this id, or whose id alone ends in it; raise UsageError."""
    text = text.strip()  # also the end of a line of CSV
    if ObjectId.is_valid(text):
        found = list(collection.find({"_id": ObjectId(text)}))
    else:
        ids = [document["_id"] for document in collection.find({}, ["_id"]) if str(document["_id"]).endswith(text)]
        found = list(collection.find({"_id": {"$in": ids[:2]}}))
    if len(found) != 1:
        raise UsageError(f"{len(found) or 'no'} {what}s have the id '{text}', expected one: `{listing}` shows the ids")
    return dict(found[0])


T = TypeVar("T")


def kept_of(
    database: Database[dict[str, Any]], run: dict[str, Any], read: Callable[[StoredRuns, ObjectId], list[T]]
) -> list[T]:
    """Return what `read` finds of a run; nothing, and a warning, when its store cannot be reached."""
    if not run.get("frontier"):
        return []
    from scraper.frontier.stores import stored_runs  # brings Scrapy, which a list of runs should not wait for

    try:
        return read(stored_runs(load_config(), database, run["frontier"].get("backend", "mongodb")), run["_id"])
    except SwatheError as error:
        line = f"warning: the requests of run {run['_id']} cannot be shown: {error}"
        errors.print(visible(line), markup=False, soft_wrap=True, style="yellow")
        return []
