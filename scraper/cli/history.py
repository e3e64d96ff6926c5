"""`swathe history`: every change of one record, and a chart of its numbers."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from bson import Decimal128
from mongoengine import Decimal128Field, DecimalField, FloatField, IntField, LongField
from rich.text import Text

from models.record import Record, key_text, schema_of
from scraper.cli.chart import draw_chart
from scraper.cli.output import console, print_table, shown_time, visible, write_csv, write_json
from scraper.cli.query import TABLE_ROWS, OutputFormat
from scraper.cli.shell import record_names
from scraper.core.config import load_config
from scraper.core.text import counted
from scraper.errors import UsageError
from scraper.query.documents import record_called
from scraper.query.history import changes_of, find_record
from scraper.storage.connection import connection_to

if TYPE_CHECKING:
    from collections.abc import Sequence

EXAMPLE = "Example: swathe history books a897fe39b1053632"
COLUMNS = ["when", "field", "old", "new", "run"]
NUMBERS = (IntField, LongField, FloatField, DecimalField, Decimal128Field)
CHART_WIDTH = 70


def history(
    records: Annotated[
        str, typer.Argument(autocompletion=record_names, help="A collection of records: quotes, authors, books.")
    ],
    key: Annotated[
        list[str],
        typer.Argument(metavar="KEY...", help="What tells the record from others; several values one by one."),
    ],
    limit: Annotated[
        int | None,
        typer.Option(min=0, help=f"Changes at most, 0 for all. [default: {TABLE_ROWS} in a table, else all]"),
    ] = None,
    format_: Annotated[OutputFormat, typer.Option("--format", help="How to print the changes.")] = OutputFormat.TABLE,
) -> None:
    """Show what changed on one record, the latest first, and how its numbers moved."""
    document = record_called(records)
    with connection_to(load_config().mongodb) as database:
        try:
            record = find_record(database, document, key)
        except UsageError as error:
            raise UsageError(visible(error)) from None
        changes = list(changes_of(database, record))
    rows = limit if limit is not None else TABLE_ROWS if format_ is OutputFormat.TABLE else 0
    shown = changes[:rows] if rows else changes
    if format_ is OutputFormat.TABLE:
        _print_table(document, record, changes, shown)
    elif format_ is OutputFormat.CSV:
        write_csv(shown, [*COLUMNS, "url"])
    else:
        write_json(shown, [*COLUMNS, "url"], lines=format_ is OutputFormat.JSONL)


def _print_table(
    document: type[Record], record: dict[str, Any], changes: Sequence[dict[str, Any]], shown: Sequence[dict[str, Any]]
) -> None:
    title = f"{schema_of(document).collection}: {visible(key_text(document, record))}"
    if changes:
        print_table(({**row, "run": str(row["run"])[-8:]} for row in shown), COLUMNS, title=title, days=("old", "new"))
    for name, lines in _charts(document, record, changes).items():
        console.print(Text("\n".join([name, *lines, ""])))
    hidden = f"{len(shown)} shown, --limit 0 shows all; " if len(shown) < len(changes) else ""
    ends = f", gone at {shown_time(record['gone_at'])}" if record.get("gone_at") else ""
    seen = f"seen from {shown_time(record['first_seen'])} to {shown_time(record['last_seen'])}"
    summary = f"{counted(len(changes), 'change')}; {hidden}{seen}{ends}"
    console.print(Text(summary if changes else f"{title}: {summary}", style="dim"), soft_wrap=True)


def _charts(document: type[Record], record: dict[str, Any], changes: Sequence[dict[str, Any]]) -> dict[str, list[str]]:
    """Return a chart for each number that changed, by its field."""
    schema = schema_of(document)
    until = max(record["last_seen"], record["changed_at"], datetime.now(UTC))
    charts = {}
    for name in schema.content:
        moves = [row for row in reversed(changes) if row["field"] == schema.columns[name]]
        if isinstance(schema.fields[name], NUMBERS) and moves:
            points = [(record["first_seen"], _number(moves[0].get("old")))]
            points += [(row["when"], _number(row["new"])) for row in moves]
            width = min(console.width, CHART_WIDTH)
            charts[name] = draw_chart(points, until, width, ascii_only="utf" not in console.encoding.lower())
    return charts


def _number(value: Any) -> float | None:
    """Return a number that can be drawn; None for anything else."""
    try:
        number = float(str(value)) if isinstance(value, int | float | Decimal128) else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None
