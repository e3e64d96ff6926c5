"""Exports as JSON lines, or as one JSON array with a record a line."""

from __future__ import annotations

from json.encoder import encode_basestring
from typing import TYPE_CHECKING, BinaryIO

from scraper.core.text import json_text
from scraper.query.export.table import ABSENT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scraper.query.export.table import Table


def write_jsonl(table: Table, out: BinaryIO) -> None:
    """Write one object a line; a field that a record does not have is left out, null is null."""
    for line in _objects(table):
        out.write(line + b"\n")


def write_json(table: Table, out: BinaryIO) -> None:
    """Write one array."""
    separator = b"[\n"
    for line in _objects(table):
        out.write(separator + line)
        separator = b",\n"
    out.write(b"[]\n" if separator == b"[\n" else b"\n]\n")


def _objects(table: Table) -> Iterator[bytes]:
    names = [f"{encode_basestring(column.name)}: " for column in table.columns]
    for row in table.rows():
        parts = [name + json_text(value) for name, value in zip(names, row, strict=True) if value is not ABSENT]
        # Half of a pair becomes its JSON escape, as UTF-8 has no room for it.
        yield f"{{{', '.join(parts)}}}".encode("utf-8", "backslashreplace")
