"""When a cron line is due, in its time zone; cronsim does the arithmetic, with Debian cron's rules for clock changes.

A line for an hour of the day that the clock leaves out fires when the clock goes on, and once in an hour that comes
twice; a line that begins with `*` for the minute or hour fires by elapsed time.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

if TYPE_CHECKING:
    from collections.abc import Iterator

FIELDS = ("minute", "hour", "day", "month", "weekday")


def due_times(cron: str, zone: str, after: datetime) -> Iterator[datetime]:
    """Yield the times (UTC) at which a cron line is due later than `after`, for ever."""
    for due in CronSim(cron, after.astimezone(ZoneInfo(zone))):
        due_utc = due.astimezone(UTC)
        # From inside an hour that comes twice cronsim starts with the first pass through it.
        if due_utc > after:
            yield due_utc


def next_due(cron: str, zone: str, after: datetime) -> datetime:
    """Return the first time (UTC) later than `after`."""
    return next(due_times(cron, zone, after))


def check_cron(cron: str) -> str:
    """Return the line as it is; raise ValueError when it says no time, or one that never comes."""
    expected = "expected five fields, minute hour day month weekday, such as 0 6 * * *"
    if len(cron.split()) != len(FIELDS):
        raise ValueError(f"is '{cron}', {expected}")
    try:
        next(CronSim(cron, datetime(2000, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        field = str(error).removeprefix("Bad ").replace("day-of-month", "day of the month")
        raise ValueError(f"is '{cron}' with an impossible {field}, {expected}") from None
    except StopIteration:
        raise ValueError(f"is '{cron}', a time that never comes, {expected}") from None
    return cron


def check_zone(zone: str) -> str:
    """Return the name of a time zone as it is; raise ValueError when there is none of that name."""
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"is '{zone}', expected a time zone such as UTC or Europe/Berlin") from None
    return zone
