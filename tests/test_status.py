"""The status is a function of what is known, fits 80 columns, and says each thing that is not fine once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId
from scheduling import NOON, schedule
from support import configured

from models.broken import Broken
from scraper.core.processes import this_process
from scraper.schedule.alerts.webhooks import webhooks_of
from scraper.status.digest import digest_of
from scraper.status.evidence import Certificate, DatabaseState, DiskState, Places, RecordTally, StatusEvidence, Untold
from scraper.status.status import as_json, status_of
from scraper.status.text import age, status_lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from support import Swathe

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NIGHTLY = schedule(cron="0 6 * * *")
MADE = {"start": "http://127.0.0.1/other/"}
LIMIT = "the limit of 5 pages was reached"
LIVING = {**this_process(), "_id": "me", "looked_at": NOON, "schedules": ["books", "noon"]}
FIRED = {"books": {"handled_until": NOON - 6 * HOUR}, "noon": {"handled_until": NOON - HOUR}}


def run(spider: str = "books", hours_ago: float = 6, **fields: Any) -> dict[str, Any]:
    at = NOON - hours_ago * HOUR
    made = {
        "arguments": NIGHTLY.arguments,
        "state": "finished",
        "verdict": "complete",
        "reasons": [],
        "tally": RecordTally(3, 2, 1),
    }
    return {"_id": ObjectId(), "spider": spider, "started_at": at, "ended_at": at, **made, **fields}


def incomplete(**fields: Any) -> dict[str, Any]:
    return run(**{"verdict": "incomplete", "reasons": ["1 page could not be read: http://x"], **fields})


def known(**fields: Any) -> StatusEvidence:
    """Return what is known of a spider that ran this morning as it should."""
    healthy: dict[str, Any] = {
        "now": NOON, "yesterday": NOON - 36 * HOUR, "spiders": ["books"], "runs": [run()], "schedules": [NIGHTLY],
        "places": Places("mongodb://x", ".swathe"),
        "database": DatabaseState(version="7.0.14", size_mb=12), "disk": DiskState(5000, 500),
        "states": FIRED, "schedulers": [LIVING],
    }  # fmt: skip
    return StatusEvidence(**{**healthy, **fields})


def incident(**fields: Any) -> dict[str, Any]:
    return {"_id": ObjectId(), "spider": "books", "kind": "failed", "opened_at": NOON - DAY, "why": "x", **fields}


def test_a_healthy_project_is_fine() -> None:
    status = status_of(known())
    assert status.fine
    assert status.exit_code == 0
    (books,) = status.spiders
    assert (books.result, books.last, books.next) == ("complete", RecordTally(3, 2, 1), NOON + 18 * HOUR)
    assert status_of(known(runs=[], states={}, schedules=[], schedulers=[])).spiders[0].result == "never ran"


@pytest.mark.parametrize(
    ("fields", "problems"),
    [
        ({"runs": [incomplete()]}, ["run books"]),
        ({"runs": [run(state="failed", verdict="incomplete")]}, ["run books"]),
        ({"runs": [run(suspect=True, verdict="unknown")]}, ["run books"]),
        ({"runs": [incomplete(reasons=[LIMIT])]}, []),
        ({"runs": [incomplete(reasons=[LIMIT, "1 record was refused"])]}, ["run books"]),
        # A crawl by hand with other arguments says nothing about the schedule, unless it makes up for it.
        ({"runs": [run(), incomplete(arguments=MADE, hours_ago=1)]}, []),
        ({"runs": [incomplete(), run(arguments=MADE, hours_ago=1)]}, []),
        ({"runs": [incomplete(), run(arguments=MADE, hours_ago=7)]}, ["run books"]),
        ({"schedules": [], "runs": [run(), incomplete(arguments=MADE, hours_ago=1)]}, ["run books"]),
        ({"schedules": [], "runs": [run(), incomplete(arguments=MADE, hours_ago=1, reasons=[LIMIT])]}, []),
        # Of two schedules of a spider the one that goes wrong counts.
        ({"schedules": [NIGHTLY, schedule("noon", "0 11 * * *")],
          "runs": [incomplete(), run(arguments=schedule("noon").arguments, hours_ago=1)]}, ["run books"]),
        ({"states": {"books": {"handled_until": NOON - DAY}}}, ["late books"]),
        ({"waiting": [{"schedule": "books", "due": NOON - 2 * HOUR}]}, ["late books"]),
        ({"waiting": [{"schedule": "books", "due": NOON - HOUR / 2}]}, []),
        ({"schedulers": []}, ["scheduler scheduler"]),
        ({"schedulers": [{**LIVING, "looked_at": NOON - HOUR}]}, ["scheduler scheduler"]),
        ({"schedulers": [{**LIVING, "process": "dead"}, LIVING]}, []),
        ({"schedulers": [{**LIVING, "schedules": ["other"]}]}, ["scheduler scheduler"]),
        ({"incidents": [incident()]}, ["failed books"]),
        ({"incidents": [incident()], "runs": [incomplete()]}, ["run books"]),
        ({"incidents": [incident(acked_at=NOON)], "runs": [incomplete()]}, []),
        ({"runs": [incomplete()], "muted": {"books": NOON + DAY}}, []),
        ({"incidents": [incident(spider="of-old")]}, []),
        ({"spiders": [], "schedules": [], "runs": [incomplete()]}, []),
        ({"broken": [Broken("spiders/books.py", 3, "SyntaxError")]}, ["broken spiders/books.py"]),
        ({"incidents": [incident(kind="broken", spider="spiders/mended.py")]}, []),
        ({"faults": ["[schedule] boks: there is no spider 'boks'"]}, ["schedule schedule"]),
        ({"disk": DiskState(700, 500)}, ["disk disk of the data folder"]),
        ({"database": DatabaseState(fault="MongoDB at x does not answer")}, ["database database"]),
        ({"untold": [Untold("event", 2, NOON - HOUR / 2, "x")]}, []),
        ({"untold": [Untold("event", 2, NOON - 2 * HOUR, "x")]}, ["untold 2 events"]),
        ({"certificates": [Certificate("x.org", NOON + 9 * DAY), Certificate("y.org", NOON + 30 * DAY)]},
         ["certificate x.org"]),
    ],
)  # fmt: skip
def test_what_is_not_fine_is_said_once(fields: dict[str, Any], problems: list[str]) -> None:
    status = status_of(known(**fields))
    assert [f"{one.kind} {one.subject}" for one in status.problems] == problems
    assert status.exit_code == (3 if problems else 0)
    assert digest_of(status).good is (not problems)


def test_a_spider_that_was_removed_is_shown_for_a_week() -> None:
    assert [one.result for one in status_of(known(spiders=[], schedules=[])).spiders] == ["removed"]
    broken = [Broken("spiders/books.py", 3, "SyntaxError")]
    assert [one.result for one in status_of(known(spiders=[], schedules=[], broken=broken)).spiders] == ["not loaded"]
    assert status_of(known(spiders=[], schedules=[], runs=[run(hours_ago=200)])).spiders == ()


HOSTILE = "../../\x1b[31m" + "long-name " * 30


@pytest.mark.parametrize("change", [lambda text: text, str.upper], ids=["plain", "upper"])
@pytest.mark.parametrize("width", [50, 60, 80, 200])
def test_whatever_its_names_and_numbers_it_fits_the_width_and_steers_no_terminal(
    width: int, change: Callable[[str], str]
) -> None:
    hostile = change(HOSTILE)
    many = [incident(spider=f"s{number}", why=hostile) for number in range(50)]
    status = status_of(
        known(
            spiders=[hostile, *(f"s{number}" for number in range(50))],
            runs=[incomplete(spider=hostile, reasons=[hostile] * 9, tally=RecordTally(10**9, 10**12, 7, 10**5))],
            schedules=[schedule(f"name{number}" * 9, "0 6 * * *") for number in range(20)],
            incidents=many,
            faults=[hostile] * 30,
            muted={"s1": NOON + 5 * DAY},
        )
    )
    lines = [line.text for line in status_lines(status, width, UTC)]
    assert max(map(len, lines)) <= width
    assert not [line for line in lines if not line.isprintable()]
    assert "more: `swathe status --format json`" in " ".join(map(str.strip, lines))
    assert "  and 40 more: `swathe alerts list`" in lines


def test_a_clock_that_was_set_back_is_seen() -> None:
    lines = [line.text for line in status_lines(status_of(known(runs=[run(hours_ago=-5)])), 80, UTC)]
    assert any("complete    in 5h" in line for line in lines), lines
    assert age(timedelta(seconds=-2)) == "2s"


def test_the_command_reads_what_is_stored(swathe: Swathe, database: Any) -> None:
    now = datetime.now(UTC)
    hooks = {"SWATHE_ALERTS_WEBHOOKS": "http://127.0.0.1:9/", "SWATHE_ALERTS_WEBHOOK_SECRET": "x"}
    begun = {"started_at": now - HOUR, "heartbeat_at": now - HOUR}
    database["runs"].insert_many(
        [
            {"spider": "books", "kind": "crawl", "arguments": {}, "state": "finished", "verdict": "complete",
             "ended_at": now - HOUR, "counts": {"items_new": 5, "items_gone": 2}, **begun},
            {"spider": "quotes", "kind": "crawl", "arguments": {}, "state": "running", "host": "", **begun},
            {"spider": "quotes", "kind": "redrive", "arguments": {}, "state": "finished", **begun},
        ]
    )  # fmt: skip
    ends_at = now.replace(microsecond=0) + DAY
    database["runs"].update_one(
        {"spider": "books"}, {"$set": {"certificates": [{"host": "x.org", "ends_at": ends_at}]}}
    )
    database["rejected"].insert_one({"spider": "books", "last_seen": now})
    (hook,) = webhooks_of(configured(**hooks).alerts)
    kept = [(HOUR / 2, hook.digest), (DAY, "a target that is not there any more")]
    database["notices"].insert_many([{"at": now - since, "to_tell": [digest]} for since, digest in kept])
    database["incidents"].insert_one({"spider": "quotes", "kind": "failed", "opened_at": now, "closed_at": now})
    database["books"].insert_one({"_untold": ["events"], "first_seen": now - HOUR / 4})
    swathe.extra |= {**hooks, "SWATHE_EVENTS_AMQP_URL": "amqp://127.0.0.1:9/"}
    said = json.loads(swathe("status", "--format", "json", code=3).out)
    assert not said["fine"]
    assert [one["ends_at"] for one in said["certificates"]] == [ends_at.isoformat()]
    by_name = {one["spider"]: one for one in said["spiders"]}
    assert by_name["books"]["since_yesterday"] == {"new": 5, "changed": 0, "gone": 2, "refused": 1}
    assert by_name["quotes"]["result"] == "lost", "nobody has noticed yet"
    assert database["runs"].find_one({"spider": "quotes", "kind": "crawl"})["state"] == "running", (
        "a look writes nothing"
    )
    assert [(one["what"], one["count"]) for one in said["untold"]] == [("event", 1), ("message", 1)]
    table = swathe("status", code=3, COLUMNS="80").out
    assert "To tell      1 event since " in table
    assert max(map(len, table.splitlines())) <= 80
    assert "books         complete" in table
    assert "--format xml" in swathe("status", "--format", "xml", code=2).error_line
    assert "swathe: 2 things are not fine" in swathe("digest", "--dry-run").out
    assert "[alerts] targets and webhooks are empty" in swathe("digest", code=2, SWATHE_ALERTS_WEBHOOKS="").error_line


def test_the_json_has_everything() -> None:
    said = as_json(status_of(known(broken=[Broken("a.py", 1, "x")])))
    assert said["problems"][0]["kind"] == "broken"
    assert said["spiders"][0]["last"] == {"new": 3, "changed": 2, "gone": 1, "refused": 0}
