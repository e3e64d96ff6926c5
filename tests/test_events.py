"""Events: none lost, none unknown to the history, on a real RabbitMQ and Redis that are killed, full or gone."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import aio_pika
import pytest
from bson import ObjectId
from found_books import PageOf, book
from mirror import SITE
from practice import PracticeServer
from rabbitmq_process import Listener, RabbitMQProcess
from redis_process import RedisProcess
from support import ROOT, configured, until

from models.books import Book
from models.record import UNTOLD, Found, schema_of
from scraper.core.masking import secrets_of
from scraper.errors import ConfigError, EventsError
from scraper.events import publisher as publishers
from scraper.events.event import Event
from scraper.events.message import LARGEST_BYTES, messages_of
from scraper.events.outbox import Outbox
from scraper.events.publisher import PUBLISHERS, Publisher
from scraper.runs.retention import prune
from scraper.storage.connection import connection_to
from scraper.storage.records.change_log import ChangeLog
from scraper.storage.records.gone import mark_gone
from scraper.storage.records.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pymongo.database import Database
    from support import Swathe

    from scraper.core.config import Config

    Mongo = Database[dict[str, Any]]

EVENTS = ("events",)
NOT_OVER = {"spider": "books", "arguments": {}, "state": "running"}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQProcess]:
    with RabbitMQProcess(tmp_path_factory.mktemp("broker") / "rabbitmq") as broker:
        yield broker


@pytest.fixture
def listener(broker: RabbitMQProcess) -> Listener:
    listener = Listener(broker)
    listener.messages()
    return listener


@pytest.fixture
def configure(data_dir: Path, database: Mongo, server: Any) -> Iterator[Callable[[str], Config]]:
    """What gives a configuration with a broker, while MongoEngine is connected to the test's database."""
    used = []

    def configure(url: str, **more: str) -> Config:
        names = {"SWATHE_MONGODB_DATA_DIR": str(data_dir), "SWATHE_MONGODB_DATABASE": database.name}
        config = configured(**names, SWATHE_EVENTS_AMQP_URL=url, SWATHE_EVENTS_TIMEOUT_S="3", **more)
        connection_to(config.mongodb).open()
        used.append(config)
        return config

    yield configure
    for config in used:
        connection_to(config.mongodb).close()


def stored(config: Config, *founds: Found, run: ObjectId | None = None) -> None:
    Store(connection_to(config.mongodb), run or ObjectId(), "books", config.listeners).write(founds)


def events(taken: list[tuple[str, bytes]]) -> list[dict[str, Any]]:
    return [json.loads(body) for _, body in taken]


def assert_known(database: Mongo, told: list[dict[str, Any]]) -> None:
    """Hold what was told against the history: every change of it and every record, and nothing else."""
    changes = {row["_id"] for row in database.changes.find() if row["_id"].count("/") == 2}
    new = {f"books/{row['_id']}/new" for row in database.books.find()}
    assert {event["id"] for event in told if event["event"] != "ended"} == changes | new


