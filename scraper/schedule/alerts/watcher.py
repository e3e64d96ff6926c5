"""Who turns ends of runs into incidents: after a scheduled run the scheduler, after any other the crawl itself."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mongoengine.errors import MongoEngineException
from pymongo.errors import PyMongoError

from models.alerts import Incident
from models.schedules import Firing
from models.system import Run
from scraper.core.broken import LEFT_OUT, broken_parts
from scraper.errors import SwatheError
from scraper.schedule.alerts.incidents import close_incidents, open_incident, prepare, send_due
from scraper.schedule.alerts.targets import targets_of
from scraper.storage.connection import connection_to
from scraper.storage.run_heartbeat import mark_lost_runs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bson import ObjectId

    from models.broken import Broken
    from scraper.core.config import Config
    from scraper.core.config.schedules import AlertsConfig
    from scraper.schedule.decisions import RunEnd

logger = logging.getLogger(__name__)

LOOK_EVERY = timedelta(seconds=10)
LOST_SINCE = timedelta(days=7)
"""How far back a run that was lost is still news."""


KIND_OF_RESULT: dict[str, str] = {
    "failed": "failed",
    "lost": "lost",
    "incomplete": "incomplete",
    "timed out": "incomplete",
}
"""What a firing is reported as whose run cannot say it."""


class Alerts:
    """Opens and closes incidents and has the messages sent, in a thread: a target that is down delays nothing else."""

    def __init__(self, config: Config) -> None:
        """Take the targets; raise ConfigError for one that apprise cannot use."""
        self._config = config.alerts
        self._targets = targets_of(config.alerts.targets)
        self._sending: threading.Thread | None = None
        self._next_look = datetime.min.replace(tzinfo=UTC)
        prepare(connection_to(config.mongodb).open())

    def ended(self, firing: Firing, end: RunEnd) -> None:
        """Report a scheduled run, after its last try."""
        run = Run.objects(id=end.run).as_pymongo().first() if end.run else None
        if run is not None and run["state"] in ("finished", "failed"):
            self.run_ended(run)
        elif (kind := KIND_OF_RESULT.get(end.result)) is not None and not self._told_as_broken(end):
            self._open(firing.spider, firing.arguments, kind, f"{end.result}: {end.why}", end.run)

    def broken(self, parts: Sequence[Broken]) -> None:
        """Report files that cannot be loaded, each once, and those that can again."""
        for part in parts:
            self._open(part.file, {}, "broken", str(part))
        for mended in Incident.objects(kind="broken", open=True, spider__nin=[part.file for part in parts]):
            close_incidents(mended.spider, {}, datetime.now(UTC), None)

    def _told_as_broken(self, end: RunEnd) -> bool:
        """Return whether a firing only failed to begin, because its spider is in a file that is reported itself."""
        return end.run is None and LEFT_OUT in end.why and "broken" in self._config.on

    def missed(self, firing: Firing) -> None:
        """Report a firing that nobody was there to start."""
        self._open(firing.spider, firing.arguments, "late", f"the firing of {firing.due:%Y-%m-%d %H:%M} UTC was missed")

    def run_ended(self, run: Mapping[str, Any]) -> None:
        """Report a run; a complete one closes what is open."""
        if run["state"] == "finished" and run.get("verdict") == "complete":
            close_incidents(run["spider"], run["arguments"], datetime.now(UTC), run["_id"])
        elif (found := kind_of(run, self._config)) is not None:
            self._open(run["spider"], run["arguments"], *found, run["_id"], run.get("cause", ""))

    def look(self, now: datetime) -> None:
        """Report what no end tells, and have sent what is to be sent."""
        if now < self._next_look:
            return
        self._next_look = now + LOOK_EVERY
        self._report_late(now)
        self._report_lost()
        if self._sending is None or not self._sending.is_alive():
            self._sending = threading.Thread(target=self._send, args=(now,), daemon=True)
            self._sending.start()

    def finish(self) -> None:
        """Wait for the messages under way, for [alerts] timeout_s at most."""
        if self._sending is not None:
            self._sending.join(self._config.timeout_s)

    def _report_late(self, now: datetime) -> None:
        since = now - timedelta(seconds=self._config.late_s)
        for firing in Firing.objects(state="waiting", tries=0, due__lt=since):
            self._open(firing.spider, firing.arguments, "late", f"due at {firing.due:%Y-%m-%d %H:%M} UTC, not started")
        for firing in Firing.objects(state="running"):
            next_one = Firing.objects(key=firing.key, state="skipped", due__gt=firing.fired_at, due__lt=since).first()
            if next_one is not None:
                why = f"it still runs, and so the firing of {next_one.due:%Y-%m-%d %H:%M} UTC was skipped"
                self._open(firing.spider, firing.arguments, "late", why, firing.run)

    def _report_lost(self) -> None:
        """Report runs that died without a word, unless a scheduler looks after them or a later run began."""
        mark_lost_runs()
        for run in Run.objects(state="lost", firing=None, started_at__gte=datetime.now(UTC) - LOST_SINCE).as_pymongo():
            same = Run.objects(spider=run["spider"], arguments=run["arguments"], started_at__gt=run["started_at"])
            if same.first() is None:
                self.run_ended(run)

    def _open(
        self,
        spider: str,
        arguments: Mapping[str, Any],
        kind: str,
        why: str,
        run: ObjectId | None = None,
        cause: str = "",
    ) -> None:
        if kind in self._config.on:
            open_incident(spider, arguments, kind, why, datetime.now(UTC), self._targets, run, cause)

    def _send(self, now: datetime) -> None:
        try:
            send_due(self._config, self._targets, now)
        except (PyMongoError, MongoEngineException) as error:
            logger.warning("Alerts could not be read from MongoDB: %s", type(error).__name__)


class NoAlerts:
    """Stands for the alerts where no target is set."""

    def ended(self, firing: Firing, end: RunEnd) -> None:
        """Tell nobody."""

    def missed(self, firing: Firing) -> None:
        """Tell nobody."""

    def broken(self, parts: Sequence[Broken]) -> None:
        """Tell nobody."""

    def look(self, now: datetime) -> None:
        """Tell nobody, but keep the runs' states true."""
        mark_lost_runs()


