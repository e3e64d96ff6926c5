"""How fast exports are, and how much memory they take: N synthetic books in every format, each in a process of its own.

    python benchmarks/exports.py                      # 100,000 records
    python benchmarks/exports.py --records 1000000

The table says for each format the records a second, the peak memory of the whole process (its resident set, without
mongod's), and the file's size. The baseline is `.jsonl`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

FORMATS = (".jsonl", ".json", ".csv", ".csv.gz", ".jsonl.zst", ".parquet", ".xlsx")
BATCH = 10_000
WORDS = ["light", "attic", "sea", "garden", "night", "river", "glass", "stone", "winter", "letter", "house"]
START = datetime(2026, 1, 1, tzinfo=UTC)


def book(number: int) -> dict[str, Any]:
    """Return one synthetic book, about as large as a real one."""
    from bson import Decimal128, ObjectId

    words = [WORDS[(number * step) % len(WORDS)] for step in range(1, 60)]
    seen = START + timedelta(seconds=number)
    return {
        "upc": f"{number:016x}",
        "title": " ".join(words[:5]).title(),
        "price": Decimal128(f"{number % 9000}.{number % 100:02d}"),
        "currency": "GBP",
        "in_stock": number % 3 > 0,
        "stock": number % 22,
        "rating": number % 5 + 1,
        "category": words[0],
        "description": " ".join(words),
        "reviews": 0,
        "image_url": f"https://shop.example/media/{number:x}.jpg",
        "url": f"https://shop.example/catalogue/{number}/index.html",
        "first_seen": seen,
        "last_seen": seen,
        "changed_at": seen,
        "gone_at": None,
        "run": ObjectId("6560f3a1c2d4e5f60718293a"),
    }


def fill(records: int) -> None:
    """Put the books into the database that the environment names."""
    from scraper.core.config import load_config
    from scraper.storage.connection import connection_to

    with connection_to(load_config().mongodb) as database:
        for start in range(0, records, BATCH):
            database.books.insert_many([book(number) for number in range(start, min(start + BATCH, records))])


def measure(target: Path, environ: dict[str, str]) -> tuple[float, float]:
    """Export once, as a user does; return seconds and the peak memory of the process in MB."""
    command = [sys.executable, "main.py", "export", "books", str(target)]
    started = time.monotonic()
    process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{target.name}: exit {process.returncode}")
    unit = 1 if sys.platform == "darwin" else 1024
    return time.monotonic() - started, usage.ru_maxrss * unit / 1e6


def main() -> None:
    """Fill a database and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000, help="synthetic records (default 100000)")
    parser.add_argument("--format", choices=FORMATS, action="append", help="default: all")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"SWATHE_MONGODB_DATA_DIR": f"{folder}/data", "SWATHE_MONGODB_IDLE_STOP_S": "30"}
        try:
            fill(args.records)
            print(f"{args.records} records\n{'format':<12}{'seconds':>9}{'records/s':>11}{'peak MB':>9}{'file MB':>9}")
            for suffix in args.format or FORMATS:
                target = Path(folder, f"books{suffix}")
                seconds, peak_mb = measure(target, dict(os.environ))
                size_mb = target.stat().st_size / 1e6
                rate = args.records / seconds
                print(f"{suffix:<12}{seconds:>9.1f}{rate:>11.0f}{peak_mb:>9.0f}{size_mb:>9.1f}", flush=True)
        finally:
            subprocess.run([sys.executable, "main.py", "db", "stop", "--force"], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