def test_each_event_says_what_changed_and_what_the_record_was_then(
    configure: Any, database: Mongo, listener: Listener, broker: RabbitMQProcess
) -> None:
    config = configure(broker.url)
    now = datetime.now(UTC).replace(microsecond=0)
    run = database.runs.insert_one({**NOT_OVER, "started_at": now}).inserted_id
    publisher = Publisher(config)
    stored(config, book("a", "9.50"), book("b", "3.00"), run=run)
    stored(config, book("a", "8.00", title="Sea, again"))  # before anybody was told that it is new
    assert publisher.publish() == 3
    keys, told = zip(*[(key, json.loads(body)) for key, body in listener.messages()], strict=True)
    assert sorted(keys) == ["swathe.books.changed", "swathe.books.new", "swathe.books.new"]
    by_kind = {(event["event"], event["key"]): event for event in told}
    assert by_kind["new", "a"]["record"]["price"] == 9.5, "as it was when it was new"
    assert by_kind["new", "a"]["record"]["title"] == "Sea"
    assert by_kind["changed", "a"]["fields"] == {
        "price": {"old": 9.5, "new": 8.0}, "title": {"old": "Sea", "new": "Sea, again"},
    }  # fmt: skip
    assert by_kind["changed", "a"]["page"] == PageOf.url
    assert by_kind["new", "b"]["run"] == str(run)
    for collection in (database.books, database.changes):
        assert UNTOLD not in (collection.find_one() or {UNTOLD: 1})

    later = {**NOT_OVER, "started_at": now + timedelta(hours=1)}
    mark_gone(database, [Book], database.runs.insert_one(later).inserted_id, later["started_at"], config.listeners)
    database.runs.update_one({"_id": run}, {"$set": {"state": "finished", "verdict": "complete"}})
    assert publisher.publish() == 2
    gone, ended = events(listener.messages())
    assert (gone["event"], gone["key"], gone["record"]["gone_at"]) == ("gone", "b", later["started_at"].isoformat())
    assert (ended["id"], ended["verdict"]) == (f"runs/{run}/0/finished", "complete")
    assert publisher.publish() == 0


def test_a_claim_that_nobody_has_carried_out_waits_until_somebody_does(
    configure: Any, database: Mongo, listener: Listener, broker: RabbitMQProcess
) -> None:
    config = configure(broker.url)
    stored(config, book("a", "9.50"))
    record = database.books.find_one({})
    assert record is not None
    log = ChangeLog(database, schema_of(Book), ObjectId(), datetime.now(UTC), listeners=EVENTS)
    log.claim([log.compose(record, {"stock": 7}, PageOf.url)])  # and then killed
    publisher = Publisher(config)
    assert publisher.publish() == 1
    assert [event["event"] for event in events(listener.messages())] == ["new"]
    stored(config, book("a", "8.00"))  # carries it out, and then changes the price
    assert publisher.publish() == 2
    told = events(listener.messages())
    assert [list(event["fields"]) for event in told] == [["stock"], ["price"]]
    assert [event["record"]["price"] for event in told] == [9.5, 8.0]
    assert [event["record"].get("stock") for event in told] == [7, 7]


def test_what_is_untold_is_not_too_old(configure: Any, database: Mongo) -> None:
    config = configure("redis://127.0.0.1:9/", SWATHE_RETENTION_CHANGES_DAYS="1")
    stored(config, book("a", "1.00"))
    stored(config, book("a", "2.00"))
    database.changes.update_many({}, {"$set": {"when": datetime.now(UTC) - timedelta(days=9)}})
    assert prune(database, config)["changes"] == 0
    database.changes.update_many({}, {"$unset": {UNTOLD: 1}})
    assert prune(database, config)["changes"] == 1


def test_a_broker_that_is_down_full_strange_or_without_its_exchange_loses_nothing(
    configure: Any, database: Mongo, listener: Listener, broker: RabbitMQProcess, caplog: pytest.LogCaptureFixture
) -> None:
    config, told = configure(broker.url), []
    publisher = Publisher(config)

    def refused(url: str = broker.url, **more: str) -> str:
        with pytest.raises(EventsError) as found:
            Publisher(configure(url, **more)).publish()
        assert not re.search(r":guest@|s3cret|\n", str(found.value))
        return str(found.value)

    stored(config, book("a", "1.00"))
    assert "refused the user or the password" in refused(broker.url.replace("guest:guest", "guest:s3cret"))
    assert "does not allow it" in refused(broker.url + "nowhere")
    broker.do(lambda channel: channel.declare_exchange("other", aio_pika.ExchangeType.FANOUT, durable=True))
    assert "PRECONDITION_FAILED" in refused(SWATHE_EVENTS_EXCHANGE="other")

    broker.control("set_disk_free_limit", "900000GB")
    assert "short of disk or memory" in refused()
    broker.control("set_disk_free_limit", "50MB")
    publisher.publish()
    told += events(listener.messages())

    stored(config, book("a", "2.00"))
    broker.do(lambda channel: channel.exchange_delete("swathe"))
    publisher.publish()  # made anew, and nobody listens to it yet
    listener = Listener(broker)
    stored(config, book("a", "3.00"))
    broker.kill()
    assert "does not answer" in refused()
    broker.start()
    publisher.publish()
    told += events(listener.messages())
    lost_with_its_exchange = {"_id": {"$nin": [event["id"] for event in told]}}
    assert [row["new"].to_decimal() for row in database.changes.find(lost_with_its_exchange)] == [2]
    assert Outbox(database, "events").waiting() == (0, None)
    assert not [record for record in caplog.records if "guest" in record.getMessage()]


