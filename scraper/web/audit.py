"""The audit: what is done by the page or the API is written down first, and each thing is done once at a time."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import Context
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from pymongo import ASCENDING, DESCENDING
from pymongo.errors import DuplicateKeyError
from starlette.exceptions import HTTPException

from models.web import WebAction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.database import Database

    from scraper.web.access import Visitor

    Mongo = Database[dict[str, Any]]

ACTIONS = WebAction._get_collection_name()
LONGEST_OUTCOME = 500
LOST_AFTER = timedelta(minutes=30)
"""How long an action may be under way: after that its process is taken for dead."""


def prepare(database: Mongo) -> None:
    """Create the indexes, among them the one that lets one action on one target be under way at a time."""
    database[ACTIONS].create_index([("at", DESCENDING)], name="at")
    database[ACTIONS].create_index(
        [("action", ASCENDING), ("target", ASCENDING)], name="one_at_a_time", unique=True,
        partialFilterExpression={"under_way": True},
    )  # fmt: skip


@contextmanager
def audited(database: Mongo, who: Visitor, action: str, target: str) -> Iterator[dict[str, str]]:
    """Write down what is about to be done, and how it ended; raise a 409 when the same is being done already.

    Put what came of it into the dict as `outcome`; without it an exception is what came of it.
    """
    now, said = datetime.now(UTC), {"outcome": ""}
    stale = {"action": action, "target": target, "under_way": True, "at": {"$lt": now - LOST_AFTER}}
    database[ACTIONS].update_many(stale, {"$set": {"outcome": "lost", "ended_at": now}, "$unset": {"under_way": ""}})
    begun = {"_id": ObjectId(), "action": action, "target": target, "who": who.name, "at": now}
    try:
        database[ACTIONS].insert_one({**begun, "under_way": True})
    except DuplicateKeyError:
        outcome = f"{action} {target}: it is being done already"
        database[ACTIONS].insert_one({**begun, "ended_at": now, "outcome": outcome})
        raise HTTPException(409, outcome) from None
    try:
        yield said
    except BaseException as error:
        said["outcome"] = f"refused: {getattr(error, 'detail', error)}"
        raise
    finally:
        ended = {"outcome": said["outcome"][:LONGEST_OUTCOME] or "done", "ended_at": datetime.now(UTC)}
        change = {"$set": ended, "$unset": {"under_way": ""}}
        # Without the time limit of the action, which may be what ended it: it would be under way until it is lost.
        Context().run(database[ACTIONS].update_one, {"_id": begun["_id"]}, change)
