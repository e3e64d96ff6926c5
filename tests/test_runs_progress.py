"""How far a run is: of all its processes, at the speed since it was gone on with, and what a person is told of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scraper.runs.progress import MOST_LEFT_S, Progress


def test_what_several_processes_did_is_told_together() -> None:
    now = datetime.now(UTC)
    run = {"heartbeat_at": now, "counts": {"pages": 5}, "shares": {"a": {"pages": 4}, "b": {"pages": 6, "errors": 1}}}
    assert Progress.of(run).counts == {"pages": 10, "errors": 1}
    assert Progress.of({**run, "counts": {"pages": 50}}).counts["pages"] == 50
    assert Progress.of(run).left_s is None
    assert Progress.of({"heartbeat_at": now}).line.startswith("0 pages")


def test_the_speed_is_that_since_the_process_began_on_it() -> None:
    before, now = {"pages": 100, "items_new": 10, "items_unchanged": 5}, {"pages": 130, "items_new": 20, "errors": 1}
    progress = Progress.since(before, now, 10, 100, 3)
    assert (progress.pages_s, progress.records_s, progress.records) == (3.0, 0.5, 20)
    assert progress.left_s == (100 - 20) / 0.5


def test_the_document_of_a_run_tells_the_speed_since_its_owner_began() -> None:
    now = datetime.now(UTC)
    kept = {"since": now - timedelta(seconds=20), "before": {"pages": 10}, "stated": 500, "queued": 4}
    run = {"heartbeat_at": now, "counts": {"pages": 50, "items_new": 100}, "progress": kept}
    progress = Progress.of(run)
    assert (progress.pages_s, progress.records_s, progress.left_s, progress.queued) == (2.0, 5.0, 80, 4)


def test_a_heartbeat_from_before_the_process_began_tells_no_speed() -> None:
    now = datetime.now(UTC)
    kept = {"since": now + timedelta(seconds=1), "before": {}, "stated": 500}
    progress = Progress.of({"heartbeat_at": now, "counts": {"pages": 50, "items_new": 100}, "progress": kept})
    assert (progress.pages_s, progress.records_s, progress.left_s) == (0, 0, None)


@pytest.mark.parametrize(
    ("new", "took_s", "stated", "words"),
    [
        (0, 5, 0, "0 records"),
        (1, 5, 0, "1 record"),
        (40, 20, 40, "40 records"),
        (41, 20, 40, "41 records"),  # more than are stated: the number is no end
        (0, 20, 40, "0 of 40 records"),
        (1, 1, 1 + MOST_LEFT_S, f"1 of {1 + MOST_LEFT_S} records, 365 days, 0:00:00 left"),
        (1, 1, 2 + MOST_LEFT_S, f"1 of {2 + MOST_LEFT_S} records"),
        (1, 10**6, 10**12 - 1, f"1 of {10**12 - 1} records"),  # whatever a page states, and however slow it is
    ],
)
def test_how_many_of_how_many_and_when(new: int, took_s: float, stated: int, words: str) -> None:
    assert Progress.since({}, {"items_new": new}, took_s, stated, 0).of_records == words


def test_the_line_and_its_json_say_the_same() -> None:
    counts = {"pages": 1, "items_changed": 2, "items_refused": 3, "dead_pages": 1, "errors": 1}
    progress = Progress.since({}, counts, 0, 0, 7)
    said: dict[str, Any] = progress.as_json()
    assert said["line"] == "1 page  1000.0 pages/s  2 records  3 refused  2 errors  queue 7"
    assert (said["records"], said["stated"], said["left_s"], said["queued"]) == (2, None, None, 7)
