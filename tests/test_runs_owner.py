"""Which process ends a run: its owner while that lives, or the first that sees that it is dead."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId
from mongoengine import NotUniqueError
from support import configured

from models.system import Run, RunCounts
from scraper.core.processes import this_process
from scraper.runs.owner import Ownership, claim
from scraper.storage.connection import Connection
from scraper.storage.run_heartbeat import LOST_AFTER, open_run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database

    Mongo = Database[dict[str, Any]]


@pytest.fixture
def runs(data_dir: Path, database: Mongo, server: Any) -> Iterator[Mongo]:
    """The database that MongoEngine is connected to."""
    config = configured(SWATHE_MONGODB_DATA_DIR=str(data_dir), SWATHE_MONGODB_DATABASE=database.name)
    with Connection(config.mongodb):
        unique = {"unique": True, "partialFilterExpression": {"state": "running"}}
        database.runs.create_index([("spider", 1), ("arguments", 1)], **unique)
        yield database


def begun(runs: Mongo, **changes: Any) -> ObjectId:
    """Begin a run in this process, and change what is written of it."""
    run = open_run(ObjectId(), "books", {"start": "http://h/"})
    if changes:
        runs.runs.update_one({"_id": run.id}, {"$set": changes})
    return run.id


def silent() -> datetime:
    return datetime.now(UTC) - LOST_AFTER - timedelta(seconds=1)


ELSEWHERE = {"host": "elsewhere", "pid": 1, "process": "x"}


def test_the_owner_shows_its_sign_of_life_with_what_it_has_counted(runs: Mongo) -> None:
    run = begun(runs, heartbeat_at=silent())
    owner = Ownership(run, owns=True)
    assert owner.beat(RunCounts(pages=7), progress={"queued": 3})
    written = runs.runs.find_one({"_id": run})
    assert written is not None
    assert written["heartbeat_at"] > silent() + timedelta(seconds=5)
    assert (written["counts"]["pages"], written["progress"], owner.owns) == (7, {"queued": 3}, True)


def test_an_owner_that_stood_still_and_was_followed_leaves_the_run_to_the_other(runs: Mongo) -> None:
    run = begun(runs, **ELSEWHERE, counts={"pages": 9})
    owner = Ownership(run, owns=True)
    assert owner.beat(RunCounts(pages=7))
    assert not owner.owns
    written = runs.runs.find_one({"_id": run})
    assert written is not None
    assert (written["counts"], written["host"]) == ({"pages": 9}, "elsewhere")


@pytest.mark.parametrize("state", ["finished", "interrupted", "failed"])
@pytest.mark.parametrize("owns", [True, False])
def test_a_run_that_another_process_has_ended_does_not_go_on(runs: Mongo, state: str, *, owns: bool) -> None:
    run = begun(runs, state=state, **ELSEWHERE)
    assert not Ownership(run, owns=owns).beat(RunCounts())
    assert runs.runs.find_one({"_id": run})["state"] == state  # type: ignore[index]


def test_a_run_that_is_no_longer_there_does_not_go_on(runs: Mongo) -> None:
    assert not Ownership(ObjectId(), owns=True).beat(RunCounts())


def test_a_worker_leaves_a_living_owner_alone_and_follows_a_dead_one(runs: Mongo) -> None:
    run = begun(runs, host="elsewhere")
    worker = Ownership(run, owns=False)
    assert worker.beat(RunCounts())
    assert not worker.owns
    runs.runs.update_one({"_id": run}, {"$set": {"heartbeat_at": silent()}})
    assert worker.beat(RunCounts())
    assert worker.owns
    written = runs.runs.find_one({"_id": run})
    assert written is not None
    assert {name: written[name] for name in this_process()} == this_process()


def test_a_worker_follows_in_a_run_that_was_given_up_and_clears_its_verdict(runs: Mongo) -> None:
    left = {"state": "lost", "verdict": "incomplete", "reasons": ["killed"], "exit_code": 1, "finish_reason": "x"}
    run = begun(runs, **left, **ELSEWHERE)
    worker = Ownership(run, owns=False)
    assert worker.beat(RunCounts())
    assert worker.owns
    written = runs.runs.find_one({"_id": run})
    assert written is not None
    assert (written["state"], written.get("reasons", [])) == ("running", [])
    assert not written.keys() & {"verdict", "exit_code", "finish_reason", "ended_at"}


def test_a_run_that_was_begun_anew_meanwhile_is_nobody_s_to_follow(runs: Mongo) -> None:
    lost = begun(runs, state="lost", **ELSEWHERE)
    begun(runs)
    worker = Ownership(lost, owns=False)
    assert not worker.beat(RunCounts())
    assert not worker.owns
    with pytest.raises(NotUniqueError):
        claim(Run.objects.get(id=lost))


def test_of_two_that_see_a_dead_owner_one_follows_it(runs: Mongo) -> None:
    run = begun(runs, heartbeat_at=silent(), **ELSEWHERE)
    seen = Run.objects.get(id=run)
    assert claim(seen)
    assert not claim(seen), "it is not what it was when it was read"


def test_who_has_nothing_left_to_do_waits_for_the_owner_to_end_the_run(runs: Mongo) -> None:
    run = begun(runs, host="elsewhere")

    async def wait(change: dict[str, Any]) -> bool:
        waits = asyncio.create_task(Ownership(run, owns=False).falls_to_us(RunCounts()))
        await asyncio.sleep(0)
        assert not waits.done()
        runs.runs.update_one({"_id": run}, {"$set": change})
        return await asyncio.wait_for(waits, 30)

    assert asyncio.run(wait({"heartbeat_at": silent(), "pid": os.getpid() + 1})) is True
    runs.runs.update_one({"_id": run}, {"$set": {"host": "elsewhere", "heartbeat_at": datetime.now(UTC)}})
    assert asyncio.run(wait({"state": "finished"})) is False
