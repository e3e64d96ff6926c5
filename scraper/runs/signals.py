"""What processes that start and watch others have to do with signals: take them one by one, and pass them on."""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from scraper.core.processes import die_with_parent
from scraper.errors import EXIT_FAILED

if TYPE_CHECKING:
    from types import FrameType

STOPS = {signal.SIGINT: signal.SIGINT, signal.SIGTERM: signal.SIGTERM, signal.SIGHUP: signal.SIGTERM}
"""What asks for the end of a crawl, and what is passed on to it for that."""


class Signals:
    """The signals that reach a process which watches others, to be dealt with between two looks."""

    def __init__(self) -> None:
        self._received: list[int] = []
        self._woken, self._wakes = os.pipe()
        for end in (self._woken, self._wakes):
            os.set_blocking(end, False)
        self._wakeup_before = signal.set_wakeup_fd(self._wakes, warn_on_full_buffer=False)
        kinds = (*STOPS, signal.SIGTSTP, signal.SIGCHLD)
        # What is ignored, as SIGHUP is under nohup, stays so.
        noted = [number for number in kinds if signal.getsignal(number) is not signal.SIG_IGN]
        self._before = {number: signal.signal(number, self._note) for number in noted}

    def wait(self, seconds: float) -> list[int]:
        """Return the signals that have come; wait so long for one."""
        if not self._received:
            select.select([self._woken], [], [], seconds)
        with suppress(BlockingIOError):
            os.read(self._woken, 1024)
        received, self._received = self._received, []
        return received

    def restore(self) -> None:
        """Let signals do what they did before."""
        signal.set_wakeup_fd(self._wakeup_before)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._woken)
        os.close(self._wakes)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._received.append(number)


def belong_to(parent: int) -> None:
    """Let this process, which was just forked, end with its parent, and get no signals from the terminal itself."""
    os.setpgid(0, 0)
    # Of a terminal's background it may be, but it writes there.
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    die_with_parent(signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(EXIT_FAILED)
