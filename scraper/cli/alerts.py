"""`swathe alerts`: who is told when a run goes wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from scraper.cli.output import MOST_ROWS, console, print_table
from scraper.core.config import load_config
from scraper.errors import EXIT_FAILED, UsageError
from scraper.schedule.alerts.message import message_of
from scraper.schedule.alerts.targets import targets_of
from scraper.storage.connection import connection_to

EXAMPLE = "Example: swathe alerts test --dry-run"

app = typer.Typer(
    help="Tell people when runs go wrong, once per incident.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.command("test", epilog=EXAMPLE)
def send_sample(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the message and the targets; send nothing.")] = False,
) -> None:
    """Send a sample message to every target of [alerts] targets. Exit 1 when one does not take it."""
    from models.alerts import Incident

    targets = targets_of(load_config().alerts.targets)
    now = datetime.now(UTC)
    sample = Incident(
        spider="sample", arguments={"start": "https://example.org/"}, kind="failed", opened_at=now, last_at=now,
        why="this is a test: nothing went wrong",
    )  # fmt: skip
    message = message_of(sample)
    console.print(f"{message.title}\n{message.body}\n", markup=False, soft_wrap=True)
    if not targets and not dry_run:
        raise UsageError("[alerts] targets is empty, expected addresses of apprise: set SWATHE_ALERTS_TARGETS")
    sent = {target.name: None if dry_run else target.send(message) for target in targets}
    for name, taken in sent.items():
        console.print(f"{name}: {'not sent' if taken is None else 'sent' if taken else 'FAILED'}", markup=False)
    if not targets:
        console.print("no target is set: SWATHE_ALERTS_TARGETS names them")
    raise typer.Exit(EXIT_FAILED if False in sent.values() else 0)


@app.command("list", epilog="Example: swathe alerts list --limit 5")
def list_incidents(
    limit: Annotated[int, typer.Option(min=1, max=MOST_ROWS, help="Incidents to show, the latest first.")] = 20,
) -> None:
    """List the incidents: what went wrong, since when, and whether it is over."""
    from models.alerts import Incident

    with connection_to(load_config().mongodb) as database:
        found = database[Incident._get_collection_name()].find(sort=[("opened_at", -1)], limit=limit)
        rows = [{**row, "state": "open" if row["open"] else "closed", "to tell": len(row["to_tell"])} for row in found]
    print_table(rows, ["opened_at", "spider", "kind", "state", "times", "closed_at", "to tell", "cause", "why"])
