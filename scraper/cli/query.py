"""`swathe query`: records from MongoDB without writing Mongo."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.record import BOOKKEEPING, Record, schema_of
from models.registry import all_documents, record_documents
from scraper.cli.output import console, print_table, write_csv, write_json
from scraper.config import load_config
from scraper.errors import UsageError, expected_one_of
from scraper.filters import end_of, field_path, mongo_filter
from scraper.mongo.connection import connection_to
from scraper.past import Selection

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mongoengine import Document

EXAMPLE = "Example: swathe query books 'price<10' in_stock=true --sort -rating --select title,price,rating"
TABLE_ROWS = 20


class Format(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


def query(
    records: Annotated[str, typer.Argument(help="A collection: quotes, authors, books, changes, runs, rejected.")],
    filters: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[FILTER]...",
            help="field=value, !=, <, <=, >, >=, field~text (contains), field:a,b (any of), field (is set), !field.",
        ),
    ] = None,
    select: Annotated[str, typer.Option(help="Fields to show, separated by commas.")] = "",
    sort: Annotated[str, typer.Option(help="Field to sort by; -FIELD for the highest first.")] = "",
    limit: Annotated[
        int | None, typer.Option(min=0, help=f"Rows at most, 0 for all. [default: {TABLE_ROWS} in a table, else all]")
    ] = None,
    count: Annotated[bool, typer.Option("--count", help="Print only how many there are.")] = False,
    as_of: Annotated[
        str,
        typer.Option(metavar="TIME", help="The records as they were: at the end of a day, or at an ISO time (UTC)."),
    ] = "",
    format_: Annotated[Format, typer.Option("--format", help="How to print the rows.")] = Format.TABLE,
) -> None:
    """Show the records that meet every FILTER."""
    documents = all_documents()
    if records not in documents:
        raise UsageError(f"there are no records '{records}': {expected_one_of(records, documents)}")
    document = documents[records]
    if as_of and not issubclass(document, Record):
        raise UsageError(f"--as-of: '{records}' has no history: {expected_one_of(records, record_documents())}")
    chosen = Selection(document, mongo_filter(document, filters or []), end_of(as_of) if as_of else None)
    columns = _columns(document, select)
    order = [_order(document, sort)] if sort else []
    rows = limit if limit is not None else TABLE_ROWS if format_ is Format.TABLE else 0
    with connection_to(load_config().mongodb) as database:
        if count:
            typer.echo(chosen.count(database))
            return
        hidden = _print(chosen.rows(database, list(columns.values()), order, rows), columns, format_)
        if format_ is Format.TABLE:
            _print_footer(chosen.count(database), rows, records, hidden)


def _columns(document: type[Document], select: str) -> dict[str, str]:
    """Return the fields to show and their names in MongoDB."""
    if select:
        return {name: field_path(document, name)[0] for name in (part.strip() for part in select.split(",")) if name}
    fields = schema_of(document).fields
    names = [*(name for name in fields if name not in BOOKKEEPING), *(["url"] if "url" in fields else [])]
    return {name: field_path(document, name)[0] for name in names}


def _order(document: type[Document], sort: str) -> tuple[str, int]:
    column, _ = field_path(document, sort.removeprefix("-"))
    return column, -1 if sort.startswith("-") else 1


def _print(found: Iterable[dict[str, Any]], columns: dict[str, str], format_: Format) -> list[str]:
    """Print the rows, and return the columns that a table had no room for."""
    rows = ({name: _value(row, column) for name, column in columns.items()} for row in found)
    if format_ is Format.TABLE:
        return print_table(rows, list(columns))
    if format_ is Format.CSV:
        write_csv(rows, list(columns))
    else:
        write_json(rows, lines=format_ is Format.JSONL)
    return []


def _value(row: Any, column: str) -> Any:
    for part in column.split("."):
        row = row.get(part) if isinstance(row, dict) else None
    return row


def _print_footer(total: int, limit: int, records: str, hidden: list[str]) -> None:
    counted = f"{limit} of {total} {records}; --limit 0 shows all" if limit and total > limit else f"{total} {records}"
    unseen = f"; no room for {', '.join(hidden)}: --select picks" if hidden else ""
    console.print(counted + unseen, style="dim", soft_wrap=True)
