"""A file is written whole or not at all, and nothing temporary stays behind, wherever a signal falls."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest
from support import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from support import Swathe

STOPPED = """
import atexit, contextlib, os, shutil, signal, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from scraper.core import atomic_file as whole_file

FOLDER, SECOND = Path({folder!r}), {second}
TRACED = {{module.__file__ for module in (whole_file, contextlib, shutil)}}
step = 0

def write():
    with whole_file.whole_file(FOLDER / "target") as file, whole_file.temporary_name(FOLDER) as scratch:
        scratch.mkdir()
        (scratch / "sheet").write_bytes(b"new")
        file.write(b"new")

def stop_at(*steps):
    def trace(frame, event, _):
        global step
        if frame.f_code.co_filename not in TRACED:
            return None
        frame.f_trace_opcodes = frame.f_code.co_filename == whole_file.__file__
        if event in ("opcode", "line"):
            step += 1
            if step in steps:
                sys.settrace(trace)  # an exception in it ends it
                os.kill(os.getpid(), signal.SIGTERM)
        return trace
    return trace

signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
write()  # imports nothing more from here on
first = 0
while True:
    first += 1
    (FOLDER / "target").write_bytes(b"old")
    child = os.fork()
    if child == 0:
        stopped = False
        sys.settrace(stop_at(first, first + SECOND))
        try:
            write()
        except BaseException:
            stopped = True
        atexit._run_exitfuncs()  # a process's end, without the time that it takes
        os._exit(stopped)
    stopped = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    left = [path.name for path in FOLDER.iterdir()]
    assert left == ["target"], (first, left)
    assert (FOLDER / "target").read_bytes() in (b"old", b"new"), first
    if not stopped:
        break
print(first, "steps")
"""


@pytest.mark.parametrize("second", [0, 1, 30], ids=["once", "twice in a row", "again later"])
def test_nothing_is_left_wherever_sigterm_falls(swathe: Swathe, tmp_path: Path, second: int) -> None:
    code = STOPPED.format(root=str(ROOT), folder=str(tmp_path), second=second)
    said = swathe.run([sys.executable, "-c", code]).out
    found = re.fullmatch(r"(\d+) steps\n", said)
    assert found, said
    assert int(found[1]) > 300, "the signal fell nowhere"
