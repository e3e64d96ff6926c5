"""Hours in which a site is left alone: over midnight, across a change of the clock, and those that make no sense."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from scraper.core.quiet_hours import QuietHours


@pytest.mark.parametrize(
    ("hours", "at", "left_s"),
    [
        ("22:00-06:00", (23, 0), 7 * 3600), ("22:00-06:00", (5, 59), 60), ("22:00-06:00", (6, 0), 0),
        ("22:00-06:00", (21, 59), 0), ("9:00 - 17:30", (12, 0), 5.5 * 3600), ("9:00-17:30", (8, 0), 0),
    ],
)  # fmt: skip
def test_quiet_hours_may_last_over_midnight(hours: str, at: tuple[int, int], left_s: float) -> None:
    zone = ZoneInfo("Europe/Berlin")
    assert QuietHours.read(hours).left_s(datetime(2026, 11, 21, *at, tzinfo=zone), zone) == left_s


def test_quiet_hours_know_of_summer_time() -> None:
    zone = ZoneInfo("Europe/Berlin")
    before = datetime(2026, 10, 24, 22, tzinfo=zone)
    assert QuietHours.read("22:00-06:00").left_s(before, zone) == 9 * 3600


@pytest.mark.parametrize("text", ["22-6", "24:00-06:00", "06:00-06:00", "night"])
def test_quiet_hours_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected two"):
        QuietHours.read(text)
