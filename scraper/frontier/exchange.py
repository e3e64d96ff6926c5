"""What a worker exchanges with the store: new requests and acknowledgements go there, requests to begin come back."""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from scraper.core import statistics
from scraper.core.failed_page import FailedPage
from scraper.core.supervision import nobody_to_blame
from scraper.errors import UnstorableRequestError
from scraper.frontier.protocol import Ack, Batch, Written
from scraper.frontier.ready import Ready
from scraper.storage.outage import UntilLost

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from scraper.frontier.protocol import Backend, Put, Taken
    from scraper.storage.connection import Connection

T = TypeVar("T")


class Writer:
    """Carry out work on the store, one piece after the other, off the event loop, through breaks of the connection."""

    def __init__(self, backend: Backend, connection: Connection) -> None:
        self._backend = backend
        self._until_lost = UntilLost(connection, "the frontier cannot be kept")
        self._thread = ThreadPoolExecutor(1, "frontier")

    @property
    def shared(self) -> bool:
        """Whether other workers were ever seen at the run."""
        return self._backend.shared

    async def do(self, work: Callable[[Backend], T]) -> T:
        """Return what work gives; raise DatabaseError when the store stays away, and from then on at once."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._carried, work)

    def write_at_once(self, batch: Batch) -> Written:
        """Write a batch and wait for it: for the rare case that requests are made faster than they can be stored."""
        written: Written = self._thread.submit(self._carried, lambda backend: backend.write(batch)).result()
        return written

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown(wait=False)

    def _carried(self, work: Callable[[Backend], T]) -> T:
        return self._until_lost.do(lambda: work(self._backend))


logger = logging.getLogger(__name__)

AHEAD = 3
"""Requests that a worker has at most, for each that may be under way; at a third of them it asks for more.

Enough not to run dry while it asks, and few enough to leave some to others.
"""

MOST_WAITING = 2_000
"""Requests that may wait to be stored; more are stored before anything else goes on, so that memory stays flat."""

TICK_S = 0.5
"""How often a worker without work looks whether others have left some."""


PATIENCE_S = 0.1
"""How long what nobody waits for may wait for company.

