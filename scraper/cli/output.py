"""What commands print: tables for people, JSON and CSV for programs; stored text can never steer the terminal."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, time
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from bson import Decimal128, json_util
from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
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

MOST_ROWS = 1_000_000_000
"""The largest limit that can be asked for; MongoDB takes no number of any size."""
WIDEST, LEAST_WIDTH, NEVER_FOLDED, PADDING, INDENT = 60, 16, 24, 3, 6
"""Widths in a table: of its widest column, what a long text shrinks to, what is never folded, what a column adds; an id
has 24 digits.
"""
LONGEST = 600
"""Characters of a text that a screen shows of it; piped output is never cut."""

TONES = {
    "complete": "green", "limited": "green", "incomplete": "yellow", "unknown": "yellow", "suspect": "yellow",
    "interrupted": "yellow", "failed": "red", "lost": "red", "FAILED": "red",
}  # fmt: skip
"""What colour a verdict has, by its first word."""


def visible(value: Any) -> str:
    r"""Return a value as one line of text without anything that a terminal would obey.

    >>> visible("red \x1b[31malert\n")
    'red [31malert'
    """
    return one_visible_line(_plain(value)) if value is not None else ""


def say(text: str) -> None:
    """Print a line for a person, whatever a page has put into it."""
    console.print(visible(text), markup=False, soft_wrap=True)


def tell(line: str) -> None:
    """Print a line for a person as `say` does, beside what a command gives out."""
    errors.print(visible(line), markup=False, soft_wrap=True)


def shown_time(value: datetime, zone: tzinfo | None = None) -> str:
    """Return a time to the minute in `zone`, None for the local one.

    >>> shown_time(datetime(2026, 11, 21, 18, 30, tzinfo=UTC), UTC)
    '2026-11-21 18:30'
    """
    return f"{value.astimezone(zone):%Y-%m-%d %H:%M}"


def zone_name(zone: tzinfo | None = None) -> str:
    """Return what a time zone is called now; None is this machine's.

    >>> zone_name(UTC)
    'UTC'
    """
    return datetime.now(zone).astimezone(zone).tzname() or "the local zone"


def toned(text: str) -> Text:
    """Return a verdict in its colour, and any other text as it is."""
    return Text(text, TONES.get(text.partition(",")[0], ""))


def print_table(
    rows: Iterable[dict[str, Any]],
    columns: Sequence[str],
    title: str = "",
    zone: tzinfo | None = None,
    days: Container[str] = (),
    *,
    notes: bool = True,
) -> list[str]:
    """Print rows as a table that fits the terminal, with what there is no room for below each row.

    Numbers are aligned to the right, times are in `zone`, None for the local one. In the columns `days` midnight UTC is
    a day of the calendar. Long texts are folded; into a pipe they are written whole, in one line. Print the notes, such
    as the name of the zone, or without `notes` only return them.
    """
    rows, room = list(rows), _room()
    cells = {column: [_cell(row.get(column), zone, is_day=column in days) for row in rows] for column in columns}
    said = [f"times in {zone_name(zone)}"] if _has_times(rows, columns, days) else []
    if room is not None and (count := sum(len(text) > LONGEST for texts in cells.values() for text in texts)):
        said.append(f"… ends {count} long text{'s'[: count > 1]}, which piped output has whole")
        cells = {column: [_cut(text) for text in texts] for column, texts in cells.items()}
    widths = _widths({column: max(map(cell_len, [column, *texts])) for column, texts in cells.items()}, room)
    if len(widths) == 1 < len(columns):
        _print_records(cells, title)
    else:
        numeric = {name for name in columns if any(isinstance(row.get(name), int | float | Decimal128) for row in rows)}
        _print_columns(cells, widths, numeric, title)
    if notes and said:
        console.print("; ".join(said), style="dim", soft_wrap=True)
    return said


def _room() -> int | None:
    """Return the columns of the terminal, or that COLUMNS says; None for a pipe, which takes lines of any length."""
    return console.width - 1 if console.is_terminal or os.environ.get("COLUMNS") else None


def _has_times(rows: Sequence[dict[str, Any]], columns: Sequence[str], days: Container[str]) -> bool:
    return any(isinstance(row.get(column), datetime) for column in columns if column not in days for row in rows)


def _print_columns(cells: dict[str, list[str]], widths: dict[str, int], numeric: set[str], title: str) -> None:
    """Print the columns that have a width, and below each row the others by their names."""
    rows = [dict(zip(cells, line, strict=True)) for line in zip(*cells.values(), strict=True)]
    screen = console if _room() is not None else _screen(sum(widths.values()) + PADDING * len(widths) + 1)
    below = [column for column in cells if column not in widths]
    # One table, or one for each row with what is below it; all are aligned, since their widths are given.
    for number, part in enumerate([[row] for row in rows] if below else [rows]):
        table = Table(
            title=title if title and not number else None, title_justify="left", title_style="bold",
            header_style="bold", box=SIMPLE_HEAD, show_header=not number, show_edge=not below,
        )  # fmt: skip
        for column, width in widths.items():
            table.add_column(column, justify="right" if column in numeric else "left", overflow="fold", width=width)
        for row in part:
            table.add_row(*(toned(row[column]) for column in widths))
        screen.print(table)
        if rest := "; ".join(f"{column} {part[0][column]}" for column in below if part[0][column]):
            screen.print(Padding(Text(rest, "dim"), (0, 0, 0, INDENT)))


def _print_records(cells: dict[str, list[str]], title: str) -> None:
    """Print each row as named values below each other."""
    if title:
        console.print(Text(title, "bold"))
    for line in zip(*cells.values(), strict=True):
        print_facts({name: text for name, text in zip(cells, line, strict=True) if text})
        console.print()


def _screen(width: int) -> Console:
    """Return a console for lines of a width that the terminal does not have."""
    return Console(highlight=False, width=max(width, console.width))


def _widths(widest: dict[str, int], room: int | None) -> dict[str, int]:
    """Return how wide each column is that there is room for; None is room for any."""
    if room is None:
        return widest
    wanted = {column: min(width, WIDEST) for column, width in widest.items()}
    least = {column: width if width <= NEVER_FOLDED else LEAST_WIDTH for column, width in wanted.items()}
    while len(least) > 1 and sum(least.values()) + PADDING * len(least) > room:
        least.popitem()
    widths = {column: wanted[column] for column in least}
    while sum(widths.values()) + PADDING * len(widths) > room:
        slack = {column: width for column, width in widths.items() if width > least[column]}
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
        shown = f"{value.astimezone():%Y-%m-%d %H:%M:%S %Z}" if isinstance(value, datetime) else visible(value)
        table.add_row(name, toned(shown))
    wide = max(map(len, facts), default=0) + max((cell_len(visible(value)) for value in facts.values()), default=0)
    (console if _room() is not None else _screen(wide + PADDING)).print(table)


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
    return visible(value)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


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


T = TypeVar("T")

LINE_EVERY_S = 10.0


def tracked(things: Sequence[T], what: str) -> Iterator[T]:
    """Yield the things; say on standard error, in words such as `Reading pages`, how many there have been."""
    if errors.is_terminal:
        from rich.progress import track  # only long work waits for its import

        yield from track(things, what, console=errors, transient=True)
        return
    said_at = monotonic()
    for number, thing in enumerate(things, 1):
        yield thing
        if monotonic() - said_at > LINE_EVERY_S:
            said_at = monotonic()
            errors.print(f"{what}: {number} of {len(things)}", markup=False)
