"""What MongoDB holds for a field: which types fit it, and how a value of another type becomes one that does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
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

from models.record import Record, schema_of

if TYPE_CHECKING:
    from mongoengine.base import BaseField

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
