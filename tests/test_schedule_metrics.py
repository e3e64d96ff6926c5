"""The numbers of a scheduler: those that the manual names, and how each schedule's last firing went."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from practice import PracticeServer
from served_numbers import listening, manual, metrics_url, numbers, of_swathe
from support import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.database import Database
    from support import Swathe


@pytest.fixture
def slow() -> Iterator[PracticeServer]:
    """A site whose pages take their time, so that a crawl can be asked in the middle."""
    with PracticeServer(latency_ms=150) as site:
        yield site


def test_a_scheduler_serves_how_its_schedules_go_and_says_on_each_line_which_one_it_is_about(
    swathe: Swathe, database: Database[dict[str, Any]], slow: PracticeServer
) -> None:
    past = datetime.now(UTC) - timedelta(minutes=90)
    database.schedules.insert_one({"_id": "table", "timing": "0 * * * * UTC", "since": past, "handled_until": past})
    service = swathe.start(
        "schedule", "run", SWATHE_METRICS_ADDRESS="127.0.0.1:0", SWATHE_SCHEDULER_POLL_S="0.1",
        SWATHE_SCHEDULE_TABLE=f"0 * * * * | spider=quotes-table start={slow.url}quotes/tableful/",
    )  # fmt: skip
    try:
        url = metrics_url(service)
        until(lambda: numbers(url)["swathe_running_crawls"][""] == 1, "a crawl that runs")
        # The scheduler counts a try once it is stored.
        found = until(
            lambda: (now := numbers(url))["swathe_firings_total"].get("complete table") and now, "its end", 60
        )
        assert found["swathe_last_result"] == {"complete table": 1}
        assert listening(service.pid) == {"0100007F"}
    finally:
        service.terminate()
        _, log = service.communicate(timeout=60)
    assert found["swathe_firings_total"]["started table"] == found["swathe_firings_total"]["complete table"] == 1
    assert 0 <= found["swathe_next_firing_seconds"]["table"] <= 3600
    assert found["swathe_last_end_timestamp_seconds"]["table"] > past.timestamp()
    firing = database.firings.find_one({"state": "done"})
    assert firing is not None
    lines = [told for line in log.splitlines() if (told := json.loads(line)).get("firing")]
    assert {(line["schedule"], line["spider"], line["firing"]) for line in lines} == {
        ("table", "quotes-table", firing["_id"])
    }
    assert manual("Of a scheduler", "Of the page") == of_swathe(found)
