"""One chromedriver process of ours: started in a session of its own, and ended with this process."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from scraper.core.processes import environment_for_others
from scraper.errors import BrowserUnavailableError
from scraper.fetch.browser.processes import end_session

if TYPE_CHECKING:
    from pathlib import Path

START_TIMEOUT_S = 30
TICK_S = 0.01

# Becomes the leader of a session, asks the kernel to be killed when its parent dies (PR_SET_PDEATHSIG is 1, SIGKILL 9),
# and turns into chromedriver. A program of its own, because code between fork and exec is unsafe with threads.
_STARTER = """
import ctypes, os, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, 9)
    if os.getppid() != int(sys.argv[1]):
        sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""


TRIES = 3
PORT_TAKEN = "port not available"
"""What it says when the free port that it chose for one kind of address is taken for the other."""


class Chromedriver:
    """A running chromedriver; every process it starts is in its session."""

    def __init__(self, program: Path, folder: Path, temporary: Path | None = None) -> None:
        """Start it, with its log in `folder`, and wait until it listens; raise BrowserUnavailableError otherwise.

        `temporary` is where it, and what it starts, puts temporary files, such as profiles that it makes by itself.
        The kernel ends it with the *thread* that calls this: a thread that lives as long as the pool.
        """
        self._log = folder / "chromedriver.log"
        self._environ = {**environment_for_others(), "SE_OFFLINE": "true"}
        if temporary:
            self._environ["TMPDIR"] = str(temporary.absolute())
        for left in reversed(range(TRIES)):
            self._start(program)
            try:
                self.url = f"http://127.0.0.1:{self._port(program)}"
            except BrowserUnavailableError as error:
                self.kill()
                if not left or PORT_TAKEN not in str(error):
                    raise
            else:
                return

    def _start(self, program: Path) -> None:
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-I", "-S", "-c", _STARTER, str(os.getpid()), str(program), "--port=0"],
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
                env=self._environ,
            )  # fmt: skip
        self.pid = self._process.pid

    def kill(self) -> None:
        """End it and everything it has started, at once; safe to call twice and from any thread."""
        end_session(self.pid)
        with contextlib.suppress(
            subprocess.TimeoutExpired
        ):  # in a wait that cannot be interrupted, such as a dead disk
            self._process.wait(timeout=10)

    def _port(self, program: Path) -> str:
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            ended = self._process.poll() is not None  # asked first: what it printed before its end is in the log then
            said = self._log.read_text(errors="replace")
            if found := re.search(r"started successfully on port (\d+)", said):
                return found[1]
            if ended or time.monotonic() > deadline:
                why = f"ended with code {self._process.returncode}" if ended else f"not ready in {START_TIMEOUT_S} s"
                last = (said.strip().splitlines() or ["it printed nothing"])[-1]
                raise BrowserUnavailableError(
                    f"{program} did not start ({why}: {last[:200]}): "
                    f"run it by hand to see why, or set [rendering] chromedriver to another one"
                )
            time.sleep(TICK_S)
