"""Disturb crawls for as long as wanted, and hold what they leave against one that nobody disturbed.

    python benchmarks/chaos.py --minutes 30
    python benchmarks/chaos.py --minutes 5 --mode everything --mode stands-still --seed 7
    python benchmarks/chaos.py --mode redis-primary --primary-kills 50

Each round crawls a practice site that has changed since the crawl before, with a MongoDB of its own, and disturbs it in
one way, again and again, until the run has come to its end. Printed is a line a round, and a table by way: how often it
was disturbed, and in how many rounds a record was lost or doubled, a count was wrong or the verdict another one. Exits
1 when any was.
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

import psutil  # noqa: E402
from disturbed import QUICK, outcome, sites  # noqa: E402
from practice import PracticeServer  # noqa: E402
from redis_process import RedisProcess, WatchedRedis  # noqa: E402
from support import Swathe, last_run, until  # noqa: E402

from scraper.core.config import load_config  # noqa: E402
from scraper.storage.connection import Connection  # noqa: E402
from scraper.storage.embedded.folder import DataFolder  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

BOOKS, LONGEST_S = 160, 300.0
SITE, DEARER, FAULTS = sites(BOOKS)


class Round:
    """One crawl that is disturbed, in a data folder of its own."""

    def __init__(self, folder: Path, port: int, chance: random.Random, primary_kills: int = 5) -> None:
        self.folder, self.chance, self.disturbed = DataFolder(folder), chance, 0
        self.primary_kills = primary_kills
        self.server: PracticeServer | None = None
        """The site while it is disturbed."""
        environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("SWATHE_")},
            "SWATHE_MONGODB_DATA_DIR": str(folder), "SWATHE_MONGODB_IDLE_STOP_S": "20",
            "SWATHE_POLITENESS_BACKOFF_S": "0.05", "COLUMNS": "200", "NO_COLOR": "1",
        }  # fmt: skip
        self.swathe = Swathe(environ, "swathe", longest_s=LONGEST_S)
        self.arguments = ["books", "--start", f"http://127.0.0.1:{port}/books/", *QUICK]

    def is_over(self) -> bool:
        """Return whether the run has come to its end, so that a further crawl would be another run."""
        with Connection(load_config(ROOT, self.swathe.environ).mongodb) as database:
            return bool(last_run(database)["state"] == "finished" and database.runs.count_documents({}) > 1)

    def outcome(self) -> dict[str, Any]:
        """Return all that is left."""
        with Connection(load_config(ROOT, self.swathe.environ).mongodb) as database:
            return outcome(database)

    def begin(self, command: str = "crawl") -> subprocess.Popen[str]:
        """Start a crawl, or a worker at one."""
        return self.swathe.start(command, *self.arguments)

    def wait(self, process: subprocess.Popen[str], most_s: float) -> bool:
        """Return whether a process has ended within some seconds, drawn up to `most_s`."""
        try:
            process.communicate(timeout=self.chance.uniform(0, most_s))
        except subprocess.TimeoutExpired:
            self.disturbed += 1
            return False
        return True

    def is_near_its_end(self) -> bool:
        """Return whether the site has been asked for nearly all of its pages."""
        return self.server is not None and len({request.path for request in self.server.requests}) > BOOKS

    def kill_server(self, *, keeper: bool, mongod: bool) -> None:
        """Kill the processes of the embedded MongoDB."""
        pids = [self.folder.keeper_pid() if keeper else None]
        pids += [int(self.folder.mongod_lock.read_text() or 0) if mongod and self.folder.mongod_lock.exists() else None]
        for pid in filter(None, pids):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue


def killed(this: Round, *, within_s: float = 6.0, numbers: tuple[int, ...] = (signal.SIGKILL,)) -> None:
    """Send a crawl signals at some moment, and go on with it, until one comes to its end."""
    for _ in range(20):
        crawl = this.begin()
        this.wait(crawl, within_s)
        for number in numbers:
            crawl.send_signal(number)
        crawl.communicate(timeout=LONGEST_S)
        if this.is_over():
            return


def without_server(this: Round, *, keeper: bool, mongod: bool, crawl_too: bool = False) -> None:
    """Kill the server's processes under a crawl, and that one with them if wanted."""
    for _ in range(8):
        crawl = this.begin()
        if not this.wait(crawl, 8):
            this.kill_server(keeper=keeper, mongod=mongod)
            if crawl_too:
                crawl.kill()
            crawl.communicate(timeout=LONGEST_S)
        if this.is_over():
            return


