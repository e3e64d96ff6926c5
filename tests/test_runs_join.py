"""Several processes on one crawl: they share its pages, come and go and die, and it ends as if there had been one."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from bson import ObjectId
from practice import PracticeServer
from redis_process import RedisProcess
from support import last_run, until

from models.system import Run
from scraper.core.code_version import code_version
from scraper.errors import UsageError
from scraper.runs.join import joined
from scraper.runs.start import FORMAT
from scraper.runs.team import process_count
from scraper.spider.loader import spider_class

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]


@pytest.fixture
def slow() -> Iterator[PracticeServer]:
    with PracticeServer(latency_ms=300) as site:
        yield site


class Shared:
    """A crawl of the practice site's books, and processes that work on it."""

    def __init__(
        self,
        swathe: Swathe,
        database: Mongo,
        site: PracticeServer,
        redis: RedisProcess | None,
        *options: str,
        page_limit_s: int = 300,  # one that is made to stand still is not to be replaced
    ) -> None:
        self.swathe, self.database, self.site, self.redis = swathe, database, site, redis
        self.options = options
        self.arguments = ["books", "--start", f"{site.url}books/"]
        swathe.extra |= {"SWATHE_CRAWL_CONCURRENCY": "1", "SWATHE_FRONTIER_LEASE_S": "3"}
        swathe.extra |= {"SWATHE_CRAWL_PAGE_LIMIT_S": str(page_limit_s)}
        swathe.forks = False  # the process that crawls for a command is known by its command line
        self.host = self.begin()

    def begin(self, *more: str) -> subprocess.Popen[str]:
        asked = len(self.site.requests)
        host = self.swathe.start("crawl", *self.arguments, *self.options, *more)
        until(lambda: len(self.site.requests) > asked + 4 or host.poll() is not None, "the crawl is under way", 60)
        return host

    def join(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a worker, and return when it works."""
        before = self.workers()
        worker = self.swathe.start("worker", *(arguments or self.arguments))
        until(lambda: self.workers() > before or worker.poll() is not None, "the worker works", 60)
        return worker

    def workers(self) -> int:
        """How many processes have joined the run so far."""
        if self.redis:
            return int(self.redis.client.hlen(f"swathe:{{{self.database.name}:{self.run()['_id']}}}:numbers"))
        return int(self.run().get("frontier", {}).get("joined", 0))

    def read_by(self) -> Counter[str]:
        """How many pages each process has read."""
        return Counter(row["owner"] for row in self.database.frontier.find({"state": "done"}))

    def run(self) -> dict[str, Any]:
        return last_run(self.database)

    def hurry(self) -> None:
        """Let the rest of the crawl not be slow."""
        self.site._latency_s = 0.01

    def dawdle(self) -> None:
        """Let the crawl not come to its end by itself while processes start and die."""
        self.site._latency_s = 3

    def paths(self) -> list[str]:
        return [request.path for request in self.site.requests if request.path != "/robots.txt"]

    def is_whole(self, run: ObjectId) -> None:
        """Hold the run against the site: nothing lost, nothing doubled, and a true verdict."""
        left = self.run()
        assert (left["_id"], left["state"]) == (run, "finished")
        assert left["reasons"] == [f"{left['counts']['items_refused']} records were refused"]
        assert self.database.books.count_documents({}) == len(self.site.site.books)
        assert {row["run"] for row in self.database.books.find()} == {run}
        assert left["counts"]["pages"] == len(set(self.paths()))
        assert self.database.frontier.count_documents({}) == 0
        if self.redis:
            assert all(key.endswith(":begun") for key in self.redis.client.scan_iter()), "a clean finish clears it"


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisProcess]:
    with RedisProcess(tmp_path / "redis") as redis:
        yield redis


@pytest.fixture
def shared(swathe: Swathe, database: Mongo, slow: PracticeServer, request: pytest.FixtureRequest) -> Iterator[Shared]:
    redis = request.getfixturevalue("redis") if getattr(request, "param", "mongodb") == "redis" else None
    swathe.extra |= redis.environ if redis else {}
    shared = Shared(swathe, database, slow, redis)
    yield shared
    if shared.host.poll() is None:
        shared.host.kill()
    shared.host.communicate()


@pytest.fixture
def team(swathe: Swathe, database: Mongo, slow: PracticeServer) -> Iterator[Shared]:
    # Unwatched, a crawl that is told to stop has all the time that the page under way takes. Watched, it is ended after
    # 2.2 s, which is less than a page of `dawdle` and says nothing of pages.
    team = Shared(swathe, database, slow, None, "--processes", "2", page_limit_s=0)
    yield team
    if team.host.poll() is None:
        team.host.terminate()
    team.host.communicate()


def ended(process: subprocess.Popen[str], code: int) -> str:
    """Wait for a process and return what it said."""
    _, err = process.communicate(timeout=90)
    assert process.returncode == code, err
    return err


@pytest.mark.parametrize("shared", ["redis"], indirect=True)
def test_two_workers_share_a_crawl_and_no_page_is_read_twice(shared: Shared) -> None:
    run = shared.run()["_id"]
    worker = shared.join()
    asked = len(shared.paths())
    until(lambda: len(shared.paths()) > asked + 10, "both work")
    shared.hurry()
    said, told = ended(worker, 3), ended(shared.host, 3)
    assert f"joins run {run}, which process {shared.host.pid} on " in said
    here = int(said.split(" pages read here")[0].split()[-1])
    assert 0 < here < len(shared.paths())
    assert f"; run {run} is incomplete: " in said
    assert f"books: incomplete: {len(shared.paths())} pages" in told
    assert len(shared.paths()) == len(set(shared.paths()))
    shared.is_whole(run)


def crawling(pid: int) -> psutil.Process | None:
    """Return the process that crawls for a command; another one looks whether files are broken, and soon ends."""
    for process in psutil.Process(pid).children():
        with suppress(psutil.NoSuchProcess):
            if "crawl" in process.cmdline():
                return process
    return None


@pytest.mark.parametrize("shared", ["mongodb", "redis"], indirect=True)
def test_a_page_counts_once_though_the_process_that_had_it_stood_still_longer_than_its_lease(shared: Shared) -> None:
    run, still = shared.run()["_id"], until(lambda: crawling(shared.host.pid), "the process that crawls")
    still.suspend()
    worker = shared.join()
    until(lambda: len(shared.paths()) > len(set(shared.paths())), "the worker has what the other one was reading", 60)
    still.resume()
    shared.hurry()
    ended(worker, 3), ended(shared.host, 3)
    shared.is_whole(run)
    counts = shared.run()["counts"]
    assert sum(counts[f"items_{kind}"] for kind in ("new", "changed", "unchanged")) == len(shared.site.site.books)


@pytest.mark.parametrize(
    ("shared", "killed"),
    [("mongodb", "the one that began"), ("redis", "a worker")],
    indirect=["shared"],
)
def test_a_crawl_of_which_one_process_is_killed_comes_to_its_verdict(shared: Shared, killed: str) -> None:
    run = shared.run()["_id"]
    worker = shared.join("--run", str(run))
    asked = len(shared.paths())
    until(lambda: len(shared.paths()) > asked + 4, "both work")
    victim, other = (worker, shared.host) if killed == "a worker" else (shared.host, worker)
    os.kill(victim.pid, signal.SIGKILL)
    victim.communicate()
    shared.hurry()
    said = ended(other, 3)
    assert "books: incomplete: " in said, "who is left judges the run"
    assert f"(run {run})" in said
    shared.is_whole(run)


def test_ctrl_c_of_a_worker_gives_back_what_it_has_and_of_the_crawl_ends_both(shared: Shared) -> None:
    run = shared.run()["_id"]
    worker = shared.join()
    frontier = shared.database.frontier
    until(lambda: len(frontier.distinct("owner", {"state": "done"})) == 2, "the worker has done something")
    worker.send_signal(signal.SIGINT)
    assert f"left run {run}, which goes on" in ended(worker, 3)
    assert len(frontier.distinct("owner", {"state": "leased"})) <= 1
    again = shared.join()
    until(lambda: len(frontier.distinct("owner", {"state": "done"})) == 3, "the next one has, too")
    shared.host.send_signal(signal.SIGINT)
    ended(shared.host, 3)
    assert f"run {run} is interrupted" in ended(again, 3)
    assert frontier.count_documents({"state": "leased"}) == 0
    shared.hurry()
    assert "goes on with run" in ended(shared.begin(), 3)
    shared.is_whole(run)


@pytest.mark.parametrize("shared", ["redis"], indirect=True)
def test_a_worker_without_a_spider_takes_up_one_crawl_after_the_other(shared: Shared) -> None:
    first = shared.run()["_id"]
    service = shared.join("--wait")
    shared.hurry()
    ended(shared.host, 3)
    shared.is_whole(first)
    shared.site._latency_s = 0.3
    shared.host = shared.begin()
    until(lambda: shared.workers() > 1, "it has joined the next one", 60)
    shared.hurry()
    ended(shared.host, 3)
    service.send_signal(signal.SIGTERM)
    said = ended(service, 0)
    assert said.count(": joins run ") == 2


def test_a_worker_says_why_there_is_nothing_to_join(swathe: Swathe, database: Mongo) -> None:
    assert "no crawl of 'books' with these arguments is under way" in swathe("worker", "books", code=2).error_line
    assert "is not the id of a run" in swathe("worker", "--run", "1", code=2).error_line
    memory = swathe("worker", "books", code=2, SWATHE_FRONTIER_BACKEND="memory")
    assert "[frontier] backend is memory" in memory.error_line
    assert database.runs.count_documents({}) == 0


def test_a_run_of_other_code_or_in_another_store_is_not_joined() -> None:
    spider = spider_class("books")
    run = Run(
        id=ObjectId(), spider="books", frontier={"format": FORMAT, "code": code_version(spider), "backend": "redis"}
    )
    assert joined(spider, run, "redis").joined
    with pytest.raises(UsageError, match=r"are kept in redis, and .* backend is mongodb here"):
        joined(spider, run, "mongodb")
    run.frontier["now"] = "other"
    with pytest.raises(UsageError, match=r"the code of 'books' is not what run .* was begun with"):
        joined(spider, run, "redis")
    run.frontier["format"] = 99
    with pytest.raises(UsageError, match="has format 99, expected 1: install the same version here"):
        joined(spider, run, "redis")
    with pytest.raises(UsageError, match="is one of 'books', not of 'quotes'"):
        joined(spider_class("quotes"), run, "redis")


@pytest.mark.timeout(400)  # eight processes start one after the other
def test_one_command_crawls_with_several_processes_and_goes_on_when_one_of_them_is_killed(
    team: Shared, tmp_path: Path
) -> None:
    run, leads = team.run()["_id"], psutil.Process(team.host.pid)
    team.dawdle()
    until(lambda: team.workers() == 2, "both work", 60)
    next(process for process in leads.children() if process.pid != team.run()["pid"]).kill()
    until(lambda: team.workers() == 3, "another worker takes the place of the one that was killed", 60)
    until(lambda: len(team.run().get("shares", {})) >= 2, "each says what it has done, for the line of progress")
    progress = until(lambda: team.run().get("progress"), "how far it is, for the page")
    assert progress["stated"] == len(team.site.site.all_books), "those as well that are refused"
    assert progress["queued"] >= 0
    team.site._latency_s = 0.5
    until(lambda: sum(sorted(team.read_by().values())[:-1]) > 2, "more than one has read pages", 60)
    read = sum(team.read_by().values())
    team.host.send_signal(signal.SIGINT)
    said = ended(team.host, 3)
    assert int(said.partition("interrupted: ")[2].split()[0]) >= read, "the pages of all are told"
    assert f"(run {run})" in said
    assert "read here" not in said, "workers leave it to the first to tell of the run"

    team.site._latency_s = 0.3
    team.swathe.extra["SWATHE_CRAWL_PAGE_LIMIT_S"] = "300"
    team.host = team.begin("--output", str(tmp_path / "books.jsonl"))
    leads = psutil.Process(team.host.pid)
    team.dawdle()
    until(lambda: team.workers() == 5, "both work again", 60)
    next(process for process in leads.children() if process.pid == team.run()["pid"]).kill()
    until(lambda: team.workers() == 6, "another takes the place of the one that began", 60)
    team.hurry()
    said = ended(team.host, 3)
    assert (said.count("books: goes on with run "), said.count("books: incomplete: ")) == (1, 1)
    assert "progress" not in team.run()
    assert f"{len(team.site.site.books)} records of the run" in said
    assert len((tmp_path / "books.jsonl").read_text().splitlines()) == len(team.site.site.books)
    assert not team.run()["shares"]
    team.is_whole(run)
    program = "import sys; from scraper.cli.worker import work; sys.exit(work('', {}, sys.argv[1], {}, quiet=True))"
    late = team.swathe.run([sys.executable, "-c", program, str(run)], code=0)
    assert late.err == "", "a worker that has started too late has nothing to say"


def test_what_the_processes_of_one_crawl_are_forked_with_has_no_thread_no_reactor_and_no_module_of_the_project(
    swathe: Swathe,
) -> None:
    program = (
        "import json, sys, psutil, scraper.cli.crawl as crawl; crawl._import_for_all();"
        "print(json.dumps([psutil.Process().num_threads(), *sys.modules]))"
    )
    threads, *modules = json.loads(swathe.run([sys.executable, "-c", program]).out)
    assert threads == 1
    assert {"scrapy.crawler", "scraper.runs.crawl", "scraper.fetch.politeness.middleware"} <= {*modules}
    assert not {"twisted.internet.reactor", "spiders", "models.books", "models.quotes"} & {*modules}


def test_how_many_processes_are_to_crawl_is_a_number_or_auto(swathe: Swathe) -> None:
    assert (process_count("1"), process_count("64")) == (1, 64)
    assert process_count("auto") == len(os.sched_getaffinity(0))
    for text in ("0", "65", "-1", "two", "1.5", "", "\u0663"):
        with pytest.raises(UsageError, match=f"--processes {text}: expected 1 to 64, or auto for the cores"):
            process_count(text)
    refused = swathe("crawl", "books", "--processes", "2", code=2, SWATHE_FRONTIER_BACKEND="memory")
    assert "[frontier] backend is memory, which processes cannot share" in refused.error_line
