"""The ledger between processes, on a real MongoDB: nothing is given twice, and all slow down together."""

from __future__ import annotations

import asyncio
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from practice import PracticeServer
from support import configured, until

from scraper.errors import DatabaseLostError
from scraper.fetch.politeness.host_store import MongoHosts
from scraper.fetch.politeness.ledger import Ledger
from scraper.fetch.politeness.terms import HostAnswer, HostUse, Limits, Terms
from scraper.storage.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from pymongo.database import Database
    from support import Swathe

    from models.hosts import Host

    Mongo = Database[dict[str, Any]]

LIMITS = Limits(max_delay_s=60, max_wait_s=300, backoff_s=1)
SITE = Terms("example.org", delay_s=0.2, concurrency=4)
NOTHING = HostUse()


@pytest.fixture
def connection(data_dir: Path, database: Mongo) -> Iterator[Connection]:
    """A connection to the test's database."""
    environ = {"SWATHE_MONGODB_DATA_DIR": str(data_dir), "SWATHE_MONGODB_DATABASE": database.name}
    connection = Connection(configured(**environ).mongodb)
    with connection:
        yield connection


def test_many_processes_at_once_never_get_the_same_turn(connection: Connection, database: Mongo) -> None:
    """Each thread stands for a process: it has a store of its own, and knows of the others by the database alone."""
    stores = [MongoHosts(connection) for _ in range(6)]

    def add_one(host: Host, _: datetime) -> int:
        host.requests_today += 1
        return int(host.requests_today)

    def work(number: int) -> list[int]:
        return [stores[number].change("example.org", f"p{number}", add_one)[0] for _ in range(25)]

    with ThreadPoolExecutor(6) as threads:
        given = [turn for turns in threads.map(work, range(6)) for turn in turns]
    assert sorted(given) == list(range(1, 151))
    assert len(database.hosts.find_one()["processes"]) == 6  # type: ignore[index]


def test_turns_of_two_processes_lie_apart(connection: Connection) -> None:
    async def reserve() -> tuple[list[float], float]:
        ledgers = [Ledger(MongoHosts(connection), LIMITS) for _ in range(2)]
        loop = asyncio.get_running_loop()
        starts, late_s = [], 0.0
        for _ in range(5):
            for ledger in ledgers:
                asked_s = loop.time()
                reserved = await ledger.reserve(SITE, 3, NOTHING)
                late_s = max(late_s, loop.time() - asked_s)
                starts += [loop.time() + start_s for start_s in reserved.starts_s]
        for ledger in ledgers:
            ledger.close()
        return starts, late_s

    starts, late_s = asyncio.run(reserve())
    assert len(starts) == 30
    # A process learns the server's time with the delay of an answer.
    assert min(after - before for before, after in pairwise(starts)) > 0.5 * SITE.delay_s - late_s


def test_processes_divide_what_may_be_under_way_and_slow_down_together(connection: Connection) -> None:
    async def two() -> None:
        patient = replace(LIMITS, backoff_s=60)  # so that the break outlasts this test
        first, second = (Ledger(MongoHosts(connection), patient) for _ in range(2))
        near = Terms("127.0.0.1:8100", delay_s=0.0, concurrency=16)
        assert (await first.share(near, NOTHING)).concurrency == 16
        assert (await second.share(near, NOTHING)).concurrency == 8
        pace = await first.share(near, HostUse(asked=5, well=5))
        assert (pace.concurrency, pace.free) == (8, True)
        slowed = await second.report(near, HostAnswer(429, "answered 429", sent_at_s=time.monotonic()), NOTHING)
        assert not slowed.free
        assert not (await first.share(near, NOTHING)).free
        assert (await first.reserve(near, 5, NOTHING)).starts_s == []
        await second.leave(near.host)
        assert (await first.share(near, NOTHING)).concurrency == 16
        first.close()
        second.close()

    asyncio.run(two())


def test_a_text_from_the_network_is_never_an_expression(connection: Connection, database: Mongo) -> None:
    async def report() -> None:
        ledger = Ledger(MongoHosts(connection), LIMITS)
        await ledger.report(SITE, HostAnswer(0, "$$NOW"), NOTHING)
        ledger.close()

    asyncio.run(report())
    assert database.hosts.find_one()["problems"][0]["what"] == "$$NOW"  # type: ignore[index]


def test_a_lost_mongodb_is_a_clear_error_and_waited_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scraper.storage.outage.FIRST_WAIT_S", 0.01)
    uri = "mongodb://127.0.0.1:9/"
    hosts = MongoHosts(Connection(configured(SWATHE_MONGODB_URI=uri, SWATHE_MONGODB_CONNECT_TIMEOUT_S="0.2").mongodb))
    errors = []
    for _ in range(2):
        with pytest.raises(Exception, match="does not answer") as caught:
            hosts.beat("example.org", "me")
        errors.append(caught.value)
    assert errors[0] is errors[1]
    assert not isinstance(errors[0], DatabaseLostError), "it was never there"


def test_a_site_that_refuses_more_than_5_requests_a_second_sees_3_crawls_fall_below_that_and_stay_there(
    swathe: Swathe, database: Mongo
) -> None:
    with PracticeServer(most_per_s=5) as site:
        swathe.environ["SWATHE_POLITENESS_BACKOFF_S"] = "1"
        starts = {"quotes": "quotes/", "books": "books/", "quotes-filter": "quotes/search.aspx"}
        crawls = [swathe.start("crawl", name, "--start", site.url + path) for name, path in starts.items()]
        until(lambda: {request.status for request in site.requests} >= {200, 429}, "it was too much")
        until(lambda: len(processes(database)) == 3, "all three are crawling")
        refused_s = next(request.at_s for request in site.requests if request.status == 429)
        since_s = max(site.requests[-1].at_s, refused_s + 3)
        until(lambda: site.requests[-1].at_s > since_s + 6, "it was watched for 6 s more", timeout_s=60)
        for crawl in crawls:
            crawl.send_signal(signal.SIGINT)
        ended = [(crawl.communicate(timeout=60)[1], crawl.returncode) for crawl in crawls]
    assert all("interrupted" in err and code == 3 for err, code in ended), ended
    arrivals_s = [request.at_s for request in site.requests if request.at_s > refused_s + 3]
    assert len(arrivals_s) > 3
    for number, first_s in enumerate(arrivals_s):
        assert sum(at_s < first_s + 1 for at_s in arrivals_s[number:]) <= 5
    host = database.hosts.find_one()
    assert host is not None
    assert host["delay_s"] >= 0.5
    assert processes(database) == {}, "who leaves says so"


def processes(database: Mongo) -> dict[str, Any]:
    host = database.hosts.find_one()
    return host["processes"] if host else {}
