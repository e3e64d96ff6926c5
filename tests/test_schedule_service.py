"""The scheduler as a service, with real crawls: killed, stopped, taken over, too long, and asked for by hand."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import psutil
import pytest
from practice import Fault, PracticeServer
from support import ROOT, last_run, until

from models.schedules import Firing
from scraper.fetch.browser.processes import Process, process
from scraper.schedule.crawl_process import HOST, CrawlProcesses

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]

NONE = Process(0, 0)
QUICK = {
    "SWATHE_SCHEDULER_POLL_S": "0.1",
    "SWATHE_SCHEDULER_LEASE_S": "3",
    "SWATHE_SCHEDULER_RETRY_WAIT_S": "0.1",
    "SWATHE_SCHEDULER_STOP_GRACE_S": "30",
}


@pytest.fixture
def slow() -> Iterator[PracticeServer]:
    """A site whose pages take their time, so that a crawl can be caught in the middle."""
    with PracticeServer(latency_ms=150) as site:
        yield site


@pytest.fixture
def hourly(swathe: Swathe, database: Mongo, slow: PracticeServer) -> Swathe:
    """A schedule of `quotes-table` that has a firing to make up for."""
    swathe.extra |= QUICK | {
        "SWATHE_SCHEDULE_TABLE": f"0 * * * * | spider=quotes-table start={slow.url}quotes/tableful/"
    }
    past = datetime.now(UTC) - timedelta(minutes=90)
    database.schedules.insert_one({"_id": "table", "timing": "0 * * * * UTC", "since": past, "handled_until": past})
    return swathe


def firing(database: Mongo, **wanted: Any) -> dict[str, Any]:
    return database.firings.find_one({"state": {"$ne": "skipped"}, **wanted}) or {}


def in_the_middle(database: Mongo, site: PracticeServer) -> dict[str, Any]:
    """Wait until a crawl has read some pages; return its firing."""
    before = len(site.requests)
    until(lambda: len(site.requests) > before + 3, "some pages")
    return until(lambda: firing(database, state="running", pid={"$gt": 0}, run={"$ne": None}), "a run")


def stop(*services: subprocess.Popen[str]) -> None:
    """Stop schedulers as systemd does, and hold them to ending well."""
    for service in services:
        service.send_signal(signal.SIGTERM)
    for service in services:
        _, log = service.communicate(timeout=60)
        assert service.returncode in (0, -signal.SIGKILL), log


def test_a_crawl_that_is_killed_is_lost_started_again_and_ends_complete(
    hourly: Swathe, database: Mongo, slow: PracticeServer
) -> None:
    service = hourly.start("schedule", "run")
    try:
        os.kill(in_the_middle(database, slow)["pid"], signal.SIGKILL)
        done = until(lambda: firing(database, state="done"), "the end of the second try", 60)
    finally:
        stop(service)
    assert (done["result"], done["tries"]) == ("complete", 2)
    assert [attempt["result"] for attempt in done["attempts"]] == ["lost", "complete"]
    (run,) = database.runs.find()
    assert (run["state"], run["verdict"], run["resumed"]) == ("finished", "complete", 1), (
        "the second try goes on with it"
    )
    assert (run["_id"], run["firing"]) == (done["run"], f"{done['_id']}#2")
    assert database.quotes.count_documents({}) == len(slow.site.quotes)


def test_a_scheduler_that_is_killed_is_taken_over_and_its_crawl_goes_on_as_it_is(
    hourly: Swathe, database: Mongo, slow: PracticeServer
) -> None:
    # The crawl is to outlast the dead scheduler's lease.
    slow.faults["/quotes/tableful/page/5/"] = Fault(delay_s=10, times=1)
    dead = hourly.start("schedule", "run")
    before = in_the_middle(database, slow)
    dead.kill()
    heir = hourly.start("schedule", "run")
    try:
        taken = until(lambda: firing(database, owner={"$nin": [before["owner"], None]}), "the other scheduler", 60)
        done = until(lambda: firing(database, state="done"), "the end", 60)
    finally:
        stop(dead, heir)
    assert (taken["pid"], taken["tries"], taken["state"]) == (before["pid"], 1, "running")
    assert (done["result"], done["tries"], done["run"]) == ("complete", 1, before["run"])
    assert database.runs.count_documents({}) == 1


def test_a_stopped_scheduler_stops_its_crawls_cleanly_and_the_next_one_lets_them_go_on(
    hourly: Swathe, database: Mongo, slow: PracticeServer
) -> None:
    service = hourly.start("schedule", "run")
    in_the_middle(database, slow)
    stop(service)
    waiting = firing(database)
    assert (waiting["state"], waiting["result"]) == ("waiting", "stopped")
    assert database.runs.find_one()["state"] == "interrupted"  # type: ignore[index]
    hourly("schedule", "run", "--once")
    assert (firing(database)["state"], firing(database)["result"]) == ("done", "complete")


def test_a_scheduler_may_leave_its_crawls_to_the_next_one(
    hourly: Swathe, database: Mongo, slow: PracticeServer
) -> None:
    hourly.extra["SWATHE_SCHEDULER_ON_STOP"] = "leave"
    service = hourly.start("schedule", "run")
    before = in_the_middle(database, slow)
    stop(service)
    assert firing(database)["state"] == "running"
    hourly("schedule", "run", "--once")
    assert (firing(database)["result"], firing(database)["run"]) == ("complete", before["run"])


def test_a_run_that_never_ends_is_timed_out(swathe: Swathe, database: Mongo) -> None:
    with PracticeServer() as site:
        site.faults["/quotes/tableful/"] = Fault(status=None, delay_s=60)
        swathe.extra |= QUICK | {
            "SWATHE_SCHEDULE_TABLE": f"0 0 1 1 * | spider=quotes-table start={site.url}quotes/tableful/ limit_s=5",
            "SWATHE_SCHEDULER_STOP_GRACE_S": "0.5",
        }
        result = swathe("schedule", "trigger", "table", code=3)
    assert "table: timed out: it ran for more than 5 s" in result.out
    assert "sent SIGKILL" in result.err
    assert database.runs.count_documents({"state": "running"}) == 0


def test_a_schedule_can_be_fired_by_hand_and_says_how_it_ended(
    swathe: Swathe, database: Mongo, slow: PracticeServer
) -> None:
    # The first crawl, and its lease, outlast the start of the second command on a machine that is busy.
    swathe.extra |= QUICK | {
        "SWATHE_SCHEDULE_TABLE": f"0 6 * * * | spider=quotes-table start={slow.url}quotes/tableful/",
        "SWATHE_SCHEDULER_LEASE_S": "15",
    }
    slow.faults["/quotes/tableful/"] = Fault(status=None, delay_s=8, times=1)
    assert swathe("schedule", "trigger", "table", "--detach").out == "table: running\n"
    refused = swathe("schedule", "trigger", "table", code=3)
    assert "table: skipped: still running: table@" in refused.out
    until(lambda: database.runs.find_one({"state": "finished"}), "the end of the run that was left alone")
    mark = database.runs.find_one({"state": "finished"})["firing"]  # type: ignore[index]
    until(
        lambda: not any(mark in (one.info["cmdline"] or ()) for one in psutil.process_iter(["cmdline"])),
        "and of its process",
    )
    result = swathe("schedule", "trigger", "table")
    run = last_run(database)
    assert result.out == f"table: complete (run {run['_id']})\n"
    shown = swathe("schedule", "list").out
    assert "0 6 * * *" in shown
    assert "complete" in shown
    history = swathe("schedule", "history", "table").out
    assert "still running" in history
    firing = database.firings.find_one(sort=[("due", -1)])
    assert firing
    assert firing["quiet"], "nobody is told how it ends: a person sees it"
    told = swathe("schedule", "history", TZ="Asia/Tokyo").out
    assert f"{firing['due'].astimezone(ZoneInfo('Asia/Tokyo')):%Y-%m-%d %H:%M}" in told
    assert "times in JST" in told


def test_a_schedule_that_cannot_be_carried_out_is_one_line(swathe: Swathe) -> None:
    wrong = swathe("schedule", "run", code=2, SWATHE_SCHEDULE_BOKOS="0 6 * * *")
    assert "there is no spider 'bokos': did you mean 'books'?" in wrong.error_line
    wrong = swathe("schedule", "trigger", "books", code=2)
    assert "there is no schedule 'books': write a line such as books = 0 6 * * * under [schedule]" in wrong.error_line
    assert "no schedule yet" in swathe("schedule", "list").err


def test_a_crawl_of_another_project_with_a_schedule_of_that_name_is_not_taken_for_ours(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    lost = Firing(id="books 2026-05-03", schedule="books", spider="books", due=now, tries=1, host=HOST)
    command = [sys.executable, "-c", "import sys; sys.stdin.read()", "--firing", lost.mark, "--verbose"]
    for folder, ours in ((tmp_path, False), (ROOT, True)):
        crawl = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE)
        try:
            until(lambda one=crawl: lost.mark in (process(one.pid) or NONE).command(), "it runs")
            found = CrawlProcesses(tmp_path).find(lost)
            assert (found is not None and found.pid == crawl.pid) is ours
        finally:
            crawl.kill()
            crawl.communicate()
