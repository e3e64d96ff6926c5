from __future__ import annotations

import datetime as dt
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.cleaners import day, moment

deterministic = settings(derandomize=True, deadline=None)

UTC = dt.UTC
NEW_YORK_WINTER = dt.timezone(dt.timedelta(hours=-5))
FAR_WEST = dt.timezone(dt.timedelta(hours=-12))


@pytest.mark.parametrize(
    ("raw", "date"),
    [
        *[("March 14, 1879", (1879, 3, 14)), ("August 06, 1809", (1809, 8, 6)), ("May 3rd, 1999", (1999, 5, 3))],
        *[("14 March 1879", (1879, 3, 14)), ("3rd of May 1999", (1999, 5, 3)), ("Sept. 5, 2001", (2001, 9, 5))],
        *[
            ("Tue, 3 Nov 2020", (2020, 11, 3)),
            ("Tuesday, November 3rd 2020", (2020, 11, 3)),
            ("1999 May 3", (1999, 5, 3)),
        ],
        *[("5-May-1999", (1999, 5, 5)), ("3 May 1999 10:30", (1999, 5, 3)), (" March\n14,\xa01879 ", (1879, 3, 14))],
        *[
            ("1999-05-03", (1999, 5, 3)),
            ("1999/5/3", (1999, 5, 3)),
            ("1999.05.03", (1999, 5, 3)),
            ("0001-01-01", (1, 1, 1)),
        ],
        *[
            ("1999-05-03T00:30:00+02:00", (1999, 5, 3)),
            ("14 Mar 1879 23:59 -0500", (1879, 3, 14)),
            ("3 May 2020 00:02 +0300", (2020, 5, 3)),
            ("29 Feb 2024", (2024, 2, 29)),
        ],
    ],
)
@pytest.mark.parametrize("order", ["MDY", "DMY", "YMD"])
def test_a_date_that_says_which_part_is_which_is_read_in_any_order(
    order: str, raw: str, date: tuple[int, int, int]
) -> None:
    assert day(order)(raw) == dt.datetime(*date, tzinfo=UTC)


@pytest.mark.parametrize(
    ("order", "raw", "date"),
    [
        *[
            ("MDY", "01/02/2026", (2026, 1, 2)),
            ("MDY", "12/31/2026", (2026, 12, 31)),
            ("MDY", "1-2-2026", (2026, 1, 2)),
        ],
        *[
            ("DMY", "01/02/2026", (2026, 2, 1)),
            ("DMY", "31.12.2026", (2026, 12, 31)),
            ("DMY", "3. 5. 1999", (1999, 5, 3)),
        ],
        *[
            ("YMD", "2026/01/02", (2026, 1, 2)),
            ("YMD", "2026.1.2", (2026, 1, 2)),
            ("DMY", "Tue 13/02/2024", (2024, 2, 13)),
        ],
    ],
)
def test_a_date_in_figures_obeys_the_declared_order(order: str, raw: str, date: tuple[int, int, int]) -> None:
    assert day(order)(raw) == dt.datetime(*date, tzinfo=UTC)


@pytest.mark.parametrize(
    ("order", "raw"),
    [
        *[
            ("MDY", "13/02/2026"),
            ("MDY", "Tue 13/02/2024"),
            ("DMY", "02/13/2026"),
            ("YMD", "01/02/2026"),
            ("YMD", "1.2.26"),
        ],
        *[
            ("DMY", "31/02/2026"),
            ("DMY", "30 February 2026"),
            ("MDY", "Feb 29, 2023"),
            ("DMY", "2026-13-01"),
            ("DMY", "00/01/2026"),
        ],
        *[("DMY", "2026-02-30"), ("DMY", "2026-01-01T25:00"), ("MDY", "0000-01-01")],
    ],
)
def test_a_date_that_does_not_exist_or_is_against_the_order_is_refused(order: str, raw: str) -> None:
    with pytest.raises(
        ValueError, match=rf"is no (?:day of the calendar|full date), expected a date in the order {order}"
    ):
        day(order)(raw)


