"""What dates say besides day, month and year of our calendar: weekdays, other calendars, time zones by name."""

import re
from datetime import date, datetime, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

from models.cleaners.figures import has_other_digits
from models.cleaners.late_pattern import late

OTHER_CALENDARS = frozenset("am ar bn ckb fa he ku lo my ne ps th ur".split())
"""Languages whose sites also count years in a calendar of their own: Buddhist, Persian, Hijri, Hebrew and others."""

GREGORIAN_YEARS = range(1800, 2200)
"""The years that a date in one of those languages can mean as they stand."""

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ENGLISH = (
    "monday mon mo",
    "tuesday tue tues tu",
    "wednesday wed we",
    "thursday thu thur thurs th",
    "friday fri fr",
    "saturday sat sa",
    "sunday sun su",
)
_WEEKDAY_SIGNS = {"ja": "月火水木金土日", "zh": "一二三四五六日", "ko": "월화수목금토일"}
_NARROW_BRACKETS = {0xFF08: "(", 0xFF09: ")"}
_UNSPACED = ("th", "lo", "km", "my", "zh", "ja", "ko")
_MONTHS = "january february march april may june july august september october november december".split()
_BUDDHIST_ERA = late(r"(?:พ\.?ศ\.? ?)?(?<![0-9])(2[4-6][0-9]{2})(?![0-9])")
_BUDDHIST_LEAD = 543
_PERSIAN_MONTHS = "فروردین اردیبهشت خرداد تیر مرداد شهریور مهر آبان آذر دی بهمن اسفند".split()
_PERSIAN_NAMED = late(rf"([0-9]{{1,2}}) ({'|'.join(_PERSIAN_MONTHS)})(?: ماه)?،? ([0-9]{{4}})")
_PERSIAN_FIGURES = late(r"([0-9]{1,4})([./-])([0-9]{1,2})\2([0-9]{1,4})")
_PERSIAN_YEARS = range(1200, 1500)
"""Those in which a leap year every 4 or 5 of 33 agrees with the equinox."""
_PERSIAN_START = date(1821, 3, 21).toordinal()
"""The first day of the first of these years."""

_ZONED = late(r"(.*[0-9]) ?(?:\[([A-Za-z_+/-]+)\]|\(?([A-Za-z]+(?:/[A-Za-z_+-]+)*)([+-][0-9]{1,2}(?::?[0-9]{2})?)?\)?)")
# Abbreviations that mean one zone everywhere: the hours before or after UTC, and a place that keeps that time.
_FARTHEST = timedelta(hours=14)
_ABBREVIATED = {
    "WET": (0, "Europe/Lisbon"), "WEST": (1, "Europe/Lisbon"), "CET": (1, "Europe/Berlin"),
    "CEST": (2, "Europe/Berlin"), "MEZ": (1, "Europe/Berlin"), "MESZ": (2, "Europe/Berlin"),
    "EET": (2, "Europe/Athens"), "EEST": (3, "Europe/Athens"), "MSK": (3, "Europe/Moscow"),
    "JST": (9, "Asia/Tokyo"), "KST": (9, "Asia/Seoul"), "HKT": (8, "Asia/Hong_Kong"),
    "EDT": (-4, "America/New_York"), "MDT": (-6, "America/Denver"),
    "PDT": (-7, "America/Los_Angeles"), "AEST": (10, "Australia/Sydney"), "AEDT": (11, "Australia/Sydney"),
    "NZST": (12, "Pacific/Auckland"), "NZDT": (13, "Pacific/Auckland"), "SAST": (2, "Africa/Johannesburg"),
}  # fmt: skip


def in_plain_digits(text: str) -> str:
    """Return a date with the digits of any script as 0 to 9.

    >>> in_plain_digits("۱۴۰۵/۰۲/۱۳")
    '1405/02/13'
    """
    return "".join(str(int(c)) if c.isdecimal() else c for c in text) if has_other_digits(text) else text