def test_one_publishes_at_a_time_also_after_the_clock_was_set_back(
    configure: Any, database: Mongo, listener: Listener, broker: RabbitMQProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = configure(broker.url)
    publisher = Publisher(config)
    stored(config, book("a", "1.00"))
    in_a_moment, in_a_year = (datetime.now(UTC) + timedelta(seconds=20), datetime.now(UTC) + timedelta(days=365))
    database[PUBLISHERS].update_one({"_id": "events"}, {"$set": {"owner": "another", "until": in_a_moment}})
    assert publisher.publish() is None, "another process is at it"
    database[PUBLISHERS].update_one({"_id": "events"}, {"$set": {"until": in_a_year}})
    assert publisher.publish() == 1, "no lease lasts that long: it was given before the clock was set back"
    stored(config, book("a", "2.00"))
    monkeypatch.setattr(publishers, "own_id", lambda: "a third")
    assert publisher.publish() is None
    publisher.resign()
    assert publisher.publish() is None, "only its owner can give it up"
    gone = subprocess.Popen(["true"])
    gone.wait()
    database[PUBLISHERS].update_one({"_id": "events"}, {"$set": {"pid": gone.pid}})
    assert publisher.publish() == 1, "its owner was killed"
    assert len(listener.messages()) == 2


def test_names_can_neither_split_a_routing_key_nor_steer_a_terminal(configure: Any, broker: RabbitMQProcess) -> None:
    large = {"text": "x" * LARGEST_BYTES, "\x1b[31m": 1}
    fields = {"text": (None, large["text"])}
    event = Event(
        "i", "changed", "../..\x1b[2J" * 50, ObjectId(), "k" * 999, fields, datetime.now(UTC), None, "", None, large
    )
    (message,) = messages_of([event])
    assert re.fullmatch(r"swathe\.[A-Za-z0-9_-]{1,60}\.changed", message.routing_key)
    told = json.loads(message.body)
    assert (told["shortened"], told["record"], told["fields"]) == (True, None, {"text": None})
    assert len(message.body) < 20_000
    assert b"\x1b" not in message.body


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://s3cret@host/", "names no broker"),
        ("s3cret", "names no broker"),
        ("amqp://u:s3cret@host:99999/", "is no address"),
        ("amqp://", "names no broker"),
    ],
)
def test_an_address_that_names_no_broker_is_one_line_without_it(url: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected) as found:
        configured(SWATHE_EVENTS_AMQP_URL=url)
    assert "SWATHE_EVENTS_AMQP_URL" in str(found.value)
    assert "s3cret" not in str(found.value)
    assert "s3cret" in secrets_of(configured(SWATHE_EVENTS_AMQP_URL="amqps://u:s3cret@host/"))


