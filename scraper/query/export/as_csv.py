"""Exports as CSV: UTF-8, one header, CRLF between lines (RFC 4180)."""

from __future__ import annotations

import codecs
import csv
from typing import TYPE_CHECKING, Any, BinaryIO

from scraper.core.text import ListStyle, cell_text, defused, printable
from scraper.query.export.table import ABSENT

if TYPE_CHECKING:
    from scraper.query.export.table import Table


def write_csv(table: Table, out: BinaryIO, lists: ListStyle) -> None:
    """Write all rows; a text that a spreadsheet would run gets an apostrophe before it, numbers stay numbers."""
    # The end of a line is also what makes the writer quote a cell with a bare CR or LF in it.
    writer = csv.writer(codecs.getwriter("utf-8")(out), lineterminator="\r\n")
    writer.writerow([defused(printable(column.name)) for column in table.columns])
    for row in table.rows():
        writer.writerow([_cell(value, lists) for value in row])


def _cell(value: Any, lists: ListStyle) -> str:
    if value is ABSENT or value is None:
        return ""
    if isinstance(value, str | list):
        return defused(printable(cell_text(value, lists)))
    return printable(cell_text(value, lists))
