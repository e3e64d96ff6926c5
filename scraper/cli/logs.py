"""`swathe logs`: the log of a run."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from models.system import Run
from scraper.cli.lookup import find_by_id
from scraper.cli.output import visible
from scraper.core.config import load_config
from scraper.errors import UsageError
from scraper.storage.connection import connection_to
from scraper.storage.run_heartbeat import mark_lost_runs

EXAMPLE = "Example: swathe logs 18293a --tail 50"
LOOK_EVERY_S = 0.5


def logs(
    run_id: Annotated[
        str, typer.Argument(metavar="[RUN]", help="The run's id, or its last digits. Default: the latest.")
    ] = "",
    tail: Annotated[int, typer.Option("--tail", "-n", min=0, help="Only so many last lines, 0 for all.")] = 0,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the run is over.")] = False,
) -> None:
    """Show the log of a run, of all its processes one after the other."""
    with connection_to(load_config().mongodb) as database:
        runs = database[Run._get_collection_name()]
        run = find_by_id(runs, run_id, "run", "swathe runs list") if run_id else _latest(runs)
        files = _files_of(run)
        lines = [line for file in files for line in file.read_text(encoding="utf-8", errors="replace").splitlines()]
        for line in lines[-tail or 0 :] if tail else lines:
            typer.echo(visible(line))
        if follow:
            _follow(files[-1], run["_id"])


def _latest(runs: Any) -> dict[str, Any]:
    run = runs.find_one({"logs": {"$exists": True, "$ne": []}}, sort=[("started_at", -1)])
    if run is None:
        raise UsageError("no run has a log yet: `swathe crawl SPIDER` makes one, unless it shows it (--verbose)")
    return dict(run)


def _files_of(run: dict[str, Any]) -> list[Path]:
    """Return the files that are still there; raise UsageError when none is."""
    named = [Path(name) for name in run.get("logs") or ()]
    files = [file for file in named if file.is_file()]
    if not named:
        raise UsageError(f"run {run['_id']} wrote no log: it was shown (--verbose), or no crawl of this version")
    if not files:
        raise UsageError(
            f"the log of run {run['_id']} is gone: {named[-1]} ([retention] logs_days says how long one stays)"
        )
    return files


def _follow(file: Path, run_id: Any) -> None:
    """Print what is added to a file, until the run is over."""
    with file.open(encoding="utf-8", errors="replace") as log:
        log.seek(0, 2)
        while True:
            mark_lost_runs(id=run_id)
            is_over = Run.objects(id=run_id, state="running").first() is None
            for line in log:
                typer.echo(visible(line))
            if is_over:
                return
            time.sleep(LOOK_EVERY_S)
