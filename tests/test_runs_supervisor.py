"""A page that hangs is given up, whatever it hangs in, and its crawl goes on; a crawl can be stopped at any time."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from odd_site import PYTHONPATH, Answer, OddSite, thing
from support import ROOT, last_run, until

if TYPE_CHECKING:
    from pathlib import Path

    from odd_site import Asked
    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]

LIMIT_S = 2

BUSY_S = 2
"""What a machine that does a lot besides may add to what the supervisor waits for."""

OURS = "from scraper import settings; settings.SPIDER_MODULES = ['hung_spiders']; from scraper.cli import main; main()"
"""The command line with the spiders of `hung_spiders`."""


def command(spider: str, start: str, *more: str) -> list[str]:
    settings = ("-s", "LOG_ENABLED=0", "-s", "SPIDER_MODULES=hung_spiders")
    return [sys.executable, "-m", "scrapy", "crawl", spider, "-a", f"start={start}", *settings, *more]


def environ(swathe: Swathe, **more: str) -> dict[str, str]:
    limit = {"SWATHE_CRAWL_PAGE_LIMIT_S": str(LIMIT_S), "PYTHONPATH": PYTHONPATH}
    return swathe.all_environ(**{**limit, **more})


def begun(swathe: Swathe, spider: str, start: str, **more: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(spider, start), cwd=ROOT, env=environ(swathe, **more),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def listed(*names: str) -> str:
    return "".join(f"<li class=item><a class=t href=/{name}>{name}</a></li>" for name in names)


def site_of(*names: str) -> OddSite:
    return OddSite(lambda asked: listed(*names) if asked.path == "/" else thing(asked.path))


GOOD = ("g01", "g02", "g03")
BAD = {
    "regex": "read_page (tests/hung_spiders.py:",
    "sleep": "read_page (tests/hung_spiders.py:",
    "loop": "forever (tests/hung_spiders.py:",
    "cleaner": "forever (tests/hung_spiders.py:",
    "crash": "string_at (ctypes/__init__.py:",
}


def test_a_page_that_hangs_or_breaks_c_code_is_a_dead_letter_with_its_stack(swathe: Swathe, database: Mongo) -> None:
    with site_of(*BAD, *GOOD) as site:
        done = swathe.run(command("hung", site.url), code=3, **environ(swathe))
    run = last_run(database)
    letters = {row["url"].rsplit("/", 1)[1]: row for row in database.frontier.find({"state": "dead"})}
    assert set(letters) == set(BAD), done
    for name, where in BAD.items():
        assert letters[name]["reason"] == "hung"
        assert where in letters[name]["error"], letters[name]["error"]
        assert f"{letters[name]['url']} " in done.err
    assert {row["text"] for row in database.quotes.find()} == {"Thing 01", "Thing 02", "Thing 03"}
    assert run["failed"] == {"hung": 5}
    assert (run["state"], run["verdict"], run["cause"]) == ("finished", "incomplete", "hung")
    assert run["counts"]["items_new"] + run["counts"]["items_unchanged"] == len(GOOD)
    assert run["counts"]["pages"] == len(GOOD) + 1
    assert run["counts"]["dead_pages"] == len(BAD)


def test_a_page_that_hangs_the_second_time_only_is_given_up_then(
    swathe: Swathe, database: Mongo, tmp_path: Path
) -> None:
    with site_of("second", *GOOD) as site:
        once = environ(swathe, HUNG_MARKER=str(tmp_path / "marker"))
        swathe.run(command("hung", site.url), code=-signal.SIGKILL, **once)
        done = swathe.run(command("hung", site.url), code=3, **once)
        asked = [asked.path for asked in site.asked]
    run = last_run(database)
    assert (tmp_path / "marker").exists()
    assert asked.count("/second") == 2
    assert (run["state"], run["failed"], run["counts"]["pages"]) == ("finished", {"hung": 1}, len(GOOD) + 1), done
    assert database.quotes.count_documents({}) == len(GOOD)


def test_what_holds_a_crawl_for_less_than_the_limit_costs_nothing(swathe: Swathe, database: Mongo) -> None:
    with site_of("pause1", *GOOD) as site:
        done = swathe.run(command("hung", site.url), code=3, **environ(swathe))
    run = last_run(database)
    assert (run["state"], run["failed"], run["counts"]["items_new"]) == ("finished", {}, 4), done
    assert "in a new process" not in done.err


@pytest.mark.parametrize(("number", "bad"), [(signal.SIGINT, "regex"), (signal.SIGTERM, "sleep")])
def test_a_crawl_that_a_page_has_hold_of_is_stopped_at_once_and_goes_on(
    swathe: Swathe, database: Mongo, number: signal.Signals, bad: str
) -> None:
    with site_of(bad, *GOOD) as site:
        crawl = begun(swathe, "hung", site.url, SWATHE_CRAWL_PAGE_LIMIT_S="60")
        until(lambda: any(asked.path == f"/{bad}" for asked in site.asked), "the page is asked for")
        time.sleep(0.5)  # it is being read: nothing outside shows when that begins
        child = psutil.Process(crawl.pid).children()[0]
        begin = time.monotonic()
        crawl.send_signal(number)
        _, err = crawl.communicate(timeout=30)
        took_s = time.monotonic() - begin
        run = last_run(database)
        assert (crawl.returncode, run["state"], run.get("verdict")) == (3, "interrupted", "incomplete"), err
        assert run["reasons"][0].startswith("stopped before its end")
        assert "interrupted: stopped before its end: what was under way is done again" in err
        assert not child.is_running()
        assert took_s < 3 + BUSY_S
        swathe.run(command("hung", site.url), code=3, **environ(swathe))
    again = last_run(database)
    assert (again["_id"], again["verdict"], again["failed"]) == (run["_id"], "incomplete", {"hung": 1})
    assert database.quotes.count_documents({}) == len(GOOD)


def test_nobody_else_takes_the_page_that_a_worker_hangs_on(swathe: Swathe, database: Mongo) -> None:
    pages = [f"g{number:02}" for number in range(40)]
    with site_of(*pages[:20], "sleep", *pages[20:]) as site:
        more = {"SWATHE_FRONTIER_LEASE_S": "3", "SWATHE_CRAWL_PAGE_LIMIT_S": "6"}
        host = begun(swathe, "hung", site.url, **more)
        until(lambda: database.runs.find_one({"state": "running"}), "the run has begun")
        worker = [sys.executable, "-c", OURS, "worker", "hung", "--start", site.url]
        env = environ(swathe, **more)
        joined = [subprocess.Popen(worker, cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True) for _ in range(2)]
        errs = [process.communicate(timeout=90)[1] for process in (host, *joined)]
        asked = [asked.path for asked in site.asked]
    assert [process.returncode for process in (host, *joined)] == [3, 3, 3], errs
    assert asked.count("/sleep") == 1
    run = last_run(database)
    assert (run["state"], run["failed"], run["counts"]["pages"]) == ("finished", {"hung": 1}, 41)
    # What was stored and not yet acknowledged when its process ended is read again, and is not new then.
    assert run["counts"]["items_new"] + run["counts"]["items_unchanged"] == database.quotes.count_documents({}) == 40


def test_a_hung_page_of_a_list_is_a_gap_also_when_it_was_begun_before_it_was_stored(
    swathe: Swathe, database: Mongo
) -> None:
    def page(asked: Asked) -> Answer | str:
        number = int(asked.path.rsplit("-", 1)[-1])
        if number > 5:
            return Answer(status=404)
        after = f"<a class=next href=/page-{number + 1}>next</a>" if number < 5 else ""
        return f"{listed(f'{number}a', f'{number}b')}{after}"

    with OddSite(page) as site:
        swathe.run(command("hung-lists", f"{site.url}page-1"), code=3, **environ(swathe))
    run = last_run(database)
    assert (run["state"], run["failed"], run["counts"]["dead_pages"]) == ("finished", {"hung": 1}, 1)
    assert database.quotes.count_documents({}) == 8, "the pages behind it were read"
    assert database.frontier.count_documents({"state": {"$in": ["pending", "leased"]}}) == 0


def test_a_crawl_whose_every_page_hangs_ends_and_says_so(swathe: Swathe, database: Mongo) -> None:
    with site_of(*(f"sleep{number:02}" for number in range(40))) as site:
        few = "from scraper.core import supervision; supervision.MOST_IN_A_ROW = 2;"
        crawl = [sys.executable, "-c", f"{few} {OURS}", "crawl", "hung", "--start", site.url]
        done = swathe.run(crawl, code=3, **environ(swathe, SWATHE_CRAWL_PAGE_LIMIT_S="0.5"))
    run = last_run(database)
    assert run["state"] == "interrupted"
    assert run["reasons"][0].startswith("every page may hang: 2 did, one after the other, the last: http://127.")
    assert "every page may hang" in done.err
    assert database.frontier.count_documents({"state": "pending"}) > 30, "the rest is there for who goes on"


def test_a_crawl_whose_requests_are_not_stored_ends_with_the_page(swathe: Swathe, database: Mongo) -> None:
    with site_of("sleep", *GOOD) as site:
        done = swathe.run(command("hung", site.url), code=1, **environ(swathe, SWATHE_FRONTIER_BACKEND="memory"))
    run = last_run(database)
    assert (run["state"], run["exit_code"]) == ("failed", 1)
    assert f"{site.url}sleep held the crawl for more than 2 s" in run["reasons"][0]
    assert run["reasons"][0] in done.err


def test_what_is_no_page_may_take_its_time(swathe: Swathe, database: Mongo) -> None:
    with site_of(*GOOD) as site:
        done = swathe.run(
            command("hung", site.url, "-s", "ITEM_PIPELINES={\"hung_spiders.SlowEnd\": 1}"),
            code=3, **environ(swathe, SWATHE_CRAWL_PAGE_LIMIT_S="1"),
        )  # fmt: skip
    assert "SlowEnd has closed" in done.err
    assert "in a new process" not in done.err
