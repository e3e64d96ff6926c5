"""The records of a collection, asked for in the language of `swathe query`: as a list, as a file, and one by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import mongoengine as me
from bson import Decimal128, ObjectId
from fastapi import APIRouter, Query
from starlette.responses import Response, StreamingResponse

from models.learned import recall
from models.pages import StoredPage
from models.record import key_text, schema_of
from models.registry import record_documents
from scraper.query.export.as_csv import csv_lines
from scraper.query.export.as_json import json_array, json_lines
from scraper.query.history import changes_of
from scraper.query.question import Question, Wanted, ask, value_at
from scraper.web.asked import PER_PAGE, Cursor, Db, Id, Limit, Name, Named, found, paged, records_called
from scraper.web.schemas import records as schemas
from scraper.web.views.view import View

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.record import Record

COUNTED = 10_000
"""Records that are counted; of more it is said that there are more."""

FACETED, CHOICES = 5_000, 12
"""Records whose values are counted beside the list, and different values that a field there may have."""

CHANGES = 200
SEEN = ("first_seen", "last_seen", "changed_at", "gone_at", "run")
NUMBERS = (int, float, Decimal128)

FORMATS = {
    "csv": (csv_lines, "text/csv; charset=utf-8"),
    "json": (json_array, "application/json"),
    "jsonl": (json_lines, "application/x-ndjson"),
}
SENT: dict[int | str, dict[str, Any]] = {
    200: {"description": "The records.", "content": {kind.partition(";")[0]: {} for _, kind in FORMATS.values()}}
}
AT_ONCE = 200
"""Lines of a download that are sent together."""

Filters = Annotated[
    list[str],
    Query(
        default_factory=list, max_length=20, alias="filter",
        description="FILTER of `swathe query`, such as price<10; repeat it for several.",
    ),
]  # fmt: skip
Time = Annotated[str, Query(max_length=60, description="The records as they were at the end of a day, or at a time.")]

files = APIRouter()


def collections(db: Db) -> dict[str, Any]:
    """The collections of records, and how many each has."""
    recall(db)
    return {
        "collections": [
            {"records": name, "count": db[name].estimated_document_count(), "fields": list(schema_of(document).content)}
            for name, document in sorted(record_documents().items())
        ]
    }


def records(
    db: Db, records: Named, filter: Filters, text: Name = "", sort: Name = "", as_of: Time = "",
    after: Cursor = "", limit: Limit = PER_PAGE,
) -> dict[str, Any]:  # fmt: skip
    """The records that meet every FILTER; without `sort` a page at a time, by `after`."""
    question = _question(db, records, filter, text, sort, as_of)
    asked = _from(question, after) if after and not sort else question
    order = question.order or [("_id", 1)]
    rows = list(asked.selection.rows(db, [*question.fetched, "gone_at"], order, limit + 1))
    page, following = paged(rows, limit)
    columns = list(question.columns)
    return {
        "records": records, "filters": [one for one in filter if one.strip()], "text": text, "sort": sort,
        "as_of": as_of, "columns": columns, "rows": [_row(question, row) for row in page],
        "next": "" if sort else following, "is_cut": bool(sort and following), "after": after, **_counted(db, question),
        "fields": list(schema_of(records_called(db, records)).fields),
    }  # fmt: skip


def facets(
    db: Db,
    records: Named,
    filter: Filters,
    text: Name = "",
    as_of: Time = "",
) -> dict[str, Any]:
    """How often each value of the fields with few values stands in the first 5,000 records that meet every FILTER."""
    question = _question(db, records, filter, text, "", as_of)
    schema = schema_of(records_called(db, records))
    kinds = (me.StringField, me.BooleanField, me.IntField, me.ListField)
    names = [name for name in schema.content if isinstance(schema.fields[name], kinds) and name not in schema.key]
    stages = [*question.selection.stages(), {"$limit": FACETED}]
    counted = {name: _values(f"${schema.columns[name]}") for name in names[:CHOICES]}
    got: dict[str, Any] = next(iter(db[records].aggregate([*stages, {"$facet": counted}])), {}) if counted else {}
    few = {name: rows for name, rows in got.items() if 1 < len(rows) <= CHOICES}
    return {
        "records": records, "of": FACETED,
        "facets": [
            {"field": name, "values": [{"value": row["_id"], "count": row["count"]} for row in rows]}
            for name, rows in few.items()
        ],
    }  # fmt: skip


def record(db: Db, records: Named, id: Id) -> dict[str, Any]:
    """One record: its fields, every change of it, and the pages that were kept of its address."""
    document = records_called(db, records)
    schema = schema_of(document)
    one = found(db, records, id, "record")
    changes = list(changes_of(db, one, CHANGES + 1))
    pages = db[StoredPage._get_collection_name()].find(
        {"url": one.get("url")}, ["when", "why", "status"], sort=[("when", -1)], limit=5
    )
    return {
        "records": records, "id": id, "key": key_text(document, one), "url": one.get("url", ""),
        "values": {name: one.get(schema.columns[name]) for name in schema.content},
        "seen": {name: one.get(name) for name in SEEN},
        "changes": [_change(row) for row in changes[:CHANGES]],
        "has_more_changes": len(changes) > CHANGES, "charts": _charts(document, one, changes[:CHANGES]),
        "pages": [{**page, "_id": str(page["_id"])} for page in pages],
    }  # fmt: skip


@files.get("/records/{records}/download", operation_id="download", response_class=Response, responses=SENT)
def download(
    db: Db, records: Named, filter: Filters, format: Annotated[Literal["csv", "json", "jsonl"], Query()] = "jsonl",
    text: Name = "", sort: Name = "", as_of: Time = "", select: Name = "",
) -> StreamingResponse:  # fmt: skip
    """Send every record that meets every FILTER, as a file, while MongoDB sends them."""
    question = _question(db, records, filter, text, sort, as_of, select)
    names, (lines_of, media_type) = list(question.columns), FORMATS[format]
    rows = ([row[name] for name in names] for row in question.rows(db))
    disposition = f'attachment; filename="records.{format}"'  # a collection's name may hold anything
    return StreamingResponse(
        _joined(lines_of(names, rows)), media_type=media_type, headers={"Content-Disposition": disposition}
    )


def _joined(lines: Iterator[str]) -> Iterator[str]:
    some: list[str] = []
    for line in lines:
        some.append(line)
        if len(some) == AT_ONCE:
            yield "".join(some)
            some = []
    yield "".join(some)


def _question(db: Any, name: str, filters: list[str], text: str, sort: str, as_of: str, select: str = "") -> Question:
    """Return what is asked for; raise UsageError for what makes no sense, and a 404 for an unknown collection."""
    records_called(db, name)
    given = [one for one in filters if one.strip()]
    question = ask(Wanted(name, given, text.strip() or None, select, sort, as_of=as_of.strip() or None, zone=UTC))
    question.prepare(db)
    return question


def _from(question: Question, cursor: str) -> Question:
    conditions = {"$and": [{"_id": {"$gt": ObjectId(cursor)}}, question.selection.conditions]}
    return replace(question, selection=replace(question.selection, conditions=conditions))


def _counted(database: Any, question: Question) -> dict[str, Any]:
    """Return how many records there are, up to a bound."""
    if not question.selection.conditions and question.selection.until is None:
        return {"total": database[question.records].estimated_document_count(), "is_more": False}
    stages = [*question.selection.stages(), {"$limit": COUNTED + 1}, {"$count": "total"}]
    total = next(iter(database[question.records].aggregate(stages)), {"total": 0})["total"]
    return {"total": min(total, COUNTED), "is_more": total > COUNTED}


def _row(question: Question, row: dict[str, Any]) -> dict[str, Any]:
    values = {name: value_at(row, path) for name, path in question.columns.items()}
    return {"id": str(row["_id"]), "is_gone": row.get("gone_at") is not None, "values": values}


def _values(column: str) -> list[dict[str, Any]]:
    unwound: list[dict[str, Any]] = [{"$unwind": {"path": column, "preserveNullAndEmptyArrays": True}}]
    return [*unwound, {"$sortByCount": column}, {"$limit": CHOICES + 1}]


def _change(row: dict[str, Any]) -> dict[str, Any]:
    names = ("when", "field", "old", "new", "url")
    return {**{name: row.get(name) for name in names}, "run": str(row.get("run") or "")}


def _charts(document: type[Record], one: dict[str, Any], changes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the course of each number that has changed: (time, number) pairs, the oldest first."""
    schema, charts = schema_of(document), []
    for name in schema.content:
        moves = [row for row in reversed(changes) if row["field"] == schema.columns[name]]
        if moves and isinstance(one.get(schema.columns[name]), NUMBERS):
            first = (one["first_seen"], as_number(moves[0].get("old")))
            points = [first, *((row["when"], as_number(row.get("new"))) for row in moves)]
            charts.append({"field": name, "points": points, "until": max(one["last_seen"], datetime.now(UTC))})
    return charts


def as_number(value: Any) -> float | None:
    """Return a number that can be drawn; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, NUMBERS):
        return None
    number = float(str(value))
    return number if abs(number) < float("inf") else None


VIEWS = (
    View("/records", "collections.html", collections, schemas.CollectionsJson),
    View("/records/{records}", "records.html", records, schemas.RecordsJson),
    View("/records/{records}/facets", "facets.html", facets, schemas.FacetsJson),
    View("/records/{records}/{id}", "record.html", record, schemas.RecordDetailJson),
)