def in_gregorian_years(text: str, languages: tuple[str, ...]) -> str:
    """Return a date with a year of the Buddhist era, which Thai sites write, as one of ours.

    >>> in_gregorian_years("3 พฤษภาคม 2569", ("th",))
    '3 พฤษภาคม 2026'
    """
    if "th" not in languages and "lo" not in languages:
        return text
    return _BUDDHIST_ERA.sub(lambda year: str(int(year[1]) - _BUDDHIST_LEAD), text)


def is_of_other_calendar(year: int, languages: tuple[str, ...]) -> bool:
    """Tell whether the year of a date on a site in these languages may be counted in another calendar.

    >>> is_of_other_calendar(1447, ("ar",)), is_of_other_calendar(2026, ("ar",)), is_of_other_calendar(1447, ("en",))
    (True, False, False)
    """
    return year not in GREGORIAN_YEARS and not OTHER_CALENDARS.isdisjoint(languages)


def persian_day(text: str, order: str, languages: tuple[str, ...]) -> date | None:
    """Return the day that a text in Persian names in the Persian calendar; None where it names none.

    Raises ValueError for a day that the calendar does not have.

    >>> persian_day("13 اردیبهشت 1405", "DMY", ("fa",)), persian_day("1405/02/13", "YMD", ("fa",))
    (datetime.date(2026, 5, 3), datetime.date(2026, 5, 3))
    """
    if "fa" not in languages:
        return None
    if named := _PERSIAN_NAMED.fullmatch(text):
        return _from_persian(int(named[3]), _PERSIAN_MONTHS.index(named[2]) + 1, int(named[1]))
    figures = _PERSIAN_FIGURES.fullmatch(text)
    if figures is None:
        return None
    first, _, middle, last = figures.groups()
    if len(first) == 4 and len(last) <= 2:
        return _from_persian(int(first), int(middle), int(last))
    if len(last) == 4 and len(first) <= 2 and order != "YMD":
        day, month = (first, middle) if order == "DMY" else (middle, first)
        return _from_persian(int(last), int(month), int(day))
    return None


def _from_persian(year: int, month: int, day: int) -> date | None:
    """By the cycle of 33 years: see K. M. Borkowski, "The Persian calendar for 3000 years" (1996)."""
    if year not in _PERSIAN_YEARS:
        return None
    lengths = [31] * 6 + [30] * 5 + [30 if _is_leap(year) else 29]
    if not (1 <= month <= 12 and 1 <= day <= lengths[month - 1]):
        raise ValueError(f"the Persian calendar has no {year}-{month}-{day}")
    leap_days = sum(map(_is_leap, range(_PERSIAN_YEARS.start, year)))
    return date.fromordinal(
        _PERSIAN_START + 365 * (year - _PERSIAN_YEARS.start) + leap_days + sum(lengths[: month - 1]) + day - 1
    )


def _is_leap(year: int) -> bool:
    return year % 33 in (1, 5, 9, 13, 17, 22, 26, 30)


def contradicts_weekday(text: str, day: date, languages: tuple[str, ...]) -> bool:
    """Tell whether a date names another weekday than the one that the day is.

    >>> contradicts_weekday("Monday 3 May 2026", date(2026, 5, 3), ("en",))
    True
    """
    names, pattern = _weekday_names(languages)
    found = [names[name[0]] for name in pattern.finditer(text.casefold().translate(_NARROW_BRACKETS))]
    return any(weekday != day.weekday() for weekday in found)


