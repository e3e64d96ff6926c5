"""The politeness ledger as a crawl uses it, over any database that keeps hosts."""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar
from uuid import uuid4

from scraper.fetch.politeness import rules

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from models.hosts import Host
    from scraper.fetch.politeness.terms import HostAnswer, HostSnapshot, HostUse, Limits, Pace, Terms

T = TypeVar("T")


class HostStore(Protocol):
    """Where hosts are kept for all processes. Every method blocks, and raises DatabaseError when that cannot be done.

    A process is known by a name without dots or dollar signs.
    """

    def beat(self, host: str, process: str) -> HostSnapshot:
        """Note that a process crawls a host, which need not be known yet, and return the host."""
        ...

    def change(self, host: str, process: str, rule: Callable[[Host, datetime], T]) -> tuple[T, HostSnapshot]:
        """Let a rule change a host as if nobody else did meanwhile; return its result, and the host as it then is.

        The rule gets the host and the database server's time. It may be called more than once.
        """
        ...

    def leave(self, host: str, process: str) -> None:
        """Note that a process no longer crawls a host."""
        ...


@dataclass(frozen=True)
class Reservation:
    """Turns that were given: when each may start, in seconds from now and in order, and the pace."""

    starts_s: list[float]
    pace: Pace


class Ledger:
    """What one process asks and tells the ledger; the database work is done in a thread of its own."""

    def __init__(self, store: HostStore, limits: Limits) -> None:
        self._store, self._limits = store, limits
        self._process = uuid4().hex[:12]
        self._thread = ThreadPoolExecutor(1, "politeness")

    async def share(self, terms: Terms, tally: HostUse) -> Pace:
        """Say that this process still crawls a host, and what it did; to be called about once a second."""

        def settle(host: Host, now: datetime) -> None:
            rules.settle(host, now, terms, tally)

        def work() -> Pace:
            seen = self._store.beat(terms.host, self._process)
            if tally.asked or tally.well or not rules.is_settled(seen.host, seen.now, terms):
                _, seen = self._store.change(terms.host, self._process, settle)
            return self._pace(seen, terms)

        return await self._in_thread(work)

    async def reserve(self, terms: Terms, wanted: int, tally: HostUse) -> Reservation:
        """Reserve turns for up to `wanted` requests; none while the host is left alone."""

        def rule(host: Host, now: datetime) -> list[float]:
            rules.settle(host, now, terms, tally)
            return rules.reserve(host, now, terms, self._limits, wanted)

        def work() -> Reservation:
            starts_s, seen = self._store.change(terms.host, self._process, rule)
            return Reservation(starts_s, self._pace(seen, terms))

        return await self._in_thread(work)

    async def report(self, terms: Terms, outcome: HostAnswer, tally: HostUse) -> Pace:
        """Say at once what became of a request, where that changes how the host is treated."""

        def rule(host: Host, now: datetime) -> None:
            rules.note(host, now, terms, self._limits, outcome, time.monotonic() - outcome.sent_at_s)
            rules.settle(host, now, terms, tally)

        def work() -> Pace:
            _, seen = self._store.change(terms.host, self._process, rule)
            return self._pace(seen, terms)

        return await self._in_thread(work)

    async def leave(self, host: str) -> None:
        """Say that this process has done with a host."""
        await self._in_thread(lambda: self._store.leave(host, self._process))

    def close(self) -> None:
        """Let the thread go once it has done what it was given."""
        self._thread.shutdown(wait=False)

    def _pace(self, seen: HostSnapshot, terms: Terms) -> Pace:
        return rules.pace_of(seen.host, terms, self._limits, self._process, seen.now)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
