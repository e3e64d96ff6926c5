"""Tell whether a process that wrote down where it runs still does."""

from __future__ import annotations

import os
import socket
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

PROC = Path("/proc")
STATE, SESSION, STARTED = 0, 3, 19
"""Places in /proc/PID/stat after the name in brackets; source: proc(5)."""


def this_process() -> dict[str, Any]:
    """Return what others need to find this process again: `host`, `pid` and `process`."""
    return {"host": socket.gethostname(), "pid": os.getpid(), "process": birth(os.getpid())}


def is_gone(place: Mapping[str, Any]) -> bool:
    """Return whether it is certain that a process has ended: it was on this machine and is not there any more."""
    pid, born = place.get("pid"), place.get("process")
    return bool(pid and born and _boot() and place.get("host") == socket.gethostname() and birth(pid) != born)


def birth(pid: int) -> str:
    """Return what tells a process from a later one with its number; empty when there is none, or it cannot be told."""
    at = started(pid)
    return "" if at is None else f"{_boot()}:{at}"


def started(pid: int) -> int | None:
    """Return when a process started, in clock ticks since boot; None when there is none that runs."""
    fields = stat_of(pid)
    # A zombie has ended; it only waits for its parent to take note.
    return int(fields[STARTED]) if fields and fields[STATE] not in "ZX" else None


def stat_of(pid: int) -> list[str] | None:
    """Return the fields of /proc/PID/stat after the name; None when there is no such process, or no /proc."""
    try:
        return (PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None


@cache
def _boot() -> str:
    """Return what tells this start of the machine from others; empty where the system does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
    except OSError:
        return ""
