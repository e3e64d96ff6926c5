"""`swathe query`: records from MongoDB without writing Mongo."""

from __future__ import annotations

from datetime import UTC
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from scraper.cli.output import MOST_ROWS, console, extended_json, print_near_values, print_table, write_csv, write_json
from scraper.cli.prompt import prompt
from scraper.cli.saved import SavedQueries
from scraper.cli.shell import filter_words, record_names
from scraper.core.config import load_config
from scraper.query.question import Question, Wanted, ask
from scraper.storage.connection import connection_to

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import tzinfo

    from pymongo.database import Database

EXAMPLE = "Example: swathe query books 'price<10' in_stock=true --sort -rating --select title,price,rating"
TABLE_ROWS = 20


class OutputFormat(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


class QueryCommand(SavedQueries):
    """`swathe query`, which knows saved queries."""

    def check(self, params: Mapping[str, Any]) -> None:
        """Raise UsageError unless a query makes sense."""
        ask(_wanted(params))


app = typer.Typer(add_completion=False, rich_markup_mode=None)


def _interact(context: typer.Context, wanted: bool) -> None:
    if wanted:
        prompt(context.command, {"--format": tuple(OutputFormat)})
        raise typer.Exit


@app.command(epilog=EXAMPLE, cls=QueryCommand)
def query(
    context: typer.Context,
    records: Annotated[
        str,
        typer.Argument(
            autocompletion=record_names, help="A collection of records, or of Swathe's own: runs, changes, rejected, …"
        ),
    ],
    filters: Annotated[
        list[str] | None,
        typer.Argument(
            autocompletion=filter_words,
            metavar="[FILTER]...",
            help="field=value, !=, <, <=, >, >=, field=1..5, field~text (contains), !~, field:a,b (any of), !:, "
            "field (is set), !field.",
        ),
    ] = None,
    text: Annotated[str | None, typer.Option(help="Words that the texts of a record must all have.")] = None,
    select: Annotated[str, typer.Option(help="Fields to show, separated by commas.")] = "",
    sort: Annotated[
        str, typer.Option(help="Fields to sort by, separated by commas; -FIELD for the highest first.")
    ] = "",
    limit: Annotated[
        int | None,
        typer.Option(
            min=0, max=MOST_ROWS, help=f"Rows at most, 0 for all. [default: {TABLE_ROWS} in a table, else all]"
        ),
    ] = None,
    count: Annotated[bool, typer.Option("--count", help="Print only how many there are.")] = False,
    group_by: Annotated[
        str,
        typer.Option(
            metavar="A,B",
            help="Count the records of each value, or of day(FIELD), week(FIELD), month(FIELD) of a time; --select "
            "adds sum(FIELD), min(FIELD), max(FIELD), avg(FIELD), also without --group-by.",
        ),
    ] = "",
    as_of: Annotated[
        str | None, typer.Option(metavar="TIME", help="The records as they were: at the end of a day, or at a time.")
    ] = None,
    utc: Annotated[bool, typer.Option("--utc", help="Read and show times in UTC, not in the local zone.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Print MongoDB's filter and which index serves it, not the rows.")
    ] = False,
    saved: Annotated[
        str, typer.Option(metavar="NAME", help="Begin with a query of [queries] in the configuration.")
    ] = "",
    interactive: Annotated[
        bool,
        typer.Option(
            "--interactive", "-i", is_eager=True, callback=_interact, help="Ask on and on, with completion (Tab)."
        ),
    ] = False,
    format_: Annotated[OutputFormat, typer.Option("--format", help="How to print the rows.")] = OutputFormat.TABLE,
) -> None:
    """Show the records that meet every FILTER."""
    question = ask(_wanted(context.params))
    rows = limit if limit is not None else TABLE_ROWS if format_ is OutputFormat.TABLE else 0
    with connection_to(load_config().mongodb) as database:
        question.prepare(database)
        if explain:
            _print_plan(database, question, rows)
            return
        found = _Counted(question.rows(database, rows))
        if count:
            found.count = question.count(database)
            typer.echo(found.count)
        elif format_ is OutputFormat.TABLE:
            _print_table(database, question, found, rows, UTC if utc else None)
        elif format_ is OutputFormat.CSV:
            write_csv(found, list(question.columns))
        else:
            write_json(found, list(question.columns), lines=format_ is OutputFormat.JSONL)
        print_near_values(question.near_values(database, is_empty=not found.count))


class _Counted:
    """Rows that are counted while they are taken."""

    def __init__(self, rows: Iterable[dict[str, Any]]) -> None:
        self._rows, self.count = rows, 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for row in self._rows:
            self.count += 1
            yield row


def _wanted(params: Mapping[str, Any]) -> Wanted:
    names = ("records", "text", "select", "sort", "group_by", "as_of")
    return Wanted(
        **{name: params[name] for name in names},
        filters=params["filters"] or (),
        zone=UTC if params["utc"] else None,
    )


def _print_table(
    database: Database[dict[str, Any]],
    question: Question,
    found: Iterable[dict[str, Any]],
    limit: int,
    zone: tzinfo | None,
) -> None:
    rows = list(found)
    said = print_table(rows, list(question.columns), zone=zone, days=question.days, notes=False) if rows else []
    total = question.count(database) if limit and len(rows) == limit else len(rows)
    what = f"values of {', '.join(question.grouping.names)}" if question.grouping else question.records
    notes = [f"{len(rows)} of {total} {what}" if len(rows) < total else f"{total} {what}"]
    if question.grouping and not question.grouping.names:
        notes = [f"of {question.selection.count(database)} {question.records}"]
    if len(rows) < total:
        notes.append("--limit 0 shows all")
    console.print("; ".join([*notes, *said]), style="dim", soft_wrap=True)


def _print_plan(database: Database[dict[str, Any]], question: Question, limit: int) -> None:
    command, plan = question.command(limit), question.plan(database, limit)
    for name in ("find", "aggregate", "filter", "pipeline", "sort", "limit"):
        if name in command:
            console.print(f"{name:<11}{extended_json(command[name])}", markup=False, soft_wrap=True)
    console.print(f"{'served by':<11}{plan}", markup=False, soft_wrap=True)
    if not plan.indexed:
        console.print("An index is made for a field with index=True in models/, by the next crawl.", style="dim")
