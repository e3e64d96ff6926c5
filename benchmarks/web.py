"""How long pages take: the overview with N synthetic runs, records with N synthetic books, asked over a socket.

    python benchmarks/web.py                                  # 10,000 runs, 1,000,000 records
    python benchmarks/web.py --runs 1000 --records 10000
    python benchmarks/web.py --beside 6                       # what an open page costs a crawl, in 6 pairs of rounds

The page is served by `swathe web` in a process of its own. The table has for each page the median and the 95th of a
hundred times, in milliseconds, and as a ratio to the baseline: a static file of the same server.

`--beside`: a crawl of the practice site with the page of the run open, as a browser has it, against the same crawl
while nobody looks, in turn. Seconds of the processor, which others on the machine change less than seconds: those of
the crawl's process, and those of the page and of MongoDB meanwhile.
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SPIDERS = ("books", "quotes", "quotes-table", "quotes-login", "quotes-filter")
RESULTS = ("complete",) * 8 + ("incomplete", "unknown")
FIELDS = ("upc", "title", "price", "currency", "in_stock", "stock", "rating", "category", "description")
SITE = ["--books", "1500", "--quotes", "1", "--padding-kb", "20"]
BATCH, TIMES = 10_000, 100
PAGES = {
    "static file (baseline)": "/static/icon.svg",
    "overview": "/",
    "runs": "/runs",
    "records": "/records/books",
    "records, an indexed filter": "/records/books?filter=upc=00000000000003e8",
    "records, page 2 of a filter": "/records/books?filter=in_stock=true&after={cursor}",
    "one record": "/records/books/{cursor}",
    "changes": "/changes",
    "quality": "/quality?spider=books",
}


def mixed(number: int, of: int) -> int:
    """Return a number below `of` that looks like chance, and is the same each time."""
    return (number * 2_654_435_761 >> 9) % of


def run(number: int, now: datetime) -> dict[str, Any]:
    """Return one synthetic crawl that ended `number` quarters of an hour ago, as large as a real one."""
    at = now - timedelta(minutes=15 * number + 5)
    verdict, spider = RESULTS[mixed(number, len(RESULTS))], SPIDERS[number % len(SPIDERS)]
    found = 1000 + mixed(number, 20) - number // 20
    filled = {
        field: found - (mixed(number + place, 12) + 4 * place if place else 0) for place, field in enumerate(FIELDS)
    }
    reasons = {"complete": [], "incomplete": [f"{number % 9 + 2} records were refused"]}
    quality = {
        "bytes": 10**7, "duration_s": 200.0,
        "records": [{"collection": "books", "found": found, "new": 5, "changed": 9, "refused": 1, "filled": filled}],
    }  # fmt: skip
    return {
        "kind": "crawl", "spider": spider, "arguments": {"start": f"https://{spider}.example/"}, "state": "finished",
        "verdict": verdict, "reasons": reasons.get(verdict, ["no list states how long it is"]), "suspect": False,
        "started_at": at, "ended_at": at + timedelta(minutes=4), "heartbeat_at": at, "records": {"books": found},
        "counts": {"pages": found, "requests": found + 9, "items_new": number % 9, "items_changed": number % 31,
                   "items_unchanged": found - number % 31 - number % 9, "items_refused": number % 4},
        "lists": [{"start": f"https://{spider}.example/", "pages": 50, "entries": found, "stated_total": found,
                   "end": "no next link"}],
        "quality": quality, "notes": [], "logs": [], "problems": [],
    }  # fmt: skip


def books(records: int) -> Iterator[list[dict[str, Any]]]:
    """Yield synthetic books, some at once."""
    from exports import book

    for start in range(0, records, BATCH):
        yield [book(number) for number in range(start, min(start + BATCH, records))]


def seed(runs: int, records: int, changes: int) -> None:
    """Put synthetic documents into the database that the environment names."""
    from bson import Decimal128, ObjectId

    from models.books import Book
    from models.system import Change, Run
    from scraper.core.config import load_config
    from scraper.storage.connection import connection_to
    from scraper.storage.indexes import ensure_indexes

    now = datetime.now(UTC).replace(microsecond=0)
    with connection_to(load_config().mongodb) as database:
        for document in (Book, Run, Change):
            ensure_indexes(database, document)
        made = [run(number, now) for number in range(runs)]
        for number, one in enumerate(made):
            one["_id"] = ObjectId(
                f"{int(one['started_at'].timestamp()):08x}{(number + 1) * 2_654_435_761 % 2**64:016x}"
            )
        for start in range(0, runs, BATCH):
            database.runs.insert_many(made[start : start + BATCH])
        for some in books(records):
            database.books.insert_many(some, ordered=False)
        known = list(database.books.find({}, ["upc", "title"], limit=max(1, changes // 12)))
        rows = []
        for number in range(changes if known else 0):
            one, at = known[number % len(known)], now - timedelta(days=24 * (number // len(known)), minutes=number % 50)
            price = 20 + mixed(number, 60) / 10
            old = Decimal128(f"{20 + mixed(number + len(known), 60) / 10:.2f}")
            rows.append(
                {"_id": f"c{number}", "records": "books", "record": one["_id"], "key": one["upc"], "field": "price",
                 "old": old, "new": Decimal128(f"{price:.2f}"), "when": at,
                 "run": made[0]["_id"] if made else None}
            )  # fmt: skip
        if rows:
            database.changes.insert_many(rows)
            database.books.update_many({"_id": {"$in": [one["_id"] for one in known]}}, {"$set": {"changed_at": now}})


class Served:
    """`swathe web` in a process of its own; use it in a `with`."""

    def __init__(self, environ: dict[str, str]) -> None:
        self._environ = environ

    def __enter__(self) -> tuple[str, str]:
        """Return its address, and the address to log in with."""
        command = [sys.executable, str(ROOT / "main.py"), "web", "--port", "0"]
        self._process = subprocess.Popen(command, env=self._environ, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        lines = [self._process.stdout.readline().split()[-1] for _ in range(2)]
        return lines[0], lines[1]

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate(timeout=60)


def environment(folder: str) -> dict[str, str]:
    """Return the environment of a database of its own in a folder."""
    return {
        **os.environ,
        "SWATHE_MONGODB_DATA_DIR": folder,
        "SWATHE_MONGODB_IDLE_STOP_S": "60",
        "PYTHONUNBUFFERED": "1",
    }


def times(session: Any, address: str) -> list[float]:
    """Return how long each of a hundred requests took, in milliseconds, sorted."""
    took = []
    for _ in range(TIMES):
        started = time.perf_counter()
        answer = session.get(address, timeout=60)
        took.append((time.perf_counter() - started) * 1000)
        assert answer.status_code == 200, f"{address}: {answer.status_code} {answer.text[:300]}"
    return sorted(took)


def crawled(environ: dict[str, str], site: str, folder: str) -> tuple[float, float, float]:
    """Crawl once; return processor seconds of the crawl, of the page and MongoDB meanwhile, and the seconds it took."""
    beside = [one for one in psutil.process_iter() if is_beside(one, folder)]
    assert len(beside) == 2, f"the page and mongod, found {[one.name() for one in beside]}"
    before, started = sum(used_s(one) for one in beside), time.perf_counter()
    command = [sys.executable, "main.py", "crawl", "books", "--start", f"{site}books/", "--fresh"]
    crawl = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(crawl.pid, 0)
    crawl.returncode = os.waitstatus_to_exitcode(status)
    if crawl.returncode != 0:
        sys.exit(f"the crawl ended with {crawl.returncode}")
    took_s = time.perf_counter() - started
    return usage.ru_utime + usage.ru_stime, sum(used_s(one) for one in beside) - before, took_s


def is_beside(process: psutil.Process, folder: str) -> bool:
    """Return whether a process is the page of this benchmark, or its mongod."""
    try:
        command = process.cmdline()
        if "--dbpath" in command:
            return command[command.index("--dbpath") + 1].startswith(folder)
        return command[-3:-2] == ["web"] and process.environ().get("SWATHE_MONGODB_DATA_DIR") == folder
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        return False


def used_s(process: psutil.Process) -> float:
    """Return the processor seconds of a process."""
    times = process.cpu_times()
    return float(times.user + times.system)


class OpenPage:
    """The overview and the page of whatever runs, open as a browser has them; use it in a `with`."""

    def __init__(self, address: str, login: str) -> None:
        import requests

        self._address, self._session = address, requests.Session()
        self._session.trust_env = False
        self._session.get(login, timeout=60)
        self.events = 0

    def __enter__(self) -> OpenPage:
        self._is_open, self._running = True, queue.Queue[str]()
        self._threads = [threading.Thread(target=self._overview), threading.Thread(target=self._run)]
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_open = False
        self._running.put("")
        for one in self._threads:
            one.join()

    def _overview(self) -> None:
        known: list[str] = []
        self._session.get(f"{self._address}/", timeout=60)
        while self._is_open:
            for data in self._told("/api/v1/events"):
                now = [one["id"] for one in data["running"]]
                if now != known:
                    self._session.get(f"{self._address}/", timeout=60)
                    for run in {*now} - {*known}:
                        self._running.put(run)
                known = now

    def _run(self) -> None:
        while run := self._running.get():
            self._session.get(f"{self._address}/runs/{run}", timeout=60)
            for _ in self._told(f"/api/v1/runs/{run}/events"):
                self.events += 1

    def _told(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield what a stream says while the page is open; it looks up at every event."""
        with self._session.get(self._address + path, stream=True, timeout=60) as answer:
            for line in answer.iter_lines(chunk_size=1, decode_unicode=True):
                if not self._is_open:
                    return
                if line.startswith("data: "):
                    yield json.loads(line.removeprefix("data: "))


