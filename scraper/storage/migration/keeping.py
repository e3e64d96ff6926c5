"""Keep in `rejected` what a migration cannot carry over, with its reason."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bson import Decimal128, ObjectId

from models.record import Found, schema_of
from models.system import Rejected
from scraper.storage.records.plan import Sighting
from scraper.storage.records.rejected import rejection

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pymongo.database import Database

    from models.record import Record

BY = "migrate"
"""Stands for the spider of what a migration put into `rejected`."""


def keep(
    database: Database[dict[str, Any]],
    document: type[Record],
    cases: Iterable[tuple[dict[str, Any], dict[str, Any], dict[str, str]]],
) -> None:
    """Write each case: the record, the values to keep besides its key, and what is wrong by field.

    The same case is kept once, however often a migration is begun anew.
    """
    schema = schema_of(document)
    writes = []
    for record, values, faults in cases:
        key = {name: record.get(schema.columns[name]) for name in schema.key}
        raw = {name: _raw(value) for name, value in {**key, **values}.items()}
        found = Found(document, str(record.get("url", "")), raw, faults=faults)
        writes.append(rejection(found, Sighting(datetime.now(UTC), record.get("run")), BY))
    if writes:
        database[Rejected._get_collection_name()].bulk_write(writes, ordered=False)


def _raw(value: Any) -> Any:
    """Return a stored value as a page might have shown it."""
    return str(value) if isinstance(value, Decimal128 | ObjectId) else value
