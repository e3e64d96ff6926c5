"""Take a run that is unlike the earlier ones for what is usual from now on, because a person says so."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from models.system import Run
from scraper.errors import UsageError


def accept(run: dict[str, Any]) -> None:
    """Let later runs be held against this one; raise UsageError when more than deviations speaks against it. Blocks."""
    others = [reason for reason in run.get("reasons", []) if reason not in run.get("deviations", [])]
    if run.get("kind", "crawl") != "crawl" or run["state"] != "finished" or others:
        why = f"{result_of(run)}{': ' if others else ''}{'; '.join(others)}"
        raise UsageError(
            f"run {run['_id']} is {why}, expected a crawl that is complete, or has nothing but its deviations "
            f"against it: crawl again, and accept that run"
        )
    notes = [*run.get("notes", []), *(f"accepted by hand: {line}" for line in run.get("reasons", []))]
    Run.objects(id=run["_id"], state="finished").update_one(
        accepted_at=datetime.now(UTC), verdict="complete", suspect=False, cause="", reasons=[], notes=notes
    )


def result_of(run: dict[str, Any]) -> str:
    """Return how a run ended, or that it runs, in a word; a suspect one says so."""
    word = run["state"] if run["state"] != "finished" else run.get("verdict") or run.get("kind")
    return f"{word}, suspect" if run.get("suspect") else str(word)
