"""How many processes crawl, and what is told of a run whose first process was killed; see also test_runs_join.py."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId
from support import configured

from models.system import Run
from scraper.core.config.schedules import MOST_PROCESSES
from scraper.errors import EXIT_INCOMPLETE, UsageError
from scraper.runs.team import process_count, tell_begun, verdict_of
from scraper.storage.connection import Connection
from scraper.storage.run_heartbeat import open_run

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo.database import Database


@pytest.mark.parametrize("text", ["1", "64", "007"])
def test_a_number_of_processes_is_taken(text: str) -> None:
    assert process_count(text) == int(text)


@pytest.mark.parametrize("text", ["0", "65", "-1", "+2", "1.5", "two", "", " 2", "\u0662", "AUTO", "1_0"])
def test_what_is_no_number_of_processes_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"expected 1 to 64, or auto for the cores of this machine"):
        process_count(text)


@pytest.mark.parametrize(("cores", "count"), [(1, 1), (3, 3), (MOST_PROCESSES, 64), (192, 64)])
def test_auto_is_the_cores_that_may_be_used_and_no_more_than_can_be_asked_for(
    monkeypatch: pytest.MonkeyPatch, cores: int, count: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
    assert process_count("auto") == count


def test_where_the_system_does_not_say_which_cores_may_be_used_it_is_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert process_count("auto") == 1


def test_a_process_that_nobody_leads_tells_nobody() -> None:
    tell_begun("5f")


def test_a_run_whose_first_process_was_killed_has_the_verdict_of_another_or_none(
    data_dir: Path, database: Database[dict[str, Any]], server: Any
) -> None:
    config = configured(SWATHE_MONGODB_DATA_DIR=str(data_dir), SWATHE_MONGODB_DATABASE=database.name)
    with Connection(config.mongodb):
        gone = str(ObjectId())
        code, line = verdict_of(gone)
        assert (code, f"run {gone} has no verdict: its processes were killed" in line) == (EXIT_INCOMPLETE, True)
        run = open_run(ObjectId(), "books", {}, counts={"pages": 1})
        assert verdict_of(str(run.id))[0] == EXIT_INCOMPLETE
        assert "no verdict" in verdict_of(str(run.id))[1]
        ended = {"state": "finished", "verdict": "incomplete", "reasons": ["a", "b"], "exit_code": 3}
        Run.objects(id=run.id).update_one(**ended)
        assert verdict_of(str(run.id)) == (3, f"books: incomplete: 1 page; a; b (run {run.id})")
        Run.objects(id=run.id).update_one(state="failed", reasons=[], exit_code=1)
        assert verdict_of(str(run.id)) == (1, f"books: failed: 1 page (run {run.id})")
