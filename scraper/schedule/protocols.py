"""What a scheduler works with: something that runs crawls, and somebody who wants to know what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import signal
    from datetime import datetime

    from models.schedules import Firing
    from models.system import Run
    from scraper.fetch.browser.processes import Process
    from scraper.schedule.decisions import CrawlState, RunEnd


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
