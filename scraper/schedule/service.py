"""The scheduler as a service: it sleeps until something may be due, and ends as it is told."""

from __future__ import annotations

import logging
import os
import select
import signal
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mongoengine.errors import MongoEngineException
from pymongo.errors import PyMongoError

from scraper.core.broken import LEFT_OUT, broken_parts
from scraper.errors import DatabaseError, SwatheError
from scraper.schedule.firings import count_due

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from models.broken import Broken
    from scraper.core.config import Config
    from scraper.core.config.schedules import SchedulerConfig
    from scraper.schedule.crawl_process import CrawlProcesses
    from scraper.schedule.presence import Presence
    from scraper.schedule.scheduler import Scheduler
    from scraper.storage.connection import Connection

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 2.0


class FileWatch:
    """Looks at the files every two seconds, in a thread: to import them anew takes seconds, and may take a minute."""

    def __init__(self, config: Config, tell: Callable[[list[Broken]], None]) -> None:
        """Take what is called, in the scheduler's own thread, with what is broken, first and when that has changed."""
        self._config, self._tell = config, tell
        self._thread: threading.Thread | None = None
        self._next_look_s = 0.0
        self._found: list[Broken] | None = None
        self._told: list[Broken] | None = None
        self._failure = ""

    def look(self) -> None:
        """Tell what was found since, and look again when it is time."""
        if self._found is not None and self._found != self._told:
            for part in self._found:
                logger.error("%s %s", LEFT_OUT, part)
            self._told = self._found
            self._tell(self._told)
        if time.monotonic() >= self._next_look_s and (self._thread is None or not self._thread.is_alive()):
            self._next_look_s = time.monotonic() + LOOK_EVERY_S
            self._thread = threading.Thread(target=self._look, daemon=True)
            self._thread.start()

    def _look(self) -> None:
        try:
            self._found, self._failure = broken_parts(self._config), ""
        except SwatheError as error:
            if str(error) != self._failure:
                logger.warning("%s", error)
            self._failure = str(error)


class Service:
    """Runs one scheduler until SIGTERM or Ctrl-C; a second one leaves the crawls to themselves at once."""

    def __init__(
        self,
        scheduler: Scheduler,
        crawls: CrawlProcesses,
        connection: Connection,
        config: SchedulerConfig,
        files: FileWatch,
        presence: Presence,
    ) -> None:
        self._files, self._presence = files, presence
        self._scheduler, self._crawls, self._connection, self._config = scheduler, crawls, connection, config
        self._told_to_stop = 0
        # A signal, also that of a crawl's end, makes the pipe readable and so ends the sleep.
        self._signalled, writes = os.pipe()
        os.set_blocking(writes, False)
        signal.set_wakeup_fd(writes, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def run(self, *, once: bool = False) -> None:
        """Fire until told to stop; `once`: fire what is due now, and return when that has ended."""
        self._scheduler.begin()
        while not self._told_to_stop:
            self._guarded(self._turn)
            self._guarded(self._files.look)
            if once and self._guarded(self._left) == 0:
                self._presence.finish()
                return
            self._sleep()
        self._wind_up()
        self._guarded(self._presence.leave)

    def _turn(self) -> None:
        """Do all that is to be done now; who can do that is there."""
        self._scheduler.turn()
        self._presence.show([schedule.name for schedule in self._scheduler.schedules])

    def _wind_up(self) -> None:
        """Do with the crawls what [scheduler] on_stop says."""
        if self._config.on_stop == "stop":
            self._guarded(self._scheduler.stop_running)
        while self._config.on_stop != "leave" and self._told_to_stop < 2:
            if self._guarded(lambda: self._scheduler.look_after(datetime.now(UTC))) == 0:
                break
            self._sleep()
        self._guarded(self._scheduler.let_go)
        self._crawls.leave()

    def _left(self) -> int:
        return len(self._scheduler.running()) + count_due(datetime.now(UTC))

    def _guarded(self, act: Callable[[], int | None]) -> int | None:
        """Return what `act` says; None when MongoDB is away: it may come back, and the crawls may outlive that."""
        try:
            return act()
        except (PyMongoError, MongoEngineException) as error:
            logger.error("MongoDB does not answer (%s): the scheduler tries again", type(error).__name__)
        try:
            self._connection.revive()
        except DatabaseError as error:
            logger.error("%s", error)
        return None

    def _sleep(self) -> None:
        if select.select([self._signalled], [], [], self._scheduler.next_wake())[0]:
            os.read(self._signalled, 4096)

    def _on_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._told_to_stop += 1
