"""`swathe status` and `swathe digest`: is everything fine, and what changed."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.text import Text

from scraper.cli.output import console, errors
from scraper.core.config import load_config
from scraper.core.text import json_text
from scraper.errors import EXIT_FAILED, UsageError, expected_one_of
from scraper.query.export.as_json import escaped

EXAMPLE = "Example: swathe status --format json"
DIGEST_EXAMPLE = "Example: swathe digest --dry-run"
FORMATS = ("table", "json")
STYLES = {"good": "green", "bad": "red", "doubtful": "yellow", "heading": "bold", "quiet": "dim"}
WIDTH = 80


def status(
    format_: Annotated[str, typer.Option("--format", metavar="FORMAT", help="table or json.")] = "table",
) -> None:
    """Say whether everything is fine, and what changed: spiders, incidents, scheduler, database, disk, files.

    Exit 0: everything is fine, 3: something is not, or the database does not answer.
    """
    # Scrapy takes half a second to import; the commands that do without it should not wait for it.
    from scraper.status.gather import gather
    from scraper.status.status import as_json, status_of
    from scraper.status.text import status_lines

    if format_ not in FORMATS:
        raise UsageError(f"--format {format_}: {expected_one_of(format_, FORMATS)}")
    found = status_of(gather(load_config()))
    if format_ == "json":
        sys.stdout.write(f"{escaped(json_text(as_json(found)))}\n")
    else:
        for line in status_lines(found, min(console.width, WIDTH)):
            console.print(Text(line.text, STYLES.get(line.tone, "")), soft_wrap=True)
    raise typer.Exit(found.exit_code)


def digest(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the message; send nothing.")] = False,
    mark: Annotated[str, typer.Option("--firing", hidden=True, help="What the scheduler calls this.")] = "",
) -> None:
    """Send `swathe status` as a message to all that [alerts] names; a schedule named `digest` does it by itself.

    Exit 1 when one does not take it; the next try of a schedule leaves out those that did.
    """
    from scraper.schedule.alerts.delivery import NOBODY, receivers_of
    from scraper.status.digest import digest_of, send_digest
    from scraper.status.gather import gather
    from scraper.status.status import status_of

    config = load_config()
    receivers = receivers_of(config.alerts)
    firing = mark.rpartition("#")[0]
    message = digest_of(status_of(gather(config)), firing)
    console.print(f"{message.title}\n\n{message.body}\n", markup=False, soft_wrap=True)
    if dry_run:
        return
    if not receivers:
        raise UsageError(NOBODY)
    if refused := send_digest(message, receivers, config, firing):
        errors.print(f"{', '.join(refused)}: did not take the message: try again later", markup=False, soft_wrap=True)
        raise typer.Exit(EXIT_FAILED)
