"""How the memory of a crawl grows with the site: the peak at ten times the records, as a ratio.

    python benchmarks/memory.py
    python benchmarks/memory.py --records 10000 100000

The quotes of the practice site, 20 a page, with the full pipeline, each size in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

PER_PAGE = 20
SITE = ["--quotes-per-page", str(PER_PAGE), "--authors", "50", "--books", "1"]


def crawl(site: str) -> None:
    """Crawl in this process and print what was stored and the peak memory in megabytes."""
    from pipeline import crawl_once

    result = crawl_once("quotes", "full", site)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"stored": result["stored"], "seconds": result["seconds"], "peak_mb": peak_mb}))


def peak_mb(records: int) -> float:
    """Return the peak memory of a crawl of so many quotes, in megabytes."""
    with tempfile.TemporaryDirectory(prefix="swathe-bench-") as folder:
        environ = {**os.environ, "SWATHE_MONGODB_DATA_DIR": folder}
        command = [sys.executable, "-m", "practice", "--port", "0", "--quotes", str(records), *SITE]
        with subprocess.Popen(command, cwd=ROOT / "tests", stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            site = server.stdout.readline().strip()
            one = [sys.executable, __file__, "--one", site]
            done = subprocess.run(one, cwd=ROOT, env=environ, capture_output=True, text=True, check=True)
            server.terminate()
        subprocess.run([sys.executable, "main.py", "db", "stop", "--force"], cwd=ROOT, env=environ, check=True)
    result = json.loads(done.stdout.splitlines()[-1])
    if result["stored"] < records:
        sys.exit(f"{records} quotes, but {result['stored']} records are stored")
    print(f"{records:>8} quotes: {result['peak_mb']:>6.0f} MB at most, {result['seconds']:.0f} s", flush=True)
    return float(result["peak_mb"])


def main() -> None:
    """Measure every size and print the ratio of the last to the first."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, nargs="+", default=[10_000, 100_000], help="default: %(default)s")
    parser.add_argument("--one", metavar="SITE", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        crawl(options.one)
        return
    peaks = [peak_mb(records) for records in options.records]
    print(f"{options.records[-1]} to {options.records[0]}: {peaks[-1] / peaks[0]:.2f} x")


if __name__ == "__main__":
    main()
