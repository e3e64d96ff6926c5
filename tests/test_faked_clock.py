"""The times that `make test-clock` runs the tests at, and the tests that it finds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from faked_clock.__main__ import BEFORE_CHANGE, clocks, files_that_read_the_clock
from support import ROOT

NOWS = [datetime(2026, 11, 29, 1, 30, 12, tzinfo=UTC), datetime(2027, 3, 14, 6, 59, tzinfo=UTC)]


@pytest.mark.parametrize("now", [*NOWS, datetime(2028, 2, 29, tzinfo=UTC), datetime(2096, 12, 31, tzinfo=UTC)])
def test_the_times_are_to_come_and_the_summer_time_changes_just_after_the_tests_have_begun(now: datetime) -> None:
    times = {clock.name: clock for clock in clocks(now)}
    assert all(now + timedelta(hours=23) < clock.at < now + timedelta(days=9 * 366) for clock in times.values())
    assert (times["29-february"].at.month, times["29-february"].at.day) == (2, 29)
    changes = [clock for name, clock in times.items() if name.startswith(("summer", "winter"))]
    assert len(changes) == 4
    for clock in changes:
        before, after = (
            (clock.at + wait).astimezone(ZoneInfo(clock.zone)).dst() for wait in (timedelta(0), BEFORE_CHANGE)
        )
        assert (bool(before), bool(after)) == ((False, True) if clock.name.startswith("summer") else (True, False))


def test_the_changes_are_those_of_the_calendar() -> None:
    shown = {clock.name: f"{clock.at:%Y-%m-%d %H:%M}" for clock in clocks(NOWS[0])}
    assert shown["29-february"].startswith("2028-02-29")
    assert shown["summer-berlin"] == "2027-03-28 00:58"
    assert shown["winter-berlin"] == "2027-10-31 00:58"
    assert shown["summer-new-york"] == "2027-03-14 06:58"
    assert shown["winter-new-york"] == "2027-11-07 05:58"


def test_a_file_of_tests_that_names_a_time_is_found_without_a_list() -> None:
    found = {file.removeprefix(f"{ROOT}/tests/") for file in files_that_read_the_clock()}
    assert {"test_query_history.py", "test_query.py", "test_runs_retention.py", "test_schedule.py"} <= found
    assert "test_select.py" not in found, "it has nothing to do with a time"
