"""`swathe runs`: the crawls so far, how they ended and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from models.system import Run, SeenList
from scraper.cli import compare
from scraper.cli.broken import print_broken
from scraper.cli.lookup import find_by_id, kept_of
from scraper.cli.output import MOST_ROWS, console, print_facts, print_table, say, visible
from scraper.cli.shell import spider_names
from scraper.core.config import load_config
from scraper.core.statistics import of_different_records
from scraper.runs.quality.baseline import accept as take_as_usual
from scraper.runs.quality.baseline import result_of
from scraper.storage.connection import connection_to
from scraper.storage.run_heartbeat import mark_lost_runs

EXAMPLE = "Example: swathe runs show 6560f3a1c2d4e5f60718293a"
QUALITY = ["records", "found", "new", "changed", "refused", "unseen", "filled"]
MOST_LETTERS = 50
"""Dead letters shown of a run; it says itself how many there are."""

COLUMNS = [
    "id", "spider", "started", "result", "new", "changed", "same", "refused", "gone", "pages", "took", "cause", "why",
]  # fmt: skip

app = typer.Typer(
    help="Show the runs: counts, verdict and its reasons.",
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
)


Limit = Annotated[int, typer.Option(min=1, max=MOST_ROWS, help="Runs to show, the latest first.")]
OfSpider = Annotated[str, typer.Option("--spider", autocompletion=spider_names, help="Only runs of this spider.")]


@app.callback()
def runs(context: typer.Context, limit: Limit = 20, spider: OfSpider = "") -> None:
    """Show the runs: counts, verdict and its reasons. Without a command: list."""
    if context.invoked_subcommand is None:
        list_runs(limit, spider)


@app.command("list", epilog="Example: swathe runs list --spider books --limit 5")
def list_runs(limit: Limit = 20, spider: OfSpider = "") -> None:
    """List the latest runs."""
    config, wanted = load_config(), {"spider": spider} if spider else {}
    with connection_to(config.mongodb) as database:
        mark_lost_runs()
        print_table(
            map(_row, database[Run._get_collection_name()].find(wanted, sort=[("started_at", -1)], limit=limit)),
            COLUMNS,
        )
        print_broken(config)


@app.command("show", epilog=EXAMPLE)
def show(run_id: Annotated[str, typer.Argument(metavar="ID", help="The run's id, or the last digits of it.")]) -> None:
    """Show one run with everything that is known of it."""
    with connection_to(load_config().mongodb) as database:
        mark_lost_runs()
        run = find_by_id(database[Run._get_collection_name()], run_id, "run", "swathe runs list")
        letters = kept_of(database, run, lambda store, id_: store.dead_letters(id_, MOST_LETTERS))
    counts, problems, lists = run.pop("counts", {}), run.pop("problems", []), run.pop("lists", [])
    evidence, deviations = run.pop("evidence", []), run.pop("deviations", [])
    quality = run.pop("quality", None) or {}
    for name in ("frontier", "workers", "process"):
        run.pop(name, None)
    print_facts({"id": run.pop("_id"), **run}, title="Run")
    print_facts(counts, title="\nCounts")
    if deviations:
        console.print("\nUnlike the last complete runs", style="bold")
        for line in deviations:
            say(line)
    if records := quality.get("records"):
        console.print()
        print_table(map(_filled, records), QUALITY, title="Quality")
    if lists:
        console.print()
        print_table(lists, [*SeenList._fields], title="Lists")
    if evidence:
        console.print("\nPages that yielded nothing, kept to look at", style="bold")
        for page in evidence:
            for name, value in page.items():
                console.print(f"{name:<12}{visible(value)}", markup=False, soft_wrap=True)
    if letters:
        console.print()
        print_table(
            map(asdict, letters),
            ["url", "reason", "what"],
            title="Dead letters: `swathe crawl SPIDER --retry-dead` tries them again",
        )
    elif problems:
        console.print()
        print_table(problems, ["url", "reason", "what"], title="Problems")


@app.command("accept", epilog="Example: swathe runs accept 6560f3a1c2d4e5f60718293a")
def accept(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="The run's id, or the last digits of it.")],
) -> None:
    """Take a suspect run for what is usual from now on: later runs are held against it, not against those before."""
    with connection_to(load_config().mongodb) as database:
        run = find_by_id(database[Run._get_collection_name()], run_id, "run", "swathe runs list")
        take_as_usual(run)
    console.print(f"run {run['_id']} is what is usual for {run['spider']} from now on", markup=False, soft_wrap=True)


app.command("compare", epilog=compare.EXAMPLE)(compare.compare_runs)


def _filled(records: dict[str, Any]) -> dict[str, Any]:
    """Show in how many of the records each field had a value, those with gaps first."""
    filled = sorted(records["filled"].items(), key=lambda field: field[1])
    return {**records, "records": records["collection"], "filled": ", ".join(f"{name} {n}" for name, n in filled)}


def _row(run: dict[str, Any]) -> dict[str, Any]:
    counts = Counter(run.get("counts", {}))
    if run.get("kind") == "crawl":
        counts = Counter(of_different_records(counts, run.get("records", {})))
    took = (run.get("ended_at") or datetime.now(UTC)) - run["started_at"]
    return {
        "id": str(run["_id"])[-8:],
        "spider": run["spider"],
        "started": run["started_at"],
        "took": str(timedelta(seconds=round(took.total_seconds()))),
        "result": result_of(run),
        "cause": run.get("cause", ""),
        "pages": counts.get("pages", 0),
        "new": counts.get("items_new", 0),
        "changed": counts.get("items_changed", 0),
        "same": counts.get("items_unchanged", 0),
        "refused": counts.get("items_refused", 0),
        "gone": counts.get("items_gone", 0),
        "why": "; ".join(run.get("reasons", [])),
    }
