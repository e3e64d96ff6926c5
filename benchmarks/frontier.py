"""What the frontier costs: a whole crawl with it as a ratio to the same crawl with Scrapy's scheduler in memory.

    python benchmarks/frontier.py                 # both spiders, 7 rounds of pairs, and the frontier alone
    python benchmarks/frontier.py --rounds 3 --spider quotes
    python benchmarks/frontier.py --urls 1000000  # a queue of a million addresses: what memory it takes
    python benchmarks/frontier.py --waiting 10000000   # that many waiting requests in either store: time, memory, disk
    python benchmarks/frontier.py --workers 2     # two processes on one crawl against one, over MongoDB and Redis
    python benchmarks/frontier.py --workers 2 --latency-ms 100   # the same with a site that is slow, not processors
    python benchmarks/frontier.py --workers 4 --tls --padding-kb 240 --books 600   # over TLS, with heavy pages

The variants run in turn, each in a process of its own, into an empty database of an embedded MongoDB that
acknowledges from its journal, and a Redis with `appendfsync always`. The practice site
serves a large, healthy copy of itself from another process.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

VARIANTS = ("memory", "mongodb", "redis")
SITE = ["--quotes", "12000", "--quotes-per-page", "20", "--authors", "50"]
STARTS = {"quotes": "quotes/", "books": "books/"}
BATCH = 100
UNDER_WAY = 8
"""Requests that each of several processes has under way."""


def crawl_once(spider: str, site: str) -> dict[str, float]:
    """Crawl in this process and return pages and seconds (of the crawl, without Python's start)."""
    from scrapy.crawler import AsyncCrawlerProcess

    from scraper.core.config import load_config
    from scraper.runs.crawl import crawl
    from scraper.spider.loader import project_settings, spider_class
    from scraper.storage.connection import connection_to

    settings = project_settings()
    settings.set("LOG_LEVEL", "WARNING", priority="cmdline")
    with connection_to(load_config().mongodb) as database:
        database.client.drop_database(database.name)
        used = cpu_seconds()
        process = AsyncCrawlerProcess(settings)
        result = crawl(spider_class(spider), {"start": site + STARTS[spider]}, process)
    with connection_to(load_config().mongodb) as database:
        run = database["runs"].find_one()
    assert run is not None
    seconds = (run["ended_at"] - run["started_at"]).total_seconds()
    return {"pages": result.counts["pages"], "seconds": seconds, "cpu": cpu_seconds() - used}


def queue(urls: int, site: str) -> dict[str, float]:
    """Queue addresses from one page, as a spider does, and stop; return how fast it was."""
    from scrapy import Request
    from scrapy.crawler import AsyncCrawlerProcess
    from scrapy.exceptions import CloseSpider

    from models.books import Book
    from scraper.core.config import load_config
    from scraper.runs.crawl import crawl
    from scraper.spider import SiteSpider
    from scraper.spider.loader import project_settings
    from scraper.storage.connection import connection_to

    class Queueing(SiteSpider):
        """Makes requests."""

        name, start_url, records = "queueing", site, (Book,)

        def parse(self, response: Any, **_: Any) -> Any:
            for number in range(urls):
                yield Request(f"{site}books/?number={number}", self.parse_next, priority=-1)
            raise CloseSpider("queued")

        def parse_next(self, response: Any) -> Any:
            yield Request(response.url, self.parse_next)

    settings = project_settings()
    settings.set("LOG_LEVEL", "WARNING", priority="cmdline")
    settings.set("MEMUSAGE_LIMIT_MB", 0, priority="cmdline")
    # Hardly any of them is asked for meanwhile.
    settings.setdict({"DOWNLOAD_SLOTS": {}, "DOWNLOAD_DELAY": 1}, priority="cmdline")
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, time.monotonic()
    crawl(Queueing, {"start": site}, AsyncCrawlerProcess(settings), "fresh")
    with connection_to(load_config().mongodb) as database:
        queued = database["frontier"].estimated_document_count()
    return {"queued": queued, "queued_s": queued / (time.monotonic() - started), "before_mb": before}


def cpu_seconds() -> float:
    """Return the processor time that this process has used."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def alone(requests: int) -> dict[str, float]:
    """Add, take and acknowledge requests, as one worker that does nothing else; return requests a second."""
    from scrapy import Request

    from models.system import Run
    from scraper.core.config import load_config
    from scraper.frontier.protocol import Ack, Batch, Put
    from scraper.frontier.stores import frontier_of, stored_runs
    from scraper.storage.connection import connection_to

    with connection_to(load_config().mongodb) as database:
        database.client.drop_database(database.name)
        run = Run(spider="alone", state="running", started_at=time_now(), heartbeat_at=time_now()).save()
        stored_runs(load_config(), database).begin(run.id)
        frontier = frontier_of(load_config(), connection_to(load_config().mongodb), run.id, "me")
        frontier.join()
        acks: list[Ack] = []
        started = time.monotonic()
        for first in range(0, requests, BATCH):
            puts = [
                Put(run.id.binary + n.to_bytes(16), Request(f"http://h/{n}"), '{"url": "http://h/"}' * 10, 0, n)
                for n in range(first, first + BATCH)
            ]
            written = frontier.write(Batch(puts=puts, acks=acks, lease=BATCH))
            acks = [Ack(put.id, put.seq, {"swathe/pages": 1, "swathe/items_new": 1}) for put in written.leased]
        frontier.write(Batch(acks=acks))
        seconds = time.monotonic() - started
        assert not frontier.open_requests()
    return {"requests_s": requests / seconds}


def waiting(requests: int) -> dict[str, float]:
    """Fill a store with requests that wait, and take some; return time an operation, and what they take up.

    An operation is a batch of 1,000 when they are added, and of 100 when a worker acknowledges as many as it takes.
    """
    from scrapy import Request

    from models.system import Run
    from scraper.core.config import load_config
    from scraper.frontier.protocol import Ack, Batch, Put
    from scraper.frontier.stores import frontier_of, stored_runs
    from scraper.storage.connection import connection_to

    config = load_config()
    with connection_to(config.mongodb) as database:
        database.client.drop_database(database.name)
        run = Run(spider="waiting", state="running", started_at=time_now(), heartbeat_at=time_now()).save()
        stored_runs(config, database).begin(run.id)
        frontier = frontier_of(config, connection_to(config.mongodb), run.id, "me")
        frontier.join()
        spread = 0x9E3779B97F4A7C15F39CC0605CEDC835  # fingerprints come in no order

        def put(number: int) -> Put:
            id_ = run.id.binary + (number * spread % 2**128).to_bytes(16)
            data = json.dumps({"url": f"http://site.example/books/{number}/", "callback": "parse_page"})
            return Put(id_, Request("http://site.example/"), data, 0, number)

        shown = time.monotonic()
        for first in range(0, requests, 1000):
            frontier.write(Batch(puts=[put(number) for number in range(first, min(first + 1000, requests))]))
            if time.monotonic() - shown > 30:
                shown = time.monotonic()
                print(f"{first:,} of {requests:,} requests wait", file=sys.stderr, flush=True)
        added_ms = timed(lambda number: frontier.write(Batch(puts=[put(requests + number)])))
        acks: list[Ack] = []

        def take(_: int) -> None:
            taken = frontier.write(Batch(acks=acks, take=BATCH)).taken
            assert len(taken) == BATCH
            acks[:] = [Ack(one.id, one.seq, {"swathe/pages": 1}) for one in taken]

        taken_ms = timed(take)
        counted_ms = timed(lambda _: frontier.others_changed())
        return {"add_ms": added_ms, "take_ms": taken_ms, "look_ms": counted_ms, **room(config, database)}


def timed(do: Any, times: int = 50) -> float:
    """Return the median of how many milliseconds something takes."""
    took = []
    for number in range(times):
        began = time.perf_counter()
        do(number)
        took.append(1000 * (time.perf_counter() - began))
    return statistics.median(took)


def room(config: Any, database: Any) -> dict[str, float]:
    """Return the memory and the disk that the store takes, in MB."""
    if config.frontier.backend == "mongodb":
        database.client.admin.command("fsync")
        stats, server = database.command("collStats", "frontier"), database.command("serverStatus")
        return {"memory_mb": server["mem"]["resident"], "disk_mb": stats["totalSize"] / 2**20}
    from redis import Redis

    with Redis.from_url(config.frontier.redis_url.get_secret_value()) as redis:
        memory: Any = redis.info("memory")
        folder = Path(config.frontier.redis_url.get_secret_value().removeprefix("unix://")).parent
        disk = sum(file.stat().st_size for file in (folder / "appendonlydir").iterdir())
        return {"memory_mb": memory["used_memory"] / 2**20, "disk_mb": disk / 2**20}


def time_now() -> Any:
    """Return the time as MongoDB takes it."""
    from datetime import UTC, datetime

    return datetime.now(UTC)


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="pairs of crawls (default 7)")
    parser.add_argument("--spider", choices=sorted(STARTS), action="append", help="default: both")
    parser.add_argument("--urls", type=int, default=0, help="queue this many addresses and show the memory it takes")
    parser.add_argument("--waiting", type=int, default=0, help="fill either store with as many waiting requests")
    parser.add_argument("--backend", choices=VARIANTS[1:], action="append", help="default: both (with --waiting)")
    parser.add_argument("--workers", type=int, default=0, help="compare that many processes on one crawl with one")
    parser.add_argument("--latency-ms", type=int, default=0, help="let the site take its time (with --workers)")
    parser.add_argument("--padding-kb", type=int, default=20, help="how much heavier each page is made")
    parser.add_argument("--books", type=int, default=2000, help="how many books the site has")
    parser.add_argument("--tls", action="store_true", help="serve the site over TLS")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        what, where = args.one
        if what.isdigit():
            done = queue(int(what), where)
        else:
            alone_with = {"alone": alone, "waiting": waiting}
            done = alone_with[what](int(where)) if what in alone_with else crawl_once(what, where)
        print(json.dumps({**done, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
        return
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        environ = {**os.environ, "SWATHE_MONGODB_DATA_DIR": folder, "SWATHE_MONGODB_IDLE_STOP_S": "30"}
        heavy = ["--books", str(args.books), "--padding-kb", str(args.padding_kb), "--latency-ms", str(args.latency_ms)]
        command = [sys.executable, "-m", "practice", "--port", "0", *SITE, *heavy]
        server = subprocess.Popen(command, cwd=ROOT / "tests", stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            redis, address = start_redis(folder)
            environ["SWATHE_FRONTIER_REDIS_URL"] = address
            site = server.stdout.readline().strip()
            if args.tls:
                site = stack.enter_context(over_tls(site, Path(folder)))
                environ["SWATHE_CRAWL_VERIFY_CERTIFICATES"] = "false"
            if args.urls:
                print(in_process([str(args.urls), site], environ))
                return
            for backend in (args.backend or VARIANTS[1:]) if args.waiting else ():
                report_waiting(backend, args.waiting, environ)
            if args.waiting:
                return
            if args.workers:
                for backend in VARIANTS[1:]:
                    together(args.workers, site, args.rounds, {**environ, "SWATHE_FRONTIER_BACKEND": backend})
                return
            for spider in args.spider or sorted(STARTS):
                report(spider, measure(spider, site, args.rounds, environ))
            for backend in VARIANTS[1:]:
                alone_s = in_process(["alone", "20000"], {**environ, "SWATHE_FRONTIER_BACKEND": backend})["requests_s"]
                print(f"\nthe frontier alone, {backend}: {alone_s:.0f} requests/s")
        finally:
            for process in (server, redis):
                process.terminate()
                process.wait()
            subprocess.run([sys.executable, "main.py", "db", "stop", "--force"], cwd=ROOT, env=environ, check=True)


@contextmanager
def over_tls(site: str, folder: Path) -> Iterator[str]:
    """Let a site be reached over TLS, and yield where."""
    from tls_front import TlsFront

    with TlsFront(urlsplit(site).port or 80, folder) as front:
        yield f"https://127.0.0.1:{front.port}/"


def start_redis(folder: str) -> tuple[subprocess.Popen[bytes], str]:
    """Start a Redis that has every write on disk before it confirms it; return it and its address."""
    durable = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]
    where = ["--port", "0", "--unixsocket", f"{folder}/redis.sock", "--dir", folder]
    process = subprocess.Popen(["redis-server", *where, *durable], stdout=subprocess.DEVNULL)
    while not Path(f"{folder}/redis.sock").exists():
        time.sleep(0.05)
    return process, f"unix://{folder}/redis.sock"


def together(workers: int, site: str, rounds: int, environ: dict[str, str]) -> None:
    """Crawl with one process and with several, in turn, and print pages a second and their ratio.

    The time is that in which all processes work: from when the last one has joined, until the crawl is over.
    """
    from scraper.core.config import load_config
    from scraper.storage.connection import connection_to

    os.environ.update(environ)
    rates: dict[int, list[float]] = {1: [], workers: []}
    costs: dict[int, list[float]] = {1: [], workers: []}
    with connection_to(load_config().mongodb) as database:
        for number in range(rounds):
            for count in rates:
                database.client.drop_database(database.name)
                rate, cost_ms = shared_crawl(count, site, database)
                rates[count].append(rate)
                costs[count].append(cost_ms)
                said = f"{rate:.0f} pages/s, {cost_ms:.2f} ms of processor a page"
                print(f"round {number + 1}/{rounds}, {count} processes: {said}", file=sys.stderr)
    one, many = (statistics.median(rates[count]) for count in rates)
    ratio = statistics.median(b / a for a, b in zip(rates[1], rates[workers], strict=True))
    backend = environ["SWATHE_FRONTIER_BACKEND"]
    print(f"{backend}: 1 process {one:.0f} pages/s, {workers} processes {many:.0f} pages/s: ratio {ratio:.2f}")
    alone_ms, each_ms = (statistics.median(costs[count]) for count in costs)
    print(
        f"{backend}: processor time a page, without start, MongoDB and site: {alone_ms:.2f} ms with 1, "
        f"{each_ms:.2f} ms with {workers}: on as many cores {workers * alone_ms / each_ms:.2f} times as fast as one"
    )


def shared_crawl(processes: int, site: str, database: Any) -> tuple[float, float]:
    """Crawl the books with several processes, and count from the last one's first page on.

    Return pages a second, and the processor time of the crawls a page in ms.
    """
    arguments = ["books", "--start", f"{site}{STARTS['books']}"]
    commands = [["crawl", *arguments], *[["worker", "--wait", *arguments]] * (processes - 1)]
    # The workers share what a site is asked for at once; here each is to have the same, however many there are.
    environ = {**os.environ, "SWATHE_CRAWL_CONCURRENCY": str(UNDER_WAY * processes)}
    started = [
        subprocess.Popen([sys.executable, "main.py", *command], cwd=ROOT, env=environ, stderr=subprocess.DEVNULL)
        for command in commands
    ]
    while all(process.poll() is None for process in started) and not all_work(database, processes):
        time.sleep(0.02)
    began, before, used = time.monotonic(), done(database), sum(map(used_so_far, started))
    waited = children_seconds()
    for process in started:
        process.wait()
    pages = done(database) - before
    return pages / (time.monotonic() - began), 1000 * (children_seconds() - waited - used) / pages


def used_so_far(process: subprocess.Popen[bytes]) -> float:
    """Return the processor time that a crawl and the process which it supervises have used, in seconds."""
    import psutil

    crawl = psutil.Process(process.pid)
    times = [one.cpu_times() for one in (crawl, *crawl.children())]
    return float(sum(one.user + one.system for one in times))


def children_seconds() -> float:
    """Return the processor time of the processes that this one has waited for, with what those waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def all_work(database: Any, processes: int) -> bool:
    """Return whether that many processes crawl the site by now; each says so in the politeness ledger."""
    host = database.hosts.find_one() or {}
    return len(host.get("processes", {})) >= processes and done(database) > 0


def done(database: Any) -> int:
    """Return how many books are stored: one a page."""
    return int(database.books.count_documents({}))


def report_waiting(backend: str, requests: int, environ: dict[str, str]) -> None:
    """Print what so many waiting requests cost, beside a store that has hardly any."""
    for number in (10_000, requests):
        found = in_process(["waiting", str(number)], {**environ, "SWATHE_FRONTIER_BACKEND": backend})
        print(
            f"{backend}, {number:,} wait: add one {found['add_ms']:.2f} ms, acknowledge and take {BATCH} "
            f"{found['take_ms']:.2f} ms, look {found['look_ms']:.2f} ms; memory {found['memory_mb']:,.0f} MB, "
            f"disk {found['disk_mb']:,.0f} MB",
            flush=True,
        )


def in_process(what: list[str], environ: dict[str, str]) -> dict[str, float]:
    """Do one thing in a process of its own and return its figures."""
    command = [sys.executable, __file__, "--one", *what]
    run = subprocess.run(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True, check=True)
    figures: dict[str, float] = json.loads(run.stdout.splitlines()[-1])
    return figures


def measure(spider: str, site: str, rounds: int, environ: dict[str, str]) -> dict[str, list[dict[str, float]]]:
    """Return the results of each variant; the first round warms up and is not counted."""
    results: dict[str, list[dict[str, float]]] = {variant: [] for variant in VARIANTS}
    for number in range(rounds + 1):
        for variant in VARIANTS if number % 2 else reversed(VARIANTS):
            result = in_process([spider, site], {**environ, "SWATHE_FRONTIER_BACKEND": variant})
            if number:
                results[variant].append(result)
                print(f"{spider} round {number}/{rounds} {variant}: {result['seconds']:.2f} s", file=sys.stderr)
    return results


def report(spider: str, results: dict[str, list[dict[str, float]]]) -> None:
    """Print medians, and the ratio of the rounds' pairs."""
    print(f"\n{spider}: {results['mongodb'][0]['pages']:.0f} pages")
    print(f"{'frontier':<10}{'median s':>10}{'pages/s':>10}{'peak MB':>10}{'ratio':>8}{'ratio of CPU':>14}")
    for variant in VARIANTS:
        seconds = statistics.median(result["seconds"] for result in results[variant])
        pages, peak = results[variant][0]["pages"], max(result["peak_mb"] for result in results[variant])
        pairs = list(zip(results["memory"], results[variant], strict=True))
        ratio, cpu = (
            statistics.median(memory[what] / other[what] for memory, other in pairs) for what in ("seconds", "cpu")
        )
        print(f"{variant:<10}{seconds:>10.2f}{pages / seconds:>10.0f}{peak:>10.0f}{ratio:>8.2f}{cpu:>14.2f}")


if __name__ == "__main__":
    main()
