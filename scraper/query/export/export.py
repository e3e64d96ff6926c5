"""Write an export: pick the format by the file's suffix, and say what was written."""

from __future__ import annotations

import gzip
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

from scraper.core import zst
from scraper.core.atomic_file import check_place, whole_file
from scraper.core.text import ListStyle
from scraper.errors import UsageError
from scraper.query.export.as_csv import csv_lines
from scraper.query.export.as_json import json_array, json_lines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from scraper.query.export.table import Table

FORMATS = (".csv", ".json", ".jsonl", ".parquet", ".xlsx")
TEXT_FORMATS = (".csv", ".json", ".jsonl")
COMPRESSIONS = (".gz", ".zst")


@dataclass(frozen=True)
class ExportResult:
    """What an export has done."""

    records: int
    size_bytes: int
    seconds: float
    notes: list[str]
    """What the file does not say as the records do."""


def format_of(target: Path) -> tuple[str, str]:
    """Return the format and the compression, or an empty text, that a file's suffix asks for; raise UsageError."""
    suffix = target.suffix.lower()
    compression = suffix if suffix in COMPRESSIONS else ""
    if compression:
        suffix = target.with_suffix("").suffix.lower()
    if suffix not in (TEXT_FORMATS if compression else FORMATS):
        found = suffix + compression
        also = f"; {' '.join(TEXT_FORMATS)} may be followed by {' or '.join(COMPRESSIONS)}" if compression else ""
        raise UsageError(f"cannot write {target}: the suffix must be one of {' '.join(FORMATS)}, not '{found}'{also}")
    return suffix, compression


def check_target(target: Path) -> None:
    """Raise UsageError when nothing can be exported into a file of this name."""
    format_of(target)
    check_place(target)


def export(table: Table, target: Path, lists: ListStyle = ListStyle.JOIN) -> ExportResult:
    """Write a table's records into a file, whole or not at all; raise UsageError, FileError or PyMongoError."""
    started = time.monotonic()
    suffix, compression = format_of(target)
    with whole_file(target) as file, _compressed(file, compression) as out:
        names = [column.name for column in table.columns]
        if suffix == ".csv":
            _write(csv_lines(names, table.rows(), lists), out)
        elif suffix == ".json":
            _write(json_array(names, table.rows()), out)
        elif suffix == ".jsonl":
            _write(json_lines(names, table.rows()), out)
        elif suffix == ".parquet":
            # pyarrow takes half a second to import, and 60 MB.
            from scraper.query.export.as_parquet import write_parquet

            write_parquet(table, out)
        else:
            from scraper.query.export.as_xlsx import write_xlsx

            write_xlsx(table, out, lists, target.resolve().parent)
    return ExportResult(table.taken, target.stat().st_size, time.monotonic() - started, table.notes)


def _write(lines: Iterator[str], out: BinaryIO) -> None:
    for line in lines:
        out.write(line.encode())


@contextmanager
def _compressed(file: BinaryIO, compression: str) -> Iterator[BinaryIO]:
    if compression == ".gz":
        with gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=6, mtime=0) as out:
            yield cast("BinaryIO", out)
    elif compression == ".zst":
        with zst.writer(file) as packed:
            yield packed
    else:
        yield file
