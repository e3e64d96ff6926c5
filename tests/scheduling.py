"""What the tests of schedules turn and fake: the clock, and the crawls, which are rows in MongoDB.

Run as a program it is a scheduler of its own, whose clock another process turns:
`python tests/scheduling.py` with the test's environment.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from support import ROOT

from models.schedules import Firing
from models.system import Run
from scraper.core.config import load_config
from scraper.fetch.browser.processes import Process
from scraper.schedule import firings
from scraper.schedule.decisions import CrawlState, RunEnd
from scraper.schedule.schedule import Schedule
from scraper.schedule.scheduler import Scheduler
from scraper.storage.connection import Connection

if TYPE_CHECKING:
    import signal

    from pymongo.database import Database

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def schedule(name: str = "books", cron: str = "* * * * *", **options: Any) -> Schedule:
    """Return a schedule of the spider `books`, of which each name has arguments of its own."""
    arguments = options.pop("arguments", {"start": f"http://127.0.0.1/{name}/"})
    return Schedule(name=name, spider="books", cron=cron, arguments=arguments, **options)


@dataclass
class Clock:
    """A clock that tests turn."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        """Return the time that it shows."""
        return self.now

    def turn(self, seconds: float) -> None:
        """Put it forward, or back."""
        self.now += timedelta(seconds=seconds)


@dataclass
class Crawls:
    """Crawls that end when the test says so: each is a row of `fake_crawls`, which all schedulers see."""

    database: Database[dict[str, Any]]
    signals: list[tuple[str, str]] = field(default_factory=list)

    def start(self, firing: Firing) -> Process:
        """Note the start of a try."""
        self.database.fake_crawls.insert_one({"mark": firing.mark, "firing": firing.id, "alive": True})
        return Process(4_000_000, 1)

    def look(self, firing: Firing) -> CrawlState:
        """Return what the row says."""
        row = self.database.fake_crawls.find_one({"mark": firing.mark})
        if row is None:
            return CrawlState(None)
        return CrawlState(row["alive"], row.get("run"), row.get("code"))

    def find(self, firing: Firing) -> Process | None:
        """Return a process while the crawl lives."""
        return Process(4_000_000, 1) if self.look(firing).alive else None

    def send(self, firing: Firing, number: signal.Signals) -> None:
        """Note a signal."""
        self.signals.append((firing.mark, number.name))

    def is_gone(self, run: Run) -> bool:
        """Return whether the test says so."""
        return run.host == "dead"

    def forget(self, firing: Firing) -> None:
        """Do nothing: the row stays."""

    def end(self, code: int = 0, mark: str | None = None, **run: Any) -> None:
        """End a crawl, or all that live, with an exit code and perhaps a run."""
        row = {"alive": False, "code": code} | ({"run": {"_id": None, "heartbeat_at": NOON, **run}} if run else {})
        self.database.fake_crawls.update_many({"mark": mark} if mark else {"alive": True}, {"$set": row})

    def started(self) -> list[str]:
        """Return the marks of all tries, in their order."""
        return [row["mark"] for row in self.database.fake_crawls.find(sort=[("_id", 1)])]


@dataclass
class Told:
    """Who is told of firings, and remembers it."""

    ends: list[tuple[str, str]] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    def ended(self, firing: Firing, end: RunEnd) -> None:
        """Keep an end."""
        self.ends.append((firing.id, end.result))

    def missed(self, firing: Firing) -> None:
        """Keep a miss."""
        self.missing.append(firing.id)

    def look(self, now: datetime) -> None:
        """Do nothing."""


def rows(**wanted: Any) -> list[tuple[str, str, str | None]]:
    """Return time, state, and result or reason of the firings, in their order."""
    return [
        (f"{firing.due:%H:%M}", firing.state, firing.result or firing.why)
        for firing in Firing.objects(**wanted).order_by("due", "id")
    ]


def main() -> None:
    """Be a scheduler whose clock is a row of MongoDB; its crawls end after some looks, unless the row says hold."""
    config = load_config(ROOT, {name: text for name, text in os.environ.items() if name.startswith("SWATHE_")})
    with Connection(config.mongodb) as database:
        firings.prepare(database)

        def clock() -> datetime:
            shown: datetime = database.fake_clock.find_one()["now"]  # type: ignore[index]
            return shown

        crawls = Crawls(database)
        scheduler = Scheduler([schedule(policy="queue", retries=5)], config.scheduler, crawls, Told(), clock)
        looked_at: list[str] = []
        scheduler.begin()
        print("up", flush=True)
        while not (told := database.fake_clock.find_one({})).get("over"):  # type: ignore[union-attr]
            scheduler.turn()
            for firing in scheduler.running() if not told.get("hold") else []:  # type: ignore[union-attr]
                looked_at.append(firing.mark)
                if looked_at.count(firing.mark) > 2:
                    crawls.end(mark=firing.mark)


if __name__ == "__main__":
    main()
