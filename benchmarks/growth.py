"""Whether cost and memory stay flat as a site grows: processor time of Swathe and of mongod, and the peak of memory.

    python benchmarks/growth.py                       # 10,000 and 100,000: a few minutes
    python benchmarks/growth.py --sizes 10000 1000000

Each size in a process of its own, into an empty database of an embedded MongoDB of its own:

    store    so many records are stored; then 5,000 new ones, and 5,000 that are there: microseconds a record
    keys     300 records with a key of two fields, of whose values the database has every combination
    end      what the end of a run reads of a collection with so many records
    waiting  so many requests wait in the frontier; 100 are taken and acknowledged: microseconds a request
    links    a page with so many links is read: microseconds a link, and the peak of memory
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks"), str(ROOT / "tests")]

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.database import Database

    from models.record import Found

BATCH, MEASURED = 500, 5_000
SQUARE, LOOKS = 300, 20
PARTS = ("store", "waiting", "links")


class Meter:
    """Processor time of this process and of mongod, in microseconds for each of so many things."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._database = database
        self.figures: dict[str, float] = {}

    @contextmanager
    def of(self, what: str, number: int) -> Iterator[None]:
        """Measure what is done inside."""
        ours, mongod = time.process_time(), self._mongod_s()
        yield
        self.figures[f"{what}: Swathe"] = (time.process_time() - ours) / number * 1e6
        self.figures[f"{what}: mongod"] = (self._mongod_s() - mongod) / number * 1e6

    def _mongod_s(self) -> float:
        used = self._database.command("serverStatus")["extra_info"]
        return float(used["user_time_us"] + used["system_time_us"]) / 1e6


def quotes(numbers: range, *, per_author: int = 200) -> list[Found]:
    """Return quotes as the pipelines have cleaned and validated them."""
    from models.quotes import Quote
    from pipelines.clean import clean
    from pipelines.validate import validate

    class Page:
        url = "http://site.example/quotes/"

    found = []
    for number in numbers:
        text, author = f"A saying of some length that bears the number {number}.", f"Author {number // per_author}"
        one = Quote.found(Page(), text=text, author=author, tags=["one", "two"])
        clean(one)
        validate(one)
        found.append(one)
    return found


def store(size: int, meter: Meter, connection: Any, run: Any) -> None:
    """Store records beside so many others, and read what the end of a run reads."""
    from models.quotes import Quote
    from scraper.storage.records.gone import mark_gone, records_of
    from scraper.storage.records.store import Store

    database, end = connection.open(), datetime.now(UTC)
    first = Store(connection, run, "growing")
    for begin in range(0, size, BATCH):
        first.write(quotes(range(begin, begin + BATCH)))
    again = Store(connection, run, "growing")
    fresh = [quotes(range(begin, begin + BATCH)) for begin in range(size, size + MEASURED, BATCH)]
    with meter.of("a new record", MEASURED):
        for batch in fresh:
            again.write(batch)
    known = [quotes(range(begin, begin + BATCH)) for begin in range(0, MEASURED, BATCH)]
    with meter.of("a known record", MEASURED):
        for batch in known:
            again.write(batch)
    with meter.of("the end of a run, a record", size):
        records_of(database, Quote, run)
    with meter.of("the end with records gone, a record", size):
        mark_gone(database, [Quote], run, end)
    keys(meter, connection, run)


def keys(meter: Meter, connection: Any, run: Any) -> None:
    """Look up keys of two fields whose values all occur together."""
    from models.quotes import Quote
    from scraper.storage.records.upsert import Upsert

    database = connection.open()
    pairs = [(f"Text {text}", f"Author {author}") for text in range(SQUARE) for author in range(SQUARE)]
    database.quotes.insert_many([{"text": text, "author": author, "tags": []} for text, author in pairs])
    upsert = Upsert(database, Quote, run, datetime.now(UTC))
    wanted = [(f"Text {number}", f"Author {number}") for number in range(SQUARE)]
    with meter.of(f"a key of {SQUARE}, beside {SQUARE**2:,} of the same values", SQUARE * LOOKS):
        found = [len(upsert._read(wanted)) for _ in range(LOOKS)]
    if set(found) != {SQUARE}:
        sys.exit(f"{found} records were found by {SQUARE} keys")


