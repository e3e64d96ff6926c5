"""Times as people write them: a day, a moment, `yesterday`, `3 days ago`, `-2h`; each has a start and an end."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from datetime import tzinfo

EXPECTED = "a time such as 2026-11-21, 2026-11-21T18:30+00:00, today, yesterday, now, '3 days ago' or -2h"

INSTANT = timedelta(milliseconds=1)
"""What MongoDB keeps of a time."""

_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_SHIFT = re.compile(r"(?:(?P<sign>[-+])|in )?(?P<count>[0-9]{1,6}) ?(?P<unit>[a-z]+)(?P<ago> ago)?")
_UNITS = {
    "seconds": ("s", "sec", "second", "seconds"),
    "minutes": ("m", "min", "minute", "minutes"),
    "hours": ("h", "hour", "hours"),
    "days": ("d", "day", "days"),
    "weeks": ("w", "week", "weeks"),
}
_UNIT_OF = {name: unit for unit, names in _UNITS.items() for name in names}


class Span(NamedTuple):
    """A stretch of time in UTC: from `start` to just before `end`."""

    start: datetime
    end: datetime


def span_of(text: str, zone: tzinfo | None = None, now: datetime | None = None) -> Span:
    """Return the day, or the millisecond, that a text names; raise ValueError for any other text.

    A text without a zone of its own is in `zone`; None is the zone of this machine. `now` is the present (aware); None
    asks the clock. Days and weeks ago are counted in the calendar, so that an hour of the day stays the same.

    >>> span_of("2026-11-21", UTC).end
    datetime.datetime(2026, 11, 22, 0, 0, tzinfo=datetime.timezone.utc)
    >>> span_of("2h ago", now=datetime(2026, 11, 21, 9, 30, tzinfo=UTC)).start
    datetime.datetime(2026, 11, 21, 7, 30, tzinfo=datetime.timezone.utc)
    """
    present = now or datetime.now(UTC)
    words = " ".join(text.lower().split())
    try:
        if words in _DAYS:
            return _day(present.astimezone(zone).date() + timedelta(days=_DAYS[words]), zone)
        if words == "now":
            return Span(present, present + INSTANT)
        moment = _shifted(words, present, zone)
        if moment is None and (day := _calendar_day(text.strip())):
            return _day(day, zone)
        moment = moment or _in_utc(datetime.fromisoformat(text.strip()), zone)
        return Span(moment, moment + INSTANT)
    except (ValueError, OverflowError, OSError):
        # OSError: the C library cannot tell the local time of a year so far away.
        raise ValueError(f"the time is {text!r}, expected {EXPECTED}") from None


def _day(day: date, zone: tzinfo | None) -> Span:
    midnight = datetime.combine(day, time.min)
    return Span(_in_utc(midnight, zone), _in_utc(midnight + timedelta(days=1), zone))


def _calendar_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _shifted(words: str, present: datetime, zone: tzinfo | None) -> datetime | None:
    """Return the present moved as `3 days ago`, `-2h` or `in 5 minutes` say; None for other words."""
    match = _SHIFT.fullmatch(words)
    if not match or match["unit"] not in _UNIT_OF or not (match["ago"] or match["sign"] or words.startswith("in ")):
        return None
    past = match["ago"] or match["sign"] == "-"
    unit = _UNIT_OF[match["unit"]]
    shift = timedelta(**{unit: -int(match["count"]) if past else int(match["count"])})
    if unit in ("days", "weeks"):
        return _in_utc(present.astimezone(zone).replace(tzinfo=None) + shift, zone)
    return present + shift


def _in_utc(moment: datetime, zone: tzinfo | None) -> datetime:
    if moment.tzinfo is None and zone is None:
        # This machine's. Not `astimezone`: a time that its clock leaves out would come out an hour early.
        return datetime.fromtimestamp(moment.timestamp(), UTC)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
