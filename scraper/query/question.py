"""A question asked of a collection: texts such as a command line has, made sure of and turned to MongoDB's terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import mongoengine as me

from models.questions import text_search
from models.record import BOOKKEEPING, Record, schema_of
from models.registry import all_documents, record_documents
from scraper.errors import UsageError, expected_one_of
from scraper.query.documents import document_called
from scraper.query.explain import QueryPlan, plan_of
from scraper.query.fields import field_path, split_names
from scraper.query.filters import end_of, mongo_filter
from scraper.query.grouping import COUNT, Grouping, fields_name, group_by, is_aggregate
from scraper.query.history import Selection, in_order
from scraper.query.near import near_values
from scraper.query.values import holds_days
from scraper.storage.indexes import TEXT_INDEX, ensure_indexes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import tzinfo

    from mongoengine import Document
    from pymongo.database import Database

    Mongo = Database[dict[str, Any]]


@dataclass(frozen=True)
class Wanted:
    """What is asked for, as it is typed."""

    records: str
    filters: Sequence[str] = ()
    text: str | None = None
    select: str = ""
    sort: str = ""
    group_by: str = ""
    as_of: str | None = None
    zone: tzinfo | None = None
    """Of times that name none; None is this machine's."""


@dataclass(frozen=True)
class Question:
    """What is asked for, in MongoDB's terms."""

    selection: Selection
    columns: dict[str, tuple[str, ...]]
    """The columns shown, and the names on the way to each in a row."""
    fetched: list[str]
    """What MongoDB is to send for them."""
    order: list[tuple[str, int]]
    grouping: Grouping | None = None
    searched: bool = False
    filters: Sequence[str] = ()
    """As they are typed."""

    @property
    def days(self) -> set[str]:
        """The columns whose values are days of the calendar."""
        fields = {name: fields_name(name) for name in self.columns if name != COUNT}
        return {name for name, field in fields.items() if holds_days(field_path(self.selection.document, field).field)}

    @property
    def records(self) -> str:
        """The name of the collection."""
        return str(self.selection.document._get_collection_name())

    def rows(self, database: Mongo, limit: int = 0) -> Iterator[dict[str, Any]]:
        """Yield the values of each row by column, at most `limit` rows, as MongoDB sends them; 0 for all."""
        if self.grouping:
            found: Iterable[dict[str, Any]] = self._collection(database).aggregate(
                [*self._grouped(), *in_order(self.order, limit)], allowDiskUse=True
            )
            found = list(found) or [{COUNT: 0}] if not self.grouping.names else found
        else:
            found = self.selection.rows(database, self.fetched, self.order, limit)
        for row in found:
            yield {name: value_at(row, path) for name, path in self.columns.items()}

    def count(self, database: Mongo) -> int:
        """Return how many rows there are in all."""
        if not self.grouping:
            return self.selection.count(database)
        if not self.grouping.names:
            return 1
        counted = list(self._collection(database).aggregate([*self._grouped(), {"$count": "total"}]))
        return int(counted[0]["total"]) if counted else 0

    def command(self, limit: int = 0) -> dict[str, Any]:
        """Return the MongoDB command that fetches the rows."""
        if self.grouping or self.selection.until:
            stages = self._grouped() if self.grouping else self.selection.stages()
            return {"aggregate": self.records, "pipeline": [*stages, *in_order(self.order, limit)], "cursor": {}}
        ordered = {"sort": dict(self.order)} if self.order else {}
        return {
            "find": self.records,
            "filter": self.selection.conditions,
            **ordered,
            **({"limit": limit} if limit else {}),
        }

    def plan(self, database: Mongo, limit: int = 0) -> QueryPlan:
        """Return how MongoDB carries it out; it is carried out for that."""
        return plan_of(database, self.command(limit))

    def near_values(self, database: Mongo, *, is_empty: bool) -> list[str]:
        """Return a line for each value asked for that no record has, when one has nearly the same (see `near`)."""
        if self.selection.until:
            return []
        return list(near_values(database, self.selection.document, self.filters, is_empty=is_empty))

    def prepare(self, database: Mongo) -> None:
        """Make the text index that a search needs, where no crawl has made it yet."""
        if self.searched and TEXT_INDEX not in self._collection(database).index_information():
            ensure_indexes(database, self.selection.document, for_search=True)

    def _grouped(self) -> list[dict[str, Any]]:
        return [*self.selection.stages(), *(self.grouping.stages if self.grouping else [])]

    def _collection(self, database: Mongo) -> Any:
        return database[self.records]


