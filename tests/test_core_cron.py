"""When lines of cron are due: a year of them against the clock on the wall."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scraper.core.cron import due_times, next_due

YEAR = datetime(2027, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@cache
def wall_clock(zone: str) -> list[tuple[datetime, list[datetime]]]:
    """Return each minute of a year with the minutes that a clock on the wall shows for the first time then.

    They are several where the clock is put forward, and none in an hour that comes twice.
    """
    found, last = [], None
    for utc in (YEAR + minute * MINUTE for minute in range(365 * 24 * 60)):
        shown = utc.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        new = [] if last is not None and shown <= last else [shown]
        while new and last is not None and new[0] - last > MINUTE:
            new.insert(0, new[0] - MINUTE)
        found.append((utc, new))
        last = shown if last is None else max(last, shown)
    return found


def brute_force(hour: int, minute: int, zone: str) -> list[datetime]:
    """Return the due times of a year as Debian's cron has them: at or just after that minute on the wall, once."""
    return [utc for utc, new in wall_clock(zone) for one in new if (one.hour, one.minute) == (hour, minute)]


def year_of(cron: str, zone: str) -> list[datetime]:
    end = YEAR + timedelta(days=365)
    return list(takewhile(lambda due: due < end, due_times(cron, zone, YEAR - MINUTE / 60)))


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize(
    ("cron", "hour", "minute"), [("0 6 * * *", 6, 0), ("30 2 * * *", 2, 30), ("30 1 * * *", 1, 30)]
)
def test_a_year_of_firings_is_right_across_both_changes_of_the_clock(
    zone: str, cron: str, hour: int, minute: int
) -> None:
    found = year_of(cron, zone)
    assert found == brute_force(hour, minute, zone)
    assert len(found) == 365


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_an_hourly_schedule_fires_every_hour_that_passes_whatever_the_clock_shows(zone: str) -> None:
    assert year_of("15 * * * *", zone) == [utc for utc, _ in wall_clock(zone) if utc.minute == 15]


def test_the_nights_of_the_changes_are_as_people_expect_them() -> None:
    days = {due.astimezone(ZoneInfo("Europe/Berlin")) for due in year_of("30 2 * * *", "Europe/Berlin")}
    shown = {day.strftime("%m-%d %H:%M %Z") for day in days}
    assert {"03-27 02:30 CET", "03-28 03:00 CEST", "03-29 02:30 CEST", "10-31 02:30 CEST", "11-01 02:30 CET"} <= shown
    assert "10-31 02:30 CET" not in shown, "an hour that comes twice fires once"


@given(
    st.sampled_from(["30 2 * * *", "*/20 * * * *", "0 0 1 * *", "0,30 1-3 * * 0", "59 1 * * *"]),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]),
    st.integers(0, 365 * 24 * 60), st.integers(0, 3 * 24 * 60),
)  # fmt: skip
def test_whenever_one_looks_the_same_times_are_due(cron: str, zone: str, start: int, split: int) -> None:
    begin, middle = YEAR + start * MINUTE, YEAR + (start + split) * MINUTE
    end = middle + timedelta(days=2)

    def between(one: datetime, other: datetime) -> list[datetime]:
        return list(takewhile(lambda due: due <= other, due_times(cron, zone, one)))

    assert between(begin, end) == between(begin, middle) + between(middle, end)


def test_the_next_time_is_later_than_now_also_at_the_very_minute() -> None:
    assert next_due("0 12 * * *", "UTC", NOON) == NOON + timedelta(days=1)
    assert next_due("0 12 * * *", "UTC", NOON - MINUTE / 60) == NOON
