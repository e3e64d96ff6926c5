"""Records as a download: CSV, JSON or a record a line, sent while MongoDB sends them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response, StreamingResponse

from scraper.query.export.as_csv import csv_lines
from scraper.query.export.as_json import json_array, json_lines
from scraper.web.asked import Db, Name, Named
from scraper.web.views.records import Filters, Time, question_of

if TYPE_CHECKING:
    from collections.abc import Iterator

router = APIRouter()
FORMATS = {
    "csv": (csv_lines, "text/csv; charset=utf-8"),
    "json": (json_array, "application/json"),
    "jsonl": (json_lines, "application/x-ndjson"),
}
AT_ONCE = 200
"""Lines that are sent together."""


SENT: dict[int | str, dict[str, Any]] = {
    200: {"description": "The records.", "content": {kind.partition(";")[0]: {} for _, kind in FORMATS.values()}}
}


@router.get("/records/{records}/download", operation_id="download", response_class=Response, responses=SENT)
def download(
    db: Db, records: Named, filter: Filters, format: Annotated[Literal["csv", "json", "jsonl"], Query()] = "jsonl",
    text: Name = "", sort: Name = "", as_of: Time = "", select: Name = "",
) -> StreamingResponse:  # fmt: skip
    """Send every record that meets every FILTER, as a file."""
    question = question_of(db, records, filter, text, sort, as_of, select)
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
