"""One scheduler: it looks at the clock, at MongoDB and at its crawls, and does what the decisions say.

Any number of them may work on one database. What one may do alone is a single write that only one can make:
to insert a firing, to claim it, to take it over.
"""

from __future__ import annotations

import logging
import os
import secrets
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from models.schedules import Firing, ScheduleState
from models.system import Run
from scraper.core.cron import next_due
from scraper.core.log import about
from scraper.core.text import local_time
from scraper.schedule import firings
from scraper.schedule.crawl_process import HOST
from scraper.schedule.decisions import (
    REPLACED,
    STOPPED,
    Obstacles,
    Replace,
    RunEnd,
    Send,
    Skip,
    Start,
    decide_after,
    decide_running,
    decide_start,
    superseded_by,
)
from scraper.schedule.due import owed_firings
from scraper.storage.run_heartbeat import LOST_AFTER, mark_lost, mark_lost_runs

if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from scraper.core.config.schedules import SchedulerConfig
    from scraper.fetch.browser.processes import Process
    from scraper.schedule.decisions import CrawlState
    from scraper.schedule.schedule import Schedule


class Crawls(Protocol):
    """Where crawls run; `crawl_process.CrawlProcesses` are the real ones."""

    def start(self, firing: Firing) -> Process:
        """Start the crawl of a firing; raise OSError."""
        ...

    def look(self, firing: Firing) -> CrawlState:
        """Return what is known of it."""
        ...

    def find(self, firing: Firing) -> Process | None:
        """Return its process, when it lives here."""
        ...

    def send(self, firing: Firing, number: signal.Signals) -> None:
        """Send it a signal."""
        ...

    def is_gone(self, run: Run) -> bool:
        """Return whether the process of a run is known to have ended."""
        ...

    def forget(self, firing: Firing) -> None:
        """Let go of it: it has ended."""
        ...


class Watcher(Protocol):
    """Who wants to know what becomes of firings; the alerts do."""

    def ended(self, firing: Firing, end: RunEnd) -> None:
        """Take note of a firing that is over."""
        ...

    def missed(self, firing: Firing) -> None:
        """Take note of a firing that was skipped because no scheduler ran."""
        ...

    def look(self, now: datetime) -> None:
        """Look for what no firing's end tells, as often as the scheduler looks."""
        ...


logger = logging.getLogger(__name__)


