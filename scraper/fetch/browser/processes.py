"""What the system knows of a driver's processes, and how all of them are ended."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from scraper.core.processes import started

TICK_S = 0.002
END_TIMEOUT_S = 10
"""How long processes that were killed are waited for: one in the middle of a read from a dead disk does not end."""


@dataclass(frozen=True)
class Process:
    """One process, told from a later one of the same number by its start."""

    pid: int
    started: int
    """As `scraper.core.processes.started` says it."""

    def is_alive(self) -> bool:
        """Return whether it is this very process that runs under that number."""
        return started(self.pid) == self.started

    def command(self) -> str:
        """Return its command line, or nothing when it has ended or belongs to somebody else."""
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            return " ".join(psutil.Process(self.pid).cmdline())
        return ""

    def folder(self) -> Path | None:
        """Return the folder it works in; None when it has ended or belongs to somebody else."""
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            return Path(psutil.Process(self.pid).cwd())
        return None


def process(pid: int) -> Process | None:
    """Look at a running process; None when there is none of that number."""
    at = started(pid)
    return Process(pid, at) if at is not None else None


def all_processes() -> list[Process]:
    """Return every process that runs on this machine."""
    return [found for pid in psutil.pids() if (found := process(pid))]


def session_of(leader: int) -> list[Process]:
    """Return the running processes of a session, the leader among them."""
    members = []
    for pid in psutil.pids():
        with contextlib.suppress(ProcessLookupError, PermissionError):  # it ended, or is in another session
            members += [pid] if os.getsid(pid) == leader else []
    return [found for pid in members if (found := process(pid))]


def end_session(leader: int) -> None:
    """Kill every process of a session, also those that are started meanwhile, and wait until they have ended."""
    deadline = time.monotonic() + END_TIMEOUT_S
    while (members := session_of(leader)) and time.monotonic() < deadline:
        for member in members:
            with contextlib.suppress(ProcessLookupError):  # it ended by itself
                os.kill(member.pid, signal.SIGKILL)
        time.sleep(TICK_S)


def memory_mb(leader: int) -> float:
    """Return the megabytes that a session's processes have for themselves.

    What they share is left out where the system tells it: on Linux.
    """
    held = 0
    for member in session_of(leader):
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):  # it ended
            memory = psutil.Process(member.pid).memory_info()
            held += memory.rss - getattr(memory, "shared", 0)
    return held / 2**20