def waiting(size: int, meter: Meter, connection: Any, run: Any) -> None:
    """Take and acknowledge requests, beside so many that wait."""
    from scrapy import Request

    from scraper.core.config import load_config
    from scraper.frontier.protocol import Ack, Batch, Put
    from scraper.frontier.stores import frontier_of

    frontier = frontier_of(load_config(), connection, run, "me")
    frontier.join()
    spread = 0x9E3779B97F4A7C15F39CC0605CEDC835  # fingerprints come in no order

    def put(number: int) -> Put:
        data = json.dumps({"url": f"http://site.example/books/{number}/", "callback": "parse_page"})
        id_ = run.binary + (number * spread % 2**128).to_bytes(16)
        return Put(id_, Request("http://site.example/"), data, 0, number)

    for begin in range(0, size, 1000):
        frontier.write(Batch(puts=[put(number) for number in range(begin, begin + 1000)]))
    acks: list[Ack] = []
    with meter.of("a request that is taken and done", MEASURED):
        for _ in range(MEASURED // 100):
            taken = frontier.write(Batch(acks=acks, take=100)).taken
            acks = [Ack(one.id, one.seq, {"swathe/pages": 1}) for one in taken]


def links(size: int) -> dict[str, float]:
    """Read a page that leads to so many others; the crawl opens and closes its connection itself."""
    from frontier import queue
    from practice import PracticeServer

    with PracticeServer() as site:
        begun_s = time.process_time()
        queued = queue(size, site.url)["queued"]
        took_s = time.process_time() - begun_s
    if queued <= size:
        sys.exit(f"{queued} requests are stored of a page with {size} links")
    return {"a link of one page: Swathe": took_s / size * 1e6}


def of_database(part: str, size: int) -> dict[str, float]:
    """Return the figures of a part that speaks with the database itself."""
    from models.system import Run
    from scraper.core.config import load_config
    from scraper.storage.connection import connection_to

    connection, now = connection_to(load_config().mongodb), datetime.now(UTC)
    with connection as database:
        meter = Meter(database)
        run = Run(spider="growing", state="running", started_at=now, heartbeat_at=now, arguments={"start": "x"})
        {"store": store, "waiting": waiting}[part](size, meter, connection, run.save().id)
    return meter.figures


def measured(part: str, size: int) -> dict[str, float]:
    """Return the figures of one part, measured in this process, and the peak of its memory."""
    figures = links(size) if part == "links" else of_database(part, size)
    return {**figures, f"{part}: peak of memory, MB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def in_own_process(part: str, size: int) -> dict[str, float]:
    """Measure one part in a process and a database of its own."""
    with tempfile.TemporaryDirectory(prefix="swathe-bench-") as folder:
        environ = {**os.environ, "SWATHE_MONGODB_DATA_DIR": folder, "SWATHE_MONGODB_IDLE_STOP_S": "30"}
        one = [sys.executable, __file__, "--one", part, str(size)]
        done = subprocess.run(one, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True, check=True)
        stop = [sys.executable, "main.py", "db", "stop", "--force"]
        subprocess.run(stop, cwd=ROOT, env=environ, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def main() -> None:
    """Measure every part at every size and print a table, with the ratio of the last size to the first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000], help="default: %(default)s")
    parser.add_argument("--part", choices=PARTS, action="append", help="default: all")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measured(options.one[0], int(options.one[1]))))
        return
    if any(size < MEASURED for size in options.sizes):
        parser.error(f"--sizes has {min(options.sizes)}, expected {MEASURED} at least: so many are measured")
    print(f"{'microseconds of processor time':<66}{''.join(f'{size:>12,}' for size in options.sizes)}{'ratio':>8}")
    for part in options.part or PARTS:
        columns = [in_own_process(part, size) for size in options.sizes]
        for name in columns[0]:
            row = [column[name] for column in columns]
            ratio = f"{row[-1] / row[0]:>8.2f}" if row[0] else ""
            print(f"{name:<66}{''.join(f'{value:>12.1f}' for value in row)}{ratio}", flush=True)


if __name__ == "__main__":
    main()
