"""How much faster an unchanged site is crawled again: ratios to its first crawl, in the same run.

    python benchmarks/recrawl.py                # 1,000 books on 50 list pages, 5 rounds
    python benchmarks/recrawl.py --rounds 2

Each round begins with an empty database of an embedded MongoDB. Every crawl is a `swathe crawl` of its own; its time is
that of its run, from the first request's preparation to the verdict, without Python's start.

    first      nothing is known
    again      each page is asked whether it has changed, and says that it has not
    changed    with `[crawl] follow = changed`: only the lists are asked for, and pages of entries that look different
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WAYS = {"first": [], "again": [], "changed": ["--set", "crawl.follow=changed"]}
BOOKS = 1_000
SITE = ["--books", str(BOOKS), "--quotes", "1", "--padding-kb", "20"]


def swathe(environ: dict[str, str], *arguments: str) -> str:
    """Run a command and return what it prints."""
    command = [sys.executable, "main.py", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environ, check=True, capture_output=True, text=True).stdout


def one_round(site: str) -> dict[str, float]:
    """Crawl in each way and return the seconds; end the benchmark when anything but the first crawl writes a record."""
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "SWATHE_MONGODB_DATA_DIR": folder, "SWATHE_MONGODB_IDLE_STOP_S": "30"}
        swathe(environ, "db", "start")
        for options in WAYS.values():
            swathe(environ, "crawl", "books", "--start", f"{site}books/", *options)
        runs = json.loads(swathe(environ, "query", "runs", "--sort", "started_at", "--format", "json"))
        swathe(environ, "db", "stop", "--force")
    return {way: seconds_of(run, way) for way, run in zip(WAYS, runs, strict=True)}


def seconds_of(run: dict[str, Any], way: str) -> float:
    """Return how long a run took; end the benchmark when it is not complete, or wrote what it should not."""
    counts = run["counts"]
    written = counts["items_new"] + counts["items_changed"]
    if run["verdict"] != "complete" or written != (BOOKS if way == "first" else 0):
        sys.exit(f"{way}: {run['verdict']}, {written} records written")
    return (datetime.fromisoformat(run["ended_at"]) - datetime.fromisoformat(run["started_at"])).total_seconds()


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="default: %(default)s")
    options = parser.parse_args()
    command = [sys.executable, "-m", "practice", "--port", "0", *SITE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT / "tests", text=True) as server:
        assert server.stdout is not None
        site = server.stdout.readline().strip()
        rounds = [one_round(site) for _ in range(options.rounds)]
        server.terminate()
    print(f"{BOOKS:,} books, {options.rounds} rounds")
    print(f"{'crawl':<10}{'median s':>10}{'as fast as the first':>24}")
    for way in WAYS:
        ratio = statistics.median(took["first"] / took[way] for took in rounds)
        print(f"{way:<10}{statistics.median(took[way] for took in rounds):>10.2f}{f'{ratio:.1f} x':>24}")


if __name__ == "__main__":
    main()
