"""Crawls of sites that ask for patience, fail, or want nothing to do with robots."""

from __future__ import annotations

import signal
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from practice import Fault, PracticeServer
from support import last_run, until
from test_storage_connection import mongod

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database
    from support import Result, Swathe

    Mongo = Database[dict[str, Any]]

ROBOTS = "/robots.txt"
QUOTES = "/quotes/page/2/"


@pytest.fixture
def site() -> Iterator[PracticeServer]:
    """A practice site of the test's own, to break."""
    with PracticeServer() as site:
        yield site


def crawl(swathe: Swathe, site: PracticeServer, *options: str, spider: str = "quotes", **environ: str) -> Result:
    return swathe("crawl", spider, "--start", f"{site.url}{spider}/", *options, code=None, **environ)


def whole(database: Mongo, site: PracticeServer) -> bool:
    return database.quotes.count_documents({}) == len(site.site.quotes)


def asked(site: PracticeServer, path: str = "") -> list[tuple[int, float]]:
    return sorted(((r.status, r.at_s) for r in site.requests if path in ("", r.path)), key=lambda pair: pair[1])


def test_a_site_that_asks_to_be_left_alone_is_and_nothing_is_missing(
    swathe: Swathe, database: Mongo, site: PracticeServer
) -> None:
    site.faults[QUOTES] = Fault(status=429, retry_after=2, times=1)
    site.faults["/quotes/"] = Fault(status=503, retry_after=1, times=1)
    crawl(swathe, site, "--set", "crawl.concurrency=1")
    (first, refused_s), (second, again_s) = asked(site, QUOTES)
    assert (first, second) == (429, 200)
    assert again_s - refused_s >= 2
    assert [status for status, at_s in asked(site) if refused_s < at_s < refused_s + 1.9] == [], "nor any other page"
    run = last_run(database)
    assert (run["counts"]["dead_pages"], run["counts"]["retries"]) == (0, 2)
    shown = swathe("why", f"{site.url}quotes/").out
    assert "learned from its refusals" in shown
    assert "breaker" in shown
    assert urlsplit(site.url).netloc in swathe("query", "hosts", "learned_delay_s>0").out


@pytest.mark.parametrize("retry_after", ["-1", "tomorrow"])
def test_what_says_nothing_is_no_reason_to_lose_a_page(
    swathe: Swathe, database: Mongo, site: PracticeServer, retry_after: str
) -> None:
    site.faults[QUOTES] = Fault(status=503, retry_after=retry_after, times=4)
    crawl(swathe, site)
    assert [status for status, _ in asked(site, QUOTES)] == [503] * 4 + [200]
    assert whole(database, site)
    assert last_run(database)["counts"]["dead_pages"] == 0


def test_a_site_that_asks_for_too_long_a_pause_is_given_up_at_once_and_says_how_long(
    swathe: Swathe, database: Mongo, site: PracticeServer
) -> None:
    site.faults[QUOTES] = Fault(status=429, retry_after=999999999)
    result = crawl(swathe, site, "--set", "crawl.concurrency=1")
    assert result.code == 3
    assert len(asked(site, QUOTES)) == 1
    reason = "answered 429 and asked to wait 999999999 s, more than [politeness] max_wait_s = 300 allows"
    assert reason in result.err
    assert last_run(database)["verdict"] == "incomplete"
    assert "left alone until" in swathe("why", f"{site.url}quotes/").out
    before = len(site.requests)
    assert reason in crawl(swathe, site).err, "the next crawl knows"
    assert len(site.requests) == before


def test_a_site_that_refuses_everything_is_given_up_in_bounded_time(
    swathe: Swathe, database: Mongo, site: PracticeServer
) -> None:
    site.faults |= {page: Fault(status=429) for page in ("/quotes/", "/quotes/page/1/")}
    result = crawl(swathe, site, SWATHE_POLITENESS_MAX_DELAY_S="0.5")
    assert result.code == 1
    assert "/quotes/ answered 429 (tried 6 times)" in result.err
    assert len(asked(site, "/quotes/")) == 6


def test_nothing_is_asked_for_before_robots_txt_could_be_read(
    swathe: Swathe, database: Mongo, site: PracticeServer
) -> None:
    site.faults[ROBOTS] = Fault(status=500, times=3)
    crawl(swathe, site, "--max-pages", "2")
    assert [r.path for r in site.requests][:4] == [ROBOTS] * 4
    assert [status for status, _ in asked(site, ROBOTS)] == [500, 500, 500, 200]
    assert len(site.requests) == 6


def test_a_robots_txt_that_stays_unreadable_fails_the_pages_unasked(swathe: Swathe, site: PracticeServer) -> None:
    site.faults[ROBOTS] = Fault(status=500)
    result = crawl(swathe, site)
    assert result.code == 1
    assert f"robots.txt of {urlsplit(site.url).netloc} could not be read: it answered 500" in result.err
    assert {r.path for r in site.requests} == {ROBOTS}
    assert len(site.requests) == 5


