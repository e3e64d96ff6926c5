"""Records as an Arrow table, for pandas, Polars, DuckDB and whatever else reads one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import mongoengine as me
from bson import Decimal128, ObjectId
from mongoengine.queryset.field_list import QueryFieldList

from models.record import BOOKKEEPING, schema_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa

TEXTS = (me.StringField, me.ObjectIdField, me.UUIDField)


def arrow_table(records: Any) -> pa.Table:
    """Return the records of a QuerySet: what they are, then when and where they were seen; decimals are exact.

    A field that `only` or `exclude` leaves out is no column. Raise ValueError for a column whose values are of
    several types.
    """
    import pyarrow as pa

    schema, loaded = schema_of(records._document), records._loaded_fields
    names = sorted(schema.fields, key=lambda name: name in BOOKKEEPING)
    if loaded.fields:
        kept = loaded.value == QueryFieldList.ONLY
        names = [name for name in names if (schema.columns[name] in loaded.fields) == kept]
    rows = list(records.as_pymongo())
    columns = {}
    for name in names:
        values = [_plain(row.get(schema.columns[name])) for row in rows]
        try:
            columns[name] = pa.array(values, type=_type_of(schema.fields[name]))
        except pa.ArrowException as error:
            raise ValueError(f"'{name}' cannot be a column: {error}: leave it out with exclude('{name}')") from error
    return pa.table(columns)


def _type_of(field: Any) -> pa.DataType | None:
    """Return the type of a field's column; None when only its values say which."""
    import pyarrow as pa

    if isinstance(field, me.ListField):
        inner = _type_of(field.field)
        return pa.list_(inner) if inner is not None else None
    types: Iterable[tuple[Any, pa.DataType]] = (
        (TEXTS, pa.string()),
        (me.BooleanField, pa.bool_()),
        (me.IntField, pa.int64()),
        (me.FloatField, pa.float64()),
        (me.DateTimeField, pa.timestamp("ms", tz="UTC")),
    )
    return next((type_ for kind, type_ in types if isinstance(field, kind)), None)


def _plain(value: Any) -> Any:
    """Return a value of MongoDB as Arrow takes it."""
    if isinstance(value, Decimal128):
        return value.to_decimal()
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return str(value) if isinstance(value, ObjectId | UUID) else value
