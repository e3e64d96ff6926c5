"""What an export is made of: columns with a kind each, and rows that are read while they are written."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import mongoengine as me

from models.record import BOOKKEEPING, Record, schema_of
from scraper.core.text import ABSENT
from scraper.query.fields import FieldPath, field_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mongoengine import Document
    from pymongo.database import Database

    from scraper.query.history import Selection

STEP = 500
"""Records between two moves of the progress bar."""


class ColumnType(StrEnum):
    """What the values of a column are."""

    TEXT = "a text"
    WHOLE = "a whole number"
    FLOAT = "a number"
    DECIMAL = "a decimal number"
    TRUTH = "true or false"
    TIME = "a time"
    NESTED = "nested fields"


_KINDS: tuple[tuple[type, ColumnType], ...] = (
    (me.BooleanField, ColumnType.TRUTH),
    (me.IntField, ColumnType.WHOLE),
    (me.FloatField, ColumnType.FLOAT),
    (me.Decimal128Field, ColumnType.DECIMAL),
    (me.DateTimeField, ColumnType.TIME),
    (me.StringField, ColumnType.TEXT),
    (me.ObjectIdField, ColumnType.TEXT),
    (me.UUIDField, ColumnType.TEXT),
)


@dataclass(frozen=True)
class TableColumn:
    """A column: its header, where its value is in MongoDB, and what that is."""

    name: str
    path: FieldPath
    kind: ColumnType
    many: bool = False
    """Whether a value is a list of such."""


def columns_of(document: type[Document], select: Sequence[str] = ()) -> list[TableColumn]:
    """Return the columns of the named fields, or of all, in the document's order; raise UsageError for unknown ones.

    Of records first what they are, then the bookkeeping; of Swathe's own documents also `id`.
    """
    fields = schema_of(document).fields
    if issubclass(document, Record):
        every = [
            *(name for name in fields if name not in BOOKKEEPING),
            *(name for name in fields if name in BOOKKEEPING),
        ]
    else:
        every = list(dict.fromkeys(("id", *fields)))
    return [_column(field_path(document, name)) for name in dict.fromkeys(select or every)]


@dataclass
class Table:
    """Records on their way into a file."""

    database: Database[dict[str, Any]]
    selection: Selection
    columns: list[TableColumn]
    order: Sequence[tuple[str, int]] = ()
    limit: int = 0
    advance: Callable[[int], object] = lambda _: None
    """Is told every now and then how many more records were taken."""
    notes: list[str] = field(default_factory=list)
    """What the file does not say as the records do."""
    taken: int = 0

    def rows(self) -> Iterator[list[Any]]:
        """Yield the values of each record, one a column, and count it."""
        for row in self.values(self.columns):
            self.taken += 1
            if self.taken % STEP == 0:
                self.advance(STEP)
            yield row

    def values(self, columns: Sequence[TableColumn]) -> Iterator[list[Any]]:
        """Yield the values that each record has in `columns`, without counting it."""
        paths = [column.path.parts for column in columns]
        records = self.selection.rows(self.database, [column.path.shown for column in columns], self.order, self.limit)
        if any(len(path) > 1 for path in paths):
            for record in records:
                yield [_inner(record, path) for path in paths]
        else:
            names = [name for (name,) in paths]
            for record in records:
                yield [record.get(name, ABSENT) for name in names]

    def count(self) -> int:
        """Return how many records there are to take."""
        total = self.selection.count(self.database)
        return min(total, self.limit) if self.limit else total


def _column(path: FieldPath) -> TableColumn:
    many = isinstance(path.field, me.ListField)
    inner = path.field.field if many else path.field
    kind = next((kind for base, kind in _KINDS if isinstance(inner, base)), ColumnType.NESTED)
    return TableColumn(path.name, path, kind, many)


def _inner(record: Any, path: Sequence[str]) -> Any:
    for part in path:
        record = record.get(part, ABSENT) if isinstance(record, dict) else ABSENT
    return record
