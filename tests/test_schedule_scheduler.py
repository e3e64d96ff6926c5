"""Schedulers with a clock that the tests turn: nothing twice, nothing lost, and every firing has its row."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from scheduling import NOON, Clock, Crawls, Told, rows, schedule
from support import ROOT, configured, until

from models.schedules import Firing, ScheduleState
from models.system import Run
from scraper.runs.verdict import Evidence, is_lasting, judge
from scraper.schedule import firings
from scraper.schedule.crawl_process import HOST
from scraper.schedule.decisions import (
    LOST,
    STOPPED,
    TIMED_OUT,
    CrawlState,
    RunEnd,
    Send,
    Wait,
    decide_after,
    decide_running,
)
from scraper.schedule.due import Owed
from scraper.schedule.scheduler import Scheduler
from scraper.storage.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database
    from support import Swathe

    from scraper.schedule.schedule import Schedule

    Mongo = Database[dict[str, Any]]

CONFIG = configured().scheduler
MINUTE = timedelta(minutes=1)


@pytest.fixture
def mongo(data_dir: Path, database: Mongo) -> Iterator[Mongo]:
    """MongoEngine's connection to the test's database."""
    environ = {"SWATHE_MONGODB_DATA_DIR": str(data_dir), "SWATHE_MONGODB_DATABASE": database.name}
    with Connection(configured(**environ).mongodb) as connected:
        firings.prepare(connected)
        yield connected


class World:
    """Some schedulers over one database and one clock."""

    def __init__(self, mongo: Mongo) -> None:
        self.mongo, self.clock, self.told, self.crawls = mongo, Clock(), Told(), Crawls(mongo)

    def scheduler(self, *schedules: Schedule, clock: Clock | None = None, **options: Any) -> Scheduler:
        config = CONFIG.model_copy(update=options)
        scheduler = Scheduler(schedules, config, self.crawls, self.told, clock or self.clock)
        scheduler.begin()
        return scheduler


@pytest.fixture
def world(mongo: Mongo) -> World:
    return World(mongo)


def test_two_schedulers_fire_many_times_without_doubling_or_losing_any(world: World) -> None:
    every_minute = schedule(policy="queue")
    one, other = world.scheduler(every_minute), world.scheduler(every_minute)
    order = random.Random(7)
    for step in range(180):
        world.clock.turn(20)
        # One that is left out for longer than its lease is taken for dead, and comes back.
        for scheduler in order.choice(([one, other], [other, one], [one], [other])):
            scheduler.turn()
        if step % 3:
            world.crawls.end()
    while Firing.objects(state__in=["waiting", "running"]):
        world.clock.turn(0.1)
        one.turn()
        other.turn()
        world.crawls.end()
    assert [state for _, state, _ in rows()] == ["done"] * 60
    assert {result for _, _, result in rows()} == {"complete"}
    assert len(world.crawls.started()) == len(set(world.crawls.started())) == 60
    assert len(world.told.ends) == len(set(world.told.ends)) == 60, "each end is told once"


def test_two_scheduler_processes_of_which_one_is_killed_neither_double_nor_lose_a_firing(
    swathe: Swathe, mongo: Mongo
) -> None:
    mongo.fake_clock.insert_one({"now": NOON})
    environ = {**swathe.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"}
    processes = [
        subprocess.Popen(
            [sys.executable, str(ROOT / "tests" / "scheduling.py")],
            env=environ,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "up\n"
        now = NOON
        for minute in range(1, 201):
            now = NOON + timedelta(minutes=minute)
            mongo.fake_clock.update_one({}, {"$set": {"now": now, "hold": minute == 100}})
            if minute == 100:
                # One that is killed before its crawl began is another test: there the clock has to go on.
                begun = until(lambda: mongo.fake_crawls.find_one({"alive": True}), "a crawl")
                killed = Firing.objects.get(id=begun["firing"]).owner.split(":")[1]
                process = next(process for process in processes if str(process.pid) == killed)
                process.kill()
                process.wait()
                # Until the lease of what it held has ended.
                now += timedelta(seconds=31)
                mongo.fake_clock.update_one({}, {"$set": {"now": now, "hold": False}})
            until(lambda: Firing.objects(due__lte=now, state="done").count() >= minute, f"an end of {minute}")  # noqa: B023
        mongo.fake_clock.update_one({}, {"$set": {"over": True}})
        assert sorted(process.wait(30) for process in processes) == [-signal.SIGKILL, 0]
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    assert {(state, result) for _, state, result in rows()} == {("done", "complete")}
    started = [row["firing"] for row in mongo.fake_crawls.find()]
    assert sorted(started) == [firing.id for firing in Firing.objects.order_by("id")], "each was started once"
    assert len(started) == 200


def test_of_many_who_claim_a_firing_at_once_one_gets_it(world: World) -> None:
    waiting = firings.insert(schedule(), Owed(NOON, NOON))
    assert waiting
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda name: firings.claim(waiting, str(name), HOST, NOON, 30), range(8)))
    assert len([one for one in got if one]) == 1
    assert firings.insert(schedule(), Owed(NOON, NOON)) is None


def test_a_firing_cannot_be_claimed_while_another_of_its_key_runs(world: World) -> None:
    first, second = (firings.insert(schedule(), Owed(NOON + MINUTE * number, NOON)) for number in range(2))
    assert first
    assert second
    assert firings.claim(first, "one", HOST, NOON, 30)
    assert firings.claim(second, "other", HOST, NOON, 30) is None
    assert firings.close(first.reload(), "one", RunEnd("complete"), NOON, None)
    assert firings.claim(second, "other", HOST, NOON, 30)


def test_a_scheduler_that_was_taken_over_can_write_nothing_about_the_firing_any_more(world: World) -> None:
    waiting = firings.insert(schedule(), Owed(NOON, NOON))
    assert waiting
    claimed = firings.claim(waiting, "dead", HOST, NOON, 30)
    assert claimed
    assert firings.take_over("heir", NOON + timedelta(seconds=29), 30) == []
    assert [one.owner for one in firings.take_over("heir", NOON + timedelta(seconds=31), 30)] == ["heir"]
    assert not firings.amend(claimed, "dead", pid=1)
    assert not firings.close(claimed, "dead", RunEnd("failed"), NOON, NOON)
    assert Firing.objects.get().state == "running"


def test_how_far_a_schedule_was_carried_out_never_goes_back(world: World) -> None:
    firings.begin(schedule(), NOON)
    for minutes in (5, 2):
        firings.advance(schedule(), NOON + minutes * MINUTE)
    firings.begin(schedule(cron="1 1 1 1 *"), NOON)
    assert ScheduleState.objects.get().handled_until == NOON + 5 * MINUTE


@pytest.mark.parametrize(
    ("policy", "second", "signals"),
    [
        ("skip", "skipped", []),
        ("queue", "waiting", []),
        ("replace", "waiting", [("books@2026-11-21T12:01:00Z#1", "SIGINT")]),
    ],
)
def test_a_spider_with_its_arguments_runs_once_at_a_time(
    world: World, policy: Any, second: str, signals: list[tuple[str, str]]
) -> None:
    scheduler = world.scheduler(schedule(policy=policy))
    for _ in range(2):
        world.clock.turn(60)
        scheduler.turn()
    scheduler.look_after(world.clock())
    assert [state for _, state, _ in rows()] == ["running", second]
    assert world.crawls.signals == signals
    world.crawls.end()
    for _ in range(2):
        scheduler.turn()
    assert len(world.crawls.started()) == (1 if policy == "skip" else 2)
    if policy == "skip":
        assert rows()[1][2] == "still running: books@2026-11-21T12:01:00Z"


def test_other_arguments_run_beside_it_as_far_as_there_are_places(world: World) -> None:
    scheduler = world.scheduler(schedule("a"), schedule("b"), schedule("c"), most_runs=2)
    world.clock.turn(60)
    scheduler.turn()
    assert sorted(state for _, state, _ in rows()) == ["running", "running", "waiting"]
    world.crawls.end(mark=world.crawls.started()[0])
    scheduler.turn()
    assert len(world.crawls.started()) == 3


def test_a_crawl_started_by_hand_is_in_the_way_too(world: World) -> None:
    now = datetime.now(UTC)
    one = schedule()
    run = Run(spider="books", arguments=one.arguments, state="running", started_at=now, heartbeat_at=now).save()
    scheduler = world.scheduler(one)
    world.clock.turn(60)
    scheduler.turn()
    assert rows() == [("12:01", "skipped", f"still running: run {run.id}")]
    run.modify(host="dead")  # killed, and nobody has noticed yet
    world.clock.turn(60)
    scheduler.turn()
    assert rows()[1][1] == "running"
    assert run.reload().state == "lost"


def test_a_queue_has_an_end(world: World) -> None:
    scheduler = world.scheduler(schedule(policy="queue"), catch_up_most=3)
    for _ in range(8):
        world.clock.turn(60)
        scheduler.turn()
    assert [state for _, state, _ in rows()] == ["running", *["waiting"] * 3, *["skipped"] * 4]
    assert rows()[-1][2] == "3 wait already"


def test_what_was_due_while_no_scheduler_ran_is_made_up_for_and_told(world: World) -> None:
    world.scheduler(schedule(cron="0 * * * *"))
    world.clock.turn(3.5 * 3600)
    world.scheduler(schedule(cron="0 * * * *")).turn()
    missed = "missed: no scheduler ran"
    assert rows() == [("13:00", "skipped", missed), ("14:00", "skipped", missed), ("15:00", "running", None)]
    assert world.told.missing == ["books@2026-11-21T13:00:00Z", "books@2026-11-21T14:00:00Z"]


def test_a_new_schedule_owes_nothing_and_a_changed_one_nothing_of_before(world: World) -> None:
    world.scheduler(schedule(cron="0 * * * *")).turn()
    world.clock.turn(5 * 3600)
    world.scheduler(schedule(cron="30 * * * *")).turn()
    assert rows() == []
    world.clock.turn(1800)
    world.scheduler(schedule(cron="30 * * * *")).turn()
    assert rows() == [("17:30", "running", None)]


def test_a_clock_that_jumps_back_fires_nothing_twice_and_loses_nothing(world: World) -> None:
    scheduler = world.scheduler(schedule(cron="*/10 * * * *"))
    for minute in range(1, 61):
        world.clock.turn(60)
        if minute == 35:
            world.clock.turn(-20 * 60)
        scheduler.turn()
        world.crawls.end()
    for _ in range(40):
        world.clock.turn(60)
        scheduler.turn()
        world.crawls.end()
    assert [time for time, *_ in rows()] == ["12:10", "12:20", "12:30", "12:40", "12:50", "13:00", "13:10", "13:20"]
    assert len(world.crawls.started()) == 8


def test_schedulers_whose_clocks_differ_do_not_double_a_firing(world: World) -> None:
    late = Clock(NOON - timedelta(seconds=20))
    one, other = world.scheduler(schedule()), world.scheduler(schedule(), clock=late)
    for _ in range(50):
        world.clock.turn(10)
        late.turn(10)
        one.turn()
        other.turn()
        world.crawls.end()
    assert len(world.crawls.started()) == len(set(world.crawls.started())) == 8
    assert len(rows()) == 8


def test_a_run_that_failed_is_tried_again_with_growing_waits_and_then_told(world: World) -> None:
    scheduler = world.scheduler(schedule(cron="0 13 * * *", retries=2), retry_wait_s=60, retry_wait_most_s=90)
    world.clock.turn(3600)
    waits = []
    for _ in range(3):
        scheduler.turn()
        world.crawls.end(1, state="failed", verdict="incomplete", reasons=["the site is down"])
        scheduler.turn()
        firing = Firing.objects.get()
        if firing.state == "waiting":
            waits.append((firing.start_at - world.clock()).total_seconds())
            assert world.told.ends == []
            world.clock.now = firing.start_at
    assert waits == [60, 90]
    assert world.told.ends == [("books@2026-11-21T13:00:00Z", "failed")]
    assert [attempt.why for attempt in Firing.objects.get().attempts] == ["the site is down"] * 3
    assert world.crawls.started()[-1] == "books@2026-11-21T13:00:00Z#3"


def test_a_later_firing_does_the_work_of_a_try_that_waits(world: World) -> None:
    scheduler = world.scheduler(schedule(retries=2), retry_wait_s=90)
    world.clock.turn(60)
    scheduler.turn()
    world.crawls.end(1)
    scheduler.turn()
    world.clock.turn(60)
    scheduler.turn()
    assert rows()[0][:2] == ("12:01", "done")
    assert Firing.objects.first().why == "a later firing did its work: books@2026-11-21T12:02:00Z"


def test_a_scheduler_that_died_is_taken_over_and_its_crawl_is_neither_doubled_nor_forgotten(world: World) -> None:
    dead, heir = world.scheduler(schedule(cron="0 13 * * *")), world.scheduler(schedule(cron="0 13 * * *"))
    world.clock.turn(3600)
    dead.turn()
    for _ in range(10):  # it dies here; the other looks every 5 s
        world.clock.turn(5)
        heir.turn()
    firing = Firing.objects.get()
    assert (firing.owner, firing.state, firing.tries) == (heir.owner, "running", 1)
    world.crawls.end()
    heir.turn()
    dead.turn()  # it was only away, and comes back
    assert rows() == [("13:00", "done", "complete")]
    assert len(world.crawls.started()) == len(world.told.ends) == 1


def test_a_crawl_that_died_with_its_scheduler_is_started_again(world: World) -> None:
    options = {"cron": "0 13 * * *", "retries": 1}
    dead, heir = world.scheduler(schedule(**options)), world.scheduler(schedule(**options), retry_wait_s=30)
    world.clock.turn(3600)
    dead.turn()
    world.crawls.end(-9, state="running", reasons=[])
    for _ in range(20):
        world.clock.turn(5)
        heir.turn()
    assert [attempt.result for attempt in Firing.objects.get().attempts] == ["lost"]
    assert world.crawls.started() == ["books@2026-11-21T13:00:00Z#1", "books@2026-11-21T13:00:00Z#2"]


def test_what_a_worker_has_finished_is_not_crawled_again(world: World) -> None:
    scheduler = world.scheduler(schedule(cron="0 13 * * *", retries=1), retry_wait_s=30)
    world.clock.turn(3600)
    scheduler.turn()
    run = Run(spider="books", state="running", started_at=NOON, heartbeat_at=datetime.now(UTC)).save()
    world.crawls.end(-9, _id=run.id, state="running", reasons=[])
    world.clock.turn(5)
    scheduler.turn()
    assert rows() == [("13:00", "waiting", "lost")]
    assert run.reload().state == "running", "it has a sign of life, from whomever"
    run.update(state="finished", verdict="complete")
    for _ in range(20):
        world.clock.turn(5)
        scheduler.turn()
    assert rows() == [("13:00", "done", "complete")]
    assert Firing.objects.get().why == "a worker has finished what its last try had begun"
    assert world.crawls.started() == ["books@2026-11-21T13:00:00Z#1"]
    assert [result for _, result in world.told.ends] == ["complete"]


def test_a_firing_whose_scheduler_died_between_the_claim_and_the_start_is_started_by_another(world: World) -> None:
    heir = world.scheduler(schedule(cron="0 13 * * *", retries=1), retry_wait_s=10)
    world.clock.turn(3600)
    heir._fire(heir.schedules[0], world.clock())
    assert firings.claim(Firing.objects.get(), "dead", HOST, world.clock(), 30)
    for _ in range(30):
        world.clock.turn(5)
        heir.turn()
    assert world.crawls.started() == ["books@2026-11-21T13:00:00Z#2"]
    assert Firing.objects.get().attempts[0].why == "its process is gone, and its run never began"


def test_a_run_that_never_ends_is_stopped_then_killed_and_says_so(world: World) -> None:
    scheduler = world.scheduler(schedule(cron="0 13 * * *", limit_s=100, retries=0), stop_grace_s=20)
    world.clock.turn(3600)
    scheduler.turn()
    for _ in range(30):
        world.clock.turn(5)
        scheduler.turn()
    names = [name for _, name in world.crawls.signals]
    assert names[:2] == ["SIGINT", "SIGKILL"]
    world.crawls.end(-9, state="running", reasons=[])
    scheduler.turn()
    assert rows() == [("13:00", "done", "timed out")]
    assert Firing.objects.get().why == "it ran for more than 100 s"


def test_what_the_scheduler_stopped_goes_on_with_the_next_one_and_counts_as_no_try(world: World) -> None:
    scheduler = world.scheduler(schedule(cron="0 13 * * *", retries=0))
    world.clock.turn(3600)
    scheduler.turn()
    scheduler.stop_running()
    scheduler.look_after(world.clock())
    assert world.crawls.signals == [("books@2026-11-21T13:00:00Z#1", "SIGINT")]
    world.crawls.end(3, state="interrupted", verdict="incomplete", reasons=["stopped before its end"])
    scheduler.look_after(world.clock())
    assert [state for _, state, _ in rows()] == ["waiting"]
    world.scheduler(schedule(cron="0 13 * * *", retries=0)).turn()
    world.crawls.end(1, state="failed", verdict="incomplete", reasons=["x"])
    assert Firing.objects.get().retries == 1
    assert len(world.crawls.started()) == 2


def test_what_waits_for_a_schedule_that_is_gone_is_closed(world: World) -> None:
    scheduler = world.scheduler(schedule(jitter_s=50))
    world.clock.turn(60)
    scheduler.turn()
    assert rows()[0][1] == "waiting"
    world.scheduler(schedule("other"))
    assert rows() == [("12:01", "skipped", "its schedule is gone from the configuration")]


def firing(**fields: Any) -> Firing:
    return Firing(id="books@x", fired_at=NOON, start_at=NOON, tries=1, **fields)


@pytest.mark.parametrize(
    ("alive", "silent_s", "state", "trusted_s", "expected"),
    [
        (True, 30, "running", 0, Wait()),
        (True, 90, "running", 0, Send(signal.SIGKILL, LOST)),
        (True, 90, "running", 60, Wait()),  # MongoDB was away until a moment ago
        (None, 30, "running", 0, Wait()),
        (None, 90, "running", 0, RunEnd(LOST, "killed: it stopped without a word", None)),
        (None, 90, "running", 60, Wait()),
        (False, 1, "running", 0, RunEnd(LOST, "killed: it stopped without a word", None)),
        (None, 1, "finished", 0, RunEnd("complete", "", None)),
    ],
)
def test_a_run_is_lost_when_its_process_is_gone_or_its_heartbeat_stops(
    alive: bool | None, silent_s: int, state: str, trusted_s: int, expected: Any
) -> None:
    now = NOON + timedelta(seconds=100)
    heard = now - timedelta(seconds=silent_s)
    run = {"_id": None, "state": state, "heartbeat_at": heard, "verdict": "complete", "pid": 7}
    trusted = NOON + timedelta(seconds=trusted_s)
    assert decide_running(firing(pid=7), CrawlState(alive, run), now, trusted) == expected


@pytest.mark.parametrize(
    ("silent_s", "fields", "expected"),
    [
        (30, {}, Wait()),
        (90, {}, RunEnd(LOST, "killed: it stopped without a word", None)),
        (30, {"stopping": STOPPED}, RunEnd(STOPPED, "the scheduler was stopped", None)),
    ],
)
def test_a_run_that_a_worker_goes_on_with_is_watched_further(
    silent_s: int, fields: dict[str, Any], expected: Any
) -> None:
    now = NOON + timedelta(seconds=100)
    run = {"_id": None, "state": "running", "heartbeat_at": now - timedelta(seconds=silent_s), "pid": 8}
    assert decide_running(firing(pid=7, **fields), CrawlState(False, run), now, NOON) == expected


@pytest.mark.parametrize(
    ("end", "again"),
    [
        (RunEnd("complete"), False),
        (RunEnd("unknown"), False),
        (RunEnd("failed"), True),
        (RunEnd("incomplete"), True),
        (RunEnd("incomplete", again=False), False),
        (RunEnd(LOST), True),
        (RunEnd(TIMED_OUT), True),
        (RunEnd(STOPPED), True),
        (RunEnd("replaced"), False),
    ],
)
def test_another_try_is_made_where_it_may_help(end: RunEnd, again: bool) -> None:
    assert (decide_after(firing(retries=3), end, NOON, CONFIG) is not None) == again


def test_another_try_is_not_made_for_what_would_be_the_same_again() -> None:
    meant = judge(
        Evidence("finished", pages=3, items_stored=2, items_refused=3, page_limit=3, links_too_deep=1)
    ).reasons
    assert len(meant) == 3
    assert all(map(is_lasting, meant))
    assert not any(map(is_lasting, judge(Evidence("finished", pages=3, items_stored=1, dead_pages=1)).reasons))
    run = {"_id": None, "heartbeat_at": NOON, "state": "finished", "verdict": "incomplete", "reasons": meant}
    decided = decide_running(firing(), CrawlState(False, run, 3), NOON, NOON)
    assert isinstance(decided, RunEnd)
    assert not decided.again


def test_a_crawl_that_cannot_even_start_says_why_and_is_not_tried_again() -> None:
    decided = decide_running(firing(retries=3), CrawlState(False, None, 2, "swathe: no such spider"), NOON, NOON)
    assert decided == RunEnd("failed", "swathe: no such spider", None, again=False)
