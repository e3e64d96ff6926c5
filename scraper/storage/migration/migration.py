"""Find what stored records need to be what their document says today, and do it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from models.record import schema_of
from models.system import Run
from scraper.errors import UsageError
from scraper.storage.migration.keys import Keys
from scraper.storage.migration.renames import Renames
from scraper.storage.migration.retypes import Retypes
from scraper.storage.migration.stored import SchemaFinding, old_columns
from scraper.storage.run_heartbeat import mark_lost_runs

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.database import Database

    from models.record import Record

LOOKED_THROUGH = 1000
"""Records that are looked through for values of no field."""


class Migration:
    """The way of one document's records from what is stored to what it says today.

    Each step finds what is to do in the data itself, so a migration that was interrupted is simply begun again.
    """

    def __init__(self, database: Database[dict[str, Any]], document: type[Record]) -> None:
        self._database, self._document = database, document
        self._renames, self._retypes = Renames(database, document), Retypes(database, document)
        self._keys = Keys(database, document)

    def find(self) -> list[SchemaFinding]:
        """Return what would be done, in order; changes nothing. Raise UsageError where a hint is missing. Blocks."""
        return [*self._renames.find(), *self._retypes.find(), *self._keys.find()]

    def remarks(self) -> list[str]:
        """Return what is stored and has no field; it is left as it is. Blocks."""
        schema = schema_of(self._document)
        known = {
            "_id",
            *schema.columns.values(),
            *(old for name in schema.content for old in old_columns(self._document, name)),
        }
        rows = self._database[schema.collection].find(limit=LOOKED_THROUGH)
        unknown = {name for row in rows for name in row if name not in known and not name.endswith("_unconverted")}
        return [
            f"`{name}` is stored and no field: it is left as it is; give a field `was='{name}'` if that is its name now"
            for name in sorted(unknown)
        ]

    def apply(self, progress: Callable[[int], None] = lambda _: None) -> None:
        """Do it, in batches; `progress` gets the number of documents of each. Blocks.

        Raise UsageError where a hint is missing, and while a crawl runs: it would write what this replaces.
        """
        mark_lost_runs()
        if run := Run.objects(state="running").only("spider").first():
            raise UsageError(f"a crawl of {run.spider} is running: migrate when it has ended, see `swathe runs`")
        self._keys.refuse_records_without_key()
        if self._keys.is_stale:
            self._keys.release()
        self._renames.apply(progress)
        if self._retypes.touches(schema_of(self._document).key):
            self._keys.release()
        self._retypes.apply(progress)
        self._keys.apply(progress)
