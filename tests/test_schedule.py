"""Lines of [schedule]: what they say, those that say nothing, and what is due, also of what was missed."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from support import ROOT, configured

from models.schedules import Firing
from scraper.core.config import load_config
from scraper.errors import ConfigError, UsageError
from scraper.schedule.crawl_process import command_of
from scraper.schedule.due import ROWS_AT_ONCE, firing_id, jitter, owed_firings
from scraper.schedule.overview import next_by_spider
from scraper.schedule.schedule import Schedule, schedule_named, schedules_of
from spiders.books import BooksSpider
from spiders.quotes_table import QuotesTableSpider

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = configured().scheduler
SPIDERS = {"books": BooksSpider, "quotes-table": QuotesTableSpider}
MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def schedule(cron: str = "0 * * * *", **options: object) -> Schedule:
    return Schedule(name="books", spider="books", cron=cron, arguments={"start": "http://127.0.0.1/"}, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("catch_up", "away_h", "started", "skipped"),
    [
        ("none", 0, 1, 0),
        ("none", 5, 1, 5),
        ("last", 0, 1, 0),
        ("last", 5, 1, 5),
        ("all", 5, 6, 0),
        ("all", 100, 25, 76),
    ],
)
def test_what_was_missed_is_made_up_for_as_the_policy_says_and_each_has_a_row(
    catch_up: str, away_h: int, started: int, skipped: int
) -> None:
    now = NOON + timedelta(seconds=5)
    owed = owed_firings(schedule(catch_up=catch_up), NOON - timedelta(hours=away_h, minutes=1), now, CONFIG)
    assert len([one for one in owed if not one.skip]) == started
    assert [one.skip for one in owed if one.skip] == ["missed: no scheduler ran"] * skipped
    assert [one.due for one in owed] == sorted({one.due for one in owed})
    assert owed[-1].due == NOON
    assert not owed[-1].skip
    assert not owed[-1].made_up


def test_the_last_missed_firing_is_made_up_for_when_none_is_due_now() -> None:
    owed = owed_firings(schedule(), NOON - timedelta(hours=3), NOON + timedelta(minutes=30), CONFIG)
    assert [(one.skip, one.made_up) for one in owed] == [("missed: no scheduler ran", False)] * 2 + [("", True)]


def test_a_long_absence_leaves_a_bounded_number_of_rows_and_says_how_many_are_left_out() -> None:
    owed = owed_firings(schedule("* * * * *"), NOON - timedelta(days=1), NOON, CONFIG)
    assert len(owed) == ROWS_AT_ONCE
    assert owed[0].skip == "missed: no scheduler ran, and 440 earlier ones"


def test_a_schedule_that_is_off_leaves_its_rows_and_starts_nothing() -> None:
    owed = owed_firings(schedule(enabled=False), NOON - timedelta(hours=2), NOON, CONFIG)
    assert [one.skip for one in owed] == ["disabled", "disabled"]


def test_jitter_stays_below_its_limit_differs_between_firings_and_is_the_same_for_everybody() -> None:
    times = [NOON + timedelta(hours=hour) for hour in range(200)]
    found = [jitter(schedule(jitter_s=300), due) for due in times]
    assert found == [jitter(schedule(jitter_s=300), due) for due in times]
    assert all(timedelta() <= one < timedelta(seconds=300) for one in found)
    assert len(set(found)) > 100
    assert jitter(schedule(), NOON) == timedelta()


def test_nothing_is_due_while_the_clock_shows_a_time_that_was_handled() -> None:
    assert owed_firings(schedule(), NOON + timedelta(hours=2), NOON, CONFIG) == []
    assert firing_id("books", NOON) == "books@2026-11-21T12:00:00Z"
    assert Firing(id="books@x", tries=2).mark == "books@x#2"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "config.ini", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("books = 0 6 31 2 *", "books: cron is '0 6 31 2 *' with an impossible day of the month, expected five fields"),
        ("books = 61 * * * *", "books: cron is '61 * * * *' with an impossible minute"),
        (
            "books = every morning",
            "books: cron is 'every morning', expected five fields, minute hour",
        ),
        ("books = * * * * * *", "expected five fields"),
        ("books =", "books: cron is '', expected five fields"),
        (
            "books = 0 6 * * * | zone=Mars/Base",
            "zone is 'Mars/Base', expected a time zone such as UTC or Europe/Berlin",
        ),
        ("books = 0 6 * * * | zone=../../etc/passwd", "zone is '../../etc/passwd', expected a time zone"),
        ("books = 0 6 * * * | retry=2", "books: 'retry' is not an option: did you mean 'retries'?"),
        ("books = 0 6 * * * | retries=two", "books: retries is 'two', expected a valid integer"),
        ("books = 0 6 * * * | jitter_s=-1", "books: jitter_s is '-1', expected greater than or equal to 0"),
        ("books = 0 6 * * * | jitter_s=99999999999999", "expected less than or equal to 31622400"),
        ("books = 0 6 * * * | policy=wait", "books: policy is 'wait', expected 'skip', 'queue' or 'replace'"),
        ("books = 0 6 * * * | processes=0", "books: processes is '0', expected 1 to 64, or auto"),
        ("books = 0 6 * * * | processes=65", "books: processes is '65', expected 1 to 64, or auto"),
        ("books = 0 6 * * * | daily", "books has 'daily' after the |, expected option=value"),
        ("books = 0 6 * * * | retries=1 retries=2", "books has the option 'retries' twice"),
        ("books = 0 6 * * *\nbooks = 0 7 * * *", "line 3 (given twice): [schedule] has 'books' already"),
        (
            "quotes-table = 0 6 * * *\nquotes_table = 0 7 * * *",
            "two schedules of one name, 'quotes-table' and 'quotes_",
        ),
    ],
)
def test_a_line_that_cannot_be_used_is_named_in_one_line(project: Path, line: str, fault: str) -> None:
    (project / "config.local.ini").write_text(f"[schedule]\n{line}\n")
    with pytest.raises(ConfigError) as error:
        load_config(project, {})
    assert fault in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("bokos = 0 6 * * *", "[schedule] bokos: there is no spider 'bokos': did you mean 'books'?"),
        ("nightly = 0 6 * * * | spider=bokos", "[schedule] nightly: there is no spider 'bokos'"),
        ("books = 0 6 * * * | a.tag=love", "[schedule] books: spider 'books' has no argument 'tag'"),
        ("books = 0 6 * * * | start=ftp://x", "[schedule] books: start is 'ftp://x', expected an address such as"),
    ],
)
def test_a_spider_or_an_argument_that_does_not_exist_is_named(project: Path, line: str, fault: str) -> None:
    (project / "config.local.ini").write_text(f"[schedule]\n{line}\n")
    with pytest.raises(ConfigError) as error:
        schedules_of(load_config(project, {}), SPIDERS)
    assert fault in str(error.value)


def test_a_line_takes_what_it_does_not_say_from_the_scheduler(project: Path) -> None:
    (project / "config.local.ini").write_text(
        "[scheduler]\nzone = Europe/Berlin\nretries = 5\n[schedule]\n"
        "books = 0 6 * * *\n"
        "nightly = 30 2 * * * | spider=books start=http://127.0.0.1/?a=b#c max_pages=7 zone=UTC retries=0\n"
    )
    environ = {"SWATHE_SCHEDULE_QUOTES_TABLE": "0 7 * * *", "SWATHE_SCHEDULE_BOOKS": "0 8 * * * | policy=queue"}
    found = {one.name: one for one in schedules_of(load_config(project, environ), SPIDERS)}
    assert list(found) == ["books", "nightly", "quotes_table"]
    assert (found["books"].cron, found["books"].policy, found["books"].zone) == ("0 8 * * *", "queue", "Europe/Berlin")
    assert found["books"].arguments == {"start": BooksSpider.start_url}
    assert found["nightly"].arguments == {"start": "http://127.0.0.1/?a=b#c", "max_pages": 7}
    assert (found["nightly"].retries, found["nightly"].zone, found["nightly"].spider) == (0, "UTC", "books")
    assert found["quotes_table"].spider == "quotes-table"
    assert found["books"].key != found["nightly"].key
    assert schedule_named("Quotes-Table", list(found.values())).name == "quotes_table"
    with pytest.raises(UsageError, match="there is no schedule 'nigtly': did you mean 'nightly'"):
        schedule_named("nigtly", list(found.values()))


def test_a_spider_s_own_arguments_are_part_of_a_schedule_and_of_its_command(project: Path) -> None:
    class Shelf(BooksSpider):
        arguments = (*BooksSpider.arguments, "tag")

    (project / "config.local.ini").write_text("[schedule]\nbooks = 0 6 * * * | a.tag=love max_pages=7 processes=auto\n")
    (schedule,) = schedules_of(load_config(project, {}), {"books": Shelf})
    assert schedule.arguments == {"start": BooksSpider.start_url, "tag": "love", "max_pages": 7}
    of_schedule = {"arguments": schedule.arguments, "processes": schedule.processes}
    words = command_of(Firing(id="books 1", spider="books", **of_schedule))
    assert (
        " ".join(words)
        .partition("--firing")[0]
        .endswith(f"crawl books --max-pages 7 --start {BooksSpider.start_url} -a tag=love --processes auto ")
    )


def test_each_spider_says_when_it_is_due_next_by_any_of_its_schedules() -> None:
    config = configured(
        SWATHE_SCHEDULE_QUOTES_TABLE="0 0 1 1 *",
        SWATHE_SCHEDULE_OFTEN="* * * * * | spider=quotes-table zone=Europe/Berlin",
        SWATHE_SCHEDULE_BOOKS="* * * * * | enabled=no",
    )
    found = next_by_spider(config)
    assert list(found) == ["quotes_table"]
    assert found["quotes_table"] - datetime.now(UTC) <= MINUTE
