"""One driver: a browser of this machine or of a Grid, from start to end, and the limits of the page it is at."""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from selenium.common.exceptions import WebDriverException
from urllib3.exceptions import HTTPError

from scraper.errors import BrowserUnavailableError
from scraper.fetch.browser.chromedriver import Chromedriver
from scraper.fetch.browser.errors import DriverBloatedError, DriverExpiredError, DriverLostError
from scraper.fetch.browser.installed import INSTALL, find_installed, split_account
from scraper.fetch.browser.leftovers import PROFILE
from scraper.fetch.browser.options import add_local, options_for
from scraper.fetch.browser.processes import memory_mb
from scraper.fetch.browser.webdriver import WebDriverSession, first_line, prepare

if TYPE_CHECKING:
    from scraper.core.config.sections import RenderingConfig
    from scraper.fetch.browser.leftovers import BrowserFolder, DriverRecord
    from scraper.fetch.browser.proxy import FilteringProxy, ProxyPort

BLOATED = 2
"""A driver is ended within a page at so many times `driver_memory_mb`, and replaced after one at once that."""

MEMORY_EVERY = 5
"""Pages between two looks at memory, each of which takes some milliseconds."""


def _check_sandbox(config: RenderingConfig) -> None:
    """Raise BrowserUnavailableError for a sandbox that Chromium would take a minute to refuse, without saying why."""
    if config.sandbox == "on" and os.geteuid() == 0:
        raise BrowserUnavailableError(
            "[rendering] sandbox is on, which Chromium refuses to root: set it to auto, or crawl as another user"
        )


@dataclass
class Limit:
    """When the driver's page has had its time, and what that was."""

    at: float
    what: str


class Driver:
    """A browser and the ways to it; `door` is None on a Grid, whose browsers are out of the gate's reach."""

    def __init__(self, connection: WebDriverSession, config: RenderingConfig, user_agent: str) -> None:
        self.connection = connection
        self.config = config
        self.user_agent = user_agent
        self.pages = 0
        self.is_lost = False
        """Whether it was given up, which counts once."""
        self.door: ProxyPort | None = None
        self._process: Chromedriver | None = None
        self._record: DriverRecord | None = None
        self._limits: dict[str, Limit] = {}
        self._ending, self._ended = threading.Lock(), False

    @classmethod
    def start(
        cls,
        config: RenderingConfig,
        folder: BrowserFolder,
        gate: FilteringProxy,
        user_agent: str,
        *,
        verify_certificates: bool,
    ) -> Driver:
        """Start a browser on this machine; raise BrowserUnavailableError when it does not come up."""
        found = find_installed(config)
        _check_sandbox(config)
        record = folder.new_record()
        door = gate.add_door()
        process: Chromedriver | None = None
        try:
            options = options_for(config, user_agent, verify_certificates=verify_certificates)
            add_local(options, found, record.folder / PROFILE, door.port)
            process = Chromedriver(found.chromedriver, record.folder, record.folder if found.is_shell else None)
            record.note(process.pid, None)
            connection = WebDriverSession(process.url, options, config.total_timeout_s)
            record.note(process.pid, connection.browser_pid)
            driver = cls(connection, config, user_agent)
            prepare(connection)
        except BaseException as error:
            if process:
                process.kill()
            door.remove()
            record.remove()
            if isinstance(error, WebDriverException | HTTPError | DriverLostError):
                said = first_line(error) if isinstance(error, WebDriverException) else str(error)
                raise BrowserUnavailableError(
                    f"Chromium {found.chromium_version} ({found.chromium}) did not start: {said}: "
                    f"run `swathe doctor`, or {INSTALL}"
                ) from None
            raise
        driver.door, driver._process, driver._record = door, process, record
        return driver

    @classmethod
    def join_grid(cls, config: RenderingConfig, user_agent: str, *, verify_certificates: bool) -> Driver:
        """Open a browser on the Grid; raise BrowserUnavailableError, without its credentials, when that fails."""
        address, account = split_account(config.grid_url.get_secret_value())
        options = options_for(config, user_agent, verify_certificates=verify_certificates)
        try:
            connection = WebDriverSession(address, options, config.total_timeout_s, account)
            prepare(connection)
        except (WebDriverException, HTTPError, OSError, DriverLostError, ValueError) as error:
            said = first_line(error) if isinstance(error, WebDriverException) else type(error).__name__
            raise BrowserUnavailableError(
                f"the Selenium Grid at {address} gives no browser ({said}), expected one that runs Chrome: "
                f"start it, or correct [rendering] grid_url"
            ) from None
        return cls(connection, config, user_agent)

    def limit(self, name: str, seconds: float) -> None:
        """End this driver when `lift(name)` does not follow within so many seconds."""
        self._limits[name] = Limit(time.monotonic() + seconds, f"[rendering] {name} of {seconds:g} s was exceeded")

    def lift(self, name: str | None = None) -> None:
        """Take a limit back, or all of them."""
        if name is None:
            self._limits.clear()
        else:
            self._limits.pop(name, None)

    def left_s(self) -> float:
        """Return how many seconds the page has left of all its limits."""
        return max(0.0, min((limit.at for limit in self._limits.values()), default=time.monotonic()) - time.monotonic())

    def check(self, *, memory: bool) -> None:
        """End the driver when it is over a limit; called from the pool's watch, while a page is rendered."""
        for limit in list(self._limits.values()):
            if time.monotonic() > limit.at:
                self.kill(DriverExpiredError(limit.what))
                return
        if memory and self._limits and self.memory_mb() > BLOATED * self.config.driver_memory_mb:
            most = BLOATED * self.config.driver_memory_mb
            self.kill(DriverBloatedError(f"needs more than {most} MB in the browser ([rendering] driver_memory_mb)"))

    def memory_mb(self) -> float:
        """Return the memory of the driver and its browser in megabytes; 0 on a Grid."""
        return memory_mb(self._process.pid) if self._process else 0

    def is_worn(self) -> bool:
        """Return whether the driver has served its pages or takes too much memory."""
        if self.pages >= self.config.pages_per_driver:
            return True
        return self.pages % MEMORY_EVERY == 0 and self.memory_mb() > self.config.driver_memory_mb

    def kill(self, why: DriverLostError | None = None) -> None:
        """End the browser at once and remove what it had; safe to call twice and from any thread."""
        self.lift()
        self.connection.killed = self.connection.killed or why
        with self._ending:
            if self._process:
                self._process.kill()
            elif not self._ended:
                self.connection.quit()
            if self._record and not self._ended:
                self._record.remove()
            if self.door:
                self.door.remove()
            self._ended = True
