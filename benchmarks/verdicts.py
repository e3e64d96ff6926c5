"""How often the verdict on a crawl is right: with faults injected into the site, and on healthy sites.

    python benchmarks/verdicts.py                            # every fault, and 1,000 healthy crawls
    python benchmarks/verdicts.py --only faults
    python benchmarks/verdicts.py --only healthy --crawls 100 --seed 7

Each crawl is one of Scrapy's engine with every pipeline, over sockets, into a real MongoDB; they run one after the
other in one process, each of a site with a loopback address of its own (see `faulty_sites/`). A crawl that is injected
a fault is right when it is `complete` and every record of the site is stored as it is, or when it is not `complete` and
gives a reason; and when no record of the site is marked as gone. In a `later` run a healthy crawl comes first. Where
sites state no total (sitemaps and feeds) `at_least` stands for it. Some faults of a first run nobody can tell: every
answer that the crawl got is, byte for byte, that of a healthy site with fewer records, which is built to be sure. They
are named, and not counted. Ends with 1 when less than 99 % of the verdicts are right, a healthy site is read wrong, or
more than 1 % of the healthy crawls are not `complete`. Browsers are not used.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from faulty_sites.crawls import Crawls, Outcome, VerdictThing, healthy, inject  # noqa: E402
from faulty_sites.faults import FAULTS, cells  # noqa: E402
from faulty_sites.site import KINDS, Site  # noqa: E402

GOAL, MOST_FALSE_ALARMS = 0.99, 0.01
OPTIONS = {
    "SWATHE_CRAWL_DELAY_S": "0",
    "SWATHE_CRAWL_CONCURRENCY_PER_SITE": "16",
    "SWATHE_CRAWL_RETRIES": "1",
    "SWATHE_POLITENESS_BACKOFF_S": "0.02",
    "SWATHE_POLITENESS_MAX_WAIT_S": "0.1",
    "SWATHE_RENDERING_TIERS": "html, data, api, html5",
    "SWATHE_MONGODB_IDLE_STOP_S": "30",
}


def progress(text: str) -> None:
    """Say how far it is: on a terminal in one line, elsewhere now and then."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{text}\033[K")
        sys.stderr.flush()


def described(cell: tuple[str, str, bool, bool], outcome: Outcome) -> str:
    """Return a line on a verdict that is wrong."""
    name, kind, total, later = cell
    lacks = f"{outcome.gone} marked as gone" if outcome.gone else "records missing or wrong"
    run = f"{'total' if total else 'no total'}, {'later' if later else 'first'} run"
    if outcome.is_like_healthy:
        return f"as a healthy site: {name}, {kind}, {run}"
    return f"wrong: {name}, {kind}, {run}: {outcome.verdict}, {lacks}"


async def all_faults(crawls: Crawls, only: str) -> bool:
    """Print the table of faults; return whether the goal is met."""
    wanted = [cell for cell in cells() if not only or only in cell[:2]]
    right, of, alike = Counter[str](), Counter[str](), Counter[str]()
    for number, cell in enumerate(wanted):
        progress(f"fault {number + 1} of {len(wanted)}: {cell[0]}, {cell[1]}")
        outcome = await inject(crawls, number, cell)
        of[cell[1]] += not outcome.is_like_healthy
        alike[cell[1]] += outcome.is_like_healthy
        right[cell[1]] += outcome.is_right
        if not outcome.is_right:
            progress("")
            print(described(cell, outcome), flush=True)
    progress("")
    print(f"{'pagination':<12}{'faults':>8}{'right':>8}{'alike':>8}")
    for kind in of:
        print(f"{kind:<12}{of[kind]:>8}{right[kind]:>8}{alike[kind]:>8}")
    share = right.total() / max(of.total(), 1)
    print(f"verdicts right: {right.total()} of {of.total()}, {share:.1%} (goal {GOAL:.0%})")
    print(f"not counted: {alike.total()} more whose every answer is, byte for byte, a healthy site's", flush=True)
    return bool(wanted) and share >= GOAL


async def all_healthy(crawls: Crawls, count: int, seed: int) -> bool:
    """Crawl healthy sites and print those that were doubted; return whether the goal is met."""
    ends: list[tuple[Site, Outcome]] = []
    number = 0
    while len(ends) < count:
        progress(f"healthy crawl {len(ends) + 1} of {count}")
        ends += await healthy(crawls, number, Random(f"{seed} {number}"))  # noqa: S311
        number += 1
    progress("")
    ends = ends[:count]
    alarms = [(site, outcome) for site, outcome in ends if outcome.verdict != "complete"]
    bad = [(site, outcome) for site, outcome in ends if not outcome.is_right]
    for site, outcome in alarms:
        print(f"not complete: {site.name}, {site.kind}, {site.records} records: {'; '.join(outcome.reasons)[:200]}")
    for site, outcome in bad:
        print(f"read wrong: {site.name}, {site.kind}, {site.records} records: {outcome.verdict}")
    share = len(alarms) / count
    print(f"healthy crawls not complete: {len(alarms)} of {count}, {share:.1%} (goal {MOST_FALSE_ALARMS:.0%})")
    return not bad and share <= MOST_FALSE_ALARMS


async def measure(options: argparse.Namespace) -> bool:
    """Run what was asked for; return whether all goals are met."""
    from scraper.core.config import load_config
    from scraper.storage.connection import connection_to
    from scraper.storage.indexes import ensure_indexes

    with connection_to(load_config().mongodb) as database:
        ensure_indexes(database, VerdictThing)
        crawls, met = Crawls(), []
        if options.only != "healthy":
            met.append(await all_faults(crawls, "" if options.only == "faults" else options.only))
        if options.only in ("", "healthy"):
            met.append(await all_healthy(crawls, options.crawls, options.seed))
        print(f"{crawls.count} crawls, seed {options.seed}")
    return all(met)


def main() -> None:
    """Measure and end with 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="of the healthy sites; default: %(default)s")
    parser.add_argument("--crawls", type=int, default=1_000, metavar="N", help="healthy ones; default: %(default)s")
    known = ("faults", "healthy", *KINDS, *FAULTS)
    parser.add_argument("--only", default="", choices=known, metavar="PART", help=f"one of: {', '.join(known)}")
    options = parser.parse_args()
    if options.crawls < 1:
        parser.error(f"--crawls is {options.crawls}, expected 1 or more")
    os.environ.update(OPTIONS)
    from scrapy.utils.reactor import install_reactor

    install_reactor("twisted.internet.asyncioreactor.AsyncioSelectorReactor")
    from scrapy.utils.defer import deferred_from_coro
    from twisted.internet import task

    met: list[bool] = []

    async def run() -> None:
        met.append(await measure(options))

    with tempfile.TemporaryDirectory(prefix="swathe-verdicts-") as folder:
        os.environ["SWATHE_MONGODB_DATA_DIR"] = folder
        try:
            task.react(lambda _: deferred_from_coro(run()))
        except SystemExit as ended:
            if ended.code:
                raise
        finally:
            stop = [sys.executable, "main.py", "db", "stop", "--force"]
            subprocess.run(stop, cwd=ROOT, check=True, capture_output=True)
    sys.exit(0 if met == [True] else 1)


if __name__ == "__main__":
    main()
