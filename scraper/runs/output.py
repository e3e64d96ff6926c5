"""Write the records of a run into one file, from MongoDB: whole, however many processes the run took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bson import Decimal128, ObjectId
from scrapy.exporters import CsvItemExporter, JsonItemExporter, JsonLinesItemExporter, XmlItemExporter

from models.record import Found, schema_of
from models.registry import record_documents
from scraper.core.atomic_file import whole_file
from scraper.crawl import item_adapter
from scraper.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database

    from models.record import Record

EXPORTERS: dict[str, Any] = {
    ".json": JsonItemExporter, ".jsonl": JsonLinesItemExporter, ".csv": CsvItemExporter, ".xml": XmlItemExporter,
}  # fmt: skip
"""Scrapy's own, so that a file is what `scrapy crawl -O FILE` makes, by the file's suffix."""


def check_output(path: Path) -> None:
    """Raise UsageError for a file that cannot be written, before a crawl takes its time."""
    if path.suffix not in EXPORTERS:
        raise UsageError(f"cannot write {path}: the suffix must be one of {' '.join(EXPORTERS)}, not '{path.suffix}'")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"cannot write {path}: the folder {path.absolute().parent} does not exist; create it first")


def write_output(database: Database[dict[str, Any]], run_id: str, path: Path) -> int:
    """Write the records that a run has stored, in place of what the file held, and return how many. Blocks."""
    item_adapter.register()
    count = 0
    with whole_file(path) as out:
        exporter: Any = EXPORTERS[path.suffix](out, encoding="utf-8")
        exporter.start_exporting()
        for document in record_documents().values():
            for record in _records(database, document, ObjectId(run_id)):
                exporter.export_item(record)
                count += 1
        exporter.finish_exporting()
    return count


def _records(database: Database[dict[str, Any]], document: type[Record], run_id: ObjectId) -> Iterator[Found]:
    schema = schema_of(document)
    for row in database[schema.collection].find({"run": run_id}, sort=[("_id", 1)]):
        values = {name: _exact(row[column]) for name, column in schema.columns.items() if column in row}
        shown = {name: values[name] for name in (*schema.content, "url") if name in values}
        yield Found(document, row["url"], {}, shown)


def _exact(value: Any) -> Any:
    return value.to_decimal() if isinstance(value, Decimal128) else value
