"""Several processes on one crawl: the one that begins it and workers beside it, started and watched by a further one.

The calling process leads the others: it forks them, so that what they have in common is imported once, forks another
worker in the place of one that is killed, and passes on what asks for the end. All that they share is in the database,
as for workers on several machines: so the verdict is given by the process that began the run, or by another when that
died.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scraper.core.config.schedules import MOST_PROCESSES
from scraper.core.text import counted
from scraper.errors import EXIT_FAILED, EXIT_INCOMPLETE, UsageError
from scraper.runs.signals import STOPS, Signals, belong_to

if TYPE_CHECKING:
    from collections.abc import Callable

TICK_S = 0.2
"""How often it is looked whether a process has ended."""

PATIENCE_S = 10.0
"""How long workers may take to see that a run is over; they look every five seconds."""

MOST_REPLACED = 30
"""How many workers are started in the place of others that were killed."""

_tells: int | None = None
"""Where this process says which run it has begun, to the one that leads."""


@dataclass(frozen=True)
class TeamEnd:
    """How the processes of a crawl have ended."""

    code: int
    """The exit code of the one that began the crawl."""
    run: str = ""
    """The id of a run whose verdict is another process's, as the one that began it was killed; empty otherwise."""


def process_count(text: str) -> int:
    """Return how many processes are meant: a number, or `auto` for the cores that this one may use, up to the most.

    >>> process_count("3")
    3
    """
    if text == "auto":
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return min(cores, MOST_PROCESSES)
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= MOST_PROCESSES):
        raise UsageError(f"--processes {text}: expected 1 to {MOST_PROCESSES}, or auto for the cores of this machine")
    return int(text)


def lead(processes: int, work: Callable[[str], int]) -> TeamEnd | None:
    """Go on in a child process, for which it returns None; in this one start workers on its run, and wait for all.

    `work` is what a worker does, on the run with the id that it gets; it returns the exit code. The calling process
    must have no thread, no reactor and no connection to MongoDB, none of which can be forked.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    team = _Team(processes, work)
    if team.begin():
        return None
    return team.watch()


def tell_begun(run: str) -> None:
    """Say which run this process has begun, if it is one of several; whoever replaces it may say so again."""
    if _tells is not None:
        with suppress(OSError):  # nobody leads any more, and this process ends with that one
            os.write(_tells, f"{run}\n".encode())


def verdict_of(run_id: str) -> tuple[int, str]:
    """Return the exit code of a run whose first process was killed, and a line for a person. Blocks."""
    from models.system import Run  # what leads has no need of it otherwise

    run = Run.objects(id=run_id).first()
    if run is None or run.state == "running":
        return EXIT_INCOMPLETE, f"run {run_id} has no verdict: its processes were killed; the same command goes on"
    word = run.verdict if run.state == "finished" else run.state
    why = f"; {'; '.join(run.reasons)}" if run.reasons else ""
    return run.exit_code, f"{run.spider}: {word}: {counted(run.counts.pages, 'page')}{why} (run {run_id})"


class _Team:
    """The process that leads. All times are those of `time.monotonic`."""

    def __init__(self, processes: int, work: Callable[[str], int]) -> None:
        self._work = work
        self._wanted, self._startable = processes, processes + MOST_REPLACED
        self._pid = os.getpid()
        self._signals = Signals()
        self._told, self._tells = os.pipe()
        os.set_blocking(self._told, False)
        self._members: set[int] = set()
        self._first = 0
        self._code: int | None = None
        self._run = ""
        self._is_stopped = False
        self._over_at: float | None = None

    def begin(self) -> bool:
        """Start the process that begins the run; return True in that one."""
        global _tells
        self._first = self._fork()
        if not self._first:
            _tells = self._tells
            return True
        os.close(self._tells)
        return False

    def watch(self) -> TeamEnd:
        """Return how the crawl has ended once all its processes have."""
        while self._members:
            for number in self._signals.wait(TICK_S):
                self._pass_on(number)
            self._hear()
            for member in [*self._members]:
                ended, status = os.waitpid(member, os.WNOHANG)
                if ended:
                    self._take_leave(member, os.waitstatus_to_exitcode(status))
            self._fill_up()
            self._end_if_late()
        self._signals.restore()
        os.close(self._told)
        if self._code is not None:
            return TeamEnd(self._code)
        if not self._run:
            sys.stderr.write("swathe: the crawl was killed before it began\n")
        return TeamEnd(EXIT_FAILED, self._run)

    def _pass_on(self, number: int) -> None:
        if number == signal.SIGTSTP:
            self._send(signal.SIGTSTP)
            os.kill(self._pid, signal.SIGSTOP)
            self._send(signal.SIGCONT)
        elif number in STOPS:
            self._is_stopped = True
            self._send(STOPS[signal.Signals(number)])

    def _send(self, number: signal.Signals) -> None:
        for member in self._members:
            os.kill(member, number)

    def _hear(self) -> None:
        if not self._run:
            with suppress(BlockingIOError):
                self._run = os.read(self._told, 1024).decode().partition("\n")[0]

    def _take_leave(self, member: int, code: int) -> None:
        """Take in that a process has ended; one that was not killed has no need of a successor."""
        self._members.discard(member)
        if code >= 0:
            self._wanted -= 1
        if member == self._first and code >= 0:
            self._code, self._over_at = code, time.monotonic()

    def _fill_up(self) -> None:
        over = self._is_stopped or self._over_at is not None
        while self._run and not over and self._startable and len(self._members) < self._wanted:
            self._startable -= 1
            if not self._fork():
                sys.exit(self._work(self._run))

    def _end_if_late(self) -> None:
        """Ask for the end of workers that do not see that the run is over, and then kill them."""
        late_s = 0.0 if self._over_at is None else time.monotonic() - self._over_at
        if late_s > 2 * PATIENCE_S:
            self._send(signal.SIGKILL)
        elif late_s > PATIENCE_S and not self._is_stopped:
            self._is_stopped = True
            self._send(signal.SIGTERM)

    def _fork(self) -> int:
        if member := os.fork():
            self._members.add(member)
            return member
        self._signals.restore()
        os.close(self._told)
        belong_to(self._pid)
        return 0
