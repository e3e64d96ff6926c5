"""Why a page failed, in one word, from the error to the run, the frontier, the alert and the metrics."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId
from practice import Fault, PracticeServer
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response
from scrapy.spidermiddlewares.httperror import HttpError
from scrapy.utils.test import get_crawler
from support import configured, last_run
from test_paging import crawl

from scraper.core.failed_page import REASONS, FailedPage
from scraper.crawl.failures import NotAPageError, reason_of
from scraper.crawl.request_stats import Tallies
from scraper.fetch.browser.errors import PageRefusedError
from scraper.fetch.http.redirects import RedirectRefusedError
from scraper.fetch.politeness.errors import HostGivenUpError, RobotsUnreadableError
from scraper.login import LoginFailedError
from scraper.runs.metrics import CrawlMetrics
from scraper.runs.verdict import Evidence, judge
from scraper.schedule.alerts.message import message_of

if TYPE_CHECKING:
    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, "login"), (403, "blocked"), (404, "not-found"), (405, "refused"), (407, "login"), (410, "not-found"),
        (429, "blocked"), (451, "blocked"), (500, "server-error"), (503, "server-error"), (525, "server-error"),
    ],
)  # fmt: skip
def test_an_answer_that_is_no_page_has_the_reason_of_its_status(status: int, reason: str) -> None:
    assert reason_of(HttpError(Response("http://h/", status=status))) == reason


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (LoginFailedError("x"), "login"), (HostGivenUpError("x", "server-error"), "server-error"),
        (RobotsUnreadableError("x"), "robots"),
        (RedirectRefusedError("x"), "layout-changed"), (NotAPageError("x"), "layout-changed"),
        (PageRefusedError("x"), "refused"), (ValueError("x"), "own-code"), (ssl.SSLError("x"), "tls"),
        (ConnectionResetError("x"), "refused"),
    ],
)  # fmt: skip
def test_an_error_says_its_reason(error: Exception, reason: str) -> None:
    assert reason_of(error) == reason


def test_real_failures_have_their_reason_in_the_run_the_frontier_and_what_shows_them(
    swathe: Swathe, database: Mongo
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        closed = free.getsockname()[1]
        with PracticeServer() as site:
            reasons = {
                f"{site.url}quotes/gone/": "not-found",
                f"{site.url}quotes/slow/": "timeout",
                f"{site.url}quotes/image/": "layout-changed",
                f"{site.url}quotes/fails/": "server-error",
                f"{site.url}private/": "robots",
                f"{site.url}quotes/?raises": "own-code",
                "http://no-such-host.invalid/": "dns",
                f"http://127.0.0.1:{closed}/": "refused",
                f"https://127.0.0.1:{site.port}/": "tls",
            }
            links = "".join(f"<a href='{url}'>x</a>" for url in reasons)
            site.faults |= {
                "/quotes/start/": Fault(body=f"<html>{links}</html>", content_type="text/html"),
                "/quotes/gone/": Fault(status=404),
                "/quotes/fails/": Fault(status=500),
                "/quotes/slow/": Fault(delay_s=30),
                "/quotes/image/": Fault(body="PNG", content_type="image/png"),
            }
            environ = {"SWATHE_CRAWL_TIMEOUT_S": "8"}
            crawl(swathe, "follows-all", f"{site.url}quotes/start/", code=1, environ=environ, RETRY_TIMES="0")
    run = last_run(database)
    assert {problem["url"]: problem["reason"] for problem in run["problems"]} == reasons
    assert run["failed"] == dict.fromkeys(reasons.values(), 1)
    assert run["cause"] in REASONS
    letters = list(database.frontier.find({"state": "dead"}))
    assert {letter["url"]: letter["reason"] for letter in letters} == reasons
    shown = swathe("runs", "show", str(run["_id"])).out
    assert all(reason in shown for reason in reasons.values())
    assert run["cause"] in swathe("runs").out


def test_a_run_of_the_version_before_is_shown(swathe: Swathe, database: Mongo) -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    run = {"_id": ObjectId(), "spider": "books", "state": "finished", "started_at": now, "heartbeat_at": now}
    database.runs.insert_one({**run, "problems": [{"url": "http://h/1", "what": "answered 500"}]})
    assert "answered 500" in swathe("runs", "show", str(run["_id"])).out
    assert "http://h/1" not in swathe("why", "http://h/2").out
    assert "answered 500" in swathe("why", "http://h/1").out


@pytest.mark.parametrize(
    ("evidence", "cause"),
    [
        ({"items_stored": 9}, ""),
        ({"failed": {"dns": 1, "timeout": 3}, "dead_pages": 4, "items_stored": 9}, "timeout"),
        ({"failed": {"dns": 1}, "dead_pages": 1}, "dns"),
        ({"items_stored": 0}, "empty"),
        ({"items_stored": 0, "items_refused": 7}, "layout-changed"),
        ({"items_stored": 9, "deviations": ("x",)}, "layout-changed"),
        ({"items_stored": 9, "gaps": ("x",)}, "partly-read"),
        ({"items_stored": 9, "finish_reason": "shutdown"}, ""),
        ({"database_error": "x"}, ""),
    ],
)
def test_a_run_has_one_cause(evidence: dict[str, Any], cause: str) -> None:
    assert judge(Evidence(**{"finish_reason": "finished", "pages": 9, **evidence})).cause == cause


@pytest.mark.parametrize("word", REASONS)
def test_runs_alerts_and_metrics_say_the_same_word(word: str) -> None:
    when = datetime(2026, 11, 21, tzinfo=UTC)
    opened = {"_id": word, "open": True, "opened_at": when}
    message = message_of({**opened, "spider": "books", "kind": "failed", "why": "x", "cause": word})
    assert message.body.splitlines()[0] == f"cause: {word}"
    crawler = get_crawler(settings_dict={"SWATHE": configured()})
    Tallies.of(crawler).fail(None, FailedPage("http://h/", "x", word))  # type: ignore[arg-type]
    metric = CrawlMetrics(crawler).failed_pages()
    assert [(sample.labels["reason"], sample.value) for sample in metric.samples] == [(word, 1)]
    failed = Evidence(finish_reason="finished", pages=9, items_stored=9, dead_pages=1, failed={word: 1})
    assert judge(failed).cause == word


def test_the_reasons_of_errors_are_known_words() -> None:
    """Every class of an error that says its reason says one of REASONS."""
    classes = [IgnoreRequest]
    for one in classes:
        classes += one.__subclasses__()
    said = {one.__name__: one.reason for one in classes if hasattr(one, "reason")}  # type: ignore[attr-defined]
    assert set(said.values()) <= set(REASONS)
    assert {"LoginFailedError", "RobotsUnreadableError", "RedirectRefusedError"} <= said.keys()