class Scheduler:
    """Fires the schedules, watches the runs, and takes over those of a scheduler that died."""

    def __init__(
        self,
        schedules: Sequence[Schedule],
        config: SchedulerConfig,
        crawls: Crawls,
        watcher: Watcher,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.schedules, self._config = list(schedules), config
        self._crawls, self._watcher, self._clock = crawls, watcher, clock
        self.owner = f"{HOST}:{os.getpid()}:{secrets.token_hex(4)}"
        self._trusted_since = self.last_look = clock()
        # How many tries of each schedule came to which result here; "started" and "skipped" are counted as well.
        self.tally: Counter[tuple[str, str]] = Counter()

    def begin(self) -> None:
        """Note the schedules that are new or changed, and close what waits for one that is gone."""
        now = self._clock()
        for schedule in self.schedules:
            firings.begin(schedule, now)
        for firing in Firing.objects(state="waiting", schedule__nin=[schedule.name for schedule in self.schedules]):
            firings.drop(firing, "its schedule is gone from the configuration")

    def renew(self, schedules: Sequence[Schedule]) -> None:
        """Carry out these schedules from now on: a spider that could not be loaded may be there again."""
        self.schedules = list(schedules)
        self.begin()

    def turn(self) -> None:
        """Do all that is to be done now; raise PyMongoError when MongoDB is away."""
        now = self._clock()
        self.take_over(now)
        self.look_after(now)
        for schedule in self.schedules:
            with about(schedule=schedule.name, spider=schedule.spider):
                self._fire(schedule, now)
        self.start_waiting(list(Firing.objects(state="waiting", start_at__lte=now).order_by("due")), now)
        self._watcher.look(now)

    def take_over(self, now: datetime) -> None:
        """Become the owner of what a scheduler that died has left."""
        for firing in firings.take_over(self.owner, now, self._config.lease_s):
            with _about(firing):
                logger.warning("%s: taken over from a scheduler that does not hold it any more", firing.mark)
            if firing.host == HOST and firing.pid is None and (process := self._crawls.find(firing)) is not None:
                firings.amend(firing, self.owner, pid=process.pid, pid_started=process.started)

    def look_after(self, now: datetime) -> int:
        """Watch what runs here, and no more; return how many crawls do."""
        if abs(now - self.last_look) > LOST_AFTER / 2:
            # This host slept, its clock was set, or MongoDB was away: the crawls had no chance to give a sign either.
            self._trusted_since = now
        mine = self.running()
        if any(firing.lease_until < now + timedelta(seconds=self._config.lease_s * 2 / 3) for firing in mine):
            firings.renew(self.owner, now, self._config.lease_s)
        for firing in mine:
            with _about(firing):
                self._watch(firing, now)
        self.last_look = now
        return len(self.running()) if mine else 0

    def next_wake(self) -> float:
        """Return the seconds until there may be something to do."""
        now = self._clock()
        times = [next_due(schedule.cron, schedule.zone, now) for schedule in self.schedules]
        longest_s = min(self._config.poll_s, self._config.lease_s / 3)
        return max(0.0, min([longest_s, *((due - now).total_seconds() for due in times)]))

    def running(self) -> list[Firing]:
        """Return the firings that this scheduler runs."""
        return list(Firing.objects(owner=self.owner, state="running"))

    def stop_running(self, why: str = STOPPED) -> None:
        """Have all crawls of this scheduler end cleanly; `look_after` says when they have."""
        for firing in self.running():
            firings.ask_to_stop(firing, why)

    def let_go(self) -> None:
        """Leave the crawls to another scheduler, or to the next one."""
        firings.release(self.owner, self._clock())

    def start_waiting(self, waiting: Sequence[Firing], now: datetime) -> None:
        """Start, skip or leave each of the firings that wait; oldest first."""
        for firing in waiting:
            with _about(firing):
                self._start_or_leave(firing, now)

    def _start_or_leave(self, firing: Firing, now: datetime) -> None:
        decision = decide_start(firing, now, self._way(firing), self._config.catch_up_most)
        if isinstance(decision, Start):
            self._start(firing, now)
        elif isinstance(decision, Skip) and firings.skip(firing, decision.why):
            self.tally[firing.schedule, "skipped"] += 1
            logger.info("%s: skipped: %s", firing.id, decision.why)
        elif isinstance(decision, Replace):
            firings.ask_to_stop(decision.running, REPLACED)
        elif isinstance(decision, RunEnd) and firings.settle(firing, decision, now):
            logger.info("%s: %s: %s", firing.id, decision.result, decision.why)
            self._watcher.ended(firing, decision)

    def _fire(self, schedule: Schedule, now: datetime) -> None:
        state = ScheduleState.objects(id=schedule.name).first()
        if state is None:  # somebody dropped the collection
            firings.begin(schedule, now)
            return
        all_owed = owed_firings(schedule, state.handled_until, now, self._config)
        for owed in all_owed:
            firing = firings.insert(schedule, owed)
            if firing is not None and owed.skip and schedule.enabled:
                self.tally[schedule.name, "skipped"] += 1
                logger.warning("%s: skipped: %s", firing.id, owed.skip)
                self._watcher.missed(firing)
        if all_owed:
            firings.advance(schedule, all_owed[-1].due)

    def _way(self, firing: Firing) -> Obstacles:
        same = Firing.objects(key=firing.key, id__ne=firing.id)
        running = same(state="running").first()
        alive = Run.objects(
            spider=firing.spider, arguments=firing.arguments, state="running",
            heartbeat_at__gte=datetime.now(UTC) - LOST_AFTER,
        ).first()  # fmt: skip
        if alive is not None and running is None and self._crawls.is_gone(alive):
            mark_lost(alive)
            alive = None
        return Obstacles(
            running=running,
            by_hand=str(alive.id) if alive and running is None else "",
            queued=same(state="waiting", due__lt=firing.due).count(),
            free=len(self.running()) < self._config.most_runs,
            finished=bool(firing.run and Run.objects(id=firing.run, state="finished", verdict="complete").first()),
        )

    def _start(self, firing: Firing, now: datetime) -> None:
        claimed = firings.claim(firing, self.owner, HOST, now, self._config.lease_s)
        if claimed is None:
            return
        for other in superseded_by(claimed, list(Firing.objects(state="waiting", key=claimed.key, tries__gt=0))):
            firings.drop(other, f"a later firing did its work: {claimed.id}")
        try:
            process = self._crawls.start(claimed)
        except OSError as error:
            self._end(claimed, RunEnd("failed", f"its process could not be started: {error.strerror}"), now)
            return
        firings.amend(claimed, self.owner, pid=process.pid, pid_started=process.started)
        self.tally[claimed.schedule, "started"] += 1
        logger.info("%s: started, process %d", claimed.mark, process.pid)

    def _watch(self, firing: Firing, now: datetime) -> None:
        seen = self._crawls.look(firing)
        if seen.run is not None and firing.run != seen.run["_id"]:
            firings.amend(firing, self.owner, run=seen.run["_id"])
        decision = decide_running(firing, seen, now, self._trusted_since)
        if isinstance(decision, Send):
            self._send(firing, decision, now)
        elif isinstance(decision, RunEnd):
            if decision.run is not None:
                mark_lost_runs(id=decision.run)
            self._end(firing, decision, now)

    def _send(self, firing: Firing, send: Send, now: datetime) -> None:
        kill_at = firing.kill_at or now + timedelta(seconds=self._config.stop_grace_s)
        if firings.amend(firing, self.owner, stopping=send.why, kill_at=kill_at):
            logger.warning("%s: %s: sent %s", firing.mark, send.why, send.number.name)
            self._crawls.send(firing, send.number)

    def _end(self, firing: Firing, end: RunEnd, now: datetime) -> None:
        again_at = decide_after(firing, end, now, self._config)
        if not firings.close(firing, self.owner, end, now, again_at):
            return  # another scheduler has taken it over meanwhile and closes it
        self._crawls.forget(firing)
        self.tally[firing.schedule, end.result] += 1
        then = f"; another try at {local_time(again_at)}" if again_at else ""
        logger.info("%s: %s%s%s", firing.mark, end.result, f": {end.why}" if end.why else "", then)
        if again_at is None:
            self._watcher.ended(firing, end)


def _about(firing: Firing) -> AbstractContextManager[None]:
    """Have log lines say which firing they are about."""
    return about(schedule=firing.schedule, spider=firing.spider, firing=firing.id)
