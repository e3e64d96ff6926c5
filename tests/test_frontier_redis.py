"""The frontier in Redis: down, killed, emptied, without anything on disk; and what it keeps of a run."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId
from practice import Fault, PracticeServer
from queued import (
    RUN,
    crawled_with_a_dead_letter,
    hung_page_is_given_up,
    it_counts_for_who_has_it,
    numbers,
    puts,
)
from redis_process import RedisCluster, RedisProcess, WatchedRedis
from support import configured, last_run, until

from scraper.core import statistics
from scraper.core.failed_page import FailedPage
from scraper.errors import ConfigError, DatabaseError
from scraper.frontier.protocol import Ack, Batch
from scraper.frontier.redis_backend import RedisFrontier
from scraper.frontier.redis_runs import RedisRuns
from scraper.frontier.redis_server import RedisServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    with RedisProcess(tmp_path_factory.mktemp("r") / "redis") as redis:
        yield redis


@pytest.fixture
def own(tmp_path: Path) -> Iterator[RedisProcess]:
    """A Redis that a test may kill."""
    with RedisProcess(tmp_path / "redis") as redis:
        yield redis


@pytest.fixture
def slow() -> Iterator[PracticeServer]:
    with PracticeServer(latency_ms=150) as site:
        yield site


def server_of(redis: RedisProcess) -> RedisServer:
    return RedisServer(configured(**redis.environ).frontier)


@pytest.fixture
def runs(redis: RedisProcess) -> RedisRuns:
    redis.client.flushall()
    runs = RedisRuns(server_of(redis), "test")
    runs.begin(RUN)
    return runs


@pytest.fixture
def worker(redis: RedisProcess, runs: RedisRuns) -> Any:
    def join(name: str, lease_s: float = 30) -> RedisFrontier:
        frontier = RedisFrontier(server_of(redis), "test", RUN, name, lease_s)
        frontier.join()
        return frontier

    return join


def id_of(number: int) -> bytes:
    return puts(number)[0].id


# The store


def test_adding_is_deduplicating_and_the_latest_of_the_highest_priority_goes_first(worker: Any) -> None:
    me = worker("me")
    assert me.write(Batch(puts(1, 2, 3))).pending == 3
    written = me.write(Batch([*puts(4, 3), *puts(9, priority=-1), *puts(8, priority=-10)], lease=1))
    assert (numbers(written.leased), written.pending, written.duplicates) == ([4], 2, 1)
    assert numbers(me.write(Batch(take=3)).taken) == [3, 2, 1]
    assert [(taken.priority, taken.seq) for taken in me.write(Batch(take=3)).taken] == [(-1, 9), (-10, 8)]
    assert me.write(Batch(take=3)).taken == []


def test_what_one_worker_has_no_other_gets_until_it_is_dead(worker: Any, redis: RedisProcess) -> None:
    me, other = worker("me"), worker("other")
    me.write(Batch(puts(1, 2), lease=2))
    assert other.write(Batch(take=5)).taken == []
    assert other.open_requests() == 2
    assert other.renew() == 0
    other.write(Batch(acks=[Ack(id_of(1), 1, {})]))
    assert other.open_requests() == 2, "only who has it says that it is done"
    workers = f"swathe:{{test:{RUN}}}:workers"
    place = json.loads(redis.client.hget(workers, "me"))
    redis.client.hset(workers, "me", json.dumps({**place, "seen_at": place["seen_at"] - 31}))
    assert other.renew() == 2
    assert sorted(taken.taken for taken in other.write(Batch(take=5)).taken) == [2, 2]
    it_counts_for_who_has_it(me, other)


def test_a_page_that_a_worker_hangs_on_is_marked_and_the_rest_is_innocent(worker: Any) -> None:
    hung_page_is_given_up(worker)


def test_what_a_worker_gives_back_goes_to_another_and_a_process_that_has_ended_is_noticed(
    worker: Any, redis: RedisProcess
) -> None:
    me, other = worker("me"), worker("other")
    me.write(Batch(puts(1, 2), lease=2))
    me.write(Batch(releases=[id_of(2)], alone=id_of(1)))
    assert numbers(other.write(Batch(take=5)).taken) == [2]
    workers = f"swathe:{{test:{RUN}}}:workers"
    redis.client.hset(workers, "me", json.dumps({**json.loads(redis.client.hget(workers, "me")), "process": "other:1"}))
    other.renew()
    (taken,) = other.write(Batch(take=5)).taken
    assert (numbers([taken]), taken.taken, taken.alone) == ([1], 2, 1)
    other.leave()
    assert len(worker("third").write(Batch(take=5)).taken) == 2


def test_a_batch_whose_answer_was_lost_changes_nothing_when_it_is_written_again(worker: Any) -> None:
    me = worker("me")
    for number in (0, 0):
        me._number = number
        me.write(Batch(puts(1, 2), lease=1))
    assert me.open_requests() == 2
    assert numbers(me.write(Batch(take=5)).taken) == [1, 2]
    for _ in range(2):
        me._number = 2
        me.write(Batch(acks=[Ack(id_of(1), 1, {"swathe/pages": 1}), Ack(id_of(2), 1, {"swathe/pages": 1}, event="")]))
    assert worker("other").others_work().counts == {"swathe/pages": 2}
    assert me.open_requests() == 0


def test_a_request_for_later_waits(worker: Any, redis: RedisProcess) -> None:
    me = worker("me")
    assert me.write(Batch(puts(1, priority=3, not_before=time.time() + 60), lease=1)).leased == []
    assert me.write(Batch(take=1)).taken == []
    assert me.open_requests() == 1
    later = f"swathe:{{test:{RUN}}}:later"
    redis.client.zadd(later, dict.fromkeys(redis.client.zrange(later, 0, -1), 1))  # long ago by any clock
    assert [taken.priority for taken in me.write(Batch(take=1)).taken] == [3]


def test_what_others_did_is_added_up_and_dead_letters_come_back_as_new(worker: Any, runs: RedisRuns) -> None:
    me = worker("me")
    me.write(Batch(puts(1, 2, 3), lease=3))
    acks = [
        Ack(id_of(1), 1, {"swathe/pages": 1, "swathe/items_new": 20}),
        Ack(id_of(2), 2, {"swathe/pages": 1}, {"off_site": ["http://x/"]}),
        Ack(
            id_of(3),
            3,
            {"swathe/dead_pages": 1},
            failed=FailedPage("http://h/3", "answered 500", "server-error", unread=True),
        ),
    ]
    me.write(Batch(acks=acks))
    assert me.others_work().counts == {}
    work = worker("other").others_work()
    assert work.counts == {"swathe/pages": 2, "swathe/items_new": 20, "swathe/dead_pages": 1}
    assert (work.notes, [letter.what for letter in work.dead]) == ({"off_site": ["http://x/"]}, ["answered 500"])
    assert runs.dead_letters(RUN) == [acks[2].failed]
    assert runs.waiting_for(RUN, "http://h/3") == [("dead", "answered 500")]
    assert (runs.counts(RUN)[statistics.PAGES], runs.clear_unless_dead(RUN), runs.retry_dead(RUN)) == (2, 1, 1)
    (taken,) = me.write(Batch(take=5)).taken
    assert json.loads(taken.data)["meta"] == {"dead_retries": 1}
    assert "swathe/dead_pages" not in worker("third").others_work().counts
    runs.clear(RUN)
    assert me.write(Batch(puts(7), take=5)).taken == [], "for who comes late it is over"
    assert me.open_requests() == 0


def test_a_redis_that_has_forgotten_what_it_confirmed_is_noticed(worker: Any, redis: RedisProcess) -> None:
    me = worker("me")
    me.write(Batch(puts(1)))
    before = redis.client.dump(f"swathe:{{test:{RUN}}}:begun")
    assert before is not None
    redis.client.hset(f"swathe:{{test:{RUN}}}:numbers", "me", 0)
    me._number = 2
    with pytest.raises(DatabaseError, match="no longer knows what it had confirmed"):
        me.write(Batch(take=1))
    redis.client.flushall()
    with pytest.raises(DatabaseError, match="set appendonly yes and appendfsync always"):
        me.renew()
    assert redis.client.keys() == []


# What is said of it


def test_a_redis_that_may_lose_requests_is_told_of(tmp_path: Path, redis: RedisProcess) -> None:
    assert server_of(redis).doubts() == []
    with RedisProcess(tmp_path / "plain", "--maxmemory-policy", "allkeys-lru") as plain:
        nothing, eviction = server_of(plain).doubts()
        assert "does not keep its data (appendonly is no)" in nothing
        assert "set maxmemory-policy noeviction, not allkeys-lru" in eviction
        plain.client.config_set("appendonly", "yes")
        assert "appendfsync is everysec" in server_of(plain).doubts()[0]
        plain.client.acl_setuser("ann", enabled=True, passwords=["+secret"], categories=["+@all"], keys=["*"],
                                 commands=["-config"])  # fmt: skip
        url = plain.url.replace("unix://", "unix://ann:secret@")
        asked = RedisServer(configured(SWATHE_FRONTIER_BACKEND="redis", SWATHE_FRONTIER_REDIS_URL=url).frontier)
        (unknown,) = asked.doubts()
        assert "could not be checked: CONFIG is refused" in unknown
        assert "secret" not in unknown


@pytest.mark.parametrize(
    ("url", "expected"),
    [("", "redis_url is empty"), ("http://ann:secret@h/", "expected redis://:password@host:6379/0")],
)
def test_an_address_that_cannot_be_used_is_told_without_its_password(url: str, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected) as error:
        RedisServer(configured(SWATHE_FRONTIER_BACKEND="redis", SWATHE_FRONTIER_REDIS_URL=url).frontier)
    assert "secret" not in str(error.value)


def test_redis_down_at_the_start_is_one_line(swathe: Swathe, database: Mongo, tmp_path: Path) -> None:
    url = f"unix://ann:secret@{tmp_path}/none"
    down = {"SWATHE_FRONTIER_BACKEND": "redis", "SWATHE_FRONTIER_REDIS_URL": url}
    refused = swathe("crawl", "books", "--start", "http://127.0.0.1:9/", code=1, **down)
    assert f"Redis at unix://ann:***@{tmp_path}/none does not answer" in refused.error_line
    assert database.runs.count_documents({}) == 0


# Crawls


def test_redis_killed_and_started_again_in_mid_crawl_loses_nothing(
    swathe: Swathe, database: Mongo, slow: PracticeServer, own: RedisProcess
) -> None:
    crawl = swathe.start("crawl", "books", "--start", f"{slow.url}books/", **own.environ)
    for asked in (15, 30):
        until(lambda asked=asked: len(slow.requests) > asked or crawl.poll() is not None, "under way", 60)
        own.kill()
        own.start()
    _, err = crawl.communicate(timeout=60)
    assert crawl.returncode == 3, err
    run = last_run(database)
    assert (run["state"], run["reasons"]) == ("finished", [f"{run['counts']['items_refused']} records were refused"])
    assert database.books.count_documents({}) == len(slow.site.books)
    paths = [request.path for request in slow.requests if request.path != "/robots.txt"]
    assert len(paths) == len(set(paths)) == run["counts"]["pages"]


def test_a_crawl_whose_redis_is_emptied_fails_and_begins_anew(
    swathe: Swathe, database: Mongo, slow: PracticeServer, own: RedisProcess
) -> None:
    crawl = swathe.start("crawl", "books", "--start", f"{slow.url}books/", **own.environ)
    until(lambda: len(slow.requests) > 10 or crawl.poll() is not None, "under way", 60)
    own.client.flushall()
    _, err = crawl.communicate(timeout=60)
    assert crawl.returncode == 1, err
    assert "no longer knows what it had confirmed" in err
    refused = swathe("crawl", "books", "--start", f"{slow.url}books/", code=2, **own.environ)
    assert "are no longer in redis: begin anew with --fresh" in refused.error_line
    refused = swathe("crawl", "books", "--start", f"{slow.url}books/", code=2)
    assert "are kept in redis, and [frontier] backend is now mongodb" in refused.error_line


def test_the_keys_of_a_run_lie_on_one_node_of_a_cluster_whichever_it_is(
    swathe: Swathe, database: Mongo, slow: PracticeServer, tmp_path: Path
) -> None:
    with RedisCluster(tmp_path) as cluster:
        server = RedisServer(configured(**cluster.environ).frontier)
        holders = set()
        for number in range(12):
            run = ObjectId(f"{number:024x}")
            RedisRuns(server, "test").begin(run)
            me = RedisFrontier(server, "test", run, "me", 30)
            me.join()
            prefix = Batch([replace(put, id=run.binary + put.id[12:]) for put in puts(1, 2, 3)], lease=1)
            assert me.write(prefix).pending == 2
            assert numbers(me.write(Batch(take=5)).taken) == [3, 2]
            (holder,) = [node.port for node in cluster.nodes if node.client.keys(f"swathe:{{test:{run}}}:*")]
            holders.add(holder)
        assert len(holders) == 3
        result = swathe(
            "crawl", "books", "--start", f"{slow.url}books/", "--max-pages", "20", code=3, **cluster.environ
        )
        assert "the limit of 20 pages was reached" in result.err
        assert last_run(database)["counts"]["pages"] == 20
        alone = f"redis://127.0.0.1:{cluster.nodes[0].port}"
        plain = RedisServer(configured(SWATHE_FRONTIER_BACKEND="redis", SWATHE_FRONTIER_REDIS_URL=alone).frontier)
        with pytest.raises(DatabaseError, match=r"is a node of a cluster: write redis\+cluster://"):
            [RedisRuns(plain, "test").is_there(ObjectId(f"{number:024x}")) for number in range(12)]


def test_a_primary_that_is_killed_again_and_again_loses_nothing_that_was_confirmed(
    swathe: Swathe, database: Mongo, tmp_path: Path
) -> None:
    with PracticeServer(latency_ms=400) as slow, WatchedRedis(tmp_path) as redis:
        crawl = swathe.start("crawl", "books", "--start", f"{slow.url}books/", **redis.environ)
        for asked in (10, 40, 80):
            until(lambda asked=asked: len(slow.requests) > asked or crawl.poll() is not None, "under way", 90)
            assert crawl.poll() is None, crawl.communicate()
            redis.kill_primary()
        _, err = crawl.communicate(timeout=120)
        assert crawl.returncode == 3, err
        run = last_run(database)
        refused = run["counts"]["items_refused"]
        assert (run["state"], run["reasons"]) == ("finished", [f"{refused} records were refused"]), err
        assert database.books.count_documents({}) == len(slow.site.books)
        paths = [request.path for request in slow.requests if request.path != "/robots.txt"]
        assert len(paths) == len(set(paths)) == run["counts"]["pages"]
        server = RedisServer(configured(**redis.environ).frontier)
        assert server.do(lambda client: client.get("none")) is None
        server._nodes._primaries[-1] = ("127.0.0.1", redis.replica.port)
        assert server.do(lambda client: client.get("none")) is None, "it was asked for by the address of a replica"
        assert server._nodes._primaries[-1] == ("127.0.0.1", redis.primary.port)
        server = RedisServer(configured(**{**redis.environ, "SWATHE_FRONTIER_REDIS_REPLICAS": "0"}).frontier)
        assert "set [frontier] redis_replicas to 1" in server.doubts()[0]


@pytest.mark.parametrize(
    "url",
    ["redis+sentinel://a:1", "redis+cluster://a:1/x", "redis+cluster://", "redis+else://a:1", "redis+sentinel://a b/m"],
)
def test_an_address_of_several_servers_that_cannot_be_used_is_told(url: str) -> None:
    with pytest.raises(ConfigError, match=r"redis\+sentinel://:password@host:26379,host:26379/NAME"):
        RedisServer(configured(SWATHE_FRONTIER_BACKEND="redis", SWATHE_FRONTIER_REDIS_URL=url).frontier)


def test_dead_letters_in_redis_are_shown_and_tried_again(swathe: Swathe, database: Mongo, redis: RedisProcess) -> None:
    swathe.extra |= redis.environ
    with PracticeServer(faults={"/books/catalogue/page-2.html": Fault(status=500)}) as site:
        quick, run = crawled_with_a_dead_letter(swathe, database, site)
        site.faults.clear()
        assert "1 dead letter tried again" in swathe(*quick, "--retry-dead", code=3).err
        again = last_run(database)
        assert (again["_id"], again["counts"]["dead_pages"], again["dead_letters"]) == (run["_id"], 0, 0)
        assert database.books.count_documents({}) == len(site.site.books)
