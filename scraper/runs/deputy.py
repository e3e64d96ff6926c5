"""Act for a process that hangs: keep its lease while it may still go on, and put its affairs in order before its end.

It runs in a process of its own, which the supervisor forks when a page has had hold of a crawl for a while.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bson import ObjectId

from models.system import Run, RunCounts
from scraper.core import statistics
from scraper.core.config import load_config
from scraper.core.supervision import HeldPage
from scraper.errors import EXIT_FAILED, EXIT_INCOMPLETE
from scraper.fetch.browser.leftovers import BrowserFolder
from scraper.frontier.stores import frontier_of, stored_runs
from scraper.storage.connection import connection_to

if TYPE_CHECKING:
    from scraper.core.supervision import SharedRun


class Deputy:
    """The stead of one process of a run. All of it blocks, and raises DatabaseError or PyMongoError."""

    def __init__(self, run: SharedRun) -> None:
        self._shared, self._run = run, ObjectId(run.run)
        self._config = load_config()
        self._connection = connection_to(self._config.mongodb)
        self._database = self._connection.open()
        self._frontier = frontier_of(self._config, self._connection, self._run, run.worker) if run.durable else None

    def carry_out(self, do: str, page: dict[str, Any] | None = None, **more: str) -> None:
        """Do what the supervisor orders: one of the methods below, by its name."""
        if page is not None:
            self.give_up(HeldPage(**{**page, "id": bytes.fromhex(page["id"])}), **more)
        elif do == "interrupt":
            self.interrupt(**more)
        elif do == "keep":
            self.keep()
        else:
            self.clear_away()

    def keep(self) -> None:
        """Show the signs of life that the process does not show."""
        if self._frontier is not None:
            self._frontier.renew()
        if not self._shared.joined:
            Run.objects(id=self._run, state="running").update_one(heartbeat_at=datetime.now(UTC))

    def give_up(self, page: HeldPage, what: str) -> None:
        """See to it that nobody begins a page again; where its request is not stored, the run ends."""
        if self._frontier is not None and page.id:
            self._frontier.leave_hung(page, what)
        else:
            self._end("failed", EXIT_FAILED, f"{page.url} {what}", "hung")

    def interrupt(self, why: str) -> None:
        """Close the run of a process that was stopped and has not closed it itself."""
        if self._frontier is not None:
            self._frontier.leave()
        if not self._shared.joined:
            self._end("interrupted", EXIT_INCOMPLETE, why, "shutdown")

    def clear_away(self) -> None:
        """End the browsers of a process that was killed."""
        folder = BrowserFolder(self._config.mongodb.data_dir / "browsers")
        if folder.path.is_dir():
            folder.reap()

    def _end(self, state: str, code: int, why: str, reason: str) -> None:
        now = datetime.now(UTC)
        how = {"state": state, "verdict": "incomplete", "reasons": [why], "exit_code": code, "finish_reason": reason}
        Run.objects(id=self._run, state="running").update_one(**how, ended_at=now, heartbeat_at=now, **self._counts())

    def _counts(self) -> dict[str, RunCounts]:
        """Return the counts of what has come to its end; what was under way is done again."""
        if self._frontier is None:
            return {}
        done = stored_runs(self._config, self._database).counts(self._run)
        return {"counts": RunCounts(**{name: done[of] for name, of in statistics.COUNTS.items()})}
