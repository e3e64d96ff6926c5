"""A firing that a person asks for: now, under the same rule that a spider with its arguments runs once at a time."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from scraper.errors import UsageError
from scraper.schedule import firings
from scraper.schedule.due import Owed

if TYPE_CHECKING:
    from models.schedules import Firing
    from scraper.core.config.schedules import SchedulerConfig
    from scraper.schedule.crawl_process import CrawlProcesses
    from scraper.schedule.schedule import Schedule
    from scraper.schedule.scheduler import Scheduler

INTERRUPTED = "interrupted"
"""Result of a run that the person broke off."""


def trigger(
    schedule: Schedule, scheduler: Scheduler, crawls: CrawlProcesses, config: SchedulerConfig, *,
    detach: bool, quiet: bool = True,
) -> Firing:  # fmt: skip
    """Fire a schedule and return its firing once it is over, or with `detach` once it runs.

    It is not tried again, and a `quiet` one tells nobody: somebody is watching. A scheduler that is up may be faster
    and run it; Ctrl-C breaks it off.
    Raises PyMongoError.
    """
    now = datetime.now(UTC)
    # Between two minutes, so that it is never the same firing as one that is due.
    now = now.replace(microsecond=max(1000, now.microsecond // 1000 * 1000))
    firing = firings.insert(replace(schedule, retries=0), Owed(now, now), quiet=quiet)
    if firing is None:
        raise UsageError(f"{schedule.name} is being fired by somebody else: see `swathe schedule history`")
    try:
        _see_through(firing, scheduler, config, detach=detach)
    except KeyboardInterrupt:
        firings.drop(firing, "broken off by hand")
        firings.ask_to_stop(firing.reload(), INTERRUPTED)
        _see_through(firing, scheduler, config, detach=detach)
    finally:
        scheduler.let_go()
        crawls.leave()
    return firing


def _see_through(firing: Firing, scheduler: Scheduler, config: SchedulerConfig, *, detach: bool) -> None:
    while True:
        # What stands in the way may have ended, with nobody there to say so.
        scheduler.take_over(datetime.now(UTC))
        scheduler.look_after(datetime.now(UTC))
        firing.reload()
        if firing.state == "waiting":
            scheduler.start_waiting([firing], datetime.now(UTC))
        elif detach or firing.state in ("done", "skipped"):
            return
        time.sleep(min(config.poll_s, 0.5))
