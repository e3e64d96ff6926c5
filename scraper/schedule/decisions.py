"""What is to be done with a firing that waits, runs or has ended: functions of what is known, and of the time."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from scraper.errors import EXIT_COMPLETE, EXIT_INCOMPLETE
from scraper.runs.verdict import is_lasting
from scraper.storage.run_heartbeat import LOST_AFTER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bson import ObjectId

    from models.schedules import Firing
    from scraper.core.config.schedules import SchedulerConfig

STOPPED, REPLACED, TIMED_OUT, LOST = "stopped", "replaced", "timed out", "lost"
"""Why a run was ended by a scheduler; each is also its result."""

WHY = {STOPPED: "the scheduler was stopped", REPLACED: "a later firing took its place", LOST: "its heartbeat stopped"}

USAGE = 2
"""Exit code of a crawl that cannot be carried out as it is, now or later."""


@dataclass(frozen=True)
class Wait:
    """Leave it as it is."""


@dataclass(frozen=True)
class Start:
    """Start the crawl now."""


@dataclass(frozen=True)
class Skip:
    """Do not start it at all, and say why."""

    why: str


@dataclass(frozen=True)
class Replace:
    """Stop the run that is in the way."""

    running: Firing


@dataclass(frozen=True)
class Send:
    """Send a signal to the crawl, to stop it; `why` becomes its result."""

    number: signal.Signals
    why: str


@dataclass(frozen=True)
class RunEnd:
    """Close this try with its result."""

    result: str
    why: str = ""
    run: ObjectId | None = None
    again: bool = True
    """Whether another try may do better."""


@dataclass(frozen=True)
class CrawlState:
    """What is known of a crawl: its process and its run's document."""

    alive: bool | None
    """None when it cannot be known here: the process belongs to another host."""
    run: Mapping[str, Any] | None = None
    """The document of the run, when there is one yet."""
    exit_code: int | None = None
    last_words: str = ""
    """The last line that the process wrote."""


@dataclass(frozen=True)
class Obstacles:
    """What stands between a firing and its start."""

    running: Firing | None = None
    """The firing of the same spider and arguments that runs."""
    by_hand: str = ""
    """The id of such a run that no schedule started."""
    queued: int = 0
    """How many such firings wait before it."""
    free: bool = True
    """Whether another run may begin at all."""
    finished: bool = False
    """Whether the run of its last try is complete after all: a worker went on with it."""


def decide_start(
    firing: Firing, now: datetime, way: Obstacles, most_queued: int
) -> Wait | Start | Skip | Replace | RunEnd:
    """Decide about a firing that waits."""
    if now < firing.start_at:
        return Wait()
    if way.finished:
        return RunEnd("complete", "a worker has finished what its last try had begun", firing.run)
    if way.running is None and not way.by_hand:
        return Start() if way.free else Wait()
    if firing.tries:
        return Wait()
    if firing.policy == "skip":
        return Skip(f"still running: {way.running.id if way.running else f'run {way.by_hand}'}")
    if firing.policy == "replace" and way.running:
        return Replace(way.running)
    return Skip(f"{way.queued} wait already") if way.queued >= most_queued else Wait()


def decide_running(firing: Firing, seen: CrawlState, now: datetime, trusted_since: datetime) -> Wait | Send | RunEnd:
    """Decide about a firing that runs; silence before `trusted_since` does not count: no crawl could be heard."""
    started = firing.fired_at or firing.start_at
    heard = max(seen.run["heartbeat_at"] if seen.run else started, started, trusted_since)
    silent = now - heard > LOST_AFTER
    over = seen.run is not None and seen.run["state"] != "running"
    if seen.alive:
        if firing.stopping and firing.kill_at is None:
            return Send(signal.SIGINT, firing.stopping)
        if firing.stopping:
            return Send(signal.SIGKILL, firing.stopping) if now >= firing.kill_at else Wait()
        if firing.limit_s and now - started > timedelta(seconds=firing.limit_s):
            return Send(signal.SIGINT, TIMED_OUT)
        # Without a run it may be waiting for its database to start.
        if silent and seen.run is not None:
            return Send(signal.SIGKILL, LOST)
        return Wait()
    if not over and not silent and (seen.alive is None or _has_a_new_owner(firing, seen)):
        return Wait()
    return _ending(firing, seen)


def decide_after(firing: Firing, end: RunEnd, now: datetime, config: SchedulerConfig) -> datetime | None:
    """Return when a firing whose try ended is tried again; None when it is over."""
    if end.result == STOPPED:
        return now  # the scheduler went, not the crawl wrong: it goes on as soon as one is there
    if not end.again or end.result in ("complete", "unknown", REPLACED) or firing.tries > firing.retries:
        return None
    wait_s = min(config.retry_wait_s * 2 ** (firing.tries - 1), config.retry_wait_most_s)
    return now + timedelta(seconds=wait_s)


def superseded_by(firing: Firing, waiting: Sequence[Firing]) -> list[Firing]:
    """Return the further tries that need not be made, since `firing` starts now and does their work."""
    return [other for other in waiting if other.key == firing.key and other.tries and other.id != firing.id]


def _has_a_new_owner(firing: Firing, seen: CrawlState) -> bool:
    """Return whether a worker has taken the place of the crawl that was started, and ends its run."""
    owner = seen.run.get("pid") if seen.run is not None and not firing.stopping else None
    return owner is not None and owner != firing.pid


def _ending(firing: Firing, seen: CrawlState) -> RunEnd:
    run = seen.run
    if run is not None and run["state"] == "finished" and run["verdict"] == "complete":
        return RunEnd("complete", run=run["_id"])
    if firing.stopping:
        how = f"it ran for more than {firing.limit_s:g} s" if firing.stopping == TIMED_OUT else WHY.get(firing.stopping)
        return RunEnd(firing.stopping, how or "by hand", run["_id"] if run else None)
    if run is None:
        return _ending_without_run(seen)
    if run["state"] in ("running", "lost"):
        return RunEnd(LOST, "killed: it stopped without a word", run["_id"])
    reasons = list(run.get("reasons", []))
    result = run["verdict"] if run["state"] == "finished" else run["state"]
    return RunEnd(result, "; ".join(reasons), run["_id"], again=not reasons or not all(map(is_lasting, reasons)))


def _ending_without_run(seen: CrawlState) -> RunEnd:
    if seen.exit_code is None:
        return RunEnd(LOST, "its process is gone, and its run never began")
    if seen.exit_code == EXIT_COMPLETE:
        return RunEnd("complete")
    if seen.exit_code == EXIT_INCOMPLETE:
        return RunEnd("incomplete", seen.last_words)
    why = seen.last_words or f"it exited {seen.exit_code} before its run began"
    return RunEnd("failed", why, again=seen.exit_code != USAGE)
