"""What people ask of schedules: when each fires next, and how it went last."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from models.schedules import Firing
from scraper.core.config.schedules import plain_name
from scraper.core.cron import next_due

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scraper.core.config import Config
    from scraper.schedule.schedule import Schedule


def overview(schedules: list[Schedule], now: datetime) -> Iterator[dict[str, Any]]:
    """Yield a row for each schedule, with its next time, None for one that is off, and its last firing."""
    for schedule in schedules:
        last = Firing.objects(schedule=schedule.name).order_by("-due").first()
        due = next_due(schedule.cron, schedule.zone, now)
        yield {
            "schedule": schedule.name,
            "spider": schedule.spider,
            "cron": schedule.cron,
            "zone": schedule.zone,
            "next": due if schedule.enabled else None,
            "last": last and last.due,
            "result": last and (last.result if last.state == "done" else last.state),
            "why": last and last.why,
        }


def firing_row(firing: Firing) -> dict[str, Any]:
    """Return a firing as a row of a table."""
    return {
        "due": firing.due,
        "schedule": firing.schedule,
        "state": firing.state,
        "result": firing.result,
        "tries": firing.tries,
        "run": str(firing.run)[-8:] if firing.run else None,
        "why": firing.why,
    }


def next_by_spider(config: Config) -> dict[str, datetime]:
    """Return when each scheduled spider is due next (UTC), by its name as `plain_name` gives it."""
    found: dict[str, datetime] = {}
    for name, line in config.schedule.items():
        if line.enabled:
            due = next_due(line.cron, line.zone or config.scheduler.zone, datetime.now(UTC))
            spider = plain_name(line.spider or name)
            found[spider] = min(due, found.get(spider, due))
    return found
