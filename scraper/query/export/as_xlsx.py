"""Exports as an Excel workbook with one sheet: texts are texts, dates are dates, and no number loses a digit."""

from __future__ import annotations

import math
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any, BinaryIO

from bson import Decimal128
from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileCreateError, FileSizeError

from scraper.core.atomic_file import temporary_name
from scraper.core.text import ABSENT, ListStyle, cell_text, decimal_text, printable
from scraper.errors import FileError, UsageError

if TYPE_CHECKING:
    from decimal import Decimal
    from pathlib import Path

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from scraper.query.export.table import Table

MAX_ROWS = 1_048_576
MAX_CELL = 32_767
"""Limits of Excel; a cell's is counted in UTF-16 units. Source: Excel specifications and limits."""

MARK = "… [cut]"
FIRST_DATE = datetime(1900, 3, 1, tzinfo=UTC)
"""Excel knows no year before 1900, and takes 1900 for a leap year."""

EXACT_DIGITS, EXACT_EXPONENT = 15, 300
"""What a number of Excel's holds for sure."""


def write_xlsx(table: Table, out: BinaryIO, lists: ListStyle, folder: Path) -> None:
    """Write all rows into one sheet; raise UsageError when there are more than it holds, FileError beyond 4 GB.

    The sheet is gathered in a temporary folder inside `folder`, on the disk that has room for the file itself.
    """
    check_rows(table.count())
    with temporary_name(folder) as scratch:
        scratch.mkdir(mode=0o700)
        book = Workbook(out, {"constant_memory": True, "tmpdir": str(scratch)})
        try:
            _fill(_Sheet(book, lists), table)
            book.close()
        except FileCreateError as error:
            raise error.args[0] from error
        except FileSizeError as error:
            raise FileError(
                "the sheet has more than 4 GB, which Excel does not read: write .parquet or .csv"
            ) from error
        finally:
            book.fileclosed = True  # a workbook that is given up must not be written when it is collected
            for sheet in book.worksheets():
                sheet._opt_close()


def check_rows(records: int) -> None:
    """Raise UsageError when a sheet has no room for so many records."""
    if records >= MAX_ROWS:
        raise UsageError(
            f"{records} records are more than the {MAX_ROWS - 1} that a sheet of Excel holds: "
            f"write .csv or .parquet, or fewer records with a FILTER or --limit"
        )


class _Sheet:
    """One worksheet that is written from top to bottom."""

    def __init__(self, book: Workbook, lists: ListStyle) -> None:
        self.sheet: Worksheet = book.add_worksheet()
        self.cut = 0
        self._lists = lists
        self._day: Format = book.add_format({"num_format": "yyyy-mm-dd"})
        self._moment: Format = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})

    def write(self, row: int, column: int, value: Any) -> None:
        """Write one cell as what it is."""
        if isinstance(value, bool):
            self.sheet.write_boolean(row, column, value)
        elif isinstance(value, int | float | Decimal128):
            self._write_number(row, column, value)
        elif isinstance(value, datetime) and value >= FIRST_DATE:
            shown = self._day if value.time() == time.min else self._moment
            self.sheet.write_datetime(row, column, value.astimezone(UTC).replace(tzinfo=None), shown)
        elif value is not None and value is not ABSENT:
            self._write_text(row, column, printable(cell_text(value, self._lists)))

    def _write_number(self, row: int, column: int, value: int | float | Decimal128) -> None:
        if isinstance(value, float) and math.isfinite(value):
            self.sheet.write_number(row, column, value)
        elif not isinstance(value, float) and _is_exact(value):
            self.sheet.write_number(row, column, float(str(value)))
        else:
            self._write_text(row, column, decimal_text(value) if isinstance(value, Decimal128) else str(value))

    def _write_text(self, row: int, column: int, text: str) -> None:
        if len(text) > MAX_CELL // 2 and len(text.encode("utf-16-le")) // 2 > MAX_CELL:
            room = (MAX_CELL - len(MARK)) * 2
            text = text.encode("utf-16-le")[:room].decode("utf-16-le", "ignore") + MARK
            self.cut += 1
        if text:
            self.sheet.write_string(row, column, text)


def _fill(sheet: _Sheet, table: Table) -> None:
    for place, column in enumerate(table.columns):
        sheet.write(0, place, column.name)
    sheet.sheet.freeze_panes(1, 0)
    for number, row in enumerate(table.rows(), 1):
        if number >= MAX_ROWS:
            check_rows(number)
        for place, value in enumerate(row):
            sheet.write(number, place, value)
    if sheet.cut:
        table.notes.append(
            f"{sheet.cut} cells held more than Excel's {MAX_CELL} characters and were cut: they end in '{MARK}'"
        )


def _is_exact(value: int | Decimal128) -> bool:
    """Return whether Excel shows a number with every digit it has."""
    if isinstance(value, int):
        return len(str(abs(value))) <= EXACT_DIGITS
    number: Decimal = value.to_decimal()
    if not number.is_finite() or abs(number.adjusted()) > EXACT_EXPONENT:
        return False
    return len(number.as_tuple().digits) <= EXACT_DIGITS
