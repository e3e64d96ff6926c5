"""`swathe export`: records into a file for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pymongo.errors import PyMongoError
from rich.filesize import decimal
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from models.record import Record
from models.registry import record_documents
from scraper.cli.output import MOST_ROWS, console, errors, print_near_values, visible
from scraper.cli.shell import record_names
from scraper.core.config import load_config
from scraper.core.text import ListStyle
from scraper.errors import DatabaseLostError, UsageError, expected_one_of
from scraper.query.documents import document_called
from scraper.query.export.export import check_target
from scraper.query.export.export import export as write_file
from scraper.query.export.table import Table, columns_of
from scraper.query.fields import field_path, split_names
from scraper.query.filters import end_of, mongo_filter
from scraper.query.history import Selection
from scraper.query.near import near_values
from scraper.storage.connection import connection_to, explain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mongoengine import Document

    from scraper.query.export.export import ExportResult

EXAMPLE = "Example: swathe export books books.parquet 'price<10' --changed-since 2026-11-01"


def export(
    records: Annotated[
        str,
        typer.Argument(
            autocompletion=record_names, help="A collection: quotes, authors, books, changes, runs, rejected."
        ),
    ],
    file: Annotated[
        Path,
        typer.Argument(
            help="Where to; the suffix picks the format: .csv .json .jsonl .parquet .xlsx, also .csv.gz .jsonl.zst"
        ),
    ],
    filters: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILTER]...", help="Only these, as in `swathe query`: field=value, field<value, !field."
        ),
    ] = None,
    changed_since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only what is new, changed or gone since a day or a time.")
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="The records as they were: at the end of a day, or at a time."),
    ] = None,
    select: Annotated[str, typer.Option(help="Fields to write, separated by commas. [default: all]")] = "",
    sort: Annotated[str, typer.Option(help="Field to sort by; -FIELD for the highest first.")] = "",
    limit: Annotated[int, typer.Option(min=0, max=MOST_ROWS, help="Records at most, 0 for all.")] = 0,
    lists: Annotated[
        ListStyle, typer.Option(help="How a list becomes the text of a cell in .csv and .xlsx.")
    ] = ListStyle.JOIN,
) -> None:
    """Write the records that meet every FILTER into a file, whole or not at all."""
    document = document_called(records)
    for option, given in (("--as-of", as_of), ("--changed-since", changed_since)):
        if given is not None and not issubclass(document, Record):
            raise UsageError(f"{option}: '{records}' has no history: {expected_one_of(records, record_documents())}")
    check_target(file)
    since = [f"changed_at>={changed_since}"] if changed_since is not None else []
    conditions = mongo_filter(document, [*(filters or []), *since])
    chosen = Selection(document, conditions, end_of(as_of) if as_of is not None else None)
    columns = columns_of(document, split_names(select))
    connection = connection_to(load_config().mongodb)
    near: list[str] = []
    with connection as database:
        try:
            written = _write(Table(database, chosen, columns, _order(document, sort), limit), file, lists)
            if as_of is None:
                near = list(near_values(database, document, filters or [], is_empty=not written.records))
        except PyMongoError as error:
            raise DatabaseLostError(f"nothing was written: {explain(error, connection.address)}") from error
    _report(written, records, file)
    print_near_values(near)


def _write(table: Table, file: Path, lists: ListStyle) -> ExportResult:
    """Write the file, with a progress bar on a terminal."""
    if not errors.is_terminal:
        return write_file(table, file, lists)
    shown = TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*shown, console=errors, transient=True) as bar:
        task = bar.add_task(visible(file.name), total=table.count())
        table.advance = lambda step: bar.advance(task, step)
        return write_file(table, file, lists)


def _report(written: ExportResult, records: str, file: Path) -> None:
    size = decimal(written.size_bytes)
    line = f"{written.records} {records} written to {visible(file)}: {size} in {written.seconds:.1f} s"
    console.print(line, markup=False, soft_wrap=True)
    for note in written.notes:
        errors.print(f"note: {visible(note)}", markup=False, soft_wrap=True)


def _order(document: type[Document], sort: str) -> Sequence[tuple[str, int]]:
    if not sort:
        return []
    column = field_path(document, sort.removeprefix("-")).column
    return [(column, -1 if sort.startswith("-") else 1)]
