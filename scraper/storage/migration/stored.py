"""What MongoDB holds for a field: which values fit it, which become ones that do, and what is done with all others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any
from uuid import UUID

from bson import Binary, Decimal128, Int64, ObjectId
from mongoengine import (
    BooleanField,
    DateTimeField,
    Decimal128Field,
    FloatField,
    IntField,
    ListField,
    LongField,
    ObjectIdField,
    StringField,
    UUIDField,
    ValidationError,
)

from models.record import Found, Record, schema_of
from models.system import Rejected
from scraper.errors import DatabaseError
from scraper.storage.indexes import key_columns
from scraper.storage.records.plan import Sighting
from scraper.storage.records.rejected import rejection

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mongoengine.base import BaseField
    from pymongo.database import Database

TYPES: tuple[tuple[type[BaseField], tuple[str, ...], tuple[type, ...]], ...] = (
    (StringField, ("string",), (str,)),
    (IntField, ("int", "long"), (int, Int64)),
    (LongField, ("int", "long"), (int, Int64)),
    (FloatField, ("double", "int", "long"), (float, int, Int64)),
    (Decimal128Field, ("decimal",), (Decimal128,)),
    (BooleanField, ("bool",), (bool,)),
    (DateTimeField, ("date",), (datetime,)),
    (ObjectIdField, ("objectId",), (ObjectId,)),
    (UUIDField, ("binData",), (UUID, Binary, bytes)),
    (ListField, ("array",), (list,)),
)
"""What each kind of field stores, as types of MongoDB and of Python; other kinds of field are not looked at."""

NOTHING = ("null", "missing")


@dataclass(frozen=True)
class SchemaFinding:
    """One thing that a migration would do, or has to say."""

    what: str
    count: int = 0
    """Documents that are concerned; 0 for a remark, which is nothing to do."""
    examples: tuple[str, ...] = ()


def stored_types(field: BaseField) -> tuple[str, ...]:
    """Return the types of MongoDB that fit a field; empty where any does."""
    return next((types for kind, types, _ in TYPES if isinstance(field, kind)), ())


def fits(field: BaseField, value: Any) -> bool:
    """Return whether a stored value is of the field's type already, or nothing."""
    types = next((types for kind, _, types in TYPES if isinstance(field, kind)), None)
    return value is None or types is None or type(value) in types


def of_other_type(document: type[Record], name: str, column: str) -> dict[str, Any] | None:
    """Return the filter of records whose `column` has a value that is not the field's; None where any is."""
    types = stored_types(schema_of(document).fields[name])
    return {"$expr": {"$not": [{"$in": [{"$type": f"${column}"}, [*types, *NOTHING]]}]}} if types else None


def old_columns(document: type[Record], name: str) -> tuple[str, ...]:
    """Return the names that a field had before, as its `was=` says."""
    was = getattr(schema_of(document).fields[name], "was", ())
    return (was,) if isinstance(was, str) else tuple(was)


def converted(document: type[Record], name: str, value: Any, url: str) -> Any:
    """Return a stored value as the field stores it; raise ValueError with the reason when it cannot be.

    The field's `convert=` is asked, or else its cleaner (with the value as a text), or else it is taken exactly.
    """
    schema = schema_of(document)
    field = schema.fields[name]
    try:
        if convert := getattr(field, "convert", None):
            new = convert(value)
        elif cleaner := schema.cleaners.get(name):
            new = cleaner(value if isinstance(value, str | list) else str(value), url)
        else:
            new = schema.exact[name](value) if name in schema.exact else field.to_python(value)
        if new is None:
            raise ValueError(f"nothing was made of {value!r}")
        field._validate(new)
        return field.to_mongo(new)
    except ValidationError as error:
        raise ValueError(str(error.message)) from None
    except ValueError:
        raise
    except Exception as error:  # noqa: BLE001 - a converter's own bug concerns this record, and no other
        raise ValueError(f"{type(error).__name__}: {error}") from None


LOOKED_AT = 20
"""Records at each end of a collection whose values are held against their fields' types."""


def refuse_older_schema(database: Database[dict[str, Any]], documents: Iterable[type[Record]]) -> None:
    """Raise DatabaseError, naming `swathe migrate`, where a crawl would store records beside older ones. Blocks."""
    for document in documents:
        if what := _older(database, document):
            name = schema_of(document).collection
            raise DatabaseError(
                f"the stored {name} are of an older schema ({what}): "
                f"`swathe migrate {name} --dry-run` shows what has to change, without it the change is made"
            )


def _older(database: Database[dict[str, Any]], document: type[Record]) -> str:
    """Return what is older, or an empty text."""
    schema = schema_of(document)
    records = database[schema.collection]
    key, stored = tuple(schema.columns[name] for name in schema.key), key_columns(records)
    if stored not in (None, key):
        return f"their key is {', '.join(stored or ())}, expected {', '.join(key)}"
    for name in schema.content:
        for old in old_columns(document, name):
            if records.find_one({old: {"$exists": True}}, ["_id"]):
                return f"they have `{old}`, expected `{schema.columns[name]}`"
    for record in chain(*(records.find(sort=[("_id", order)], limit=LOOKED_AT) for order in (1, -1))):
        for name in schema.content:
            value = record.get(schema.columns[name])
            if not fits(schema.fields[name], value):
                return f"`{name}` is a {type(value).__name__}, expected a {type(schema.fields[name]).__name__}"
    return ""


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
