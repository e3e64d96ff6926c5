"""A scheduler shows that it lives: in MongoDB, and to a service elsewhere."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from scheduling import NOON
from support import configured, until

from models.schedules import SchedulerSeen
from scraper.core.processes import this_process
from scraper.errors import ConfigError
from scraper.schedule.presence import Presence, Pulse, lives
from scraper.storage.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database

    from scraper.core.config import Config


class Elsewhere(ThreadingHTTPServer):
    """Counts who asks, and answers with a status."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.status, self.asked = 200, [""][:0]


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Elsewhere)
        self.server.asked.append(self.path)
        self.send_response(self.server.status)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    with Elsewhere() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def config(data_dir: Path, database: Database[dict[str, Any]], elsewhere: Elsewhere) -> Iterator[Config]:
    config = configured(
        SWATHE_MONGODB_DATA_DIR=str(data_dir), SWATHE_MONGODB_DATABASE=database.name,
        SWATHE_ALERTS_HEARTBEAT_URL=f"http://127.0.0.1:{elsewhere.server_port}/s3cret",
    )  # fmt: skip
    with Connection(config.mongodb):
        yield config


def test_a_scheduler_shows_itself_until_it_leaves(config: Config, elsewhere: Elsewhere) -> None:
    presence = Presence("me", config.alerts, once=False)
    presence.show(["books"])
    presence.show(["books"])
    row = SchedulerSeen.objects.as_pymongo().get()
    assert row["schedules"] == ["books"]
    assert lives(row, datetime.now(UTC))
    presence.leave()
    assert not lives(SchedulerSeen.objects.as_pymongo().get(), datetime.now(UTC))
    assert elsewhere.asked == ["/s3cret"], "once, though it looked twice"


def row(**fields: Any) -> dict[str, Any]:
    return {**this_process(), "looked_at": NOON, **fields}


@pytest.mark.parametrize(
    ("seen", "after_s", "alive"),
    [
        (row(), 50, True),
        (row(), 70, False),
        (row(), -70, False),
        (row(stopped_at=NOON), 1, False),
        (row(process="another"), 1, False),
        (row(process="another", once=True), 600, True),
        (row(once=True), 1000, False),
        (row(once=True, every_s=60.0), 170, True),
        (row(once=True, every_s=60.0), 190, False),
    ],
)
def test_who_is_silent_or_gone_does_not_live(seen: dict[str, Any], after_s: float, alive: bool) -> None:
    assert lives(seen, NOON + timedelta(seconds=after_s)) is alive


def test_the_heartbeat_is_one_request_an_interval_that_follows_nobody_and_says_faults_once(
    config: Config, elsewhere: Elsewhere, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    pulse = Pulse(config.alerts)
    for seconds, status in ((0, 200), (30, 200), (61, 302), (122, 500), (183, 200)):
        elsewhere.status = status
        pulse.beat(NOON + timedelta(seconds=seconds))
        pulse.finish()
    until(lambda: len(elsewhere.asked) == 4, "four requests")
    said = [record.getMessage() for record in caplog.records if record.name == "scraper.schedule.presence"]
    assert said == ["[alerts] heartbeat_url is not heard: it answered 302", "[alerts] heartbeat_url is heard again"]
    assert "s3cret" not in caplog.text
    with pytest.raises(ConfigError, match="is no web address") as fault:
        configured(SWATHE_ALERTS_HEARTBEAT_URL="ftp://s3cret")
    assert "s3cret" not in str(fault.value)
