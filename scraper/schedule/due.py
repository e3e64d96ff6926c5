"""Which firings a schedule owes, as a function of how far it was carried out and of the time."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import takewhile
from typing import TYPE_CHECKING

from scraper.core.cron import due_times

if TYPE_CHECKING:
    from scraper.core.config.schedules import SchedulerConfig
    from scraper.schedule.schedule import Schedule

ROWS_AT_ONCE = 1000
"""Rows that one schedule gets for the time that no scheduler ran, at most; the first one says how many are left out."""


@dataclass(frozen=True)
class Owed:
    """A firing that is to have a row: to be started at `start_at`, or to be skipped and why."""

    due: datetime
    start_at: datetime
    skip: str = ""
    made_up: bool = False
    """Whether it was missed, and is made up for: it then waits for the run before it, whatever the policy."""


def owed_firings(schedule: Schedule, handled_until: datetime, now: datetime, config: SchedulerConfig) -> list[Owed]:
    """Return the firings due since `handled_until`, oldest first."""
    times: deque[datetime] = deque(maxlen=ROWS_AT_ONCE)
    count = 0
    for due in takewhile(lambda due: due <= now, due_times(schedule.cron, schedule.zone, handled_until)):
        times.append(due)
        count += 1
    on_time = [due for due in times if now - due <= timedelta(seconds=config.grace_s)]
    missed = [due for due in times if now - due > timedelta(seconds=config.grace_s)]
    made_up = {
        "none": [],
        # What is on time now does the work of the one that was missed.
        "last": [] if on_time else missed[-1:],
        "all": missed[-config.catch_up_most :],
    }[schedule.catch_up]
    left_out = f", and {count - len(times)} earlier ones" if count > len(times) else ""
    owed = [
        Owed(due, due + jitter(schedule, due), _why_skipped(schedule, due in on_time or due in made_up), due in made_up)
        for due in times
    ]
    return [Owed(one.due, one.start_at, one.skip + left_out) if one.skip and one is owed[0] else one for one in owed]


def jitter(schedule: Schedule, due: datetime) -> timedelta:
    """Return by how much a firing starts later: below `jitter_s`, and the same for whoever works it out."""
    digest = sha256(firing_id(schedule.name, due).encode()).digest()
    return timedelta(seconds=int(schedule.jitter_s * int.from_bytes(digest[:4]) / 2**32))


def firing_id(name: str, due: datetime) -> str:
    """Return the `_id` of the firing of a schedule at a time.

    >>> firing_id("books", datetime(2026, 11, 21, 6, tzinfo=UTC))
    'books@2026-11-21T06:00:00Z'
    """
    return f"{name}@{due.astimezone(UTC).isoformat().replace('+00:00', 'Z')}"


def _why_skipped(schedule: Schedule, wanted: bool) -> str:
    if not schedule.enabled:
        return "disabled"
    return "" if wanted else "missed: no scheduler ran"