That is acknowledgements, requests that were begun early, and others while enough are ready.
"""


class Outgoing:
    """The next batch. `call_later` has it looked at again after so many seconds."""

    def __init__(self, call_later: Callable[[float], object]) -> None:
        self._call_later = call_later
        self._batch = Batch()
        self._since: float | None = None
        """Since when something waits that may; 0: it may wait no longer."""
        self.plain = 0
        """How many requests wait to be stored before they can be begun."""

    def put(self, put: Put) -> None:
        """Add a request."""
        self._batch.puts.append(put)
        self.plain += not put.early
        self._wait()

    def ack(self, ack: Ack, *, at_once: bool = False) -> None:
        """Add an acknowledgement."""
        self._batch.acks.append(ack)
        self._wait()
        if at_once:
            self._since = 0.0

    def release(self, ids: Iterable[bytes]) -> None:
        """Add requests to give back."""
        self._batch.releases += ids

    def is_due(self, *, idle: bool, supplied: bool) -> bool:
        """Return whether something is to be written now.

        When `idle`, there is nothing else to do; when `supplied`, there is enough, and nobody waits for requests.
        """
        is_wanted = self._batch.releases or (self.plain and not supplied)
        return bool(is_wanted) or self._has_waited(idle=idle)

    def take(self, *, idle: bool, all_: bool) -> Batch:
        """Return what is to be written now, or all there is; a request is never behind what relies on it."""
        acks_too = all_ or self._has_waited(idle=idle)
        batch, self._batch, self.plain = self._batch, Batch(), 0
        if acks_too:
            self._since = None
        else:
            self._batch.acks, batch.acks = batch.acks, []
            self._since = self._since if self._batch.acks else None
        batch.puts.sort(key=lambda put: (not put.early, put.order))
        return batch

    def _has_waited(self, *, idle: bool) -> bool:
        return self._since is not None and (idle or time.monotonic() - self._since >= PATIENCE_S / 2)

    def _wait(self) -> None:
        if self._since is None:
            self._since = time.monotonic()
            self._call_later(PATIENCE_S)


class Exchange:
    """One worker's share in the frontier. One write is under way at a time; what comes meanwhile makes up the next.

    `load` makes a request of what is stored, `catch_up` takes in what others did, `wake` says that there is something
    to begin or that all is over, `fail` that the store is lost.
    """

    def __init__(
        self,
        writer: Writer,
        lease_s: float,
        concurrency: int,
        *,
        load: Callable[[Taken], Put],
        catch_up: Callable[[], Awaitable[None]],
        wake: Callable[[], None],
        fail: Callable[[Exception], None],
    ) -> None:
        self._writer, self._lease_s = writer, lease_s
        self._most, self._least = AHEAD * concurrency, concurrency
        self._load, self._catch_up, self._wake, self._fail = load, catch_up, wake, fail
        self.ready = Ready()
        self._begun = 0
        """How many requests were handed out and have not ended."""
        self._storing = False
        """Whether requests are being stored that cannot be begun before."""
        self.duplicates = 0
        self.over = False
        """Whether the store was seen to have nothing left for anybody since something was last done here."""
        self._outgoing = Outgoing(lambda seconds: asyncio.get_running_loop().call_later(seconds, self.work_soon))
        self._more = True
        """Whether requests may be pending in the store."""
        self._waits = False
        """Whether all that is left is with others, or not due yet."""
        self._working: asyncio.Task[None] | None = None
        self._ticking: asyncio.Task[None] | None = None
        self._closing = False

    def __len__(self) -> int:
        return self._outgoing.plain + len(self.ready) + max(0, self.ready.pending)

    def begin(self) -> None:
        """Keep the lease from now on."""
        if not self._closing:  # it was stopped while it was opened
            self._ticking = asyncio.create_task(self._tick())

    async def end(self) -> None:
        """Write what is waiting and give back what was not begun; raise DatabaseError when that cannot be done."""
        self._closing = True
        if self._ticking:
            self._ticking.cancel()
        while self._working:
            await self._working
        await self._write()
        await self._writer.do(lambda backend: backend.leave())

    def put(self, put: Put) -> None:
        """Add a request."""
        # The next page of a list, with nothing before it, need not wait to be stored. Should all be lost now, the page
        # that led to it is not done, and makes it again.
        put.early &= not (self.ready or self._outgoing.plain or self._storing or self._writer.shared)
        self._outgoing.put(put)
        if put.early:
            self.ready.push(put)
            self._wake()
            return
        if self._outgoing.plain >= MOST_WAITING:
            batch = self._next_batch()
            try:
                with nobody_to_blame():
                    self._written(self._writer.write_at_once(batch), batch)
            except Exception as error:  # noqa: BLE001 - as below
                self._stop(error)
        self.over = self._waits = False
        if self._has_work:
            self.work_soon()

    def ended(self, id_: bytes, ack: Ack | None) -> None:
        """Take in that a request has come to its end; without an acknowledgement it is given back."""
        was_alone = self.ready.ended(id_)
        self._begun -= 1
        if ack is None:
            self._outgoing.release([id_])
        else:
            self._outgoing.ack(ack, at_once=was_alone)  # one that was alone is innocent
        if not self._begun:
            self.work_soon()

    def next(self) -> Put | None:
        """Return the next request to begin, or None."""
        put = self.ready.pop(idle=not self._begun)
        self._begun += put is not None
        if self._has_work:
            self.work_soon()
        return put

    def look(self) -> None:
        """Find out whether anything is left, unless that is known."""
        if not self._waits:
            self.work_soon()

    def work_soon(self) -> None:
        """Write and read what there is to, as soon as the event loop has time."""
        self.over = self._waits = False
        if self._working is None and not self._closing:
            self._working = asyncio.create_task(self._work())

    @property
    def _idle(self) -> bool:
        return not (self.ready or self._begun)

    @property
    def _supplied(self) -> bool:
        """Whether there is enough to begin for a while, and nobody else to take what is new."""
        return len(self.ready) >= self._least / 2 and not self._writer.shared

    @property
    def _has_work(self) -> bool:
        is_due = self._outgoing.is_due(idle=self._idle, supplied=self._supplied)
        return bool(self.ready.to_mark) or is_due or self._hungry

    @property
    def _hungry(self) -> bool:
        return self._more and len(self.ready) < self._least

    async def _work(self) -> None:
        """Write and read until there is nothing to write and enough to do, or nothing at all."""
        try:
            while not self._closing:
                if self._has_work:
                    await self._write()
                elif not self._idle or await self._is_over():
                    break
                elif not self._has_work:
                    self._waits = True
                    break
        except Exception as error:  # noqa: BLE001 - a crawl without its frontier must end, whatever the fault is
            self._stop(error)
        finally:
            self._working = None
            if self.ready or self.over:
                self._wake()

    def _stop(self, error: Exception) -> None:
        self._closing = True
        self._fail(error)

    async def _write(self) -> None:
        batch = self._next_batch()
        self._storing = any(not put.early for put in batch.puts)
        self._written(await self._writer.do(lambda backend: backend.write(batch)), batch)
        self._storing = False

    def _next_batch(self) -> Batch:
        batch = self._outgoing.take(idle=self._idle, all_=self._closing)
        batch.alone = self.ready.to_mark
        begun = sum(put.early for put in batch.puts)
        batch.lease = begun if self._closing else max(begun, self._most - len(self.ready))
        batch.take = max(0, batch.lease - len(batch.puts)) if self._hungry and not self._closing else 0
        return batch

    def _written(self, written: Written, batch: Batch) -> None:
        for put in written.leased:
            if not put.early:
                self.ready.push(put)
        for taken in written.taken:
            try:
                self.ready.push(self._load(taken))
            except UnstorableRequestError as error:
                failed = FailedPage("", str(error), "own-code")
                counts = {statistics.UNSTORED_REQUESTS: 1, statistics.failed(failed.reason): 1}
                self._outgoing.ack(Ack(taken.id, time.time_ns(), counts, failed=failed))
        self.ready.marked(batch.alone)
        self.ready.pending += written.pending - len(written.taken)
        if written.pending or batch.take:
            self._more = bool(written.pending) or len(written.taken) >= batch.take
        self.duplicates += written.duplicates
        if self.ready:
            self._wake()

    async def _is_over(self) -> bool:
        """Return whether nobody has anything to do any more, knowing all that others have found."""
        if await self._writer.do(lambda backend: backend.open_requests()):
            return False
        self._more = False
        await self._catch_up()
        self.over = self._idle and not self._has_work
        return self.over

    async def _tick(self) -> None:
        """Keep the lease, and look for work that others have left; nothing may end this but the crawl's end."""
        renewed_at = time.monotonic()
        while not self._closing:
            await asyncio.sleep(TICK_S)
            late_s = time.monotonic() - renewed_at
            try:
                if late_s > self._lease_s / 3:
                    self._more = bool(await self._writer.do(lambda backend: backend.renew())) or self._more
                    renewed_at = time.monotonic()
                if late_s > self._lease_s:
                    self._outgoing.release(self.ready.drop())  # somebody else may have them by now
                    self._more = True
            except Exception as error:  # noqa: BLE001 - the next write shows whether the store is lost
                logger.warning("The lease could not be renewed: %s", error)
            if self._waits:
                self._more = True
                self.work_soon()
