"""What goes on is told while it goes on: to programs and browsers, a few at once, with and without scripts."""

from __future__ import annotations

import signal
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests
from bson import ObjectId
from support import until
from web_page import Page, browsing, heard, served

from scraper.core.processes import this_process
from scraper.web import access, live

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo import MongoClient
    from pymongo.database import Database
    from selenium.webdriver.remote.webdriver import WebDriver
    from support import Swathe

DATABASE = "test_web_live"
ROW = "//th/a[text()='books']/ancestor::tr"


@pytest.fixture(scope="module")
def page(data_dir: Path, client: MongoClient[dict[str, Any]]) -> Iterator[Page]:
    """The page, behind a path of its own, which looks often."""
    environ = {"SWATHE_MONGODB_DATA_DIR": str(data_dir), "SWATHE_MONGODB_DATABASE": DATABASE}
    with served("/crawls", **environ) as page:
        page.app.state.live.every_s = 0.02
        yield page
    client.drop_database(DATABASE)


@pytest.fixture(scope="module")
def browser(page: Page) -> Iterator[WebDriver]:
    with browsing(page) as driver:
        yield driver


@pytest.fixture
def run(page: Page) -> Iterator[ObjectId]:
    """A crawl that runs, by its document: 40 of 100 records after 20 seconds, 20 of them before this process."""
    yield begin(page.database)
    page.database.runs.delete_many({})


def begin(database: Database[Any]) -> ObjectId:
    now = datetime.now(UTC)
    progress = {"since": now - timedelta(seconds=20), "before": {"items_new": 20}, "stated": 100, "queued": 7}
    run = {"kind": "crawl", "spider": "books", "arguments": {}, "state": "running", "started_at": now}
    counts = {"heartbeat_at": now, "counts": {"pages": 3, "items_new": 40}, "progress": progress, **this_process()}
    return ObjectId(database.runs.insert_one({**run, **counts}).inserted_id)


def count(page: Page, run: ObjectId, **counts: int) -> None:
    """Write down what a run has counted, with a sign of life as runs do: without one it is given up after a minute."""
    done = {f"counts.{name}": value for name, value in counts.items()}
    page.database.runs.update_one({"_id": run}, {"$set": {**done, "heartbeat_at": datetime.now(UTC)}})


def end(page: Page, run: ObjectId) -> None:
    over = {"state": "finished", "verdict": "complete", "ended_at": datetime.now(UTC)}
    page.database.runs.update_one({"_id": run}, {"$set": over, "$unset": {"progress": 1}})


def read(browser: WebDriver, selector: str, what: str = "innerText") -> str:
    """Return the text of an element, or another property, in one step: the page may load itself anew at any time."""
    script = "const [selector, what] = arguments; return String(document.querySelector(selector)?.[what] ?? '')"
    return str(browser.execute_script(script, selector, what))


def test_a_run_tells_how_it_goes_on_until_its_end(page: Page, run: ObjectId) -> None:
    with page.listen(f"/runs/{run}/events", page.read) as answer:
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        told = heard(answer)
        kind, first = next(told)
        assert (kind, first["result"], first["counts"]) == ("run", "running", {"pages": 3, "items_new": 40})
        assert (first["records"], first["stated"], first["queued"], first["left_s"]) == (40, 100, 7, 60)
        assert "40 of 100 records, 0:01:00 left" in first["line"]
        count(page, run, items_new=80)
        assert next(told)[1]["records"] == 80, "what has changed is told, and nothing else"
        end(page, run)
        assert [(kind, data["result"]) for kind, data in told] == [("end", "complete")]
    again = list(heard(page.listen(f"/runs/{run}/events")))
    assert [kind for kind, _ in again] == ["end"]


def test_every_run_that_begins_and_ends_is_told(page: Page, run: ObjectId) -> None:
    with page.listen("/events") as answer:
        told = heard(answer)
        assert [one["id"] for one in next(told)[1]["running"]] == [str(run)]
        other = begin(page.database)
        assert any({one["id"] for one in data["running"]} == {str(run), str(other)} for _, data in told)
        end(page, run)
        assert any({one["id"] for one in data["running"]} == {str(other)} for _, data in told)
        page.database.runs.update_one({"_id": other}, {"$set": {"heartbeat_at": datetime.now(UTC) - timedelta(days=1)}})
        assert any(data["running"] == [] for _, data in told), "a run that shows no sign of life is given up"


def test_a_few_streams_are_open_at_once_and_none_for_long(
    page: Page, run: ObjectId, monkeypatch: pytest.MonkeyPatch
) -> None:
    until(lambda: page.app.state.live.open == 0, "streams of others have ended")
    with ExitStack() as stack:
        streams = [heard(stack.enter_context(page.listen("/events"))) for _ in range(live.MOST_OPEN)]
        assert {next(stream)[0] for stream in streams} == {"runs"}
        refused = page.ask("/api/v1/events")
        assert (refused.status_code, "are live already" in refused.json()["error"]) == (503, True)
        assert page.ask("/runs").status_code == 200, "streams hold no thread that pages need"
    until(lambda: page.app.state.live.open == 0, "streams that nobody hears have ended")
    monkeypatch.setattr(live, "QUIET_S", 0.05)
    with page.listen(f"/runs/{run}/events") as answer:
        lines = answer.iter_lines(chunk_size=1, decode_unicode=True)
        assert "event: run" in lines
        assert ": it goes on" in lines, "a quiet stream shows that it lives"
    monkeypatch.setattr(live, "LASTS_S", 0.2)
    with page.listen(f"/runs/{run}/events") as answer:
        assert answer.text.startswith("retry: "), "it has ended by itself"
    assert "event: end" not in answer.text
    assert page.ask(f"/api/v1/runs/{'f' * 24}/events").status_code == 404
    for method in ("HEAD", "POST"):
        assert page.ask("/api/v1/events", method).status_code == 405


