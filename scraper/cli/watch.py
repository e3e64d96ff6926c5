"""`swathe watch`: messages when data change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from scraper.cli.output import MOST_ROWS, console, errors, print_table, say, visible
from scraper.core.config import load_config
from scraper.core.text import local_time
from scraper.errors import EXIT_USAGE, UsageError, expected_one_of
from scraper.storage.connection import connection_to

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymongo.database import Database

EXAMPLE = "Example: swathe watch list"

app = typer.Typer(
    help="Tell people when data change, as [watch] in config.ini says.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.command("list", epilog=EXAMPLE)
def list_watches() -> None:
    """List the watches: what they have told, and what they cannot. Exit 2 when one cannot be kept."""
    from scraper.watch.condition import read_watches

    config = load_config()
    if not config.watch:
        errors.print("no watch yet: write a line such as cheap = books price<10 under [watch]", markup=False)
        return
    with connection_to(config.mongodb) as database:
        _, faults = read_watches(config.watch)
        rows = [{"watch": name, "line": line, **_told(database, name)} for name, line in config.watch.items()]
    print_table(rows, ["watch", "line", "notices", "changes", "last", "to tell"])
    for fault in faults:
        errors.print(visible(str(fault)), markup=False, soft_wrap=True, style="yellow")
    raise typer.Exit(EXIT_USAGE if faults else 0)


@app.command("test", epilog="Example: swathe watch test cheap --since -30d")
def dry_run(
    name: Annotated[str, typer.Argument(help="The watch; `swathe watch list` shows them.")],
    since: Annotated[str, typer.Option(help="From this day or time on, e.g. 2026-11-01, yesterday or -12h.")] = "-7d",
    limit: Annotated[int, typer.Option(min=1, max=MOST_ROWS, help="Changes to show, the latest.")] = 20,
) -> None:
    """Show what a watch would have told, from the history; tell nobody."""
    from scraper.query.filters import start_of
    from scraper.watch.condition import read_watch
    from scraper.watch.dry_run import looked_back

    config = load_config()
    start = start_of(since)
    with connection_to(config.mongodb) as database:
        watch = read_watch(name.lower(), _line(name, config.watch))
        found = looked_back(database, watch, start, limit)
    for line in found.lines:
        say(line)
    total = sum(found.counts.values())
    counts = "".join(f", {count} {how}" for how, count in sorted(found.counts.items()))
    more = f"; the latest {len(found.lines)} are shown" if total > len(found.lines) else ""
    console.print(f"{total} since {local_time(start)}{counts}{more}", markup=False, soft_wrap=True)


@app.command("feed", epilog="Example: swathe watch feed > watches.atom")
def feed(
    name: Annotated[str, typer.Argument(help="Of this watch alone.")] = "",
) -> None:
    """Print the latest notices as an Atom feed, for a program that reads news."""
    from scraper.watch.feed import atom

    config = load_config()
    watches = [name.lower()] if name and _line(name, config.watch) else list(config.watch)
    with connection_to(config.mongodb) as database:
        typer.echo(atom(database, watches), nl=False)


def _line(name: str, watches: Mapping[str, str]) -> str:
    if name.lower() not in watches:
        expected = expected_one_of(name, watches) if watches else "[watch] of the configuration has none"
        raise UsageError(f"there is no watch '{name}': {expected}")
    return watches[name.lower()]


def _told(database: Database[dict[str, Any]], name: str) -> dict[str, Any]:
    from models.watches import Notice

    group = {
        "_id": None, "notices": {"$sum": 1}, "changes": {"$sum": "$total"}, "last": {"$max": "$at"},
        "to tell": {"$sum": {"$cond": [{"$eq": ["$to_tell", []]}, 0, 1]}},
    }  # fmt: skip
    found = list(database[Notice._get_collection_name()].aggregate([{"$match": {"watch": name}}, {"$group": group}]))
    return found[0] if found else {"notices": 0, "changes": 0, "last": None, "to tell": 0}
