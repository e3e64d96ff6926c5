"""Watch over a crawl from outside: replace its process when a page hangs, and end it when it does not end by itself.

The calling process forks before anything large is imported, so that the one that watches costs little memory and no
time. What has to be written to the database is done by a deputy, a further process that is there only when one is
needed.
"""

from __future__ import annotations

import json
import os
import re
import select
import signal
import socket
import sys
import time
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, NoReturn

from scraper.core.processes import stand_for
from scraper.core.project import ROOT, project
from scraper.core.supervision import DUMP_SIGNAL, MOST_IN_A_ROW, HeldPage, SharedMemory, Supervised, be_supervised
from scraper.errors import EXIT_FAILED, EXIT_INCOMPLETE
from scraper.runs.signals import STOPS, Signals, belong_to

if TYPE_CHECKING:
    from scraper.core.supervision import SharedRun

TICK_S = 0.2
"""How often the supervisor looks."""

DEPUTY_AFTER_S = 2.0
"""How long a page may have hold of a crawl before somebody acts for it; less than the shortest lease."""

ANSWER_S = 60.0
"""How long a deputy may take to put things in order, through a short outage of the database."""

KEEP_S = 1.0
"""How often a deputy shows signs of life."""

READY_S, HELD_S, STOP_S, LEAVE_S = 0.25, 1.4, 2.2, 2.7
"""Seconds after a signal to stop: when a deputy gets ready; when a crawl is killed that a page has hold of, or another
one; when nothing more is waited for."""

STACK_S = 1.0
"""How long a crawl may take to write down where it is."""

FRAMES, FRAME = 8, re.compile(r'^  File "([^"\n]*)", line (\d+) in (.*)$')
"""How many frames of a stack are told, and how faulthandler writes one."""

INSTALLED = re.compile(r"/site-packages/|/lib/python[0-9.]+/")
"""What the path of a file that is not of the project has in it."""

OUTERMOST = "page_watch.py"
"""Where a slice of a page's work begins."""

CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL)
"""How a process ends that breaks in C code, which is as much a page's doing as a loop is."""


def supervise(limit_s: float, *, quiet: bool = False) -> None:
    """Go on in a child process; in this one watch that, and exit with its exit code once it has ended.

    A page that holds the child's main thread longer than `limit_s` seconds is given up, and a new child goes on with
    the run: the function returns once in each. A `quiet` one leaves it to another process to say that the run was
    stopped. With a limit of 0 it returns at once, and nothing is watched.
    """
    if not limit_s:
        return
    supervisor, told, exhausted = _Supervisor(limit_s, quiet=quiet), "", False
    while True:
        before = supervisor.memory.run if told else None
        sys.stdout.flush()
        sys.stderr.flush()
        if not (child := os.fork()):
            supervisor.leave_to_child()
            be_supervised(Supervised(supervisor.memory, before, told, exhausted))
            return
        told, exhausted = supervisor.watch(child)


