"""Run the tests at other times: every one must hold whatever the day is.

`python tests/faked_clock [--time NAME]... [ARGUMENT OF PYTEST...]`. All processes share the faked clock: Python's,
MongoDB's. It goes on from its time, as fast as ever, in the zone of the time: what a person is shown are local days.
The browser and Redis have the real clock, because they do not start under libfaketime. The monotonic clock, which only
measures how long something takes, is not moved.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from calendar import isleap
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

from scraper.storage.embedded.binary import find_mongod

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent
READS_THE_CLOCK = re.compile(r"^(?:from|import) (?:datetime|time|zoneinfo)\b|\bTZ\b", re.MULTILINE)
"""What the text of a test has that depends on the clock."""

UNFAKED = "unset LD_PRELOAD FAKETIME FAKETIME_SHARED"
ALL_FAKED = "unset FAKETIME_DONT_FAKE_MONOTONIC"
"""What a program is started with that does not bear the environment of the others."""

REAL_CLOCK = ("chromium", "chromedriver", "redis-server")
"""Programs that do not start under libfaketime: Redis's allocator asks for the time while that looks for its own."""

BEFORE_CHANGE = timedelta(minutes=2)
"""How long before summer time begins or ends the tests begin: they are under way when it does."""


@dataclass(frozen=True)
class Clock:
    """A time at which the tests begin (UTC), and the zone that they run in."""

    name: str
    at: datetime
    zone: str = "UTC"
    whole_suite: bool = False


def clocks(now: datetime) -> list[Clock]:
    """Return the times to run the tests at."""
    return [
        Clock("tomorrow", now + timedelta(days=1)),
        Clock("in-40-days", now + timedelta(days=40)),
        Clock("in-400-days", now + timedelta(days=400), "America/New_York", whole_suite=True),
        Clock("29-february", _leap_day(now)),
        *(
            Clock(f"{name}-{place}", _change(now, zone, begins=begins) - BEFORE_CHANGE, zone)
            for place, zone in (("berlin", "Europe/Berlin"), ("new-york", "America/New_York"))
            for name, begins in (("summer", True), ("winter", False))
        ),
    ]


def _leap_day(now: datetime) -> datetime:
    return datetime(next(filter(isleap, count(now.year + 1))), 2, 29, 12, tzinfo=UTC)


def _change(now: datetime, zone: str, *, begins: bool) -> datetime:
    """Return when summer time begins or ends next (UTC), more than a day away."""
    hour = timedelta(hours=1)
    at = (now + 24 * hour).replace(minute=0, second=0, microsecond=0)
    while not (_is_summer(at, zone) is not begins and _is_summer(at + hour, zone) is begins):
        at += hour
    return at + hour


def _is_summer(at: datetime, zone: str) -> bool:
    return bool(at.astimezone(ZoneInfo(zone)).dst())


def files_that_read_the_clock() -> list[str]:
    """Return the files of tests that read a clock or name a time."""
    return [str(file) for file in sorted(TESTS.glob("test_*.py")) if READS_THE_CLOCK.search(file.read_text())]


def run(clock: Clock, tools: Path, pytest_arguments: list[str]) -> bool:
    """Run the tests at a time and return whether all of them held."""
    environ = {
        **os.environ,
        "TZ": clock.zone,
        "PATH": os.pathsep.join([str(tools), os.environ["PATH"]]),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")])),
    }
    offset_s = round((clock.at - datetime.now(UTC)).total_seconds())
    faked = ["faketime", "--exclude-monotonic", "-f", f"{offset_s:+d}"]
    shown = [*faked, sys.executable, "-c", "import time; time.sleep(0.01); print(int(time.time()))"]
    told_s = int(subprocess.run(shown, env=environ, check=True, capture_output=True, text=True).stdout)
    if abs(told_s - clock.at.timestamp()) > 60:
        raise SystemExit(f"the clock cannot be faked: it shows {told_s}, expected {clock.at.timestamp():.0f} s")
    sys.stdout.write(f"\n{clock.name}: {clock.at:%Y-%m-%d %H:%M:%S} UTC, in {clock.zone}\n")
    sys.stdout.flush()
    names_files = any(Path(argument.partition("::")[0]).exists() for argument in pytest_arguments)
    files = [] if names_files else [str(TESTS)] if clock.whole_suite else files_that_read_the_clock()
    command = [*faked, sys.executable, "-m", "pytest", "--dist", "loadfile", *pytest_arguments, *files]
    return subprocess.run(command, env=environ, cwd=TESTS.parent, check=False).returncode == 0


def add_starters(folder: Path) -> None:
    """Put programs into a folder that start those which need another environment."""
    # mongod waits in a loop that takes a whole processor while its sleep is refused: see sitecustomize.py.
    starters = {"mongod": ALL_FAKED, **dict.fromkeys(REAL_CLOCK, UNFAKED)}
    for name, change in starters.items():
        program = find_mongod() if name == "mongod" else shutil.which(name)
        starter = folder / name
        starter.write_text(f'#!/bin/sh\n{change}\nexec "{program}" "$@"\n')
        starter.chmod(0o755)


def main() -> int:
    """Run the tests at the times that are named, else at all; return 1 when some failed."""
    if shutil.which("faketime") is None:
        raise SystemExit("faketime is not installed: `make test-clock` installs Debian's")
    known = [clock.name for clock in clocks(datetime.now(UTC))]
    parser = argparse.ArgumentParser(prog="python tests/faked_clock", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--time", action="append", choices=known, help="when to run them; default: at all these times")
    chosen, pytest_arguments = parser.parse_known_args()
    failed = []
    with tempfile.TemporaryDirectory() as tools:
        add_starters(Path(tools))
        for name in chosen.time or known:
            clock = next(clock for clock in clocks(datetime.now(UTC)) if clock.name == name)
            started_s = time.monotonic()
            held = run(clock, Path(tools), pytest_arguments)
            failed += [] if held else [name]
            took_s = time.monotonic() - started_s
            sys.stdout.write(f"{name}: {'held' if held else 'failed'}, {took_s:.0f} s\n")
    sys.stdout.write(f"\nfailed at: {', '.join(failed)}\n" if failed else "\nevery test held at every time\n")
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
