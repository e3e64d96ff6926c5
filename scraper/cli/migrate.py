"""`swathe migrate`: bring stored records to what their documents say today."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from models.registry import record_documents
from scraper.cli.output import console, visible
from scraper.cli.shell import record_names
from scraper.core.config import load_config
from scraper.errors import UsageError
from scraper.query.documents import record_called
from scraper.storage.connection import connection_to
from scraper.storage.migration.migration import Migration

if TYPE_CHECKING:
    from scraper.storage.migration.stored import SchemaFinding

EXAMPLE = "Example: swathe migrate books --dry-run"


def migrate(
    records: Annotated[
        str,
        typer.Argument(autocompletion=record_names, help="A collection of records, such as books; all unless given."),
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")] = False,
) -> None:
    """Bring stored records to what their documents say today: names, types and keys of fields. Loses nothing."""
    documents = {records: record_called(records)} if records else record_documents()
    with connection_to(load_config().mongodb) as database:
        migrations = {name: Migration(database, documents[name]) for name in documents}
        found = {name: migration.find() for name, migration in migrations.items()}
        for name, migration in migrations.items():
            _print(name, found[name], migration.remarks())
        if dry_run or not any(found.values()):
            return
        if not yes and not (console.is_terminal and typer.confirm("Migrate?")):
            raise UsageError("nothing was changed: say --yes to migrate")
        for name, migration in migrations.items():
            if found[name]:
                _apply(name, migration, sum(finding.count for finding in found[name]))


def _print(name: str, findings: list[SchemaFinding], remarks: list[str]) -> None:
    _line(f"{name}: nothing to change" if not findings else f"{name}:")
    for finding in findings:
        _line(f"  {finding.what}")
        for example in finding.examples:
            _line(f"      {example}")
    for remark in remarks:
        _line(f"  note: {remark}")


def _apply(name: str, migration: Migration, total: int) -> None:
    with Progress(
        TextColumn(name), BarColumn(), MofNCompleteColumn(), console=console, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(name, total=total)
        migration.apply(lambda count: bar.advance(task, count))
    rest = migration.find()
    _line(f"{name}: migrated" if not rest else f"{name}: {rest[0].what} is still to do: run it again")


def _line(text: str) -> None:
    indent = text[: len(text) - len(text.lstrip())]
    console.print(indent + visible(text), markup=False, soft_wrap=True)
