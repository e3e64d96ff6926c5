"""`swathe import`: records from JSON lines, as seeds or as a move."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.status import Status
from rich.text import Text

from scraper.cli.output import console, errors, visible
from scraper.cli.shell import record_names
from scraper.core.config import load_config
from scraper.errors import EXIT_INCOMPLETE, UsageError
from scraper.query.documents import record_called
from scraper.query.imports.lines import read_lines
from scraper.storage.connection import connection_to

if TYPE_CHECKING:
    from scraper.query.imports.load import Loaded

EXAMPLE = "Example: swathe import books books.jsonl.gz"


def import_records(
    records: Annotated[
        str, typer.Argument(autocompletion=record_names, help="A collection of records: quotes, authors, books.")
    ],
    file: Annotated[Path, typer.Argument(help="One JSON object a line: .jsonl, .jsonl.gz or .jsonl.zst.")],
) -> None:
    """Store the records of a file, cleaned and validated like a page's. Exit 3: some lines were not stored.

    Lines with `first_seen`, as `swathe export` writes them, are a move: they keep their bookkeeping, and what is there
    already stays as it is. Others are seeds, seen now.
    """
    document = record_called(records)
    lines = read_lines(file, document)
    first = next(lines, None)
    if first is None:
        raise UsageError(f"{file} holds no line, expected one JSON object a line")
    # Scrapy takes half a second to import; a file that cannot be read should not wait for it.
    from itertools import chain

    from scraper.query.imports.load import Import
    from scraper.spider.loader import project_settings

    pipelines = project_settings().getdict("ITEM_PIPELINES_BASE")
    config = load_config()
    connection = connection_to(config.mongodb)
    importing = Import(connection, document, sorted(pipelines, key=pipelines.__getitem__), config.listeners)
    name = visible(file.name)
    with connection, Status(Text(name), console=errors) as status:
        taken = importing.take(
            file, chain([first], lines), lambda number: status.update(Text(f"{name}: line {number}"))
        )
    _report(taken, records, file)


def _report(taken: Loaded, records: str, file: Path) -> None:
    for line in taken.bad:
        errors.print(f"{visible(file)}:{line.number}: {visible(line.problem)}", markup=False, soft_wrap=True)
    if more := taken.not_stored - len(taken.bad):
        errors.print(f"and {more} more; `swathe rejected` shows those that were records", markup=False)
    counts = ", ".join(f"{count} {kind}" for kind, count in taken.outcomes.items() if count and kind != "refused")
    not_stored = f"; {taken.not_stored} lines were not stored" if taken.not_stored else ""
    console.print(f"{records}: {counts or 'nothing new'}{not_stored} (run {taken.run})", markup=False, soft_wrap=True)
    if taken.not_stored:
        raise typer.Exit(EXIT_INCOMPLETE)