def test_a_server_that_is_told_to_end_ends_its_streams(swathe: Swathe) -> None:
    started = swathe.start("web", "--port", "0", PYTHONUNBUFFERED="1")
    assert started.stdout
    at, login = (started.stdout.readline().split()[-1] for _ in range(2))
    visitor = requests.Session()
    visitor.get(login, timeout=60)
    with visitor.get(f"{at}/api/v1/events", stream=True, timeout=60) as answer:
        told = heard(answer)
        assert next(told)[0] == "runs"
        started.send_signal(signal.SIGTERM)
        assert list(told) == []
    out, err = started.communicate(timeout=60)
    assert (started.returncode, out, err) == (0, "", ""), "uvicorn would say what it had to cancel"


def test_the_page_of_a_run_is_live_with_scripts_and_without(page: Page, run: ObjectId, browser: WebDriver) -> None:
    at = f"http://{page.host}/crawls/runs/{run}"
    browser.get(at)
    until(lambda: "40 of 100 records, 0:01:00 left" in read(browser, ".now"), "how far")
    assert read(browser, "progress", "value") == "40"
    browser.execute_script("document.body.dataset.here = 1")
    count(page, run, items_new=70, pages=12345)
    until(lambda: read(browser, "progress", "value") == "70", "the bar moves")
    assert "12\u202f345" in read(browser, ".tiles")
    assert browser.execute_script("return document.body.dataset.here") == "1", "without loading the page anew"
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    browser.get(at)
    browser.get(f"http://{page.host}/crawls/runs")
    browser.get(at)
    count(page, run, items_new=90)
    until(lambda: "90 of 100 records" in browser.page_source, "the page loads itself anew")
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    browser.get(at)
    end(page, run)
    until(lambda: "complete" in read(browser, "h1"), "the end is shown")
    assert not read(browser, "[data-events]", "tagName")


def test_the_overview_shows_what_begins_and_ends(
    page: Page, run: ObjectId, browser: WebDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    streams, admit = page.app.state.live, page.app.state.live.admit

    def ended_meanwhile() -> None:
        """End the run when the page, on which it runs, begins to listen."""
        admit()
        end(page, run)

    def row() -> str:
        """Return the text of the row, in one step: the page may put another in its place."""
        return str(browser.execute_script(f"return document.evaluate({ROW!r}, document, null, 2, null).stringValue"))

    monkeypatch.setattr(streams, "admit", ended_meanwhile)
    browser.get(f"http://{page.host}/crawls/")
    browser.execute_script("document.body.dataset.here = 1")
    until(lambda: "complete" in row(), "what ended before the first event is shown")
    monkeypatch.undo()
    again = begin(page.database)
    until(lambda: "running" in row(), "what begins is shown")
    end(page, again)
    until(lambda: "running" not in row(), "what ends is shown")
    assert browser.execute_script("return document.body.dataset.here") == "1", "without loading the page anew"


def test_the_first_load_is_small_and_asks_nobody_else(page: Page, run: ObjectId, browser: WebDriver) -> None:
    browser.execute_cdp_cmd("Network.clearBrowserCache", {})
    browser.get(f"http://{page.host}/crawls/")
    sizes = browser.execute_script(
        "return ['navigation', 'resource'].flatMap(kind => performance.getEntriesByType(kind))"
        ".map(e => [e.name, e.transferSize])"
    )
    assert {name.split("/")[2] for name, _ in sizes} == {page.host}
    assert any(name.endswith("htmx.min.js") for name, _ in sizes)
    assert 0 < sum(size for _, size in sizes) <= 150_000


def test_a_page_that_is_open_for_a_day_does_not_grow(page: Page, run: ObjectId, browser: WebDriver) -> None:
    browser.get(f"http://{page.host}/crawls/runs/{run}")

    def shown(items: int) -> bool:
        return read(browser, "progress", "value") == str(items)

    def weight() -> tuple[int, int, float]:
        browser.execute_script("gc()")
        browser.execute_cdp_cmd("Performance.enable", {})
        metrics = {
            one["name"]: one["value"] for one in browser.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
        }
        return metrics["Nodes"], metrics["JSEventListeners"], metrics["JSHeapUsedSize"]

    def live_through(updates: int) -> None:
        for number in range(updates):
            items = 41 + number % 50
            count(page, run, items_new=items)
            until(lambda items=items: shown(items), "the update is shown")

    live_through(30)
    before = weight()
    live_through(150)
    after = weight()
    # Each event makes text anew in several places: one node of each that is not let go of would be too many.
    assert after[0] <= before[0] + 100, (before, after)
    assert after[1] <= before[1] + 5, (before, after)
    assert after[2] <= before[2] * 1.25 + 250_000, (before, after)
    until(lambda: page.app.state.live.open == 1, "it listens once, also where the stream has just ended by itself")


def test_a_stream_asks_for_somebody_who_may_look(page: Page, run: ObjectId) -> None:
    token = access.issue(page.database, "token", "read", f"gone-{run}")
    with page.listen("/events", token) as answer:
        assert next(heard(answer))[0] == "runs"
    access.revoke(page.database, f"gone-{run}")
    for path in ("/events", f"/runs/{run}/events"):
        assert page.listen(path, token).status_code == 401
        assert page.ask(f"/api/v1{path}", Host="evil.example").status_code == 421
