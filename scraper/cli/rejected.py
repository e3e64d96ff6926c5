"""`swathe rejected`: the items that were refused, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from models.system import Rejected
from scraper.cli.output import console, print_facts, print_table
from scraper.cli.runs import find_by_id
from scraper.config import load_config
from scraper.mongo.connection import connection_to

EXAMPLE = "Example: swathe rejected show 6560f3a1c2d4e5f60718293a"

app = typer.Typer(
    help="Show refused items: why, and what the page had.", invoke_without_command=True, rich_markup_mode=None
)


@app.callback()
def rejected(context: typer.Context) -> None:
    """Show refused items: why, and what the page had. Without a command: list."""
    if context.invoked_subcommand is None:
        list_rejected()


@app.command("list", epilog="Example: swathe rejected list --limit 5")
def list_rejected(limit: Annotated[int, typer.Option(min=1, help="Items to show, the latest first.")] = 20) -> None:
    """List the latest refused items."""
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
            for item in collection.find(sort=[("last_seen", -1), ("_id", 1)], limit=limit)
        )
        print_table(rows, ["id", "records", "last seen", "fields at fault", "first fault", "url"])
        console.print(f"{collection.count_documents({})} refused items", style="dim")


@app.command("show", epilog=EXAMPLE)
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
