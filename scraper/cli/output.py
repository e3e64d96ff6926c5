"""What commands print: tables for people, JSON and CSV for programs; stored text can never steer the terminal."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Any

from bson import Decimal128, json_util
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from scraper.core.text import json_text, one_visible_line
from scraper.query.export.as_csv import csv_lines
from scraper.query.export.as_json import escaped, json_array, json_lines

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence
    from datetime import tzinfo

console = Console(highlight=False)
errors = Console(stderr=True, highlight=False)

CELL_CHARACTERS = 60
MOST_ROWS = 1_000_000_000
"""The largest limit that can be asked for; MongoDB takes no number of any size."""
LEAST_WIDTH, NEVER_CUT, PADDING = 16, 24, 3
"""Widths in a table: what a long text shrinks to, what is shown whole (an id has 24 digits), what a column adds."""


def visible(value: Any) -> str:
    r"""Return a value as one line of text without anything that a terminal would obey.

    >>> visible("red \x1b[31malert\n")
    'red [31malert'
    """
    return one_visible_line(_plain(value)) if value is not None else ""


def shown_time(value: datetime, zone: tzinfo | None = None) -> str:
    """Return a time to the minute in `zone`, None for the local one.

    >>> shown_time(datetime(2026, 11, 21, 18, 30, tzinfo=UTC), UTC)
    '2026-11-21 18:30'
    """
    return f"{value.astimezone(zone):%Y-%m-%d %H:%M}"


def print_table(
    rows: Iterable[dict[str, Any]],
    columns: Sequence[str],
    title: str = "",
    zone: tzinfo | None = None,
    days: Container[str] = (),
) -> list[str]:
    """Print rows as a table that fits the terminal, and return the columns there was no room for.

    Numbers are aligned to the right, times are in `zone`, None for the local one. In the columns `days` midnight UTC is
    a day of the calendar. Columns of long texts give way first; then the last columns are left out.
    """
    rows = list(rows)
    cells = {column: [_cell(row.get(column), zone, is_day=column in days) for row in rows] for column in columns}
    widths = _widths({column: max(map(cell_len, [column, *texts])) for column, texts in cells.items()})
    table = Table(title=title or None, title_justify="left", title_style="bold", header_style="bold", box=SIMPLE_HEAD)
    for column, width in widths.items():
        numeric = any(isinstance(row.get(column), int | float | Decimal128) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="ellipsis", no_wrap=True, width=width)
    for line in zip(*(cells[column] for column in widths), strict=True):
        table.add_row(*map(Text, line))
    console.print(table)
    return [column for column in columns if column not in widths]


def _widths(widest: dict[str, int]) -> dict[str, int]:
    """Return the columns that fit the terminal, in their order, with their widths."""
    least = {column: width if width <= NEVER_CUT else LEAST_WIDTH for column, width in widest.items()}
    room = console.width - 1
    while len(least) > 1 and sum(least.values()) + PADDING * len(least) > room:
        least.popitem()
    widths = {column: widest[column] for column in least}
    while sum(widths.values()) + PADDING * len(widths) > room:
        slack = {column: widths[column] for column in widths if widths[column] > least[column]}
        if not slack:
            break
        widths[max(slack, key=slack.__getitem__)] -= 1
    return widths


def print_facts(facts: dict[str, Any], title: str = "") -> None:
    """Print named values below each other, whole."""
    table = Table(
        title=title or None, title_justify="left", title_style="bold", show_header=False, box=None, pad_edge=False
    )
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(name, Text(visible(value)))
    console.print(table)


def print_near_values(lines: Iterable[str]) -> None:
    """Tell on standard error which values were nearly met."""
    for line in lines:
        errors.print(f"note: {visible(line)}", markup=False, soft_wrap=True)


def write_json(rows: Iterable[dict[str, Any]], columns: Sequence[str], *, lines: bool) -> None:
    """Write rows as JSON lines, or as one JSON array; a column that a row does not have is null."""
    for line in (json_lines if lines else json_array)(columns, _values(rows, columns)):
        sys.stdout.write(line)


def write_csv(rows: Iterable[dict[str, Any]], columns: Sequence[str]) -> None:
    """Write rows as CSV; a text that a spreadsheet would run as a formula gets an apostrophe before it."""
    for line in csv_lines(columns, _values(rows, columns), for_terminal=True):
        sys.stdout.write(line)


def _values(rows: Iterable[dict[str, Any]], columns: Sequence[str]) -> Iterator[list[Any]]:
    return ([row.get(column) for column in columns] for row in rows)


def _cell(value: Any, zone: tzinfo | None, *, is_day: bool) -> str:
    if isinstance(value, datetime):
        in_utc = value.astimezone(UTC)
        return f"{in_utc:%Y-%m-%d}" if is_day and in_utc.time() == time.min else shown_time(value, zone)
    text = visible(value)
    return text if len(text) <= CELL_CHARACTERS else text[: CELL_CHARACTERS - 1] + "…"


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_plain(part) for part in value)
    if isinstance(value, dict):
        return escaped(json_text(value))
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value)


def extended_json(value: Any) -> str:
    """Return a value of MongoDB's as extended JSON, safe to print."""
    return escaped(json_util.dumps(value, ensure_ascii=False))
