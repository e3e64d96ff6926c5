"""Exports as Parquet: typed columns, exact decimals, times with their zone, real lists."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
from bson import Decimal128

from scraper.core.text import ABSENT, ListStyle, cell_text, json_text
from scraper.errors import FileError
from scraper.query.export.table import ColumnType, TableColumn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scraper.query.export.table import Table

GROUP_ROWS, GROUP_BYTES = 10_000, 8 * 2**20
"""Rows, and about so many bytes of them, that are gathered before they are written."""

SHORT, LONG = 18, 38
"""Digits of a decimal that fits 8 bytes, and of the widest one that every reader knows (decimal128)."""

_TYPES = {
    ColumnType.TEXT: pa.string(),
    ColumnType.WHOLE: pa.int64(),
    ColumnType.FLOAT: pa.float64(),
    ColumnType.TRUTH: pa.bool_(),
    ColumnType.TIME: pa.timestamp("ms", tz="UTC"),
    ColumnType.NESTED: pa.string(),
}
_PYTHON: dict[ColumnType, Any] = {
    ColumnType.WHOLE: int,
    ColumnType.FLOAT: int | float,
    ColumnType.TRUTH: bool,
    ColumnType.TIME: datetime,
}


def write_parquet(table: Table, out: BinaryIO) -> None:
    """Write all rows; raise FileError for a value that is not of its field's type."""
    decimals = _decimal_types(table)
    types = [decimals.get(column.name, _TYPES.get(column.kind, pa.string())) for column in table.columns]
    fields = zip(table.columns, types, strict=True)
    schema = pa.schema([(column.name, pa.list_(type_) if column.many else type_) for column, type_ in fields])
    gathered: list[list[Any]] = []
    size = 0
    with pq.ParquetWriter(out, schema, compression="zstd") as writer:
        for row in table.rows():
            gathered.append(row)
            size += sum(_weight(value) for value in row)
            if len(gathered) >= GROUP_ROWS or size > GROUP_BYTES:
                writer.write_batch(_batch(table.columns, gathered, schema))
                gathered, size = [], 0
        if gathered:
            writer.write_batch(_batch(table.columns, gathered, schema))


def _batch(columns: list[TableColumn], rows: list[list[Any]], schema: pa.Schema) -> pa.RecordBatch:
    arrays = []
    for place, (column, field) in enumerate(zip(columns, schema, strict=True)):
        inner = field.type.value_type if column.many else field.type
        try:
            values = [_value(row[place], column, inner) for row in rows]
            arrays.append(pa.array(values, type=field.type))
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise FileError(
                f"field '{column.name}' holds a value that is not {column.kind} ({error}): "
                f"write .jsonl, which takes any value, or leave the field out with --select"
            ) from error
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _value(value: Any, column: TableColumn, type_: pa.DataType) -> Any:
    """Return a value as pyarrow takes it; raise TypeError when it is not what the column is for."""
    if value is None or value is ABSENT:
        return None
    if column.many:
        if not isinstance(value, list):
            raise TypeError(f"{value!r:.80} is no list")
        return [_plain(part, column.kind, type_) for part in value]
    return _plain(value, column.kind, type_)


def _plain(value: Any, kind: ColumnType, type_: pa.DataType) -> Any:
    if value is None:
        return None
    if kind is ColumnType.TEXT:
        return value if isinstance(value, str) else cell_text(value, ListStyle.JSON)
    if kind is ColumnType.NESTED:
        return json_text(value)
    if kind is ColumnType.DECIMAL:
        number = _decimal(value)
        return number if pa.types.is_decimal(type_) else cell_text(value, ListStyle.JSON)
    expected = _PYTHON[kind]
    if not isinstance(value, expected) or (isinstance(value, bool) and kind is not ColumnType.TRUTH):
        raise TypeError(f"found {value!r:.80}")
    return value


def _decimal(value: Any) -> Decimal:
    if isinstance(value, Decimal128):
        return value.to_decimal()
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    raise TypeError(f"found {value!r:.80}")


def _decimal_types(table: Table) -> dict[str, pa.DataType]:
    """Return a type for each decimal column that holds all of its values exactly.

    Parquet has one scale a column, and only the values say which: so they are read once before. A column that no
    decimal of 38 digits holds, or with NaN in it, is written as text, with a note.
    """
    columns = [column for column in table.columns if column.kind is ColumnType.DECIMAL]
    whole, fraction = dict.fromkeys(columns, 0), dict.fromkeys(columns, 0)
    unfit: set[TableColumn] = set()
    for row in table.values(columns) if columns else ():
        for column, value in zip(columns, row, strict=True):
            for number in _numbers(value):
                exponent = number.as_tuple().exponent
                if not isinstance(exponent, int):
                    unfit.add(column)
                    continue
                fraction[column] = max(fraction[column], -exponent)
                whole[column] = max(whole[column], number.adjusted() + 1)
    types = {}
    for column in columns:
        digits = whole[column] + fraction[column]
        if column in unfit or digits > LONG:
            table.notes.append(
                f"'{column.name}' is written as text: no decimal of {LONG} digits holds all of its values"
            )
            types[column.name] = pa.string()
        else:
            types[column.name] = pa.decimal128(SHORT if digits <= SHORT else LONG, fraction[column])
    return types


def _numbers(value: Any) -> Iterable[Decimal]:
    parts = value if isinstance(value, list) else [value]
    return [part.to_decimal() for part in parts if isinstance(part, Decimal128)]


def _weight(value: Any) -> int:
    """Return about how many bytes a value takes."""
    if isinstance(value, str):
        return len(value) + 50
    return sum(map(_weight, value)) + 50 if isinstance(value, list | dict) else 30
