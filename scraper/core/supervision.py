"""What a crawl shows the process that supervises it, in memory that both have: the page that holds it, and its run.

A page that hangs inside a C function lets no other thread of its process run, and no handler of a signal. So what may
have to be known of it is written down before it gets hold of the process, where another one can read it.
"""

from __future__ import annotations

import faulthandler
import json
import mmap
import os
import signal
import struct
import tempfile
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SIZE = 2**20
"""Bytes that are shared. The system provides only those that are written to."""

SINCE, ENDED, RUN, PAGE = 0, 8, 16, 4096
"""Where in it stands what: the start of the hold (double), the requests that have ended (unsigned), then two texts."""

MOST_URL, MOST_DATA = 10_000, SIZE // 8
"""Letters of an address and of a request that are shared: JSON makes up to six bytes of one."""

MOST_IN_A_ROW = 30
"""How many processes may be replaced without a page in between that came to its end: else every page may hang."""

DUMP_SIGNAL = signal.SIGUSR1
"""What makes a crawl write down where its main thread is; faulthandler does that without the interpreter."""


@dataclass(frozen=True)
class SharedRun:
    """The run that a process works on, as its successor has to know it."""

    run: str
    worker: str
    """What the frontier knows the process by."""
    durable: bool
    """Whether its requests outlast the process."""
    joined: bool
    """Whether another process has begun it."""


@dataclass(frozen=True)
class HeldPage:
    """A page that has hold of the main thread."""

    id: bytes
    """What the frontier knows its request by; empty without a stored one."""
    url: str
    data: str = ""
    """The request as JSON, should it not be stored yet."""
    priority: int = 0
    seq: int = 0
    since: float = 0.0
    """By `time.monotonic`, which all processes of a machine share."""

    @cached_property
    def written(self) -> bytes:
        """What the crawl shares of it; a request that has no room is left out."""
        fields = {"id": self.id.hex(), "url": self.url[:MOST_URL], "priority": self.priority, "seq": self.seq}
        return json.dumps(fields | {"data": self.data if len(self.data) < MOST_DATA else ""}).encode()


class SharedMemory:
    """What a crawl and its supervisor both have."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, SIZE)
        self._stack, path = tempfile.mkstemp()
        os.unlink(path)  # noqa: PTH108 - a number and not a file: it is there as long as the processes are
        self._shown: HeldPage | None = None

    # The crawl's side

    def begin(self) -> None:
        """Have the stack written down when the supervisor asks for it, or when C code breaks."""
        faulthandler.register(DUMP_SIGNAL, self._stack, all_threads=False)
        faulthandler.enable(self._stack, all_threads=False)

    def hold(self, page: HeldPage) -> None:
        """Say that a page has the main thread from now on."""
        if page is not self._shown:
            self._write(PAGE, page.written)
            self._shown = page
        struct.pack_into("d", self._memory, SINCE, time.monotonic())

    def let_go(self) -> None:
        """Say that no page has the main thread."""
        struct.pack_into("d", self._memory, SINCE, 0.0)

    @contextmanager
    def unheld(self) -> Iterator[None]:
        """Do what a page is not to blame for, such as waiting for the database, and hold on anew after it."""
        held = struct.unpack_from("d", self._memory, SINCE)[0]
        self.let_go()
        try:
            yield
        finally:
            struct.pack_into("d", self._memory, SINCE, time.monotonic() if held else 0.0)

    def count_end(self) -> None:
        """Count a request that has come to its end."""
        struct.pack_into("Q", self._memory, ENDED, self.ended + 1)

    # Both sides

    @property
    def run(self) -> SharedRun | None:
        """The run that is worked on; None before it has begun."""
        text = self._read(RUN)
        return SharedRun(**json.loads(text)) if text else None

    def begin_run(self, run: SharedRun) -> None:
        """Say which run is worked on."""
        self._write(RUN, json.dumps(asdict(run)).encode())

    @property
    def ended(self) -> int:
        """How many requests have come to their end since the last process began."""
        return int(struct.unpack_from("Q", self._memory, ENDED)[0])

    # The supervisor's side

    def held(self) -> HeldPage | None:
        """Return the page that has the main thread, if one has."""
        since = struct.unpack_from("d", self._memory, SINCE)[0]
        if not since:
            return None
        try:
            page = json.loads(self._read(PAGE))
        except ValueError:  # it is just being written
            return None
        return HeldPage(bytes.fromhex(page.pop("id")), **page, since=since)

    def is_still_held(self, page: HeldPage) -> bool:
        """Return whether the same page has the main thread, without a break."""
        return bool(struct.unpack_from("d", self._memory, SINCE)[0] == page.since)

    def stack(self) -> str:
        """Return what faulthandler has written."""
        # Read by its place: the processes have one place to write at.
        return os.pread(self._stack, SIZE, 0).decode(errors="replace")

    def clear(self) -> None:
        """Get ready for the next process."""
        self.let_go()
        struct.pack_into("Q", self._memory, ENDED, 0)
        self.forget_stack()

    def forget_stack(self) -> None:
        """Forget what faulthandler has written."""
        os.lseek(self._stack, 0, os.SEEK_SET)
        os.ftruncate(self._stack, 0)

    def _write(self, place: int, text: bytes) -> None:
        struct.pack_into("I", self._memory, place, 0)
        self._memory[place + 4 : place + 4 + len(text)] = text
        struct.pack_into("I", self._memory, place, len(text))

    def _read(self, place: int) -> bytes:
        length = struct.unpack_from("I", self._memory, place)[0]
        return self._memory[place + 4 : place + 4 + length]


@dataclass(frozen=True)
class Supervised:
    """What a process that is supervised knows of that."""

    memory: SharedMemory
    before: SharedRun | None = None
    """What the process worked on that this one has replaced; None for the first one."""
    told: str = ""
    """Why it was replaced."""
    exhausted: bool = False
    """Whether so many were replaced in a row that the run is to end now."""


_supervised: Supervised | None = None


def supervised() -> Supervised | None:
    """Return what is known of this process' supervision; None for one that nobody supervises."""
    return _supervised


def be_supervised(how: Supervised) -> None:
    """Let this process be supervised from now on."""
    global _supervised
    _supervised = how
    how.memory.begin()


@contextmanager
def nobody_to_blame() -> Iterator[None]:
    """Do what no page is to blame for although it is done in its name: waiting for the database."""
    if _supervised is None:
        yield
        return
    with _supervised.memory.unheld():
        yield
