"""Read what the frontier keeps of a run, wherever that is, for commands that can do without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from scraper.cli.output import errors, visible
from scraper.core.config import load_config
from scraper.errors import SwatheError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bson import ObjectId
    from pymongo.database import Database

    from scraper.frontier.protocol import StoredRuns

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