def stands_still(this: Round) -> None:
    """Let one of two processes stand still for longer than its lease."""
    crawl = this.begin()
    time.sleep(2.5)
    worker = this.begin("worker")
    for _ in range(2):
        if this.wait(crawl, 3):
            break
        victim = this.chance.choice([crawl, worker])
        still = [child for child in psutil.Process(victim.pid).children() if victim.poll() is None]
        for child in still:
            child.suspend()
        time.sleep(5)
        for child in still:
            child.resume()
    for process in (worker, crawl):
        process.communicate(timeout=LONGEST_S)


def closing(this: Round) -> None:
    """Kill a crawl once it has asked for its last page."""
    for _ in range(6):
        crawl = this.begin()
        while crawl.poll() is None and not this.is_near_its_end():
            time.sleep(0.05)
        this.wait(crawl, 0.8)
        crawl.kill()
        crawl.communicate(timeout=LONGEST_S)
        if this.is_over():
            return


def export(this: Round) -> None:
    """Kill exports while a crawl is under way; a file is always a whole one."""
    file = this.folder.path / "books.csv"
    crawl = this.begin()
    for _ in range(6):
        exporting = this.swathe.start("export", "books", str(file))
        this.wait(exporting, 6)
        exporting.kill()
        exporting.communicate(timeout=LONGEST_S)
        if file.exists():
            check_rows(file)
    crawl.communicate(timeout=LONGEST_S)
    this.swathe("export", "books", str(file))
    check_rows(file)


def check_rows(file: Path) -> None:
    """Raise SystemExit unless a file has every book that was there before the crawl."""
    with file.open(newline="") as lines:
        rows = [row["upc"] for row in csv.DictReader(lines)]
    if len(rows) < BOOKS - 10 or len(set(rows)) != len(rows):
        raise SystemExit(f"an export has {len(rows)} books, of which {len(set(rows))} differ")


def restore(this: Round) -> None:
    """Kill restores of what a finished crawl has left, and bring one to its end."""
    file = this.folder.path / "all.backup"
    this.swathe("crawl", *this.arguments, code=3)
    this.swathe("db", "backup", str(file))
    for _ in range(6):
        restoring = this.swathe.start("db", "restore", str(file), "--yes")
        this.wait(restoring, 5)
        restoring.kill()
        restoring.communicate(timeout=LONGEST_S)
    this.swathe("db", "restore", str(file), "--yes")


def redis_stops(this: Round) -> None:
    """Kill Redis, or let it stand still, under two processes that crawl."""
    with RedisProcess(this.folder.path / "redis") as redis:
        this.swathe.extra |= redis.environ
        crawl = this.begin()
        time.sleep(2.0)
        worker = this.begin("worker")
        for number in range(6):
            if this.wait(crawl, 2):
                break
            if number % 2:
                redis.kill()
                redis.start()
            else:
                redis.stand_still(this.chance.uniform(0.5, 6))
        worker.communicate(timeout=LONGEST_S)
        crawl.communicate(timeout=LONGEST_S)
        finish(this)


def redis_workers(this: Round) -> None:
    """Kill, or let stand still, crawls that keep their requests in Redis."""
    with RedisProcess(this.folder.path / "redis") as redis:
        this.swathe.extra |= redis.environ
        killed(this) if this.chance.random() < 0.5 else stands_still(this)
        finish(this)


def redis_primary(this: Round) -> None:
    """Kill the primary of a watched Redis, whose replica takes over, again and again."""
    with WatchedRedis(this.folder.path) as redis:
        this.swathe.extra |= redis.environ
        crawl = this.begin()
        # A Redis that has never answered ends a crawl at once.
        until(lambda: redis.primary.client.keys("swathe:*") or crawl.poll() is not None, "the crawl keeps requests", 60)
        while this.disturbed < this.primary_kills and not this.wait(crawl, 3):
            redis.kill_primary()
        crawl.communicate(timeout=LONGEST_S)
        finish(this)


