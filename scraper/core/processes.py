"""Tell whether a process still runs, from a later one with its number, also when another process wrote it down."""

from __future__ import annotations

import ctypes
import os
import re
import resource
import socket
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scraper.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Mapping

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""Linux's own name of this start of the machine; source: random(4)."""


_stands_for: int | None = None


def stand_for(pid: int) -> None:
    """Let this process be known as another one that starts it, replaces it and ends with it."""
    global _stands_for
    _stands_for = pid


def known_pid() -> int:
    """Return the number that others know this process by."""
    return _stands_for or os.getpid()


PR_SET_PDEATHSIG = 1
"""Option of prctl(2): the signal a process gets when its parent dies. Linux only."""


def die_with_parent(number: int) -> None:
    """Let this process get a signal when its parent ends, however that ends; elsewhere than on Linux it gets none."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)


_SECRET_NAME = re.compile(r"(?i)^SWATHE_|PASS|SECRET|TOKEN|CREDENTIAL|_KEY$|_AUTH")
_WITH_ACCOUNT = re.compile(r"://[^/\s]*@")


def environment_for_others() -> dict[str, str]:
    """Return the environment for a program that is not Swathe's: without its options and what may be a secret."""
    return {
        name: value
        for name, value in os.environ.items()
        if not (_SECRET_NAME.search(name) or _WITH_ACCOUNT.search(value))
    }


FILES_NEEDED, FILES_WANTED = 256, 1024
"""Files and connections that a process needs to be able to open at once, and that it asks for where it may."""


def check_open_files() -> None:
    """Raise the limit of open files as far as this process may; raise ProjectError when it stays too low."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= FILES_WANTED:
        return
    soft = FILES_WANTED if hard == resource.RLIM_INFINITY else min(hard, FILES_WANTED)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft < FILES_NEEDED:
        raise ProjectError(
            f"this process may open {soft} files at once (ulimit -n), expected {FILES_NEEDED} or more: "
            f"raise the limit, for example with `ulimit -n {FILES_WANTED}`"
        )


def this_process() -> dict[str, Any]:
    """Return what others need to find this process again: `host`, `pid` and `process`."""
    return {"host": socket.gethostname(), "pid": known_pid(), "process": birth(known_pid())}


def is_gone(place: Mapping[str, Any]) -> bool:
    """Return whether it is certain that a process has ended: it was on this machine and is not there any more."""
    pid, born = place.get("pid"), place.get("process")
    if not pid or not born or place.get("host") != socket.gethostname():
        return False
    now = birth(pid)
    # Without Linux's name, a boot is told by its time, which is another one also when the clock was set.
    is_same_boot = _boot_id() or born.partition(":")[0] == now.partition(":")[0]
    return not now or (born != now and bool(is_same_boot))


def birth(pid: int) -> str:
    """Return what tells a process from a later one with its number; empty when there is none that runs."""
    import psutil  # 5 ms, which most commands need not spend

    at = started(pid)
    return "" if at is None else f"{_boot_id() or round(psutil.boot_time())}:{at}"


def started(pid: int) -> int | None:
    """Return when a process started, in hundredths of a second; None when there is none that runs.

    Linux counts from the machine's start, so that a clock that is set changes nothing; others since 1970.
    """
    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
            return None  # it only waits for its parent to take note
        if not psutil.LINUX:
            return round(process.create_time() * 100)
        while True:
            boot = psutil.boot_time()
            at = process.create_time() - boot
            if psutil.boot_time() == boot:  # else the clock was set in between
                return round(at * 100)
    except psutil.NoSuchProcess:
        return None


@cache
def _boot_id() -> str:
    """Return what tells this start of the machine from others; empty where the system does not say."""
    try:
        return BOOT_ID.read_text().strip()[:8]
    except OSError:
        return ""
