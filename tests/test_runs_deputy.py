"""What is done in the stead of a process that hangs; that it is done in time is in test_runs_supervisor.py."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId

from models.frontier import DONE, LEASED, PENDING
from scraper.core.supervision import HeldPage, SharedRun
from scraper.runs.deputy import Deputy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pymongo.database import Database

    Mongo = Database[dict[str, Any]]

LONG_AGO = datetime.now(UTC) - timedelta(hours=1)
PAGE = {"id": b"p".hex(), "url": "http://h/1", "data": '{"url": "http://h/1"}', "priority": 0, "seq": 1, "since": 1.0}


@pytest.fixture
def stead(
    data_dir: Path, database: Mongo, server: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Deputy]]:
    """Return what makes the deputy of a process of a run that has begun; its configuration is the environment's."""
    monkeypatch.setenv("SWATHE_MONGODB_DATA_DIR", str(data_dir))
    monkeypatch.setenv("SWATHE_MONGODB_DATABASE", database.name)

    def made(*, durable: bool = True, joined: bool = False) -> Deputy:
        begun = {"_id": ObjectId(), "spider": "books", "state": "running", "started_at": LONG_AGO}
        database.runs.insert_one({**begun, "heartbeat_at": LONG_AGO})
        deputies.append(Deputy(SharedRun(str(begun["_id"]), "me", durable=durable, joined=joined)))
        return deputies[-1]

    deputies: list[Deputy] = []
    yield made
    for deputy in deputies:
        deputy._connection.close()  # a deputy's own ends with its process


def the_run(database: Mongo) -> dict[str, Any]:
    (run,) = database.runs.find()
    return run


def a_request(database: Mongo, id_: bytes, state: str, **more: Any) -> None:
    run = the_run(database)["_id"]
    database.frontier.insert_one({"_id": id_, "run": run, "state": state, "listed": True, "taken": 1, **more})


@pytest.mark.parametrize(("joined", "shown"), [(False, True), (True, False)])
def test_the_sign_of_life_of_a_run_is_its_owner_s_to_show(
    stead: Callable[..., Deputy], database: Mongo, *, joined: bool, shown: bool
) -> None:
    stead(joined=joined).carry_out("keep")
    run = the_run(database)
    assert (run["heartbeat_at"] > LONG_AGO + timedelta(minutes=30)) is shown
    assert list(run["workers"]) == ["me"], "its lease is kept either way"


def test_a_page_that_hangs_is_given_up_and_what_else_the_process_had_is_given_back(
    stead: Callable[..., Deputy], database: Mongo
) -> None:
    deputy = stead()
    a_request(database, b"p", LEASED, owner="me")
    a_request(database, b"q", LEASED, owner="me")
    a_request(database, b"r", LEASED, owner="another")
    deputy.carry_out("give_up", PAGE, what="held the crawl")
    rows = {row["_id"]: row for row in database.frontier.find()}
    assert {id_: (row["state"], row.get("hung")) for id_, row in rows.items()} == {
        b"p": (PENDING, "held the crawl"),
        b"q": (PENDING, None),
        b"r": (LEASED, None),
    }
    assert the_run(database)["state"] == "running", "a process in its place goes on"


@pytest.mark.parametrize(("durable", "id_"), [(False, "70"), (True, "")])
def test_a_run_ends_with_a_page_whose_request_is_not_stored(
    stead: Callable[..., Deputy], database: Mongo, *, durable: bool, id_: str
) -> None:
    stead(durable=durable).carry_out("give_up", PAGE | {"id": id_}, what="held the crawl")
    run = the_run(database)
    assert (run["state"], run["verdict"], run["exit_code"], run["finish_reason"]) == ("failed", "incomplete", 1, "hung")
    assert run["reasons"] == ["http://h/1 held the crawl"]
    assert run["ended_at"] >= run["started_at"]


def test_a_run_that_was_stopped_is_closed_with_what_has_come_to_its_end(
    stead: Callable[..., Deputy], database: Mongo
) -> None:
    deputy = stead()
    a_request(database, the_run(database)["_id"].binary + b"1" * 16, DONE, tally={"swathe/pages": 1, "retry/count": 2})
    a_request(database, b"q", LEASED, owner="me", tally={"swathe/pages": 50})
    deputy.carry_out("interrupt", why="stopped")
    run = the_run(database)
    assert (run["state"], run["reasons"], run["exit_code"]) == ("interrupted", ["stopped"], 3)
    assert (run["counts"]["pages"], run["counts"]["retries"]) == (1, 2)
    assert database.frontier.find_one({"_id": b"q"})["state"] == PENDING  # type: ignore[index]


def test_a_worker_that_is_stopped_leaves_the_run_to_its_owner(stead: Callable[..., Deputy], database: Mongo) -> None:
    stead(joined=True).carry_out("interrupt", why="stopped")
    assert the_run(database)["state"] == "running"


def test_a_run_that_has_ended_meanwhile_keeps_its_verdict(stead: Callable[..., Deputy], database: Mongo) -> None:
    deputy = stead(durable=False)
    database.runs.update_one({}, {"$set": {"state": "finished", "verdict": "complete"}})
    for order, more in (("interrupt", {"why": "stopped"}), ("keep", {})):
        deputy.carry_out(order, **more)
    deputy.give_up(HeldPage(b"", "http://h/1"), "hung")
    run = the_run(database)
    assert (run["state"], run["verdict"], run["heartbeat_at"] < LONG_AGO + timedelta(minutes=1)) == (
        "finished",
        "complete",
        True,
    )
