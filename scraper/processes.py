"""Tell whether a process that wrote down where it runs still does."""

from __future__ import annotations

import os
import socket
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

AFTER_NAME = 19
"""Place of a process's start time among the fields after its name in /proc/PID/stat; source: proc(5), field 22."""


def this_process() -> dict[str, Any]:
    """Return what others need to find this process again: `host`, `pid` and `process`."""
    return {"host": socket.gethostname(), "pid": os.getpid(), "process": birth(os.getpid())}


def is_gone(place: Mapping[str, Any]) -> bool:
    """Return whether it is certain that a process has ended: it was on this machine and is not there any more."""
    pid, born = place.get("pid"), place.get("process")
    return bool(pid and born and _boot() and place.get("host") == socket.gethostname() and birth(pid) != born)


def birth(pid: int) -> str:
    """Return what tells a process from a later one with its number; empty when there is none, or it cannot be told."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return ""
    state, *fields = stat.rpartition(")")[2].split()
    # A zombie has ended; it only waits for its parent to take note.
    return "" if state in "ZX" else f"{_boot()}:{fields[AFTER_NAME - 1]}"


@cache
def _boot() -> str:
    """Return what tells this start of the machine from others; empty where the system does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
    except OSError:
        return ""
