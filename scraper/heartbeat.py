"""How a run shows that it lives, and what becomes of one that no longer does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from models.system import Run
from scraper.processes import is_gone
from scraper.verdict import EXIT_FAILED

if TYPE_CHECKING:
    from bson import ObjectId
    from mongoengine import QuerySet

HEARTBEAT_S = 5.0

LOST_AFTER = timedelta(seconds=12 * HEARTBEAT_S)
"""A run without a heartbeat for this long was killed, or its machine was."""


def mark_lost_runs() -> None:
    """Give up runs that say they are running although their process has ended, or shows no sign of life. Blocks."""
    for run in Run.objects(state="running").only("host", "pid", "process", "heartbeat_at"):
        if is_lost(run):
            _give_up(Run.objects(id=run.id, state="running", heartbeat_at=run.heartbeat_at))


def is_lost(run: Run) -> bool:
    """Return whether the process that is to end a run has ended, or shows no sign of life."""
    silent = datetime.now(UTC) - LOST_AFTER
    return bool(run.heartbeat_at < silent or is_gone({"host": run.host, "pid": run.pid, "process": run.process}))


def mark_lost(run_id: ObjectId) -> None:
    """Give up a run whose process is known to be gone, or was killed. Blocks."""
    _give_up(Run.objects(id=run_id, state="running"))


def _give_up(runs: QuerySet) -> None:
    runs.update(
        state="lost", verdict="incomplete", reasons=["killed: it stopped without a word"], exit_code=EXIT_FAILED
    )
