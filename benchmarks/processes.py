"""What sharing one crawl costs: `swathe crawl --processes N`, as a ratio to one process, in processor time a page.

    python benchmarks/processes.py                       # 1, 2 and 4 processes, 3 rounds
    python benchmarks/processes.py --processes 2 --rounds 5 --crawl quotes

Each crawl is a command of its own, into an empty database of an embedded MongoDB; nginx serves the pages as files.
The numbers of processes take turns. Every crawl runs with few pages and with many, and what a page costs is the
difference by the pages between them: so starting N processes is left out, and stands in a column of its own. All of it
is user and system time: of the command with all its processes, of mongod, and of what serves the site.

    books   a page a record, found on lists of 20
    quotes  list pages of 20 records and the pages of 50 authors, to which links are on every page
"""

from __future__ import annotations

import argparse
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

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks"), str(ROOT / "tests")]

from pipeline import mongodb  # noqa: E402
from static_site import served  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.database import Database

    from scraper.demo.site import DemoSite

FEW, MANY = 100, 1_500
"""How many books the two sites have; quotes come on a fifth as many pages, 20 on each."""
UNDER_WAY = 8
"""Requests that each process has under way: what a site is asked for at once is shared by all."""
PARTS = ("crawl", "mongod", "site")
DONE = (0, 3)


def measured(
    crawl: str, processes: int, site: str, database: Database[dict[str, Any]], environ: dict[str, str]
) -> dict[str, float]:
    """Crawl once; return the pages, the seconds, and the processor seconds of each part."""
    database.client.drop_database(database.name)
    command = [sys.executable, "main.py", "crawl", crawl, "--start", f"{site}{crawl}/", "--fresh"]
    environ = environ | {"SWATHE_CRAWL_CONCURRENCY": str(UNDER_WAY * processes)}
    before, begun_s = _used(database), time.perf_counter()
    many = ["--processes", str(processes)] if processes > 1 else []
    code = subprocess.run([*command, *many], cwd=ROOT, env=environ, stderr=subprocess.DEVNULL).returncode
    seconds, after = time.perf_counter() - begun_s, _used(database)
    run = database["runs"].find_one() or {}
    if code not in DONE or run.get("state") != "finished":
        sys.exit(f"{crawl} by {processes} processes: exit {code}, the run is {run.get('state', 'not there')}")
    figures = {part: after[part] - before[part] for part in after}
    return {"pages": run["counts"]["pages"], "seconds": seconds, **figures}


def _used(database: Database[dict[str, Any]]) -> dict[str, float]:
    """Return the processor seconds used so far by crawls that have ended, by mongod and by what serves the site."""
    ended, status = resource.getrusage(resource.RUSAGE_CHILDREN), database.command("serverStatus")
    mongod = (status["extra_info"]["user_time_us"] + status["extra_info"]["system_time_us"]) / 1e6
    servers = [child for child in psutil.Process().children(recursive=True) if "nginx" in child.name()]
    times = [server.cpu_times() for server in servers]
    site = sum(one.user + one.system for one in times)
    asked = float(status["network"]["numRequests"])
    return {"crawl": ended.ru_utime + ended.ru_stime, "mongod": mongod, "site": site, "asked": asked}


def a_page(few: dict[str, float], many: dict[str, float]) -> dict[str, float]:
    """Return what a page costs (milliseconds, and requests to mongod), and the start (seconds of processor time)."""
    pages = many["pages"] - few["pages"]
    cost = {name: 1000 * (many[name] - few[name]) / pages for name in PARTS}
    start_s = few["crawl"] - few["pages"] * cost["crawl"] / 1000
    rate = pages / (many["seconds"] - few["seconds"])
    return {**cost, "asked": (many["asked"] - few["asked"]) / pages, "start": start_s, "rate": rate}


@contextmanager
def sites() -> Iterator[tuple[str, str]]:
    """Serve a site with few books and quotes and one with many; give their addresses."""
    with ExitStack() as stack:
        yield stack.enter_context(served(_site(FEW)))[0], stack.enter_context(served(_site(MANY)))[0]


def _site(size: int) -> DemoSite:
    from practice.enlargement import enlarge

    from scraper.demo.site import load_site

    return enlarge(load_site(), books=size, quotes=4 * size, quotes_per_page=20, authors=50)


def main() -> None:
    """Run the rounds and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--processes", type=int, action="append", help="beside one; default: 2 and 4")
    parser.add_argument("--crawl", choices=("books", "quotes"), action="append", help="default: both")
    args = parser.parse_args()
    numbers = [1, *(args.processes or (2, 4))]

    with tempfile.TemporaryDirectory() as folder, sites() as (small, large), mongodb(folder) as environ:
        from scraper.core.config import load_config
        from scraper.storage.connection import connection_to

        os.environ.update(environ)
        with connection_to(load_config().mongodb) as database:
            for crawl in args.crawl or ("books", "quotes"):
                costs: dict[int, list[dict[str, float]]] = {number: [] for number in numbers}
                for turn in range(args.rounds):
                    for number in numbers if turn % 2 else reversed(numbers):
                        ends = [measured(crawl, number, site, database, environ) for site in (small, large)]
                        costs[number].append(a_page(ends[0], ends[1]))
                        said = ", ".join(f"{name} {cost:.2f}" for name, cost in costs[number][-1].items())
                        print(f"{crawl} round {turn + 1}/{args.rounds}, {number}: {said}", file=sys.stderr)
                report(crawl, costs)


def report(crawl: str, costs: dict[int, list[dict[str, float]]]) -> None:
    """Print medians, and the ratios to one process of the rounds' pairs."""
    heads = (
        "processes",
        *(f"{part} ms/page" for part in PARTS),
        "asked of mongod",
        "start s",
        "pages/s",
        "crawl",
        "rate",
    )
    print(f"\n{crawl}, {len(costs[1])} rounds\n" + "".join(f"{head:>16}" for head in heads))
    for number, these in costs.items():
        medians = [statistics.median(one[name] for one in these) for name in (*PARTS, "asked", "start", "rate")]
        ratios = [
            statistics.median(one[name] / alone[name] for one, alone in zip(these, costs[1], strict=True))
            for name in ("crawl", "rate")
        ]
        print(f"{number:>16}" + "".join(f"{one:>16.2f}" for one in [*medians, *ratios]))


if __name__ == "__main__":
    main()
