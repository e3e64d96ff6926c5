"""The schedules: when each fires next, the days to come, and how its firings went."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Any

from models.schedules import Firing, SchedulerSeen
from scraper.core.cron import due_times
from scraper.schedule.overview import firing_row, overview
from scraper.schedule.presence import lives
from scraper.schedule.schedule import Schedule, schedules_and_faults
from scraper.spider.loader import all_spiders
from scraper.web.asked import PER_PAGE, Db, Settings
from scraper.web.schemas import status as schemas
from scraper.web.views.overview import STRIP
from scraper.web.views.view import View

DAYS = 7


def schedules(db: Db, config: Settings) -> dict[str, Any]:
    """The schedules of [schedule], the next seven days, and the last firings."""
    now = datetime.now(UTC)
    known, faults = schedules_and_faults(config, all_spiders())
    schedulers = [row for row in db[SchedulerSeen._get_collection_name()].find() if lives(row, now)]
    firings = Firing.objects.order_by("-due").limit(PER_PAGE)
    return {
        "schedules": [{**row, "strip": _strip(row["schedule"])} for row in overview(known, now)],
        "faults": faults, "schedulers": len(schedulers),
        "calendar": _calendar(known, now),
        "firings": [{**firing_row(one), "run": str(one.run) if one.run else None} for one in firings],
    }  # fmt: skip


def _strip(schedule: str) -> list[dict[str, Any]]:
    """Return how the last firings of a schedule went, the oldest first."""
    latest = list(Firing.objects(schedule=schedule).only("due", "state", "result", "run").order_by("-due").limit(STRIP))
    return [
        {
            "run": str(one.run) if one.run else None,
            "at": one.due,
            "result": (one.state == "done" and one.result) or one.state,
        }
        for one in reversed(latest)
    ]  # fmt: skip


def _calendar(known: list[Schedule], now: datetime) -> list[dict[str, Any]]:
    """Return what is due on each of the days to come (UTC): of each schedule the first time, the last, and how many."""
    start = now.replace(hour=0, minute=0, second=0, microsecond=0)
    days = [start + timedelta(days=number) for number in range(DAYS)]
    due = [(schedule.name, day, _times(schedule, max(now, day), day)) for day in days for schedule in known]
    return [
        {
            "day": day,
            "due": [
                {"schedule": name, "first": times[0], "last": times[-1], "times": len(times)}
                for name, of_day, times in sorted(due, key=lambda one: one[2][:1])
                if of_day == day and times
            ],
        }
        for day in days
    ]


def _times(schedule: Schedule, after: datetime, day: datetime) -> list[datetime]:
    """Return when a schedule is due on the rest of a day; a minute is the least between two."""
    if not schedule.enabled:
        return []
    due = due_times(schedule.cron, schedule.zone, after - timedelta(seconds=1))
    return list(takewhile(lambda at: at < day + timedelta(days=1), due))


VIEW = View("/schedules", "schedules.html", schedules, schemas.SchedulesJson)
