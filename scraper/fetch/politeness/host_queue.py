"""One host's gate in one process: requests wait in a queue and are let in when it is their turn."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING

from scraper.fetch.politeness.errors import CrawlEndingError, HostGivenUpError
from scraper.fetch.politeness.terms import HostUse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from scraper.core.failed_page import Reason
    from scraper.fetch.politeness.ledger import Ledger
    from scraper.fetch.politeness.terms import HostAnswer, Pace, Terms

POLL_S = 1.0
"""How often a host that is left alone is looked at, and the ledger is told of one that is crawled."""

BOOKED_AHEAD_S = 1.0
"""Turns are reserved this far ahead, so that a crawl with a short delay costs one round trip a second."""

LATE = 0.1
"""A turn that was missed by more than this share of the delay is let go: two in a row would be too close."""

GIVEN_UP_AFTER_OPENINGS = 5
GIVEN_UP_AFTER_REFUSALS = 8
"""After this many pauses in a row without one good answer nothing more is asked for in a run."""

HELD_S = 1.0
"""The longest that an answer may take to be understood."""

_IDLE_S = 10.0


class HostQueue:
    """A host's gate. `pause` waits for so many seconds, and raises CrawlEndingError when the crawl ends."""

    def __init__(
        self, ledger: Ledger, terms: Terms, max_wait_s: float, pause: Callable[[float], Awaitable[None]]
    ) -> None:
        self._ledger, self.terms, self._max_wait_s, self._pause = ledger, terms, max_wait_s, pause
        self._queue: deque[asyncio.Future[None]] = deque()
        self._first: deque[asyncio.Future[None]] = deque()
        """Who is let in before the queue."""
        self._expected = 0
        """Requests that go on where an answer has redirected them: a browser asks for nothing else in between."""
        self._booked: deque[float] = deque()
        """Turns that were reserved, by `time.monotonic()`."""
        self._pace: Pace | None = None
        self._pace_at_s = self._used_at_s = 0.0
        self._slowed_at_s = 0.0
        """When the host got slower or was blocked last: turns that were reserved before no longer count."""
        self._asked = self._well = self._under_way = 0
        self._held_until_s = 0.0
        self._room = asyncio.Event()
        self._letting_in: asyncio.Task[None] | None = None
        self._reporting = False
        self._had_trouble = False
        self._given_up: HostGivenUpError | None = None
        self.used_up = False
        """Whether the requests of the day are used up."""
        self.ended = False

    def enter_at_once(self) -> bool:
        """Let a request in if nothing keeps it waiting, and return whether it was."""
        pace = self._pace
        if pace is None or not pace.free or self.ended or self._under_way >= pace.concurrency:
            return False
        if self._queue or self._first or self._expected:
            return False
        if self._now() < self._held_until_s:
            return False
        self._asked += 1
        self._under_way += 1
        self._used_at_s = self._now()
        return True

    async def enter(self, *, first: bool = False) -> None:
        """Return when it is the request's turn, `first` before all that wait.

        Raises HostGivenUpError, CrawlEndingError or DatabaseError.
        """
        if self.enter_at_once():
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (self._first if first else self._queue).append(turn)
        self._room.set()
        if self._letting_in is None:
            self._letting_in = asyncio.create_task(self._let_in())
        await turn

    def leave(self) -> None:
        """Make room: a request that was let in has its answer, or never will."""
        self._under_way -= 1
        self._room.set()

    def expect(self, more: int) -> None:
        """Keep the queue waiting for a request that is to come first, 1, or has come or never will, -1."""
        self._expected += more
        self._room.set()

    def ask_for(self, robots_delay_s: float) -> None:
        """Go by what robots.txt asks for, from the next request on."""
        self.terms = replace(self.terms, robots_delay_s=max(robots_delay_s, self.terms.robots_delay_s or 0.0))
        self._pace = None

    def hold(self) -> None:
        """Let nobody in until it is known what an answer means, which `tell` is about to find out."""
        self._held_until_s = self._now() + HELD_S

    async def tell(self, outcome: HostAnswer) -> None:
        """Say what became of a request; only what changes the pace is reported at once. Raise DatabaseError."""
        trouble = outcome.asks_for_a_break or outcome.failed
        if not trouble:
            self._well += 1
            if self._pace is None or not self._pace.troubled or self._reporting:
                return
        elif self._is_known(outcome):
            return
        self._had_trouble = trouble
        self._reporting = True
        try:
            self._take(await self._ledger.report(self.terms, outcome, self._tally()))
        finally:
            self._reporting = False
            self._held_until_s = 0.0

    async def refresh(self) -> None:
        """Tell the ledger that the host is still crawled, unless it was just told, and learn the pace."""
        now_s = self._now()
        in_use = self._under_way or self._queue or self._first or now_s - self._used_at_s < _IDLE_S
        if in_use and now_s - self._pace_at_s >= POLL_S:
            self._take(await self._ledger.share(self.terms, self._tally()))

    async def say_goodbye(self) -> None:
        """Tell the ledger what was done last, and that this process has done with the host."""
        await self._ledger.share(self.terms, self._tally())
        await self._ledger.leave(self.terms.host)

    def end(self) -> None:
        """Let nobody in any more: everyone who waits gets CrawlEndingError."""
        self.ended = True
        self._refuse(CrawlEndingError("was not asked for: the crawl ended before its turn"))

    async def _let_in(self) -> None:
        try:
            while self._first or self._queue:
                await self._turn()
                self._used_at_s = self._now()
                # Meanwhile the crawl may have ended, and with it the queue.
                if waiting := self._first or self._queue:
                    self._under_way += 1
                    waiting.popleft().set_result(None)
        except Exception as error:  # noqa: BLE001 - handed to everyone who waits, nobody is left
            self._refuse(error)
        finally:
            self._letting_in = None

    def _refuse(self, error: Exception) -> None:
        while waiting := self._first or self._queue:
            waiting.popleft().set_exception(error)

    async def _turn(self) -> None:
        """Return when the first in the queue may start."""
        while True:
            if self._pace is None:
                self._take(await self._ledger.share(self.terms, self._tally()))
            pace = self._checked_pace()
            if self._now() < self._held_until_s:
                await self._pause(HELD_S / 50)
            elif self._under_way >= pace.concurrency or (self._expected and not self._first):
                self._room.clear()
                await self._room.wait()
            elif pace.free:
                self._asked += 1
                return
            elif self._booked:
                start_s, slowed_at_s = self._booked.popleft(), self._slowed_at_s
                if not pace.delay_s or start_s >= self._now() - LATE * pace.delay_s:
                    await self._pause(start_s - self._now())
                    if slowed_at_s == self._slowed_at_s:
                        return
            else:
                await self._reserve(pace)

    async def _reserve(self, pace: Pace) -> None:
        ahead = max(int(BOOKED_AHEAD_S / pace.delay_s), 1) if pace.delay_s else self._waiting
        reserved = await self._ledger.reserve(self.terms, min(ahead, self._waiting), self._tally())
        self._take(reserved.pace)
        self._booked.extend(self._now() + start_s for start_s in reserved.starts_s)
        if not self._booked and not reserved.pace.used_up:
            await self._pause(min(max(reserved.pace.blocked_s, 0.05), POLL_S))

    def _checked_pace(self) -> Pace:
        """Return the pace; raise what keeps the host from being asked at all."""
        if self.ended:
            raise CrawlEndingError("was not asked for: the crawl ended before its turn")
        if self._given_up is not None:
            raise self._given_up
        pace = self._pace
        assert pace is not None
        blocked_s, why = self._blocked_s(), ""
        reason: Reason = "blocked"
        if blocked_s > self._max_wait_s and pace.breaker == "closed":
            why = f"{pace.blocked_why}, more than [politeness] max_wait_s = {self._max_wait_s:g} allows"
        elif self._had_trouble and pace.openings >= GIVEN_UP_AFTER_OPENINGS:
            reason = "server-error"
            why = f"failed {pace.failures} times in a row, also after {pace.openings - 1} pauses: {pace.last_problem}"
        elif self._had_trouble and pace.throttled >= GIVEN_UP_AFTER_REFUSALS:
            why = f"refused {pace.throttled} times in a row, whatever the pauses between: {pace.last_problem}"
        if why:
            self._given_up = HostGivenUpError(f"was not asked for: {self.terms.host} {why}", reason)
            raise self._given_up
        if pace.used_up and not self._booked:
            self.used_up = True
            raise CrawlEndingError("was not asked for: the requests of the day are used up")
        return pace

    def _take(self, pace: Pace) -> None:
        """Go by a new pace; a host that got slower takes back the turns that were reserved."""
        old, now_s = self._pace, self._now()
        if old is not None and (pace.delay_s > old.delay_s or pace.blocked_s > self._blocked_s() + POLL_S / 2):
            self._slowed_at_s = now_s
            self._booked.clear()
        self._pace, self._pace_at_s = pace, now_s
        self._room.set()

    def _is_known(self, outcome: HostAnswer) -> bool:
        """Return whether a refusal was sent for before the host was slowed down, and asks for no longer pause."""
        asked_s = outcome.asked_s or 0.0
        return outcome.asks_for_a_break and outcome.sent_at_s < self._slowed_at_s and asked_s <= self._blocked_s()

    @property
    def _waiting(self) -> int:
        return len(self._queue) + len(self._first)

    def _blocked_s(self) -> float:
        return max(self._pace.blocked_s - (self._now() - self._pace_at_s), 0.0) if self._pace else 0.0

    def _tally(self) -> HostUse:
        tally = HostUse(self._asked, self._well)
        self._asked = self._well = 0
        return tally

    @staticmethod
    def _now() -> float:
        return time.monotonic()
