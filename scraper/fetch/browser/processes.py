"""What the kernel knows of a driver's processes (/proc, thus Linux), and how all of them are ended."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass

from scraper.core.processes import PROC, SESSION, STARTED, STATE, started, stat_of

TICK_S = 0.002
END_TIMEOUT_S = 10
"""How long processes that were killed are waited for: one in the middle of a read from a dead disk does not end."""


@dataclass(frozen=True)
class Process:
    """One process, told from a later one of the same number by its start in clock ticks since boot."""

    pid: int
    started: int

    def is_alive(self) -> bool:
        """Return whether it is this very process that runs under that number."""
        return started(self.pid) == self.started

    def command(self) -> str:
        """Return its command line, or nothing when it has ended."""
        with contextlib.suppress(OSError):  # it ended
            return (PROC / str(self.pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        return ""


def process(pid: int) -> Process | None:
    """Look at a running process; None when there is none of that number."""
    at = started(pid)
    return Process(pid, at) if at is not None else None


def session_of(leader: int) -> list[Process]:
    """Return the running processes of a session, the leader among them."""
    found = []
    for pid in (int(entry.name) for entry in PROC.glob("[0-9]*")):
        fields = stat_of(pid)
        if fields and int(fields[SESSION]) == leader and fields[STATE] not in "ZX":
            found.append(Process(pid, int(fields[STARTED])))
    return found


def end_session(leader: int) -> None:
    """Kill every process of a session, also those that are started meanwhile, and wait until they have ended."""
    deadline = time.monotonic() + END_TIMEOUT_S
    while (members := session_of(leader)) and time.monotonic() < deadline:
        for member in members:
            with contextlib.suppress(ProcessLookupError):  # it ended by itself
                os.kill(member.pid, signal.SIGKILL)
        time.sleep(TICK_S)
    if not PROC.is_dir():
        with contextlib.suppress(ProcessLookupError, PermissionError):  # no such group any more
            os.killpg(leader, signal.SIGKILL)


def tree_of(pid: int) -> list[int]:
    """Return a process and all below it."""
    found = [pid]
    for parent in found:
        with contextlib.suppress(OSError):  # it ended
            for task in (PROC / str(parent) / "task").iterdir():
                found += [int(child) for child in (task / "children").read_text().split()]
    return found


def memory_mb(pid: int) -> float:
    """Return the megabytes that a process and all below it have for themselves; what they share is not in it."""
    page_mb = os.sysconf("SC_PAGE_SIZE") / 2**20
    pages = 0
    for member in tree_of(pid):
        with contextlib.suppress(OSError, IndexError):  # it ended
            _, resident, shared, *_ = (PROC / str(member) / "statm").read_text().split()
            pages += int(resident) - int(shared)
    return pages * page_mb
