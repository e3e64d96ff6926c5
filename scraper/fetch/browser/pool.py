"""The pool: so many drivers at once, one page a driver at a time, none left running."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Self

from scrapy.exceptions import DownloadFailedError, DownloadTimeoutError

from scraper.errors import BrowserUnavailableError
from scraper.fetch.browser.driver import Driver
from scraper.fetch.browser.errors import (
    DriverBloatedError,
    DriverExpiredError,
    DriverLostError,
    PageLeftError,
    PageRefusedError,
    ScriptFaultError,
)
from scraper.fetch.browser.leftovers import BrowserFolder
from scraper.fetch.browser.proxy import FilteringProxy
from scraper.fetch.browser.visit import BrowserVisit

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scraper.core.config.sections import RenderingConfig
    from scraper.fetch.browser.job import PageJob, RenderedPage

logger = logging.getLogger(__name__)

WATCH_S = 0.1
MEMORY_EVERY = 5
"""Rounds of the watch between two looks at memory."""

SCREENSHOT_S = 5
LEAVE_S = 10


class BrowserPool:
    """Render pages. Nothing is started before the first page; `close` ends all of it."""

    def __init__(
        self, config: RenderingConfig, data_dir: Path, *, user_agent: str = "", verify_certificates: bool = True
    ) -> None:
        self._config, self._folder = config, BrowserFolder(data_dir / "browsers")
        self._user_agent, self._verify = user_agent, verify_certificates
        self._executor = ThreadPoolExecutor(config.drivers, "swathe-browser")
        self._gate: FilteringProxy | None = None
        self._lock = threading.Condition()
        self._idle: list[Driver] = []
        self._busy: set[Driver] = set()
        self._leaving: set[Driver] = set()
        """Those of the busy whose page is given, and which are soon idle."""
        self._closing = threading.Event()
        self._unavailable: BrowserUnavailableError | None = None
        self.counts: Counter[str] = Counter()
        """What has happened: pages, drivers_started, drivers_replaced, failures."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def submit(self, job: PageJob) -> Future[RenderedPage]:
        """Have a page rendered in the pool's own threads.

        The result raises Scrapy's download errors for what may go better next time, PageRefusedError for what does
        not, DownloadCancelledError for a page that is too large, and BrowserUnavailableError.
        """
        given: Future[RenderedPage] = Future()
        done = self._executor.submit(self._work, job, given)
        done.add_done_callback(lambda done: given.cancel() if done.cancelled() else None)
        return given

    def render(self, job: PageJob) -> RenderedPage:
        """Render a page in this thread, which must live as long as the pool; raise as `submit` says."""
        given: Future[RenderedPage] = Future()
        self._work(job, given)
        return given.result()

    def close(self) -> None:
        """End every driver and thread, also in the middle of a page; safe to call twice."""
        self.kill()
        self._executor.shutdown(wait=True, cancel_futures=True)
        # A driver that was just starting.
        self.kill()
        with self._lock:
            gate, self._gate = self._gate, None
        if gate:
            gate.close()

    def kill(self) -> None:
        """End every driver at once and take no more pages; safe to call from any thread."""
        self._closing.set()
        with self._lock:
            drivers = [*self._idle, *self._busy]
            self._idle.clear()
        for driver in drivers:
            driver.kill(DriverLostError("the crawl has ended"))

    def _work(self, job: PageJob, given: Future[RenderedPage]) -> None:
        """Give a page, or why there is none; what is to be done after the page is done while it is being read."""
        if not given.set_running_or_notify_cancel():
            return
        try:
            self._render(job, given)
        except BaseException as error:
            if given.done():
                logger.exception("The driver that rendered %s could not be made ready for the next page", job.url)
                return
            self._count("failures")
            given.set_exception(error)

    def _render(self, job: PageJob, given: Future[RenderedPage]) -> None:
        driver = self._take()
        try:
            self._visit(driver, job, given)
        except DriverExpiredError as error:
            self._lose(driver)
            raise DownloadTimeoutError(f"rendering {job.url} took too long: {error}") from None
        except DriverBloatedError as error:
            self._lose(driver)
            raise PageRefusedError(str(error)) from None
        except DriverLostError as error:
            self._lose(driver)
            raise DownloadFailedError(f"the browser was lost: {error}") from None
        finally:
            self._give_back(driver)

    def _visit(self, driver: Driver, job: PageJob, given: Future[RenderedPage]) -> None:
        """Render a page and leave it; a driver that does not come away from it is lost, the page is not."""
        visit = BrowserVisit(driver, job)
        page: RenderedPage | None = None
        try:
            page = visit.render()
        finally:
            # What was waited for and came needs no evidence.
            if (picture := job.screenshot) and not (page is not None and page.is_as_wanted and job.wait_for):
                self._afterwards(driver, "screenshot", SCREENSHOT_S, partial(self._picture, driver, picture))
            if page is not None:
                with self._lock:
                    self.counts["pages"] += 1
                    self._leaving.add(driver)
                given.set_result(page)
            self._afterwards(driver, "leave", LEAVE_S, visit.leave)

    def _afterwards(self, driver: Driver, name: str, limit_s: float, do: Callable[[], None]) -> None:
        """Do what follows a page; a driver that cannot do it, or takes too long, is lost."""
        if driver.connection.killed is None:
            try:
                driver.limit(name, limit_s)
                do()
                driver.lift(name)
            except (DriverLostError, PageLeftError, ScriptFaultError):
                self._lose(driver)

    def _take(self) -> Driver:
        with self._lock:
            # A new one would take a hundred times as long as that one which is about to be free.
            self._lock.wait_for(lambda: self._idle or not self._leaving or self._closing.is_set())
            self._open()
            if self._idle:
                driver = self._idle.pop()
                self._busy.add(driver)
                return driver
        driver = self._start()
        self._count("drivers_started")
        with self._lock:
            if not self._closing.is_set():
                self._busy.add(driver)
                return driver
        driver.kill()
        raise DownloadFailedError("the crawl has ended")

    def _open(self) -> None:
        """Start what all drivers share, and end what killed crawls have left; called with the lock held."""
        if self._closing.is_set():
            raise DownloadFailedError("the crawl has ended")
        if self._unavailable:
            raise self._unavailable
        if self._gate is None:
            self._folder.prepare()
            self._folder.reap()
            self._gate = FilteringProxy().__enter__()
            threading.Thread(target=self._watch, name="swathe-browser-watch", daemon=True).start()

    def _start(self) -> Driver:
        assert self._gate is not None
        if self._config.grid_url.get_secret_value():
            return Driver.join_grid(self._config, self._user_agent, verify_certificates=self._verify)
        try:
            return Driver.start(
                self._config, self._folder, self._gate, self._user_agent, verify_certificates=self._verify
            )
        except BrowserUnavailableError as error:
            # What is not installed now is not so for the next page; a Grid may come back.
            self._unavailable = error
            raise

    def _give_back(self, driver: Driver) -> None:
        driver.lift()
        driver.pages += 1
        if driver.connection.killed is None and driver.is_worn():
            self._lose(driver)
        with self._lock:
            self._busy.discard(driver)
            self._leaving.discard(driver)
            is_good = driver.connection.killed is None and not self._closing.is_set()
            if is_good:
                self._idle.append(driver)
            self._lock.notify_all()
        if not is_good:
            driver.kill()

    def _lose(self, driver: Driver) -> None:
        if not driver.is_lost:
            driver.is_lost = True
            self._count("drivers_replaced")
        driver.kill(DriverLostError("it was replaced"))

    def _picture(self, driver: Driver, path: Path) -> None:
        """Save how the page looks in the end."""
        picture = driver.connection.screenshot()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.write_bytes(picture)
            path.chmod(0o600)
        except OSError as error:
            logger.warning("The picture %s could not be kept: %s", path, error.strerror)

    def _watch(self) -> None:
        """End drivers that are over a limit."""
        rounds = 0
        while not self._closing.wait(WATCH_S):
            rounds += 1
            with self._lock:
                busy = list(self._busy)
            for driver in busy:
                driver.check(memory=rounds % MEMORY_EVERY == 0)

    def _count(self, what: str) -> None:
        with self._lock:
            self.counts[what] += 1
