"""Dates and times as pages write them to times in UTC."""

# ruff: noqa: RUF001 - the characters that look alike are what pages write

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, tzinfo
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from models.cleaners.calendars import (
    contradicts_weekday,
    in_gregorian_years,
    in_plain_digits,
    in_zone,
    is_of_other_calendar,
    persian_day,
    without_zone,
)
from models.cleaners.late_pattern import late
from models.cleaners.number_words import begins_inexact
from models.cleaners.refusal import refusal, wrong_type
from models.cleaners.text import short_line

if TYPE_CHECKING:
    from dateparser.date import DateDataParser

LONGEST_DATE = 100
"""Characters; a longer text is a sentence with a date in it."""

REMEMBERED_DATES = 4096
"""Texts whose day one cleaner keeps in memory: a site repeats its dates, and dateparser takes up to a millisecond."""

MOMENT = "a time in ISO 8601 such as '2026-05-03T10:30:00+02:00'"

_EXAMPLES = {"DMY": "'14 March 1879' or '14/03/1879'", "MDY": "'March 14, 1879' or '03/14/1879'", "YMD": "'1879-03-14'"}

_MONTH_NAMES = "January February March April May June July August September October November December".lower().split()
_MONTHS = {
    **{name: month for month, name in enumerate(_MONTH_NAMES, start=1)},
    **{name[:3]: month for month, name in enumerate(_MONTH_NAMES, start=1)},
    "sept": 9,
}
_ISO_DAY = late(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ][0-9]{2}:.*)?")
_ISO_MOMENT = late(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:.*")
_FIGURES = late(r"(?<!\d)([0-9]{1,4})([./-]) ?([0-9]{1,2})\2 ?([0-9]{1,4})(?!\d)")
_WEEKDAY = r"(?:(?:Mon|Tues?|Wed(?:nes)?|Thu(?:rs?)?|Fri|Satur|Sat|Sun)(?:day)?\.?,? )?"
_MONTH_FIRST = late(_WEEKDAY + r"([A-Za-z]{3,9})\.? ([0-9]{1,2})(?:st|nd|rd|th)?,? ([0-9]{4})")
_DAY_FIRST = late(_WEEKDAY + r"([0-9]{1,2})(?:st|nd|rd|th)?(?: of)? ([A-Za-z]{3,9})\.?,? ([0-9]{4})")
_BOUND = late(
    r"[~∼≈≃<>≤≥±?]|\A(?:after|by|do|kolem|après|после|след|до|около|близько)\b|(?:까지|부터|경)\s*\Z"
    r"|\b(?:after|après|sonra|после|след|до|около|близько)\Z|-ig\Z",
    re.IGNORECASE,
)
"""What says that a day is only near, before or after, and dateparser passes over."""
_WITH_YEAR = late(r"(?<!\d)\d{4}(?!\d)")


def day(order: str, languages: Sequence[str] = ("en",)) -> Callable[[object], datetime | None]:
    """Return a cleaner: the day that a text names, as midnight UTC; None without text.

    `order` is that of dates in figures on the site: "DMY", "MDY" or "YMD"; a year in front is always read as
    year, month, day. `languages` are those of its month names, as in dateparser. A time of day and its offset are
    dropped: the day is the one written. Of a `datetime` it is the day in UTC, and one without offset is taken as UTC.
    With "th" a year of the Buddhist era, and with "fa" a date of the Persian calendar, become the day that they mean.

    The cleaner raises ValueError for a text without a day, a month and a year of four digits, for one against `order`,
    for a weekday that the day is not, for a day that no calendar has, and in languages whose sites have a calendar of
    their own (Arabic, Hebrew, Bengali and others) for a year that may be one of it; `day` itself for an unknown order
    or language.

    >>> day("MDY")("March 14, 1879")
    datetime.datetime(1879, 3, 14, 0, 0, tzinfo=datetime.timezone.utc)
    >>> day("DMY")("01/02/2026").date(), day("MDY")("01/02/2026").date()
    (datetime.date(2026, 2, 1), datetime.date(2026, 1, 2))
    """
    if order not in _EXAMPLES:
        raise ValueError(f"day({order!r}) has no known order, expected one of {', '.join(map(repr, _EXAMPLES))}")
    languages = tuple(languages)
    if languages != ("en",):
        _check(languages)
    expected = f"a date in the order {order} such as {_EXAMPLES[order]}"
    read = lru_cache(maxsize=REMEMBERED_DATES)(partial(_read_day, order, languages, expected))

    def clean(value: object) -> datetime | None:
        if isinstance(value, datetime):
            return _midnight(_in_utc(value, UTC, expected))
        if isinstance(value, date):
            return _midnight(value)
        if not isinstance(value, str):
            raise wrong_type(value, expected)
        text = short_line(value, LONGEST_DATE, expected)
        return None if text is None else read(text)

    # A query takes the values for days of the calendar, which no time zone moves.
    clean.makes_days = True  # type: ignore[attr-defined]
    return clean


def moment(timezone: str = "UTC") -> Callable[[object], datetime | None]:
    """Return a cleaner: the moment that a text in ISO 8601 names, in UTC; None without text.

    A time without an offset is one in `timezone`, a name of the IANA database; of an hour that occurs twice there, in
    autumn, the first is meant. Fractions beyond milliseconds, which MongoDB does not keep, are cut off.

    A zone may be named after the time: "UTC", "Europe/Berlin", "CEST".

    The cleaner raises ValueError for any other text, for a name that several zones share ("CST"), and for one that the
    place of the zone does not keep on that day ("CET" in July); `moment` itself for an unknown time zone.

    >>> moment()("2026-05-03T10:30:00+02:00")
    datetime.datetime(2026, 5, 3, 8, 30, tzinfo=datetime.timezone.utc)
    >>> moment("Europe/Berlin")("2026-05-03 10:30")
    datetime.datetime(2026, 5, 3, 8, 30, tzinfo=datetime.timezone.utc)
    """
    zone = _zone(timezone)

    def clean(value: object) -> datetime | None:
        if isinstance(value, datetime):
            return _in_utc(value, zone, MOMENT)
        if isinstance(value, date):
            return _in_utc(datetime(value.year, value.month, value.day), zone, MOMENT)  # noqa: DTZ001 - zone follows
        if not isinstance(value, str):
            raise wrong_type(value, MOMENT)
        text = short_line(value, LONGEST_DATE, MOMENT)
        if text is None:
            return None
        if not _ISO_MOMENT.fullmatch(text):
            raise refusal(text, f"is no full time, expected {MOMENT}")
        time, named = without_zone(text)
        try:
            written = datetime.fromisoformat(time.upper())
        except ValueError as error:
            raise refusal(text, f"is no time of the calendar, expected {MOMENT}") from error
        meant = in_zone(written, *named) if named else written
        if meant is None:
            raise refusal(text, f"names a zone that is not certain, expected {MOMENT}")
        return _in_utc(meant, zone, MOMENT)

    return clean


def _read_day(order: str, languages: tuple[str, ...], expected: str, text: str) -> datetime:
    if _BOUND.search(text) or begins_inexact(text):
        raise refusal(text, f"is a bound or an estimate, expected {expected}")
    plain = in_gregorian_years(in_plain_digits(text), languages)
    try:
        found = persian_day(plain, order, languages) or _day_in(plain, order, languages)
    except ValueError as error:
        raise refusal(text, f"is no day of the calendar, expected {expected}") from error
    if found is None:
        raise refusal(text, f"is no full date, expected {expected}")
    if is_of_other_calendar(found.year, languages):
        raise refusal(text, f"has a year of another calendar, expected {expected}")
    if any(map(str.isalpha, plain)) and contradicts_weekday(plain, found, languages):
        raise refusal(text, f"names another weekday, expected {expected}")
    return _midnight(found)


def _day_in(text: str, order: str, languages: tuple[str, ...]) -> date | None:
    """Read the day; None where there is no full date, ValueError where it cannot exist."""
    if _ISO_DAY.fullmatch(text):
        return datetime.fromisoformat(without_zone(text)[0].upper()).date()
    if figures := _FIGURES.fullmatch(text):
        return _in_order(figures, order)
    if "en" in languages:
        if (named := _MONTH_FIRST.fullmatch(text)) and (month := _MONTHS.get(named[1].lower())):
            return date(int(named[3]), month, int(named[2]))
        if (named := _DAY_FIRST.fullmatch(text)) and (month := _MONTHS.get(named[2].lower())):
            return date(int(named[3]), month, int(named[1]))
    # dateparser would guess what is not there: a year of two digits, a month of "10", the date of "yesterday".
    if not _WITH_YEAR.search(text) or not any(map(str.isalpha, text)):
        return None
    return _by_dateparser(text, order, languages)


def _in_order(figures: re.Match[str], order: str) -> date | None:
    first, _, second, third = figures.groups()
    if len(first) == 4 and len(third) <= 2:
        return date(int(first), int(second), int(third))
    if len(third) < 4 or len(first) > 2 or order == "YMD":
        return None
    day_of_month, month = (first, second) if order == "DMY" else (second, first)
    return date(int(third), int(month), int(day_of_month))


def _by_dateparser(text: str, order: str, languages: tuple[str, ...]) -> date | None:
    found = _dateparser(order, languages).get_date_data(text).date_obj
    if found is None or not {found.year, found.day} <= {int(number) for number in re.findall(r"\d+", text)}:
        return None
    figures = _FIGURES.search(text)
    if figures and _in_order(figures, order) != found.date():
        return None  # DATE_ORDER is only a preference to dateparser: it reads 13/02/2026 as a day of February in any
    return found.date()


@cache
def _dateparser(order: str, languages: tuple[str, ...]) -> "DateDataParser":
    # Importing dateparser takes a tenth of a second, and the dates of most sites never need it.
    from dateparser.date import DateDataParser

    settings = {
        "DATE_ORDER": order,
        "PREFER_LOCALE_DATE_ORDER": False,
        "STRICT_PARSING": True,
        "REQUIRE_PARTS": ["day", "month", "year"],
        "PARSERS": ["absolute-time"],
    }
    return DateDataParser(languages=list(languages), settings=settings)


def _check(languages: tuple[str, ...]) -> None:
    """Refuse unknown languages where they are declared, not on every page."""
    try:
        # The constructor takes any languages; the first date shows whether they exist.
        known = languages and _dateparser("YMD", languages).get_date_data("1879-03-14")
    except ValueError as error:
        raise ValueError(f"day(languages={languages!r}): {error}; expected codes such as ('en', 'de')") from error
    if not known:
        raise ValueError("day(languages=()) has no language, expected codes such as ('en', 'de')")


def _zone(timezone: str) -> tzinfo:
    if timezone == "UTC":
        return UTC
    try:
        return ZoneInfo(timezone)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(
            f"moment({timezone!r}) has no known time zone, expected one such as 'Europe/Berlin'"
        ) from error


def _midnight(day_found: date) -> datetime:
    return datetime(day_found.year, day_found.month, day_found.day, tzinfo=UTC)


def _in_utc(time: datetime, zone: tzinfo, expected: str) -> datetime:
    try:
        in_utc = (time if time.tzinfo else time.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError as error:
        raise refusal(time, f"is out of range in UTC, expected {expected}") from error
    return in_utc.replace(microsecond=in_utc.microsecond // 1000 * 1000)
