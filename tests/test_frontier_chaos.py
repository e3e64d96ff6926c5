"""A crawl that is killed at random moments, and then gone on with, ends exactly like one that nobody disturbed.

`CHAOS_KILLS=30 pytest tests/test_frontier_chaos.py -s` kills more often, and kills two of four workers as well;
`CHAOS_SEED=7` repeats what was printed.
"""

from __future__ import annotations

import os
import random
import signal
from typing import TYPE_CHECKING, Any

import pytest
from disturbed import QUICK, assert_same, outcome, sites
from practice import PracticeServer
from redis_process import RedisProcess
from support import Swathe, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo import MongoClient
    from pymongo.database import Database

    Mongo = Database[dict[str, Any]]

KILLS = int(os.environ.get("CHAOS_KILLS", "3"))
SEED = int(os.environ.get("CHAOS_SEED", random.randrange(10**6)))
SITE, DEARER, FAULTS = sites(max(160, 12 * KILLS))
LONGEST_S = 120 + 4 * KILLS
"""How long one crawl may take: the site grows with the number of kills."""

pytestmark = pytest.mark.timeout(180 + 30 * KILLS)


@pytest.fixture(scope="module")
def port() -> int:
    with PracticeServer(SITE) as server:
        return server.port


@pytest.fixture
def expected(swathe: Swathe, client: MongoClient[dict[str, Any]], port: int) -> dict[str, Any]:
    """What an undisturbed crawl leaves, of the site as it was and then of the dearer one."""
    name = f"{swathe.database}_undisturbed"
    crawl_before(swathe, port, SWATHE_MONGODB_DATABASE=name)
    with PracticeServer(DEARER, port=port, faults=FAULTS) as server:
        arguments = ["crawl", "books", "--start", f"{server.url}books/", *QUICK]
        swathe(*arguments, code=3, SWATHE_MONGODB_DATABASE=name)
    left = outcome(client.get_database(name))
    client.drop_database(name)
    assert len(left["changes"]) > 10
    assert left["counts"]["dead_pages"] == 1
    return left


@pytest.fixture(autouse=True)
def _patient(swathe: Swathe) -> None:
    swathe.longest_s = LONGEST_S


def crawl_before(swathe: Swathe, port: int, **environ: str) -> None:
    with PracticeServer(SITE, port=port) as server:
        swathe("crawl", "books", "--start", f"{server.url}books/", *QUICK, code=0, **environ)


def killed_crawls(swathe: Swathe, server: PracticeServer, kills: int, **environ: str) -> int:
    """Crawl, kill at random moments, go on; return how many kills hit a crawl that was under way."""
    chance, hit = random.Random(SEED), 0
    print(f"\nchaos seed {SEED}, {kills} kills")
    for number in range(kills):
        crawl = swathe.start("crawl", "books", "--start", f"{server.url}books/", *QUICK, **environ)
        wanted = len(server.requests) + chance.randint(1, 2 * len(SITE.all_books) // kills)
        until(
            lambda wanted=wanted, crawl=crawl: len(server.requests) >= wanted or crawl.poll() is not None,
            "kill",
            LONGEST_S,
        )
        ended = crawl.poll() is not None
        crawl.kill()
        _, err = crawl.communicate()
        assert ("goes on with run" in err) == (number > 0), err
        if ended:
            break
        hit += 1
    return hit


@pytest.fixture(params=["mongodb", "redis"])
def backend(request: pytest.FixtureRequest, tmp_path: Path, swathe: Swathe) -> Iterator[str]:
    """Let the crawls keep their requests there."""
    with RedisProcess(tmp_path / "redis") as redis:
        if request.param == "redis":
            swathe.extra |= redis.environ
        yield request.param


@pytest.mark.usefixtures("backend")
def test_a_crawl_killed_at_random_moments_ends_like_one_that_was_not(
    swathe: Swathe, database: Mongo, port: int, expected: dict[str, Any]
) -> None:
    crawl_before(swathe, port)
    with PracticeServer(DEARER, port=port, latency_ms=10, faults=FAULTS) as server:
        hit = killed_crawls(swathe, server, KILLS)
        if database.runs.find_one({"state": "running"}):
            result = swathe("crawl", "books", "--start", f"{server.url}books/", *QUICK, code=3)
            assert "goes on with run" in result.err
        asked = len(server.requests)
    print(f"{hit} kills in mid-crawl, {asked} requests")
    assert hit
    assert_same(outcome(database), expected)
    assert database.frontier.count_documents({"state": {"$in": ["pending", "leased"]}}) == 0


@pytest.mark.skipif(KILLS <= 3, reason="by hand: CHAOS_KILLS=10")
@pytest.mark.usefixtures("backend")
def test_four_workers_of_which_two_are_killed_leave_what_one_would(
    swathe: Swathe, database: Mongo, port: int, expected: dict[str, Any]
) -> None:
    crawl_before(swathe, port)
    with PracticeServer(DEARER, port=port, latency_ms=100, faults=FAULTS) as server:
        arguments = ["books", "--start", f"{server.url}books/", *QUICK]
        four = [swathe.start("crawl", *arguments), *(swathe.start("worker", "--wait", *arguments) for _ in range(3))]
        for victim in four[:2]:
            wanted = len(server.requests) + random.Random(SEED).randint(30, len(SITE.all_books) // 4)
            until(lambda wanted=wanted: len(server.requests) >= wanted, "kill", LONGEST_S)
            victim.kill()
        said = [process.communicate(timeout=LONGEST_S)[1] for process in four]
    print([process.returncode for process in four], *said, sep="\n")
    assert [process.returncode for process in four] == [-9, -9, 3, 3]
    assert_same(outcome(database), expected)


def test_a_crawl_whose_mongod_is_killed_too_ends_like_one_that_was_not(
    swathe: Swathe, tmp_path: Path, port: int, expected: dict[str, Any]
) -> None:
    folder = tmp_path / "data"
    own = {"SWATHE_MONGODB_DATA_DIR": str(folder), "SWATHE_MONGODB_IDLE_STOP_S": "20"}
    crawl_before(swathe, port, **own)
    with PracticeServer(DEARER, port=port, latency_ms=10, faults=FAULTS) as server:
        crawl = swathe.start("crawl", "books", "--start", f"{server.url}books/", *QUICK, **own)
        until(lambda: len(server.requests) > 30, "the crawl is under way")
        lock = folder / "mongodb" / "mongod.lock"
        first = lock.read_text()
        os.kill(int(first), signal.SIGKILL)
        until(lambda: lock.read_text().strip() and lock.read_text() != first, "the keeper starts the next mongod")
        until(lambda: len(server.requests) > 60 or crawl.poll() is not None, "the crawl goes on with it", 60)
        os.kill(int(lock.read_text()), signal.SIGKILL)
        crawl.kill()
        crawl.communicate()
        result = swathe("crawl", "books", "--start", f"{server.url}books/", *QUICK, code=3, **own)
        assert "goes on with run" in result.err
    from support import configured

    from scraper.storage.connection import connection_to

    config = configured(**{**own, "SWATHE_MONGODB_DATABASE": swathe.database})
    with connection_to(config.mongodb) as database:
        left = outcome(database)
    swathe("db", "stop", "--force", **own)
    assert_same(left, expected)