def test_a_stream_of_redis_hears_the_same(configure: Any, database: Mongo, tmp_path: Path) -> None:
    with RedisProcess(tmp_path / "redis") as redis:
        config = configure(redis.url)
        publisher = Publisher(config)
        stored(config, book("a", "1.00"), book("b", "1.00"))
        assert publisher.publish() == 2
        stored(config, book("a", "2.00"))
        redis.kill()
        with pytest.raises(EventsError, match="does not answer"):
            publisher.publish()
        redis.start()
        redis.client.config_set("maxmemory", "1")
        with pytest.raises(EventsError, match="answered: command not allowed"):
            publisher.publish()
        redis.client.config_set("maxmemory", "0")
        assert publisher.publish() == 1
        entries = [entry for _, entry in redis.client.xrange("swathe")]
        assert [entry["key"] for entry in entries] == ["swathe.books.new"] * 2 + ["swathe.books.changed"]
        assert [entry["id"] for entry in entries] == [json.loads(entry["message"])["id"] for entry in entries]
        assert_known(database, [json.loads(entry["message"]) for entry in entries])


def test_crawls_that_are_killed_with_their_broker_tell_everything_and_nothing_else(
    swathe: Swathe, database: Mongo, tmp_path: Path
) -> None:
    options = ["--set", "store.batch_wait_ms=0", "--set", "crawl.concurrency=2"]
    with RedisProcess(tmp_path / "redis") as redis, PracticeServer(SITE, latency_ms=30) as site:
        swathe.extra["SWATHE_EVENTS_AMQP_URL"] = redis.url
        arguments = ["crawl", "books", "--start", f"{site.url}books/", *options]
        for least in (1, 20, 40):
            crawl = swathe.start(*arguments)
            until(lambda least=least: database.books.count_documents({}) >= least, "books are stored")
            redis.kill()
            crawl.send_signal(signal.SIGKILL)
            crawl.communicate(timeout=60)
            redis.start()
        swathe(*arguments)
        told = [json.loads(entry["message"]) for _, entry in redis.client.xrange("swathe")]
    assert_known(database, told)
    assert [event["state"] for event in told if event["event"] == "ended"][-1] == "finished"


def test_the_doctor_tries_the_broker(swathe: Swathe, tmp_path: Path) -> None:
    with RedisProcess(tmp_path / "redis") as redis:
        url = redis.url
        assert "0 events for the next crawl to tell" in swathe("doctor", code=None, SWATHE_EVENTS_AMQP_URL=url).out
    assert re.search(r"FAULT events .*does not answer", swathe("doctor", code=1, SWATHE_EVENTS_AMQP_URL=url).out)


def test_a_crawl_that_nobody_listens_to_pays_nothing(swathe: Swathe, database: Mongo) -> None:
    with PracticeServer(SITE) as site:
        swathe("crawl", "books", "--start", f"{site.url}books/", "--max-pages", "3", code=3)
    assert PUBLISHERS not in database.list_collection_names()
    assert "untold" not in database.books.index_information() | database.changes.index_information()
    assert UNTOLD not in (database.books.find_one() or {UNTOLD: 1})
    loaded = "[name for name in sys.modules if 'pika' in name or name.startswith('scraper.events')]"
    code = f"import sys, scraper.settings; print({loaded})"
    assert swathe.run([sys.executable, "-c", code]).out.strip() == "[]"


def test_the_manual_s_program_listens(configure: Any, broker: RabbitMQProcess, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "reference" / "events.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    (tmp_path / "listen.py").write_text(code)
    typed = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--config-file=", "listen.py"]
    assert subprocess.run(typed, cwd=tmp_path, capture_output=True, text=True, check=False).stdout.startswith("Success")
    config = configure(broker.url)
    publisher = Publisher(config)
    listening = subprocess.Popen(
        [sys.executable, "listen.py"], cwd=tmp_path, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "SWATHE_EVENTS_AMQP_URL": broker.url},
    )  # fmt: skip
    try:
        until(lambda: "my-program" in broker.control("list_bindings"), "it listens")
        stored(config, book("a", "9.50"))
        publisher.publish()
        stored(config, book("a", "8.00"))
        publisher.publish()
        assert listening.stdout is not None
        lines = [listening.stdout.readline().strip() for _ in range(2)]
    finally:
        listening.kill()
        listening.communicate()
    assert lines == ["new a {}", "changed a {'price': {'old': 9.5, 'new': 8.0}}"]