def kind_of(run: Mapping[str, Any], config: AlertsConfig) -> tuple[str, str] | None:
    """Return what a run that has ended is reported as, and why; None when it is not."""
    reasons = list(run.get("reasons", []))
    why = "; ".join(reasons)
    counts = run.get("counts", {})
    refused = counts.get("items_refused", 0)
    read = refused + sum(counts.get(f"items_{kind}", 0) for kind in ("new", "changed", "unchanged"))
    kind: str | None = None
    if run["state"] in ("failed", "lost"):
        kind = run["state"]
    elif read and refused / read > config.refused_share and "refused_share" in config.on:
        kind, why = "refused_share", f"{refused} of {read} records were refused ({refused / read:.0%}); {why}"
    elif run.get("verdict") in ("incomplete", "unknown") and run["state"] == "finished":
        kind = "incomplete"
    return (kind, why) if kind in config.on else None


def watcher_of(config: Config) -> Alerts | NoAlerts:
    """Return who is to be told of firings; raises ConfigError for a target that cannot be used."""
    return Alerts(config) if config.alerts.targets.get_secret_value().strip() else NoAlerts()


def after_crawl(config: Config, run_id: ObjectId) -> None:
    """Report a crawl that nobody scheduled, and wait for the messages for [alerts] timeout_s at most.

    Whatever goes wrong here is logged: the crawl has ended as it has.
    """
    try:
        alerts = watcher_of(config)
        run = Run.objects(id=run_id).as_pymongo().first() if isinstance(alerts, Alerts) else None
        if isinstance(alerts, NoAlerts) or run is None or run.get("firing"):
            return
        alerts.run_ended(run)
        alerts.broken(broken_parts(config))
        alerts.look(datetime.now(UTC))
        alerts.finish()
    except (PyMongoError, MongoEngineException, SwatheError) as error:
        logger.warning(
            "Nobody was told of the run: %s", error if isinstance(error, SwatheError) else type(error).__name__
        )
