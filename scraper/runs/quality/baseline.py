"""What is usual: hold a run against the last ones of the same spider and arguments, or take it as usual by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from models.system import Run
from scraper.errors import UsageError
from scraper.runs.quality.deviations import LEARNED_FROM, deviations
from scraper.runs.quality.figures import sample_of
from scraper.runs.quality.wording import sentence

if TYPE_CHECKING:
    from scraper.runs.completeness import Findings

LOOKED_AT = 3 * LEARNED_FROM
"""Earlier runs that are read, to find enough complete ones among them."""


def assess(run: Run, findings: Findings) -> None:
    """Add to the findings what is unlike the earlier runs. Blocks.

    Fewer records are a doubt, too: such a run never marks records as gone, whatever the policy.
    """
    same = Run.objects(spider=run.spider, arguments=run.arguments, id__ne=run.id, state="finished")
    last = same(verdict__ne="incomplete").order_by("-started_at")[:LOOKED_AT]
    earlier = [
        sample_of(one)
        for one in last.only("started_at", "verdict", "records", "counts", "quality", "code", "accepted_at")
    ]
    now = sample_of(run)
    for deviation in deviations(earlier, now):
        line = sentence(deviation, earlier, now)
        findings.deviations.append(line)
        if deviation.is_lack:
            findings.doubts.append(line)


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
