"""Give every Python process what libfaketime leaves out: a sleep on the unfaked clock, and the times of files."""

import os
import select
import time
from typing import Any, SupportsIndex

OFFSET_S = int(os.environ.get("FAKETIME", 0))
_stat, _utime = os.stat, os.utime


def _sleep(seconds: SupportsIndex | float, /) -> None:
    # Python's own wakes up at a time of the clock that is not faked; libfaketime takes it for a faked one and refuses.
    select.select([], [], [], float(seconds))


def _moved_stat(*path: Any, **options: Any) -> os.stat_result:
    # The kernel, which knows nothing of the faked clock, says when a file was written.
    parts: Any = _stat(*path, **options).__reduce__()
    _, (numbers, others) = parts
    numbers = (*numbers[:7], *(at_s + OFFSET_S for at_s in numbers[7:]))
    for name in ("st_atime", "st_mtime", "st_ctime"):
        others[name] += OFFSET_S
        others[f"{name}_ns"] += OFFSET_S * 10**9
    return os.stat_result(numbers, others)


def _moved_utime(path: Any, times: Any = None, *, ns: Any = None, **options: Any) -> None:
    at_ns = ns or [int(at_s * 10**9) for at_s in times or (time.time(), time.time())]
    _utime(path, ns=tuple(at - OFFSET_S * 10**9 for at in at_ns), **options)


for supported in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
    supported |= {moved for moved, own in ((_moved_stat, _stat), (_moved_utime, _utime)) if own in supported}
time.sleep, os.stat, os.utime = _sleep, _moved_stat, _moved_utime