class _Supervisor:
    """The process that a person or a scheduler has started. All times are those of `time.monotonic`."""

    def __init__(self, limit_s: float, *, quiet: bool) -> None:
        self.memory = SharedMemory()
        self._limit_s, self._pid, self._is_quiet = limit_s, os.getpid(), quiet
        self._signals = Signals()
        self._child = 0
        self._in_a_row = 0
        self._deputy: _DeputyProcess | None = None
        self._stopped_at: float | None = None
        self._looked_at = self._blind_until = time.monotonic()

    def leave_to_child(self) -> None:
        """Be the child from now on: a process that ends with its parent, and is known by that one's number."""
        self._signals.restore()
        if self._deputy is not None:
            self._deputy.let_go()
        # In a group of its own: Ctrl-C reaches it once, from the parent, and twice would end it at once.
        belong_to(self._pid)
        stand_for(self._pid)

    def watch(self, child: int) -> tuple[str, bool]:
        """Return what was told of the page when the child is to be replaced, and whether that is for the last time.

        In all other cases exit, as the child did.
        """
        self._child = child
        while True:
            self._deal_with_signals(TICK_S)
            ended, status = os.waitpid(child, os.WNOHANG)
            page = self.memory.held()
            if ended:
                return self._after_end(os.waitstatus_to_exitcode(status), page)
            held_s = time.monotonic() - max(page.since, self._blind_until) if page else 0.0
            if self._stopped_at is not None:
                self._end_if_late(page)
            elif page is None or held_s < min(DEPUTY_AFTER_S, self._limit_s / 2):
                self._dismiss_when_idle()
            elif held_s < self._limit_s:
                self._appoint().keep()
            elif what := self._stack_if_held(page):
                return self._give_up(page, f"held the crawl for more than {self._limit_s:g} s{what}")

    def _deal_with_signals(self, seconds: float) -> None:
        for number in self._signals.wait(seconds):
            if number == signal.SIGTSTP:
                os.kill(self._child, signal.SIGSTOP)
                os.kill(self._pid, signal.SIGSTOP)
                os.kill(self._child, signal.SIGCONT)
            elif number in STOPS:
                os.kill(self._child, STOPS[signal.Signals(number)])
                self._stopped_at = self._stopped_at or time.monotonic()
        now = time.monotonic()
        if now - self._looked_at > 10 * TICK_S:
            self._blind_until = now  # this process was stopped, or the machine slept, and the child with it
        self._looked_at = now

    def _after_end(self, code: int, page: HeldPage | None) -> tuple[str, bool]:
        """Exit as the child did, unless it was a page that broke it."""
        if page is not None and -code in CRASHES and self._stopped_at is None:
            return self._give_up(page, f"broke the process ({signal.Signals(-code).name}){_told(self.memory.stack())}")
        if code < 0:
            if -code not in (signal.SIGKILL, signal.SIGSTOP):
                signal.signal(-code, signal.SIG_DFL)
            os.kill(self._pid, -code)
        return self._exit(code)

    def _stack_if_held(self, page: HeldPage) -> str:
        """Stop the child and return where it is, in words; an empty text when it got rid of the page meanwhile."""
        os.kill(self._child, DUMP_SIGNAL)
        until, stack = time.monotonic() + STACK_S, ""
        while time.monotonic() < until and (not stack or stack != self.memory.stack()):
            stack = self.memory.stack()
            time.sleep(TICK_S / 4)
        os.kill(self._child, signal.SIGSTOP)
        if self.memory.is_still_held(page):
            return _told(stack)
        os.kill(self._child, signal.SIGCONT)
        self.memory.forget_stack()
        return ""

    def _give_up(self, page: HeldPage, what: str) -> tuple[str, bool]:
        """See to it that nobody begins a page again, and end the child; return what is to be told of it."""
        run = self.memory.run
        assert run is not None  # pages are handed out only after it has begun
        self._in_a_row = 0 if self.memory.ended else self._in_a_row + 1
        done = self._carried_out("give_up", ANSWER_S, page=page, what=what)
        self._kill()
        self._carried_out("clear_away", 0.0)
        told = f"{page.url} {what}"
        if self._stopped_at is not None:
            self._exit_stopped(run)
        if not (run.durable and page.id) or self._in_a_row > MOST_IN_A_ROW:
            self._exit(EXIT_FAILED, f"the crawl is ended: {told}")
        if not done:
            told += "; the database could not be told, so it may be read again"
        self.memory.clear()
        return told, self._in_a_row == MOST_IN_A_ROW

    def _end_if_late(self, page: HeldPage | None) -> None:
        """Kill the child when it has not ended in time after a signal, and close its run."""
        assert self._stopped_at is not None
        run, late_s = self.memory.run, time.monotonic() - self._stopped_at
        if late_s > READY_S and run is not None:
            self._appoint()
        if late_s > (HELD_S if page and time.monotonic() - page.since > HELD_S else STOP_S):
            self._kill()
            self._exit_stopped(run)

    def _exit_stopped(self, run: SharedRun | None) -> NoReturn:
        """Exit after a child that was killed because it was told to stop and did not."""
        assert self._stopped_at is not None
        why = "stopped before its end: what was under way is done again when the crawl goes on"
        if run is None:
            self._exit(128 + signal.SIGINT)
        self._carried_out("interrupt", self._stopped_at + LEAVE_S - time.monotonic(), why=why)
        self._carried_out("clear_away", self._stopped_at + LEAVE_S - time.monotonic())
        self._exit(EXIT_INCOMPLETE, "" if self._is_quiet else f"interrupted: {why} (run {run.run})")

    def _carried_out(self, order: str, seconds: float, **more: object) -> bool:
        """Have a deputy do something; return whether it was done after some seconds at most."""
        deputy, until = self._appoint(), time.monotonic() + seconds
        deputy.order(order, **more)
        while (done := deputy.answer()) is None and time.monotonic() < until:
            self._deal_with_signals(TICK_S / 4)
            if self._stopped_at is not None:
                until = min(until, self._stopped_at + LEAVE_S)
        return bool(done)

    def _kill(self) -> None:
        with suppress(ProcessLookupError):
            os.kill(self._child, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(self._child, 0)

    def _appoint(self) -> _DeputyProcess:
        run = self.memory.run
        assert run is not None
        if self._deputy is not None and self._deputy.run != run:
            self._deputy.end()
            self._deputy = None
        if self._deputy is None:
            self._deputy = _DeputyProcess(run, self._pid, self._signals)
        return self._deputy

    def _dismiss_when_idle(self) -> None:
        if self._deputy is not None and self._deputy.is_idle():
            self._deputy.end()
            self._deputy = None

    def _exit(self, code: int, line: str = "") -> NoReturn:
        if self._deputy is not None:
            self._deputy.end()
        if line:
            sys.stderr.write(f"swathe: {line}\n")
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)  # what a process does at its end the child has done


