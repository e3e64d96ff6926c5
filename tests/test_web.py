"""What pages, their JSON and the API say, what the actions do, and what bad input gets: one line, and never a 500."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import feedparser
import pytest
from bson import ObjectId
from web_page import INCIDENT, ITEM, NOW, RECORD, RUN, Page, fill, served

from models.schedules import Firing
from scraper.core.processes import birth, this_process
from scraper.schedule.crawl_process import command_of
from scraper.web.texts import segment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo import MongoClient

DATABASE = "test_web"
NOBODY = "f" * 24
SCHEDULE = {"SWATHE_SCHEDULE_BOOKS": "0 6 * * *", "SWATHE_SCHEDULE_TABLE": "0 7 * * * | spider=quotes-table"}


@pytest.fixture(scope="module")
def page(data_dir: Path, client: MongoClient[dict[str, Any]]) -> Iterator[Page]:
    """The page, with something to show, for browsers that come by way of a proxy with a path of its own."""
    environ = {"SWATHE_MONGODB_DATA_DIR": str(data_dir), "SWATHE_MONGODB_DATABASE": DATABASE}
    with served("/with/path", **environ, **SCHEDULE) as page:
        fill(page.database)
        yield page
    client.drop_database(DATABASE)


def test_a_page_its_json_and_the_api_say_the_same(page: Page) -> None:
    for path in (
        "/runs",
        f"/runs/{RUN}",
        "/records",
        "/records/books",
        "/changes",
        "/rejected",
        "/hosts",
        "/schedules",
    ):
        assert page.json(f"{path}.json") == page.json(f"/api/v1{path}"), path
        assert page.ask(path).headers["Content-Type"].startswith("text/html"), path
    overview = page.json("/overview.json")
    assert {"spiders", "problems", "incidents", "fine"} <= overview.keys()
    for place in (page.app.state.config.mongodb.data_dir, page.app.state.connection.address):
        assert str(place) not in json.dumps(overview), "where things are is nobody's business"
    books = next(one for one in overview["spiders"] if one["spider"] == "books")
    assert [run["result"] for run in books["strip"]] == ["complete", "incomplete"]
    assert books["records"] == 61
    run = page.json(f"/api/v1/runs/{RUN}")
    assert (run["result"], run["problems_total"], run["counts"]["pages"]) == ("incomplete", 1, 3)
    assert run["fields"][0] == {"records": "Usual", "field": "Usual", "share": 0.75, "low": 0.75, "high": 0.75}
    assert run["log"] == []
    assert "evidence" in run
    assert "/etc" not in json.dumps(run), "where files lie is nobody's business"
    for path in ("/", f"/runs/{RUN}", "/api/v1/runs", "/overview.json"):
        head, get = page.ask(path, "HEAD"), page.ask(path)
        assert (head.status_code, head.text) == (200, ""), path
        assert head.headers["Content-Type"] == get.headers["Content-Type"]
    assert page.ask("/runs", "HEAD", Authorization=None).status_code == 401
    record = page.json(f"/api/v1/records/books/{RECORD}")
    assert [(row["old"], row["new"]) for row in record["changes"]] == [(8.0, 9.5), ("Usual", "Usual")]
    assert "<path d=" in page.ask(f"/records/books/{RECORD}").text
    feed = feedparser.parse(page.ask("/changes.atom?records=books&field=price").text)
    assert [(entry.title, entry.content[0].value) for entry in feed.entries] == [
        ("books Usual: price", "8.00 → 9.50\nhttp://shop.example/Usual")
    ]
    schema = page.json("/api/v1/openapi.json")
    assert schema["openapi"].startswith("3.1")
    assert {"/api/v1/runs/{id}", "/api/v1/schedules/{name}/trigger"} <= schema["paths"].keys()


def test_records_are_asked_for_in_the_language_of_query_page_by_page(page: Page) -> None:
    seen: list[str] = []
    cursor = ""
    while True:
        some = page.json(f"/api/v1/records/books?limit=25&after={cursor}")
        seen += [row["id"] for row in some["rows"]]
        assert some["total"] == 61
        if not (cursor := some["next"]):
            break
    assert len(seen) == len(set(seen)) == 61
    dear = page.json("/records/books.json?filter=price>=9.5&filter=title~usual")
    assert [row["values"]["upc"] for row in dear["rows"]] == ["Usual"]
    assert page.json("/records/books.json?sort=-upc")["rows"][0]["values"]["upc"] == "u9"
    assert page.json("/records/books.json?as_of=2+days+ago&filter=price=8")["total"] == 1
    assert "<select" not in page.ask("/records/books/facets").text
    facets = {one["field"] for one in page.json("/records/books/facets.json")["facets"]}
    assert {"currency", "category"} <= facets
    for format_, count in (("csv", 62), ("jsonl", 61), ("json", 63)):
        answer = page.ask(f"/api/v1/records/books/download?format={format_}")
        assert answer.headers["Content-Disposition"] == f'attachment; filename="records.{format_}"'
        assert len(answer.text.splitlines()) == count, format_


@pytest.mark.parametrize(
    ("path", "status", "line"),
    [
        ("/records/nope", 404, "there are no records of this name, expected one of"),
        ("/records/constructor", 404, "there are no records"),
        ("/records/~2E~2E~2F~2E~2E", 404, "there are no records"),
        ("/records/%3Cimg%20src=x%20onerror=1%3E", 404, "there are no records"),
        ("/records/books?filter=pric%3C1", 400, "did you mean 'price'"),
        ("/records/books?filter=price%3Cx", 400, "price"),
        ("/records/books?filter=%00", 400, "is not understood"),
        ("/records/books?" + "filter=price%3C1&" * 40, 422, "filter"),
        ("/records/books?sort=nope", 400, "nope"),
        ("/records/books?as_of=whenever", 400, "whenever"),
        ("/records/books?limit=0", 422, "limit"),
        ("/records/books?limit=99999999999999999999", 422, "limit"),
        ("/records/books?after=x", 422, "after"),
        (f"/records/books/{NOBODY}", 404, "there is no record"),
        (f"/runs/{NOBODY}", 404, "there is no run"),
        ("/runs/..%2f..%2fetc", 404, "Not Found"),
        ("/runs/xyz", 422, "id"),
        (f"/runs/{RUN}/compare/{RUN}", 400, "both are run"),
        ("/api/v1/records/books/download?format=exe", 422, "format"),
        ("/nowhere", 404, "Not Found"),
    ],
)
def test_bad_input_gets_one_line(page: Page, path: str, status: int, line: str) -> None:
    answer = page.ask(path if "/api/" in path else path.replace("?", ".json?") if "?" in path else f"{path}.json")
    assert answer.status_code == status, answer.text
    assert line in answer.json()["error"]
    assert "\n" not in answer.json()["error"]
    html = page.ask(path)
    assert html.status_code == status
    assert "onerror=1>" not in html.text


def test_what_is_huge_is_shown_a_part_at_a_time(page: Page) -> None:
    huge, many = ObjectId(), ObjectId()
    problems = [{"url": f"http://x.example/{number}", "reason": "http", "what": "404"} for number in range(100_000)]
    run = {"_id": many, "spider": "books", "kind": "crawl", "state": "failed", "problems": problems, "arguments": {}}
    page.database.runs.insert_one({**run, "started_at": NOW - timedelta(days=9), "heartbeat_at": NOW})
    seen = {"first_seen": NOW, "last_seen": NOW, "changed_at": NOW, "url": "http://x.example/", "gone_at": None}
    page.database.books.insert_one({"_id": huge, "upc": "huge", "title": "x" * 15_000_000, **seen})
    try:
        last = page.json(f"/api/v1/runs/{many}?problems=99990")
        assert (last["problems_total"], len(last["problems"])) == (100_000, 10)
        assert len(page.ask(f"/runs/{many}").text) < 100_000
        assert len(page.ask(f"/records/books/{huge}").text) < 20_000
        assert len(page.ask("/records/books?filter=upc=huge").text) < 20_000
        assert len(page.json(f"/api/v1/records/books/{huge}")["values"]["title"]) == 15_000_000
    finally:
        page.database.books.delete_one({"_id": huge})
        page.database.runs.delete_one({"_id": many})


def test_a_proxy_may_keep_the_path_or_take_it_away(page: Page) -> None:
    for path in ("/runs", "/with/path/runs"):
        assert 'href="/with/path/records"' in page.ask(path).text
    for path in ("/static/style.css", "/with/path/static/style.css", "/with/path/overview.json", "/with/path"):
        assert page.ask(path).status_code in (200, 307), path
    assert page.ask("/with/path/runs", Authorization=None).status_code == 401


def test_a_schedule_is_fired_once_however_often_it_is_pressed_at_once(page: Page) -> None:
    def press(_: int) -> Any:
        return page.ask("/schedules/books/trigger", "POST", Origin=f"http://{page.host}")

    assert "no scheduler lives that knows" in press(0).text
    assert page.ask("/schedules/nope/trigger", "POST").status_code == 404
    living = {"_id": "me", **this_process(), "schedules": ["books"], "looked_at": datetime.now(UTC), "started_at": NOW}
    page.database.schedulers.insert_one(living)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(press, range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, *[409] * 5]
    firing = page.database.firings.find_one({"schedule": "books"})
    assert firing is not None
    assert (firing["state"], page.database.firings.count_documents({"schedule": "books"})) == ("waiting", 1)
    # The dead pages of a run go the same way, when a schedule crawls with its arguments.
    refused = page.ask(f"/api/v1/runs/{RUN}/retry-dead", "POST")
    assert "no schedule crawls 'books' with the arguments" in refused.json()["error"]
    page.database.firings.delete_one({"_id": firing["_id"]})
    page.database.runs.update_one({"_id": RUN}, {"$set": {"arguments": firing["arguments"]}})
    assert page.ask(f"/api/v1/runs/{RUN}/retry-dead", "POST").json()["outcome"].startswith("books starts within")
    retried = page.database.firings.find_one({"schedule": "books"})
    assert retried is not None
    assert "--retry-dead" in command_of(Firing._from_son(retried))
    assert "--retry-dead" not in command_of(Firing._from_son(firing))
    audit = page.json("/audit.json")["actions"]
    assert [row["action"] for row in audit if row["target"] == "books"].count("trigger") == 7
    assert {row["who"] for row in audit} == {audit[0]["who"]}


def test_a_crawl_is_stopped_by_whoever_runs_it(page: Page) -> None:
    ended = page.ask(f"/api/v1/runs/{RUN}/stop", "POST")
    assert (ended.status_code, ended.json()["error"]) == (409, f"run {RUN} does not run: it is finished")
    mark = {"_id": "books 1", "schedule": "books", "spider": "books", "key": "other", "due": NOW, "start_at": NOW}
    page.database.firings.insert_one({**mark, "state": "running", "tries": 1, "policy": "skip"})
    running = {"kind": "crawl", "spider": "books", "state": "running", "started_at": NOW, "arguments": {"start": "a"}}
    alive = {"heartbeat_at": datetime.now(UTC), **this_process()}
    scheduled = page.database.runs.insert_one({**running, **alive, "firing": "books 1#1"}).inserted_id
    assert "the scheduler ends" in page.ask(f"/api/v1/runs/{scheduled}/stop", "POST").json()["outcome"]
    assert page.database.firings.find_one({"_id": "books 1"})["stopping"] == "asked for on the page"  # type: ignore[index]
    page.database.runs.delete_one({"_id": scheduled})
    elsewhere = {**running, **alive, "host": "elsewhere", "arguments": {"start": "b"}}
    elsewhere_id = page.database.runs.insert_one(elsewhere).inserted_id
    assert "expected one of this machine" in page.ask(f"/api/v1/runs/{elsewhere_id}/stop", "POST").json()["error"]
    page.database.runs.delete_one({"_id": elsewhere_id})
    # A process of this machine: only the one that the run's document means.
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as child:
        place = {"host": this_process()["host"], "pid": child.pid, "process": birth(child.pid)}
        by_hand = {**running, **alive, **place, "arguments": {"start": "c"}}
        other = {**by_hand, "process": "another start:1", "arguments": {"start": "d"}}
        ids = page.database.runs.insert_many([by_hand, other]).inserted_ids
        assert page.ask(f"/api/v1/runs/{ids[1]}/stop", "POST").status_code == 409
        assert child.poll() is None
        assert page.ask(f"/api/v1/runs/{ids[0]}/stop", "POST").json() == {"outcome": f"run {ids[0]} was told to end"}
        assert child.wait(timeout=60) == -15
    page.database.runs.delete_many({"_id": {"$in": ids}})


def test_levels_incidents_and_refused_items_are_settled(page: Page) -> None:
    suspect = {"kind": "crawl", "spider": "books", "state": "finished", "verdict": "unknown", "suspect": True}
    fields = {"arguments": {}, "started_at": NOW - timedelta(days=20), "heartbeat_at": NOW}
    why = {"reasons": ["fewer"], "deviations": ["fewer"]}
    id_ = page.database.runs.insert_one({**suspect, **fields, **why}).inserted_id
    assert "Take as usual" in page.ask(f"/runs/{id_}").text
    assert page.ask(f"/api/v1/runs/{id_}/accept", "POST").status_code == 200
    assert page.ask(f"/api/v1/runs/{id_}/accept", "POST").status_code == 409
    assert page.database.runs.find_one({"_id": id_})["verdict"] == "complete"  # type: ignore[index]
    assert page.ask(f"/api/v1/runs/{RUN}/accept", "POST").status_code == 400
    page.database.runs.delete_one({"_id": id_})
    assert page.ask("/api/v1/spiders/books/mute?days=2", "POST").status_code == 200
    assert page.database.mutes.find_one({"_id": "books"})["until"] > NOW + timedelta(days=1)  # type: ignore[index]
    assert page.ask("/api/v1/spiders/books/mute?days=0", "POST").status_code == 422
    assert page.ask("/api/v1/spiders/nope/mute", "POST").status_code == 404
    other = {"kind": "failed", "why": "x", "open": True, "opened_at": NOW, "last_at": NOW, "next_try_at": NOW}
    for name in ("a/b", "../..", "%2f", "~2F", "<img src=x onerror=1>", "constructor"):
        page.database.incidents.insert_one({**other, "key": name, "spider": name, "times": 1, "to_tell": []})
        assert page.ask(f"/api/v1/spiders/{segment(name)}/mute", "POST").status_code == 200, name
        assert page.database.mutes.delete_one({"_id": name}).deleted_count == 1, name
        page.database.incidents.delete_one({"key": name})
    assert [page.ask("/api/v1/spiders/books/unmute", "POST").status_code for _ in range(2)] == [200, 409]
    assert [page.ask(f"/incidents/{INCIDENT}/close", "POST").status_code for _ in range(2)] == [200, 409]
    item = {"records": "books", "spider": "books", "url": "http://x.example/b", "run": RUN, "fingerprint": "f"}
    raw = {"upc": "redriven", "title": "Mended", "price": "£9.00", "currency": "£9.00", "in_stock": "In stock"}
    more = {"raw": raw, "faults": [], "first_seen": NOW, "last_seen": NOW}
    mended = page.database.rejected.insert_one({**item, **more}).inserted_id
    outcome = page.ask(f"/api/v1/rejected/{mended}/redrive", "POST").json()["outcome"]
    assert outcome.startswith("1 item tried again: 1 stored"), outcome
    assert page.database.books.find_one({"upc": "redriven"})["title"] == "Mended"  # type: ignore[index]
    assert page.ask(f"/api/v1/rejected/{mended}/redrive", "POST").status_code == 404
    assert page.ask(f"/api/v1/rejected/{ITEM}/redrive", "POST").status_code == 200
    assert page.ask("/api/v1/spiders/books/redrive", "POST").status_code == 404
    page.database.books.delete_one({"upc": "redriven"})