@pytest.mark.parametrize(
    "raw",
    [
        *(
            "May",
            "10",
            "yesterday",
            "2026",
            "today",
            "3 days ago",
            "next Monday",
            "now",
            "May 1999",
            "January 5",
            "12:30",
        ),
        *("1/2/26", "5-May-99", "20260503", "1700000000", "99999/1/1", "May 3, 12345", "1 2 3", "5/6/7"),
        *("born 3 May 1999 in Ulm", "3 May 1999 4 June 2000", "call us", "3. Mai 1999", "٣ مايو ١٩٩٩"),
    ],
)
@pytest.mark.parametrize("order", ["MDY", "DMY", "YMD"])
def test_what_is_not_one_full_date_is_refused_and_never_guessed(order: str, raw: str) -> None:
    with pytest.raises(ValueError, match=f"is no full date, expected a date in the order {order} such as"):
        day(order)(raw)


@pytest.mark.parametrize(
    ("languages", "raw", "date"),
    [
        (("de",), "3. Mai 1999", (1999, 5, 3)),
        (("de",), "1. März 2020", (2020, 3, 1)),
        (("de",), "01.02.2026", (2026, 2, 1)),
        (("de", "en"), "March 14, 1879", (1879, 3, 14)),
        (["fr"], "1er mai 1999", (1999, 5, 1)),
        (("ja",), "2020年5月3日", (2020, 5, 3)),
        (("ru",), "3 мая 1999", (1999, 5, 3)),
    ],
)
def test_months_are_read_in_the_declared_languages(
    languages: tuple[str, ...], raw: str, date: tuple[int, int, int]
) -> None:
    assert day("DMY", languages=languages)(raw) == dt.datetime(*date, tzinfo=UTC)


def test_months_of_other_languages_are_refused() -> None:
    with pytest.raises(ValueError, match="is no full date"):
        day("DMY", languages=("de",))("14 March 1879")


@pytest.mark.parametrize("order", ["XYZ", "dmy", "", "DYM"])
def test_an_unknown_order_is_refused_where_it_is_declared(order: str) -> None:
    with pytest.raises(ValueError, match="has no known order, expected one of 'DMY', 'MDY', 'YMD'"):
        day(order)


@pytest.mark.parametrize("languages", [("xx",), "de", ()])
def test_unknown_languages_are_refused_where_they_are_declared(languages: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"expected codes such as \('en', 'de'\)"):
        day("DMY", languages=languages)


@pytest.mark.parametrize(
    ("value", "date"),
    [
        (dt.date(2020, 1, 1), (2020, 1, 1)),
        (dt.datetime(2020, 1, 1, 5, 30), (2020, 1, 1)),  # noqa: DTZ001
        (dt.datetime(2020, 1, 1, 23, 30, tzinfo=NEW_YORK_WINTER), (2020, 1, 2)),
    ],
)
def test_the_day_of_a_datetime_is_its_day_in_utc(value: dt.date, date: tuple[int, int, int]) -> None:
    assert day("DMY")(value) == dt.datetime(*date, tzinfo=UTC)


@given(st.dates())
@deterministic
def test_every_day_comes_back_from_every_notation(date: dt.date) -> None:
    midnight = dt.datetime(date.year, date.month, date.day, tzinfo=UTC)
    month = date.strftime("%B")
    year = f"{date.year:04}"
    for order, written in [
        ("MDY", f"{month} {date.day:02}, {year}"),
        ("MDY", f"{date.month}/{date.day}/{year}"),
        ("DMY", f"{date.day:02}.{date.month:02}.{year}"),
        ("DMY", f"{date.day} {month[:3]} {year}"),
        ("YMD", date.isoformat()),
    ]:
        assert day(order)(written) == midnight
    assert day("MDY")(midnight) == midnight