def test_the_delay_of_robots_txt_is_cut_with_a_note_and_two_crawls_share_it(
    swathe: Swathe, database: Mongo, site: PracticeServer
) -> None:
    site.faults[ROBOTS] = Fault(body="User-agent: *\nCrawl-delay: 1e9\n", content_type="text/plain")
    swathe.environ["SWATHE_POLITENESS_MAX_DELAY_S"] = "0.4"
    crawls = [
        swathe.start("crawl", name, "--start", f"{site.url}{name}/", "--max-pages", "8") for name in ("quotes", "books")
    ]
    errors = [crawl.communicate(timeout=90)[1] for crawl in crawls]
    for err in errors:
        assert "asks for 1e+09 s between requests, cut to max_delay_s = 0.4" in err
    pages_s = sorted(r.at_s for r in site.requests if r.path != ROBOTS)
    assert len(pages_s) == 16
    gaps = [after - before for before, after in pairwise(pages_s)]
    # A page comes up to a tenth of the delay late, and the process that sent it may be slow as well.
    assert sum(gap < 0.1 for gap in gaps) <= 2, gaps
    assert pages_s[-1] - pages_s[0] > 15 * 0.2


def test_a_robots_txt_of_html_is_a_note_and_one_that_redirects_without_end_is_none(
    swathe: Swathe, database: Mongo, site: PracticeServer
) -> None:
    site.faults[ROBOTS] = Fault(body="<!doctype html><p>Disallow: /")
    result = crawl(swathe, site, "--max-pages", "1")
    assert "is a page of HTML and no list of rules" in result.err
    assert last_run(database)["counts"]["pages"] == 1
    site.faults[ROBOTS] = Fault(serve_as="/trouble/redirect")
    asked_before = len(site.requests)
    crawl(swathe, site, "--max-pages", "1")
    assert last_run(database)["counts"]["pages"] == 1
    # The first request, five redirects, and the page.
    assert len(site.requests) - asked_before == 7


class AllButTheFirst(dict[str, Fault]):
    """Faults of all pages but those that are named."""

    def get(self, path: str, default: Any = None) -> Any:
        return super().get(path, Fault(status=500))


def test_a_host_that_fails_is_left_alone_and_in_the_end_given_up(
    swathe: Swathe, database: Mongo, site: PracticeServer
) -> None:
    site.faults = AllButTheFirst({ROBOTS: Fault(status=None), "/books/": Fault(status=None)})
    result = crawl(swathe, site, spider="books")
    assert result.code in (1, 3), result.err
    run = last_run(database)
    assert any("times in a row, also after 4 pauses: " in problem["what"] for problem in run["problems"]), run
    host = database.hosts.find_one()
    assert host is not None
    assert (host["breaker"], host["openings"]) == ("open", 5)
    assert len(site.requests) < 60, "of more than 20 links, each of which would be asked for three times"


def test_a_used_up_budget_ends_the_run_as_interrupted(swathe: Swathe, database: Mongo, site: PracticeServer) -> None:
    result = crawl(swathe, site, SWATHE_POLITENESS_DAILY_REQUESTS="6")
    assert len(site.requests) == 6
    run = last_run(database)
    assert (run["state"], run["verdict"], run["exit_code"], result.code) == ("interrupted", "incomplete", 3, 3)
    where = urlsplit(site.url).netloc
    assert run["reasons"] == [f"the daily budget of 6 requests to {where} is used up"]
    assert run["counts"]["dead_pages"] == 0
    crawl(swathe, site, SWATHE_POLITENESS_DAILY_REQUESTS="6")
    assert len(site.requests) == 6, "of all runs of the day together"


def test_quiet_hours_that_last_too_long_end_the_run(swathe: Swathe, database: Mongo, site: PracticeServer) -> None:
    now = datetime.now(UTC)
    hours = f"{now - timedelta(hours=2):%H:%M}-{now + timedelta(hours=2):%H:%M}"
    result = crawl(swathe, site, SWATHE_POLITENESS_QUIET_HOURS=hours)
    assert result.code == 3
    assert f"[politeness] quiet_hours = {hours}" in result.err
    assert site.requests == []


def test_ctrl_c_ends_what_waits_at_once_and_calls_no_page_dead(
    swathe: Swathe, database: Mongo, site: PracticeServer
) -> None:
    site.faults[QUOTES] = Fault(status=429, retry_after=200)
    running = swathe.start("crawl", "quotes", "--start", f"{site.url}quotes/")
    until(lambda: (database.hosts.find_one() or {}).get("blocked_s"), "the site is left alone")
    asked_s = time.monotonic()
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert time.monotonic() - asked_s < 30
    run = last_run(database)
    assert (run["state"], run["counts"]["dead_pages"], running.returncode) == ("interrupted", 0, 3), err


def test_a_mongodb_that_is_lost_while_requests_wait_ends_the_crawl(
    swathe: Swathe, site: PracticeServer, tmp_path: Path
) -> None:
    site.faults[ROBOTS] = Fault(body="User-agent: *\nCrawl-delay: 1\n", content_type="text/plain")
    with mongod(tmp_path / "db") as port:
        environ = {"SWATHE_MONGODB_URI": f"mongodb://127.0.0.1:{port}/", "SWATHE_MONGODB_CONNECT_TIMEOUT_S": "0.2"}
        running = swathe.start("crawl", "quotes", "--start", f"{site.url}quotes/", **environ)
        until(lambda: len(site.requests) > 2, "the crawl is under way")
    _, err = running.communicate(timeout=90)
    assert running.returncode == 1, err
    assert "does not answer" in err