@cache
def _weekday_names(languages: tuple[str, ...]) -> tuple[dict[str, int], re.Pattern[str]]:
    """Return the weekdays' names in languages, and the pattern of one."""
    names: dict[str, int] = {}
    unspaced: list[str] = []
    for language in languages:
        if language == "en":
            names |= {name: number for number, weekday in enumerate(_ENGLISH) for name in weekday.split()}
            continue
        # Importing dateparser takes a tenth of a second, and the dates of most sites never need it.
        from dateparser.languages.loader import default_loader

        known = default_loader.get_locale(language).info
        months = {name.casefold() for month in _MONTHS for name in known.get(month, ())}
        found = {
            name: number
            for number, weekday in enumerate(_WEEKDAYS)
            for name in (name.casefold().rstrip(".") for name in known.get(weekday, ()))
            # "mar" is a weekday and a month of Spanish, and "th 2" the second month in Vietnamese.
            if len(name) > 1
            and not any(map(str.isdigit, name))
            and not any(name in month if language in _UNSPACED else name == month for month in months)
        }
        in_brackets = {f"({sign})": number for number, sign in enumerate(_WEEKDAY_SIGNS.get(language, ""))}
        found |= in_brackets
        names |= found
        if known.get("no_word_spacing") or language in _UNSPACED:
            unspaced += found
    words = sorted(map(re.escape, names.keys() - set(unspaced)), key=len, reverse=True)
    # Of two letters, as "Mo" or "su", a weekday stands at either end of a date.
    short = "|".join(word for word in words if len(word) == 2) or "(?!)"
    parts = [
        *sorted(map(re.escape, unspaced), key=len, reverse=True),
        rf"(?<![^\W\d_])(?:{'|'.join(word for word in words if len(word) > 2) or '(?!)'})(?![^\W\d_])",
        rf"\A(?:{short})(?![^\W\d_])|(?<![^\W\d_])(?:{short})(?=\.?\Z)",
    ]
    return names, re.compile("|".join(parts))


def without_zone(text: str) -> tuple[str, tuple[str, str] | None]:
    """Return a time without the zone that is named after it, and the name with the hours that follow it.

    >>> without_zone("2026-05-03 10:30 CET"), without_zone("2026-05-03T10:30+02:00[Europe/Berlin]")
    (('2026-05-03 10:30', ('CET', '')), ('2026-05-03T10:30+02:00', ('Europe/Berlin', '')))
    """
    zoned = _ZONED.fullmatch(text)
    if zoned is None or zoned[3] in ("Z", "z", "T", "AM", "PM", "am", "pm"):
        return text, None
    return zoned[1], (zoned[2] or zoned[3], zoned[4] or "")


def in_zone(written: datetime, name: str, hours: str) -> datetime | None:
    """Return a time in the zone that a page names; None for a name of several zones, or one that contradicts it.

    "EST", "CST", "IST" and "BST" are kept in several parts of the world, and "CET" in summer is a slip for one of two.
    """
    if name.upper() in ("UTC", "GMT"):
        hours_ahead = _offset(hours) if hours else timedelta()
        if abs(hours_ahead) > _FARTHEST:
            return None
        zone: tzinfo = timezone(hours_ahead)
        offset = None
    elif hours:
        return None
    elif name in _ABBREVIATED:
        number, place = _ABBREVIATED[name]
        zone, offset = ZoneInfo(place), timedelta(hours=number)
    elif "/" in name:
        try:
            zone, offset = ZoneInfo(name), None
        except (KeyError, ValueError, OSError):
            return None
    else:
        return None
    if written.tzinfo is not None:
        return written if written.utcoffset() == written.replace(tzinfo=zone).utcoffset() else None
    time = written.replace(tzinfo=zone)
    if offset is None or time.utcoffset() == offset:
        return time
    # The hour that occurs twice in autumn: the abbreviation tells which is meant.
    later = time.replace(fold=1)
    return later if later.utcoffset() == offset else None


def _offset(hours: str) -> timedelta:
    sign = -1 if hours[0] == "-" else 1
    digits = hours[1:].replace(":", "")
    whole, minutes = (digits[:-2], digits[-2:]) if len(digits) > 2 else (digits, "0")
    return sign * timedelta(hours=int(whole), minutes=int(minutes))