def ask(wanted: Wanted) -> Question:
    """Turn what is typed into a question; raise UsageError for what makes no sense."""
    document = document_called(wanted.records)
    if wanted.as_of is not None and not issubclass(document, Record):
        raise UsageError(
            f"--as-of: '{wanted.records}' has no history: {expected_one_of(wanted.records, record_documents())}"
        )
    conditions = mongo_filter(document, wanted.filters, wanted.zone)
    if wanted.text is not None:
        conditions = {"$and": [_search(document, wanted), *([conditions] if conditions else [])]}
    until = end_of(wanted.as_of, wanted.zone) if wanted.as_of is not None else None
    selection = Selection(document, conditions, until)
    select = split_names(wanted.select)
    searched = wanted.text is not None
    if wanted.group_by or any(map(is_aggregate, select)):
        grouping = group_by(document, split_names(wanted.group_by), select, wanted.zone)
        order = _group_order(wanted.sort, grouping.columns) or [(COUNT, -1), ("_id", 1)]
        return Question(selection, grouping.columns, [], order, grouping, searched, wanted.filters)
    paths = {name: field_path(document, name) for name in select or _usual_columns(document)}
    order = [(field_path(document, name).column, direction) for name, direction in _directions(wanted.sort)]
    columns = {name: path.parts for name, path in paths.items()}
    return Question(selection, columns, [path.shown for path in paths.values()], order, None, searched, wanted.filters)


def value_at(row: Any, path: Sequence[str]) -> Any:
    """Return the value at the end of a path, of each element where a list is on the way; None where there is none.

    >>> value_at({"faults": [{"field": "price"}, {"field": "upc"}]}, ("faults", "field"))
    ['price', 'upc']
    """
    if isinstance(row, list):
        return [value_at(element, path) for element in row]
    part, *rest = path
    value = row.get(part) if isinstance(row, dict) else None
    return value_at(value, rest) if rest else value


def _search(document: type[Document], wanted: Wanted) -> dict[str, Any]:
    if wanted.as_of is not None:
        raise UsageError(
            "--text: a text search looks into the records as they are now; leave out --as-of, or use field~text"
        )
    if not schema_of(document).searched:
        searched = [name for name, other in all_documents().items() if schema_of(other).searched]
        raise UsageError(
            f"--text: '{wanted.records}' has no field with search=True: {expected_one_of(wanted.records, searched)}"
        )
    try:
        return text_search(wanted.text or "")
    except ValueError as error:
        raise UsageError(f"--text: {error}") from None


def _usual_columns(document: type[Document]) -> list[str]:
    """Return the fields that are shown unless told: neither bookkeeping nor what is no text."""
    fields = schema_of(document).fields
    shown = [name for name in fields if name not in BOOKKEEPING and not isinstance(fields[name], me.BinaryField)]
    return [*shown, *(["url"] if "url" in fields else [])]


def _directions(sort: str) -> Iterator[tuple[str, int]]:
    for name in split_names(sort):
        yield name.removeprefix("-"), -1 if name.startswith("-") else 1


def _group_order(sort: str, columns: dict[str, tuple[str, ...]]) -> list[tuple[str, int]]:
    order = []
    for name, direction in _directions(sort):
        if name not in columns:
            raise UsageError(f"--sort {name}: with --group-by a shown column sorts: {expected_one_of(name, columns)}")
        order.append((".".join(columns[name]), direction))
    return order