class _DeputyProcess:
    """A process that does in the child's place what has to be written to the database; see `Deputy`."""

    def __init__(self, run: SharedRun, parent: int, signals: Signals) -> None:
        self.run = run
        self._ours, theirs = socket.socketpair()
        self._waits_for = 0
        self._used_at = 0.0
        self._pid = os.fork()
        if not self._pid:
            self._ours.close()
            signals.restore()
            for number in STOPS:
                signal.signal(number, signal.SIG_IGN)
            belong_to(parent)
            stand_for(parent)
            _serve(theirs, run)
        theirs.close()

    def keep(self) -> None:
        """Let it show signs of life, unless it has done so just now or is about to."""
        if time.monotonic() - self._used_at > KEEP_S and (not self._waits_for or self.answer() is not None):
            self.order("keep")

    def order(self, do: str, **more: object) -> None:
        """Tell it to do something."""
        page = more.pop("page", None)
        shown = {**asdict(page), "id": page.id.hex()} if isinstance(page, HeldPage) else None
        self._used_at = time.monotonic()
        with suppress(OSError):  # it has ended, which its missing answer tells
            self._ours.sendall(json.dumps({"do": do, "page": shown, **more}).encode() + b"\n")
            self._waits_for += 1

    def answer(self) -> bool | None:
        """Return whether the last order was carried out; None while that is not known."""
        while self._waits_for and select.select([self._ours], [], [], 0)[0]:
            with suppress(OSError):
                if sign := self._ours.recv(1):
                    self._waits_for -= 1
                    if not self._waits_for:
                        return sign == b"+"
                    continue
            return False
        return None if self._waits_for else True

    def is_idle(self) -> bool:
        """Return whether it has had nothing to do for a while."""
        return time.monotonic() - self._used_at > 10 * KEEP_S

    def let_go(self) -> None:
        """Leave it to the other process that has it, too."""
        self._ours.close()

    def end(self) -> None:
        """End it."""
        self._ours.close()
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)


def _serve(orders: socket.socket, run: SharedRun) -> NoReturn:
    """Carry out orders until nobody gives any more, and end; `+` is answered for one that was done, `-` for another."""
    deputy = None
    try:
        for line in orders.makefile():
            order = json.loads(line)
            try:
                if deputy is None:
                    from scraper.runs.deputy import Deputy

                    deputy = Deputy(run)
                deputy.carry_out(**order)
                orders.sendall(b"+")
            except Exception as error:  # noqa: BLE001 - whatever it is, the supervisor has to go on
                sys.stderr.write(f"swathe: {order['do']} could not be done for the crawl: {error}\n")
                orders.sendall(b"-")
    finally:
        os._exit(0)


def _told(stack: str) -> str:
    """Return a stack as faulthandler writes it in words, the innermost frame first."""
    frames = [frame for line in stack.splitlines() if (frame := FRAME.match(line))]
    ends = next((place for place, frame in enumerate(frames) if frame[1].endswith(OUTERMOST)), len(frames))
    # How Scrapy came to call what hangs says nothing about it.
    told = [frame for frame in frames[:ends] if "/site-packages/scrapy/" not in frame[1]]
    shown = [f"{frame[3]} ({_short(frame[1])}:{frame[2]})" for frame in told[:FRAMES]]
    return f", in {' < '.join(shown)}" if shown else ", where is not known"


def _short(path: str) -> str:
    """Return a file's path as the reader knows it: in the project, in an installed package or in Python."""
    if INSTALLED.search(path):
        return INSTALLED.split(path)[-1]
    return path.removeprefix(f"{project().folder}{os.sep}").removeprefix(f"{ROOT}{os.sep}")