@pytest.mark.parametrize(
    ("timezone", "raw", "utc"),
    [
        ("UTC", "2026-05-03T10:30:00+02:00", "2026-05-03 08:30:00"),
        ("UTC", "2026-05-03T10:30:00Z", "2026-05-03 10:30:00"),
        ("UTC", "2026-05-03t10:30z", "2026-05-03 10:30:00"),
        ("UTC", " 2026-05-03 10:30 ", "2026-05-03 10:30:00"),
        ("UTC", "2026-05-03T10:30:00.123456789Z", "2026-05-03 10:30:00.123000"),
        ("Europe/Berlin", "2026-05-03T10:30", "2026-05-03 08:30:00"),
        ("Europe/Berlin", "2026-01-03T10:30", "2026-01-03 09:30:00"),
        ("Europe/Berlin", "2026-05-03T10:30Z", "2026-05-03 10:30:00"),
        ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25 00:30:00"),
    ],
)
def test_a_moment_is_in_utc_and_without_offset_in_the_declared_zone(timezone: str, raw: str, utc: str) -> None:
    expected = dt.datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert moment(timezone=timezone)(raw) == expected
    assert moment(timezone=timezone)(expected) == expected


@pytest.mark.parametrize(
    ("value", "utc"),
    [
        (dt.datetime(2020, 7, 1, 5, 30, 0, 123456), dt.datetime(2020, 7, 1, 3, 30, 0, 123000, tzinfo=UTC)),  # noqa: DTZ001
        (dt.datetime(2020, 7, 1, 5, 30, tzinfo=NEW_YORK_WINTER), dt.datetime(2020, 7, 1, 10, 30, tzinfo=UTC)),
        (dt.date(2020, 7, 1), dt.datetime(2020, 6, 30, 22, tzinfo=UTC)),
    ],
)
def test_a_datetime_becomes_a_moment_to_the_millisecond(value: dt.date, utc: dt.datetime) -> None:
    assert moment("Europe/Berlin")(value) == utc


@pytest.mark.parametrize(
    "raw",
    [
        "2026-05-03",
        "10:30",
        "2026-05-03T25:00",
        "2026-02-30T10:00",
        "2026-W01-1T10:00",
        "1777777777",
        "yesterday",
        "3 May 2026 10:30",
        "0001-01-01T00:00+05:00",
    ],
)
def test_what_is_not_a_full_time_is_refused(raw: str) -> None:
    with pytest.raises(ValueError, match=r"expected a time in ISO 8601 such as '2026-05-03T10:30:00\+02:00'"):
        moment()(raw)


@pytest.mark.parametrize("timezone", ["Mars/Phobos", "", "../../etc/passwd", "Europe", "+02:00"])
def test_an_unknown_time_zone_is_refused_where_it_is_declared(timezone: str) -> None:
    with pytest.raises(ValueError, match="has no known time zone, expected one such as 'Europe/Berlin'"):
        moment(timezone)


@pytest.mark.parametrize("clean", [day("DMY"), moment()])
@pytest.mark.parametrize("value", [5, 5.0, True, ["2026-05-03"], b"2026-05-03"])
def test_a_type_that_holds_no_date_is_refused(clean: object, value: object) -> None:
    assert callable(clean)
    with pytest.raises(ValueError, match=f"is of type {type(value).__name__}, expected a"):
        clean(value)


@pytest.mark.parametrize("clean", [day("DMY"), moment()])
def test_a_time_beyond_the_calendar_of_utc_is_refused(clean: object) -> None:
    assert callable(clean)
    with pytest.raises(ValueError, match="is out of range in UTC, expected a"):
        clean(dt.datetime.max.replace(tzinfo=FAR_WEST))


@pytest.mark.parametrize("clean", [day("DMY"), moment()])
def test_a_long_text_is_no_date(clean: object) -> None:
    assert callable(clean)
    with pytest.raises(ValueError, match=r"is too long, expected a .*, not a text of 3,999 characters"):
        clean("May " * 1000)


def test_dateparser_is_not_imported_before_a_date_needs_it() -> None:
    read_a_date = "from models.cleaners import day; day('MDY')('March 14, 1879')"
    code = f"import sys; {read_a_date}; sys.exit('dateparser' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
