"""Put a restored set of collections in place of the present one, in a way that a crash cannot leave half done.

The new collections are loaded under temporary names. Then one document, written at once, says that they are complete:
from then on whoever opens the database next carries the renaming out to its end. Before it, nothing has changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo.errors import OperationFailure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymongo.database import Database

    Mongo = Database[dict[str, Any]]

PREFIX = "restoring."
READY = "restored_and_ready"
"""The collection whose document says what is to be put in place."""

NO_SUCH_COLLECTION = 26
"""Error code of MongoDB's server; source: src/mongo/base/error_codes.yml."""


def is_temporary(collection: str) -> bool:
    """Return whether a collection belongs to a restore that is under way, or was broken off."""
    return collection == READY or collection.startswith(PREFIX)


def remove_temporary(database: Mongo) -> None:
    """Remove what a restore that was broken off has left."""
    for name in database.list_collection_names():
        if name.startswith(PREFIX):
            database.drop_collection(name)


def put_in_place(database: Mongo, names: Sequence[str]) -> None:
    """Replace everything by the temporary collections of these names."""
    present = [name for name in database.list_collection_names() if not name.startswith("system.")]
    gone = [name for name in present if name not in names and not is_temporary(name)]
    database[READY].insert_one({"names": list(names), "gone": gone})
    finish(database)


def finish(database: Mongo) -> None:
    """Carry out what READY says; doing it twice, or in two processes, changes nothing."""
    plan = database[READY].find_one()
    for name in plan["names"] if plan else ():
        try:
            database[PREFIX + name].rename(name, dropTarget=True)
        except OperationFailure as error:
            if error.code != NO_SUCH_COLLECTION:
                raise
    for name in plan["gone"] if plan else ():
        database.drop_collection(name)
    database.drop_collection(READY)
