"""Write an export: pick the format by the file's suffix, and say what was written."""

from __future__ import annotations

import gzip
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple, cast

from scraper.core import zst
from scraper.core.atomic_file import check_place, whole_file
from scraper.core.text import ListStyle
from scraper.errors import UsageError
from scraper.query.export.as_csv import csv_lines
from scraper.query.export.as_json import json_array, json_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from scraper.query.export.table import Table

COMPRESSIONS = (".gz", ".zst")
"""Suffixes that may follow that of a text."""


def _csv(table: Table, out: BinaryIO, lists: ListStyle, _folder: Path) -> None:
    _write(csv_lines(_names(table), table.rows(), lists), out)


def _json(table: Table, out: BinaryIO, _lists: ListStyle, _folder: Path) -> None:
    _write(json_array(_names(table), table.rows()), out)


def _jsonl(table: Table, out: BinaryIO, _lists: ListStyle, _folder: Path) -> None:
    _write(json_lines(_names(table), table.rows()), out)


def _parquet(table: Table, out: BinaryIO, _lists: ListStyle, _folder: Path) -> None:
    # pyarrow takes half a second to import, and 60 MB.
    from scraper.query.export.as_parquet import write_parquet

    write_parquet(table, out)


def _xlsx(table: Table, out: BinaryIO, lists: ListStyle, folder: Path) -> None:
    from scraper.query.export.as_xlsx import write_xlsx

    write_xlsx(table, out, lists, folder)


def _names(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def _write(lines: Iterator[str], out: BinaryIO) -> None:
    for line in lines:
        out.write(line.encode())


class Format(NamedTuple):
    """A format of exports."""

    write: Callable[[Table, BinaryIO, ListStyle, Path], None]
    """Writes a table's records; it is told how lists become text, and a folder with room for what does not fit."""
    is_text: bool = False
    """Whether it is made of lines, which may be compressed."""


FORMATS: Final = {
    ".csv": Format(_csv, is_text=True),
    ".json": Format(_json, is_text=True),
    ".jsonl": Format(_jsonl, is_text=True),
    ".parquet": Format(_parquet),
    ".xlsx": Format(_xlsx),
}
"""The formats of exports by the suffix that picks each. A new one is a module and a line here."""

TEXTS: Final = tuple(suffix for suffix, format_ in FORMATS.items() if format_.is_text)


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
    if suffix not in (TEXTS if compression else FORMATS):
        found = suffix + compression
        also = f"; {' '.join(TEXTS)} may be followed by {' or '.join(COMPRESSIONS)}" if compression else ""
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
        FORMATS[suffix].write(table, out, lists, target.resolve().parent)
    return ExportResult(table.taken, target.stat().st_size, time.monotonic() - started, table.notes)


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
