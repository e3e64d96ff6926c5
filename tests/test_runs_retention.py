"""Retention: what is old goes, what a later run is held against stays, and a live run loses nothing."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId
from support import configured

from scraper.runs.quality.deviations import LEARNED_FROM
from scraper.runs.retention import prune

if TYPE_CHECKING:
    from pathlib import Path

    from practice import PracticeServer
    from pymongo.database import Database
    from support import Swathe

    from scraper.core.config import Config

    Mongo = Database[dict[str, Any]]

NOW = datetime.now(UTC)
OLD, NEW = NOW - timedelta(days=11), NOW - timedelta(days=9)
DAYS = {f"SWATHE_RETENTION_{name}_DAYS": "10" for name in ("RUNS", "CHANGES", "REJECTED", "EVIDENCE", "LOGS")}


def settings(tmp_path: Path, **environ: str) -> Config:
    return configured(SWATHE_MONGODB_DATA_DIR=str(tmp_path), **{**DAYS, **environ})


def run(database: Mongo, days_ago: float, **fields: Any) -> ObjectId:
    started = NOW - timedelta(days=days_ago)
    document = {"spider": "books", "arguments": {}, "state": "finished", "verdict": "complete", "started_at": started}
    return database.runs.insert_one({**document, "heartbeat_at": started, **fields}).inserted_id


def test_what_is_older_than_its_days_goes_and_zero_days_are_for_ever(database: Mongo, tmp_path: Path) -> None:
    for name, field in (("changes", "when"), ("rejected", "last_seen")):
        database[name].insert_many([{"_id": f"{when}", field: when} for when in (OLD, NEW)])
    assert prune(database, settings(tmp_path), dry_run=True)["changes"] == 1
    assert database.changes.count_documents({}) == 2
    kept_for_ever = settings(tmp_path, SWATHE_RETENTION_CHANGES_DAYS="0")
    database.notices.insert_many([{"at": OLD, "to_tell": []}, {"at": OLD, "to_tell": ["one"]}])
    database.notice_parts.insert_many([{"at": OLD}, {"at": OLD, "open": True}])
    removed = {"rejected": 1, "notices": 1, "notice_parts": 1, "runs": 0, "logs": 0, "evidence": 0}
    assert prune(database, kept_for_ever) == removed
    assert database.changes.count_documents({}) == 2
    assert prune(database, settings(tmp_path))["changes"] == 1


def test_runs_that_later_ones_need_stay(database: Mongo, tmp_path: Path) -> None:
    complete = [run(database, 20 + number) for number in range(LEARNED_FROM + 2)]
    unknown = run(database, 50, verdict="unknown")
    other = run(database, 50, arguments={"start": "http://a.example/"})
    failed = run(database, 50, state="failed", verdict="incomplete")
    named = run(database, 50, state="failed", verdict="incomplete")
    only_gone = run(database, 50, state="failed", verdict="incomplete")
    recent = run(database, 5, state="failed", verdict="incomplete")
    database.books.insert_many(
        [{"upc": "a", "run": named, "gone_at": None}, {"upc": "b", "run": only_gone, "gone_at": OLD}]
    )
    database.changes.insert_one({"_id": "1", "run": failed, "when": NEW})
    assert prune(database, settings(tmp_path))["runs"] == 4
    left = {document["_id"] for document in database.runs.find()}
    assert left == {*complete[:LEARNED_FROM], unknown, other, named, recent}
    assert database.changes.count_documents({}) == 1


def test_nothing_that_a_live_run_may_need_goes(database: Mongo, tmp_path: Path) -> None:
    alive = run(database, 15, state="running", verdict=None, heartbeat_at=datetime.now(UTC))
    database.rejected.insert_many(
        [{"fingerprint": str(days), "last_seen": NOW - timedelta(days=days)} for days in (14, 16)]
    )
    assert prune(database, settings(tmp_path))["rejected"] == 1
    database.runs.update_one({"_id": alive}, {"$set": {"heartbeat_at": OLD}})
    assert prune(database, settings(tmp_path))["rejected"] == 1


def test_old_logs_and_evidence_go(database: Mongo, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "evidence").mkdir()
    for name, when in (("old.log", OLD), ("new.log", NEW)):
        (tmp_path / "logs" / name).touch()
        os.utime(tmp_path / "logs" / name, (when.timestamp(), when.timestamp()))
    for when in (OLD, NEW):
        folder = tmp_path / "evidence" / str(ObjectId.from_datetime(when))
        folder.mkdir()
        (folder / "page.html").touch()
    (tmp_path / "evidence" / "mine").mkdir()
    removed = prune(database, settings(tmp_path))
    assert (removed["logs"], removed["evidence"]) == (1, 1)
    assert [path.name for path in (tmp_path / "logs").iterdir()] == ["new.log"]
    left = {path.name for path in (tmp_path / "evidence").iterdir()}
    assert left == {"mine", str(ObjectId.from_datetime(NEW))}


def test_many_documents_go_batch_by_batch_and_a_spent_budget_leaves_the_rest(
    database: Mongo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scraper.runs.retention.BATCH", 10)
    database.rejected.insert_many([{"last_seen": OLD, "fingerprint": str(number)} for number in range(25)])
    assert prune(database, settings(tmp_path), budget_s=0)["rejected"] == 0
    assert prune(database, settings(tmp_path))["rejected"] == 25
    assert database.rejected.count_documents({}) == 0


def test_a_crawl_removes_what_is_old_at_its_end_and_so_does_the_command(
    swathe: Swathe, database: Mongo, site: PracticeServer
) -> None:
    database.rejected.insert_one({"fingerprint": "a", "records": "books", "url": "", "last_seen": OLD})
    result = swathe("db", "prune", "--dry-run", SWATHE_RETENTION_REJECTED_DAYS="10", SWATHE_RETENTION_LOGS_DAYS="0")
    assert result.out == "would remove: 1 rejected\n"
    crawl = ("crawl", "quotes", "--start", f"{site.url}quotes/scroll")
    swathe(*crawl, SWATHE_RETENTION_REJECTED_DAYS="10")
    assert database.rejected.count_documents({}) == 0
    assert database.runs.count_documents({"verdict": "complete"}) == 1
    assert swathe("db", "prune").out == "removed: nothing is old enough\n"
