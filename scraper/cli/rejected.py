"""`swathe rejected`: the items that were refused, why, and another try after a fix."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from models.system import Rejected
from scraper.cli.lookup import find_by_id
from scraper.cli.output import MOST_ROWS, console, print_facts, print_table, tracked
from scraper.core.config import load_config
from scraper.core.text import counted
from scraper.errors import EXIT_INCOMPLETE
from scraper.query.filters import start_of
from scraper.storage.connection import Connection, connection_to

if TYPE_CHECKING:
    from scraper.pages.redrive import Attempted

EXAMPLE = "Example: swathe rejected redrive --spider books --dry-run"
Spider = Annotated[str, typer.Option(help="Only items of this spider.")]
STAYS = "stays"

app = typer.Typer(
    help="Show refused items: why, and what the page had; try them again.",
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
)


Records = Annotated[str, typer.Option(help="Only items for this collection.")]
Since = Annotated[str, typer.Option(metavar="TIME", help="Only items seen from this day or ISO time on.")]
Limit = Annotated[int, typer.Option(min=1, max=MOST_ROWS, help="Items to show, the latest first.")]


@app.callback()
def rejected(
    context: typer.Context, records: Records = "", spider: Spider = "", since: Since = "", limit: Limit = 20
) -> None:
    """Show refused items: why, and what the page had; try them again. Without a command: list."""
    if context.invoked_subcommand is None:
        list_rejected(records, spider, since, limit)


@app.command("list", epilog="Example: swathe rejected list --records books --since 2026-11-21")
def list_rejected(records: Records = "", spider: Spider = "", since: Since = "", limit: Limit = 20) -> None:
    """List the latest refused items."""
    query: dict[str, Any] = {name: value for name, value in (("records", records), ("spider", spider)) if value}
    query |= {"last_seen": {"$gte": start_of(since)}} if since else {}
    with connection_to(load_config().mongodb) as database:
        collection = database[Rejected._get_collection_name()]
        rows = (
            {
                "id": str(item["_id"])[-8:],
                "records": item["records"],
                "last seen": item["last_seen"],
                "fields at fault": [fault["field"] for fault in item["faults"]],
                "first fault": item["faults"][0]["problem"] if item["faults"] else "",
                "url": item["url"],
            }
            for item in collection.find(query, sort=[("last_seen", -1), ("_id", 1)], limit=limit)
        )
        print_table(rows, ["id", "records", "last seen", "fields at fault", "first fault", "url"])
        console.print(counted(collection.count_documents(query), "refused item"), style="dim")


@app.command("show", epilog="Example: swathe rejected show 6560f3a1c2d4e5f60718293a")
def show(
    item_id: Annotated[str, typer.Argument(metavar="ID", help="The item's id, or the last digits of it.")],
) -> None:
    """Show one refused item: every field at fault, and the raw values of its page."""
    with connection_to(load_config().mongodb) as database:
        item = find_by_id(database[Rejected._get_collection_name()], item_id, "refused item", "swathe rejected list")
    faults, raw = item.pop("faults"), item.pop("raw")
    print_facts({"id": item.pop("_id"), **item}, title="Refused item")
    print_facts({fault["field"]: fault["problem"] for fault in faults}, title="\nFaults")
    print_facts(raw, title="\nRaw values")


@app.command("redrive", epilog=EXAMPLE)
def redrive(
    item_ids: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID]...", help="Items by their ids, or the last digits. Default: all."),
    ] = None,
    spider: Spider = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would become of them; write nothing.")] = False,
) -> None:
    """Try refused items again after the spider or the document was mended; what succeeds leaves `rejected`.

    An item is read from its page where that is kept, else from its raw values. Exit 0: none stays, 3: some stay.
    """
    config = load_config()
    connection = connection_to(config.mongodb)
    with connection as database:
        collection = database[Rejected._get_collection_name()]
        query: dict[str, Any] = {"spider": spider} if spider else {}
        if item_ids:
            found = [find_by_id(collection, one, "refused item", "swathe rejected list")["_id"] for one in item_ids]
            query["_id"] = {"$in": found}
        attempts = _redriven(connection, list(collection.find(query)), None if dry_run else config.listeners)
    _print_attempts(attempts, dry_run=dry_run)
    raise typer.Exit(EXIT_INCOMPLETE if any(not attempted.outcome for attempted in attempts) else 0)


def _redriven(
    connection: Connection, items: list[dict[str, Any]], listeners: tuple[str, ...] | None
) -> list[Attempted]:
    """Try items again; None for `listeners`: nothing is stored."""
    from scraper.pages.redrive import retry_items

    return retry_items(connection, items, listeners, lambda pages: tracked(pages, "Trying again"))


def _print_attempts(attempts: list[Attempted], *, dry_run: bool) -> None:
    rows = [
        {
            "id": str(attempted.item["_id"])[-8:],
            "records": attempted.item["records"],
            "from": attempted.source,
            "outcome": attempted.outcome or STAYS,
            "why": attempted.why,
            "url": attempted.item["url"],
        }
        for attempted in attempts
    ]
    if rows:
        print_table(rows, ["id", "records", "from", "outcome", "why", "url"])
    stay = sum(row["outcome"] == STAYS for row in rows)
    end = "; nothing was written" if dry_run else ""
    tried = counted(len(rows), "item")
    console.print(f"{tried} tried again: {len(rows) - stay} leave 'rejected', {stay} stay{end}", soft_wrap=True)
