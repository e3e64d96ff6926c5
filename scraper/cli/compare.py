"""`swathe runs compare`: what differs between two runs."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from models.system import Run
from scraper.cli.lookup import find_by_id
from scraper.cli.output import print_table, say
from scraper.core.config import load_config
from scraper.core.text import json_text
from scraper.errors import UsageError, expected_one_of
from scraper.query.export.as_json import escaped
from scraper.runs.comparison import compare
from scraper.storage.connection import connection_to

if TYPE_CHECKING:
    from scraper.runs.comparison import Comparison, RecordChange

EXAMPLE = "Example: swathe runs compare 60718293a 7182aa01"
FORMATS = ("table", "json")
SIDES = ["before", "after", "difference"]


def compare_runs(
    one: Annotated[str, typer.Argument(metavar="A", help="A run's id, or the last digits of it.")],
    other: Annotated[str, typer.Argument(metavar="B", help="Another run of the same spider.")],
    limit: Annotated[int, typer.Option(min=0, help="Records shown of each kind, 0 for all.")] = 10,
    format_: Annotated[str, typer.Option("--format", metavar="FORMAT", help="table or json.")] = "table",
) -> None:
    """Show what differs between two runs: counts, fields, lists, and the records that came, went and changed."""
    if format_ not in FORMATS:
        raise UsageError(f"--format {format_}: {expected_one_of(format_, FORMATS)}")
    with connection_to(load_config().mongodb) as database:
        runs = database[Run._get_collection_name()]
        found = compare(database, *(find_by_id(runs, text, "run", "swathe runs list") for text in (one, other)))
    if format_ == "json":
        sys.stdout.write(f"{escaped(json_text(asdict(found)))}\n")
    else:
        _print(found, limit)


def _print(found: Comparison, limit: int) -> None:
    print_table(found.counts, ["count", *SIDES], title=f"{found.before['_id']} before, {found.after['_id']} after")
    for rows, what, title in (
        (found.reasons, "reason", "Reasons"),
        (found.fields, "filled", "Records in which a field has a value"),
        (found.lists, "list", "Lists"),
    ):
        if rows:
            sides = SIDES[:2] if what == "reason" else SIDES
            print_table(rows, [what, *sides], title=title)
    shown: list[RecordChange] = []
    counted = Counter(change.what for change in found.changes)
    for what in ("came", "went", "changed"):
        shown += [change for change in found.changes if change.what == what][: limit or None]
    if shown:
        rows = [
            {"what": one.what, "records": one.records, "key": one.key, "field": field, "old": old, "new": new}
            for one in shown
            for field, (old, new) in (one.fields or {"": (None, None)}).items()
        ]
        print_table(rows, ["what", "records", "key", "field", "old", "new"], title="Records")
    counts = ", ".join(f"{counted[what]} {what}" for what in ("came", "went", "changed"))
    hidden = (
        f"; {len(found.changes) - len(shown)} are not shown: --limit 0 shows all"
        if len(shown) < len(found.changes)
        else ""
    )
    say(f"records: {counts}{hidden}")