def finish(this: Round) -> None:
    """Bring a run to its end while its Redis is there."""
    if not this.is_over():
        this.swathe("crawl", *this.arguments, code=3)


MODES: dict[str, Callable[[Round], None]] = {
    "kill": killed,
    "first-second": lambda this: killed(this, within_s=1.0),
    "every-2-s": lambda this: killed(this, within_s=2.0),
    "sigterm": lambda this: killed(this, numbers=(signal.SIGTERM,)),
    "sigint-twice": lambda this: killed(this, numbers=(signal.SIGINT, signal.SIGINT)),
    "mongod": lambda this: without_server(this, keeper=False, mongod=True),
    "keeper": lambda this: without_server(this, keeper=True, mongod=False),
    "everything": lambda this: without_server(this, keeper=True, mongod=True, crawl_too=True),
    "stands-still": stands_still,
    "closing": closing,
    "export": export,
    "restore": restore,
    "redis": redis_stops,
    "redis-workers": redis_workers,
    "redis-primary": redis_primary,
}


def left_by(
    disturb: Callable[[Round], None] | None, seed: int, port: int, primary_kills: int = 5
) -> tuple[dict[str, Any], int]:
    """Crawl the site twice, the second time disturbed; return what is left, and how often it was disturbed."""
    with tempfile.TemporaryDirectory() as folder:
        this = Round(Path(folder), port, random.Random(seed), primary_kills)  # noqa: S311
        try:
            with PracticeServer(SITE, port=port):
                this.swathe("crawl", *this.arguments)
            # The longer a disturbance takes, the longer the crawl has to be.
            longer: dict[Callable[[Round], None], int] = {redis_primary: 300 * primary_kills, redis_stops: 150}
            latency_ms = longer.get(disturb, 25) if disturb else 25
            with PracticeServer(DEARER, port=port, latency_ms=latency_ms, faults=FAULTS) as this.server:
                if disturb is not None:
                    disturb(this)
                if not this.is_over():
                    this.swathe("crawl", *this.arguments, code=3)
            return this.outcome(), this.disturbed
        finally:
            this.swathe("db", "stop", "--force", code=None)


def differences(left: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    """Return in what two outcomes differ, in a word or two each."""
    keys = [book["upc"] for book in left["books"]]
    wanted = {book["upc"] for book in expected["books"]}
    found = {
        "lost": len(wanted - set(keys)),
        "doubled": len(keys) - len(set(keys)) + len(set(keys) - wanted),
        "verdict": left["verdict"] != expected["verdict"],
        "counts": (left["counts"], left["stored"]) != (expected["counts"], expected["stored"]),
    }
    words = [f"{word} {number:d}" if number > 1 else word for word, number in found.items() if number]
    return words or [part for part, value in expected.items() if left[part] != value]


def main() -> int:
    """Disturb crawls until the time is over; return 1 when any of them left something else."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--mode", action="append", choices=sorted(MODES), help="only these ways; default: all in turn")
    parser.add_argument("--primary-kills", type=int, default=5, help="of one round of redis-primary")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))  # noqa: S311
    options = parser.parse_args()
    with PracticeServer(SITE) as server:
        port = server.port
    expected, _ = left_by(None, 0, port)
    rounds, disturbed, wrong = Counter[str](), Counter[str](), Counter[str]()
    over = time.monotonic() + options.minutes * 60
    print(f"seed {options.seed}: {len(expected['books'])} books, {expected['counts']['pages']} pages", flush=True)
    while time.monotonic() < over:
        number = rounds.total()
        mode = (options.mode or list(MODES))[number % len(options.mode or MODES)]
        left, times = left_by(MODES[mode], options.seed + number, port, options.primary_kills)
        found = differences(left, expected)
        rounds[mode] += 1
        disturbed[mode] += times
        wrong[mode] += bool(found)
        print(f"{number:4} {mode:13} {times:2} times: {', '.join(found) or 'as if undisturbed'}", flush=True)
    for mode in rounds:
        print(f"{mode:13} {rounds[mode]:4} rounds, disturbed {disturbed[mode]:5} times, {wrong[mode]} wrong")
    return int(wrong.total() > 0)


if __name__ == "__main__":
    sys.exit(main())