def beside(pairs: int) -> None:
    """Crawl beside an open page and alone, in turn, and print what the page costs."""
    command = [sys.executable, "-m", "practice", "--port", "0", *SITE]
    with tempfile.TemporaryDirectory(prefix="swathe-bench-") as folder:
        environ = environment(folder)
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT / "tests", text=True) as server:
            assert server.stdout is not None
            try:
                site = server.stdout.readline().strip()
                with Served(environ) as (address, login):
                    page = OpenPage(address, login)
                    rounds = [pair(environ, site, folder, page, number) for number in range(pairs + 1)]
            finally:
                server.terminate()
    print(f"{pairs} pairs of crawls, {page.events} events told; ratios to the crawl that nobody looks at\n")
    names = ("processor time of the crawl", "that of page and MongoDB, more", "seconds")
    for name, values in zip(names, zip(*rounds[1:], strict=True), strict=True):  # the first writes the records
        ordered = sorted(values)
        print(f"{name:<32}{statistics.median(ordered):>8.3f}   from {ordered[0]:.3f} to {ordered[-1]:.3f}")


def pair(environ: dict[str, str], site: str, folder: str, page: OpenPage, number: int) -> tuple[float, float, float]:
    """Crawl once with the page open and once without, every second time in the other order; return the ratios."""
    took = {}
    for is_open in (True, False) if number % 2 else (False, True):
        with page if is_open else nullcontext():
            took[is_open] = crawled(environ, site, folder)
    (crawl, more, seconds), (alone, usual, usual_seconds) = took[True], took[False]
    return crawl / alone, (more - usual) / alone, seconds / usual_seconds


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--seed", help=argparse.SUPPRESS)
    parser.add_argument("--beside", type=int, metavar="PAIRS", help="what an open page costs a crawl")
    options = parser.parse_args(arguments)
    if options.beside:
        beside(options.beside)
        return
    if options.seed:
        seed(options.runs, options.records, 10_000)
        return
    with tempfile.TemporaryDirectory(prefix="swathe-bench-") as folder:
        environ = environment(folder)
        given = ["--runs", str(options.runs), "--records", str(options.records), "--seed", "yes"]
        subprocess.run([sys.executable, __file__, *given], env=environ, cwd=ROOT, check=True)
        with Served(environ) as (address, login):
            measure(options, address, login)


def measure(options: argparse.Namespace, address: str, login: str) -> None:
    """Ask for each page and print how long it took."""
    import requests

    session = requests.Session()
    session.trust_env = False
    session.get(login, timeout=60)
    page = session.get(f"{address}/records/books.json?limit=25", timeout=60).json()
    print(f"{options.runs:,} runs, {options.records:,} records, {TIMES} requests each\n")
    print(f"{'page':<30}{'median ms':>10}{'p95 ms':>10}{'ratio':>8}")
    baseline = 0.0
    for name, path in PAGES.items():
        took = times(session, address + path.format(cursor=page["next"]))
        median, late = took[TIMES // 2], took[TIMES * 95 // 100]
        baseline = baseline or median
        print(f"{name:<30}{median:>10.1f}{late:>10.1f}{median / baseline:>8.1f}")


if __name__ == "__main__":
    main()
