"""How a run shows that it lives, and what becomes of one that no longer does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from models.system import Run
from scraper.core.processes import is_gone, this_process
from scraper.core.project import VERSION
from scraper.errors import EXIT_FAILED

if TYPE_CHECKING:
    from bson import ObjectId

HEARTBEAT_S = 5.0

LOST_AFTER = timedelta(seconds=12 * HEARTBEAT_S)
"""A run without a heartbeat for this long was killed, or its machine was."""


def open_run(run_id: ObjectId, spider: str, arguments: dict[str, Any], **more: Any) -> Run:
    """Write down that a run of whatever kind begins in this process, and return it; `more` are fields of Run. Blocks.

    Raise NotUniqueError when a crawl of the same spider and arguments is under way.
    """
    now = datetime.now(UTC)
    begun = {"state": "running", "started_at": now, "heartbeat_at": now, "version": VERSION, **this_process()}
    run = Run(id=run_id, spider=spider, arguments=arguments, **begun, **more)
    run.save(force_insert=True)
    return run


def mark_lost_runs(**which: Any) -> None:
    """Give up runs that say they are running although their process has ended, or shows no sign of life.

    `which` are fields of Run. Blocks.
    """
    for run in Run.objects(state="running", **which).only("host", "pid", "process", "heartbeat_at"):
        if is_lost(run):
            mark_lost(run)


def is_lost(run: Run) -> bool:
    """Return whether the process that is to end a run has ended, or shows no sign of life."""
    silent = datetime.now(UTC) - LOST_AFTER
    return bool(run.heartbeat_at < silent or is_gone({"host": run.host, "pid": run.pid, "process": run.process}))


def mark_lost(run: Run) -> None:
    """Give up a run whose process is gone, unless it has shown a sign of life since it was read. Blocks."""
    Run.objects(id=run.id, state="running", heartbeat_at=run.heartbeat_at).update(
        state="lost", verdict="incomplete", reasons=["killed: it stopped without a word"], exit_code=EXIT_FAILED
    )
