"""The hours of a day in which no site is asked for anything."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

_SPAN = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*-\s*([01]?\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True)
class QuietHours:
    """From one time of day until another, which may lie on the next day."""

    begin: time
    end: time

    @classmethod
    def read(cls, text: str) -> QuietHours:
        """Read `22:00-06:00`; raise ValueError for anything else.

        >>> str(QuietHours.read("22:00 - 6:30"))
        '22:00-06:30'
        """
        match = _SPAN.fullmatch(text.strip())
        if match is None:
            raise ValueError("expected two times of day such as 22:00-06:00")
        first, second, third, fourth = map(int, match.groups())
        if (first, second) == (third, fourth):
            raise ValueError("expected two different times of day such as 22:00-06:00")
        return cls(time(first, second), time(third, fourth))

    def left_s(self, now: datetime, zone: tzinfo) -> float:
        """Return how many seconds of quiet are left at `now` (aware), 0 outside of them."""
        local = now.astimezone(zone)
        clock = local.time()
        over_midnight = self.end < self.begin
        inside = (clock >= self.begin or clock < self.end) if over_midnight else self.begin <= clock < self.end
        if not inside:
            return 0.0
        day = local.date() + timedelta(days=over_midnight and clock >= self.begin)
        # In UTC: Python leaves the hour of a change to or from summer time out between two times of one zone.
        return (datetime.combine(day, self.end, zone).astimezone(UTC) - now.astimezone(UTC)).total_seconds()

    def __str__(self) -> str:
        """Write it as it is configured."""
        return f"{self.begin:%H:%M}-{self.end:%H:%M}"
