"""A run is begun anew or gone on with: the one that was not finished, whose requests can still be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId
from support import configured

from models.frontier import DEAD, DONE
from models.system import Run
from scraper.core.code_version import code_version
from scraper.core.processes import this_process
from scraper.errors import UsageError
from scraper.frontier.mongo_runs import MongoRuns
from scraper.runs.start import CHANGED, FORMAT, Begun, arguments_of, begin_run, close_failed, taken_over
from scraper.storage.connection import Connection
from spiders.books import BooksSpider

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database

    Mongo = Database[dict[str, Any]]

START = "http://127.0.0.1/"
GIVEN = {"start": START}
CODE = code_version(BooksSpider)


@pytest.fixture
def runs(data_dir: Path, database: Mongo, server: Any) -> Iterator[Mongo]:
    """The database that MongoEngine is connected to."""
    config = configured(SWATHE_MONGODB_DATA_DIR=str(data_dir), SWATHE_MONGODB_DATABASE=database.name)
    with Connection(config.mongodb):
        yield database


def begin(runs: Mongo, how: Any = "resume", *, stored: bool = True, given: Any = GIVEN, **more: Any) -> Begun:
    return begin_run(runs, BooksSpider, given, how, store=MongoRuns(runs) if stored else None, **more)


def left(runs: Mongo, begun: Begun, **changes: Any) -> None:
    """Leave a run as a crawl does that was interrupted."""
    how = {"state": "interrupted", "finish_reason": "shutdown", "verdict": "incomplete", "exit_code": 3}
    runs.runs.update_one({"_id": begun.run_id}, {"$set": how | changes})


def ask_for(runs: Mongo, begun: Begun, number: int, state: str) -> None:
    """Keep a request of a run that has ended."""
    listed = {"listed": True, "request": '{"url": "http://h/", "meta": {"retry_times": 5}}'} if state == DEAD else {}
    runs.frontier.insert_one(
        {"_id": begun.run_id.binary + number.to_bytes(16), "run": begun.run_id, "url": f"http://h/{number}", "order": 1,
         "state": state, "tally": {"swathe/pages": 1}, "error": "answered 500", **listed}
    )  # fmt: skip


def test_a_new_run_is_written_down_with_what_it_was_asked_for_and_by_whom(runs: Mongo) -> None:
    wanted = ObjectId()
    begun = begin(runs, given={"start": START, "max_pages": "7", "_job": "scrapyd's"}, firing="f", run_id=wanted)
    assert begun == Begun(wanted, durable=True)
    run = runs.runs.find_one({"_id": wanted})
    assert run is not None
    assert (run["state"], run["arguments"], run["firing"]) == ("running", {"start": START, "max_pages": 7}, "f")
    assert run["frontier"] == {"format": FORMAT, "code": CODE, "backend": "mongodb"}
    assert {name: run[name] for name in this_process()} == this_process()


def test_a_run_whose_requests_end_with_the_process_is_not_gone_on_with(runs: Mongo) -> None:
    first = begin(runs, stored=False)
    assert not first.durable
    left(runs, first)
    assert begin(runs).run_id != first.run_id


def test_one_that_is_under_way_is_not_begun_twice_and_another_argument_is_another_run(runs: Mongo) -> None:
    begun = begin(runs)
    for how in ("resume", "fresh", "retry-dead"):
        with pytest.raises(UsageError, match=rf"'books' with the same arguments is under way \(run {begun.run_id}"):
            begin(runs, how)
    assert begin(runs, given={"start": f"{START}other"}).run_id != begun.run_id


def test_an_interrupted_run_is_gone_on_with_and_has_no_verdict_any_more(runs: Mongo) -> None:
    first = begin(runs)
    ask_for(runs, first, 1, DONE)
    left(runs, first)
    again = begin(runs, firing="second")
    assert (again.run_id, again.resumed, again.durable, again.notes) == (first.run_id, True, True, ())
    assert again.line.startswith(f"goes on with run {first.run_id} of ")
    assert again.line.endswith(": 1 page read before")
    run = runs.runs.find_one({"_id": first.run_id})
    assert run is not None
    assert (run["state"], run["resumed"], run["firing"]) == ("running", 1, "second")
    assert not run.keys() & {"verdict", "exit_code", "finish_reason"}


@pytest.mark.parametrize(
    ("how", "changes"),
    [
        ("fresh", {}),
        ("resume", {"state": "finished", "finish_reason": "finished"}),
        ("resume", {"state": "failed", "finish_reason": "finished"}),  # it came to its end, whatever it found
    ],
)
def test_a_run_is_begun_anew_and_what_was_kept_of_the_earlier_ones_is_cleared(
    runs: Mongo, how: str, changes: dict[str, Any]
) -> None:
    first = begin(runs)
    ask_for(runs, first, 1, DEAD)
    left(runs, first, dead_letters=1, **changes)
    other = begin(runs, given={"start": f"{START}other"})
    ask_for(runs, other, 1, DONE)
    second = begin(runs, how)
    assert second.run_id != first.run_id
    assert not second.resumed
    earlier = Run.objects.get(id=first.run_id)
    assert (earlier.frontier, earlier.dead_letters) == ({}, 0)
    assert [row["run"] for row in runs.frontier.find()] == [other.run_id], "the requests of others stay"


def test_code_that_has_changed_meanwhile_is_noted(runs: Mongo) -> None:
    first = begin(runs)
    left(runs, first, frontier={"format": FORMAT, "backend": "mongodb", "code": "other"})
    assert begin(runs).notes == (CHANGED,)
    assert Run.objects.get(id=first.run_id).frontier["now"] == CODE, "what workers have to have to join"


@pytest.mark.parametrize(
    ("frontier", "why"),
    [
        (
            {"format": FORMAT + 1},
            rf"has format {FORMAT + 1}, expected {FORMAT}: begin anew with --fresh",
        ),
        ({"format": FORMAT, "backend": "redis"}, r"are kept in redis, and \[frontier\] backend is now mongodb"),
    ],
)
def test_a_run_that_cannot_be_gone_on_with_says_what_to_do(runs: Mongo, frontier: dict[str, Any], why: str) -> None:
    left(runs, begin(runs), frontier=frontier)
    with pytest.raises(UsageError, match=why):
        begin(runs)
    assert begin(runs, "fresh")


def test_dead_letters_are_tried_again_and_counted(runs: Mongo) -> None:
    with pytest.raises(UsageError, match="nothing to retry: there is no such run"):
        begin(runs, "retry-dead")
    first = begin(runs)
    left(runs, first, state="finished", finish_reason="finished")
    with pytest.raises(UsageError, match=rf"with these arguments, {first.run_id}, has no dead letters"):
        begin(runs, "retry-dead")
    for number, state in enumerate((DEAD, DEAD, DONE)):
        ask_for(runs, first, number, state)
    left(runs, first, state="finished", finish_reason="finished", dead_letters=2)
    with pytest.raises(UsageError, match="nothing to retry"):
        begin(runs, "retry-dead", stored=False)
    again = begin(runs, "retry-dead")
    assert again.run_id == first.run_id
    assert again.line.endswith("3 pages read before, 2 dead letters tried again")
    assert runs.frontier.count_documents({"state": "pending", "request": {"$not": {"$regex": "retry_times"}}}) == 2


def test_a_run_that_could_not_be_set_up_has_failed_and_one_that_has_ended_stays(runs: Mongo) -> None:
    begun = begin(runs)
    close_failed(begun.run_id, "no module")
    close_failed(begun.run_id, "again")
    run = Run.objects.get(id=begun.run_id)
    assert (run.state, run.verdict, run.reasons, run.exit_code) == ("failed", "incomplete", ["no module"], 1)


@pytest.mark.parametrize(
    ("given", "arguments"),
    [
        ({}, {"start": "https://books.toscrape.com/"}),
        ({"start": "", "max_pages": ""}, {"start": "https://books.toscrape.com/"}),
        ({"start": START, "max_depth": "3", "since_known": 9}, {"start": START, "max_depth": 3, "since_known": 9}),
        ({"_job": "x", "_version": "y"}, {"start": "https://books.toscrape.com/"}),
        ({"start": START, "tag": "sea"}, {"start": START, "tag": "sea"}),
    ],
)
def test_the_same_is_asked_for_whatever_way_it_is_said(given: dict[str, Any], arguments: dict[str, Any]) -> None:
    assert arguments_of(BooksSpider, given) == arguments


def test_a_first_process_takes_over_from_none() -> None:
    assert taken_over() is None
