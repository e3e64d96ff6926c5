"""What a command costs before it does anything: processor time, and its ratio to Python that imports nothing.

    python benchmarks/startup.py                # 7 rounds
    python benchmarks/startup.py --rounds 3

Each round runs every command once, in turn, so that what else the machine does falls on all of them alike. The time is
user and system time of the command's process; the embedded MongoDB is up before and not counted. `bare` is the
interpreter of the same environment with an empty program.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = {
    "--version": ["--version"],
    "--help": ["--help"],
    "query --help": ["query", "--help"],
    "crawl --help": ["crawl", "--help"],
    "query quotes": ["query", "quotes"],
    "runs": ["runs"],
    "spiders": ["spiders"],
    "crawl, one page": ["crawl", "quotes", "--max-pages", "1", "--fresh", "--start"],
}
BARE = "bare"
DONE = (0, 3)
"""Exit codes of what came to its end: a crawl that may read one page alone is incomplete."""


def processor_s(command: list[str], environ: dict[str, str]) -> float:
    """Run a command and return the user and system time of its process; end the benchmark when it fails."""
    process = subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in DONE:
        sys.exit(f"{' '.join(command)}: exit {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def measured(rounds: int, site: str, environ: dict[str, str]) -> dict[str, list[float]]:
    """Return the processor seconds of each command, of every round after one that is not counted."""
    took: dict[str, list[float]] = {name: [] for name in (BARE, *COMMANDS)}
    for number in range(rounds + 1):
        for name in took:
            command = ["main.py", *COMMANDS[name]] if name in COMMANDS else ["-c", ""]
            seconds = processor_s([*command, site] if command[-1] == "--start" else command, environ)
            if number:  # the first writes byte code and the crawl's collections
                took[name].append(seconds)
    return took


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="default: %(default)s")
    options = parser.parse_args()
    serve = [sys.executable, "-m", "scraper.demo", "--port", "0"]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(serve, stdout=subprocess.PIPE, cwd=ROOT, text=True) as server,
    ):
        assert server.stdout is not None
        site = server.stdout.readline().strip()
        environ = {**os.environ, "SWATHE_MONGODB_DATA_DIR": folder}
        environ.pop("PYTHONDONTWRITEBYTECODE", None)  # with it every command compiles Swathe anew
        processor_s(["main.py", "db", "start"], environ)
        try:
            took = measured(options.rounds, f"{site}quotes/", environ)
        finally:
            processor_s(["main.py", "db", "stop", "--force"], environ)
            server.terminate()
    print(f"{options.rounds} rounds, medians of processor time")
    print(f"{'command':<18}{'s':>8}{'times bare':>14}")
    bare = statistics.median(took[BARE])
    for name, seconds in took.items():
        print(f"{name:<18}{statistics.median(seconds):>8.3f}{statistics.median(seconds) / bare:>14.1f}")


if __name__ == "__main__":
    main()
