"""Who turns ends of runs into incidents: after a scheduled run the scheduler, after one by hand the crawl, if asked."""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mongoengine import Q
from mongoengine.errors import MongoEngineException
from pymongo.errors import PyMongoError

from models.alerts import Incident
from models.broken import BROKEN
from models.schedules import Firing
from models.system import Run
from scraper.core.broken import LEFT_OUT, broken_parts
from scraper.core.text import local_time
from scraper.errors import ConfigError, SwatheError
from scraper.runs.verdict import is_limit
from scraper.schedule.alerts.delivery import receivers_of
from scraper.schedule.alerts.incidents import (
    Subject,
    close_incidents,
    ended_by,
    is_any_to_tell,
    open_incident,
    prepare,
    send_incidents,
)
from scraper.schedule.schedule import COMMANDS
from scraper.spider.loader import all_spiders
from scraper.storage.connection import connection_to
from scraper.storage.run_heartbeat import mark_lost_runs

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from bson import ObjectId

    from models.broken import Broken
    from scraper.core.config import Config
    from scraper.core.config.schedules import AlertsConfig
    from scraper.schedule.alerts.delivery import Receiver
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
    """Opens and closes incidents and has the messages sent, in a thread: a target that is down delays nothing else.

    Without a target they are kept all the same, for `swathe status`.
    """

    def __init__(self, config: Config) -> None:
        self._config = config.alerts
        self._sending: threading.Thread | None = None
        self._next_look = datetime.min.replace(tzinfo=UTC)
        prepare(connection_to(config.mongodb).open())

    @cached_property
    def receivers(self) -> list[Receiver]:
        """Who is told; raises ConfigError for an address that cannot be used."""
        return receivers_of(self._config)

    def ended(self, firing: Firing, end: RunEnd) -> None:
        """Report a scheduled run, after its last try; of a quiet one, note only that it is well."""
        if firing.quiet and end.result != "complete":
            return
        run = Run.objects(id=end.run).as_pymongo().first() if end.run else None
        subject = Subject(firing.spider, firing.arguments, firing.schedule)
        if run is not None and run["state"] in ("finished", "failed"):
            self._run_ended(run, subject)
        elif (kind := KIND_OF_RESULT.get(end.result)) is not None and not self._told_as_broken(end):
            self._open(subject, kind, f"{end.result}: {end.why}", end.run)
        elif end.result == "complete":
            close_incidents(ended_by(subject), datetime.now(UTC))

    def broken(self, parts: Sequence[Broken]) -> None:
        """Report files that cannot be loaded, each once, and those that can again."""
        for part in parts:
            self._open(Subject(part.file), "broken", str(part))
        close_incidents(Q(kind="broken", spider__nin=[part.file for part in parts]), datetime.now(UTC))

    def scheduled(self, names: Collection[str]) -> None:
        """Close what a schedule has opened that is no longer there: nobody waits for its runs any more."""
        gone = Q(schedule__nin=[None, *names], kind__ne="broken")
        close_incidents(gone, datetime.now(UTC), because="its schedule was removed")

    def forget_removed(self) -> None:
        """Close the incidents of spiders that are no longer there, unless a broken file may be where they are."""
        named = set(Incident.objects(open=True, kind__ne="broken").distinct("spider"))
        if named and not BROKEN:
            removed = Q(spider__in=sorted(named - {*all_spiders(), *COMMANDS.values()}), kind__ne="broken")
            close_incidents(removed, datetime.now(UTC), because="the spider was removed")

    def _told_as_broken(self, end: RunEnd) -> bool:
        """Return whether a firing only failed to begin, because its spider is in a file that is reported itself."""
        return end.run is None and LEFT_OUT in end.why and "broken" in self._config.on

    def missed(self, firing: Firing) -> None:
        """Report a firing that nobody was there to start."""
        subject = Subject(firing.spider, firing.arguments, firing.schedule)
        self._open(subject, "late", f"the firing of {local_time(firing.due)} was missed")

    def by_hand_ended(self, run: Mapping[str, Any]) -> None:
        """Take note of a run that nobody scheduled: a complete one ends incidents, another is reported if asked for."""
        if run.get("alerts") or run.get("verdict") == "complete":
            self._run_ended(run, Subject(run["spider"], run["arguments"]))

    def _run_ended(self, run: Mapping[str, Any], subject: Subject) -> None:
        found = kind_of(run, self._config)
        if found is not None:
            self._open(subject, *found, run["_id"], run.get("cause", ""))
        elif is_well(run):
            whole = run.get("verdict") == "complete"
            close_incidents(ended_by(subject, whole=whole), datetime.now(UTC), run["_id"])

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
        for firing in Firing.objects(state="waiting", tries=0, due__lt=since, quiet__ne=True):
            subject = Subject(firing.spider, firing.arguments, firing.schedule)
            self._open(subject, "late", f"due at {local_time(firing.due)}, not started")
        for firing in Firing.objects(state="running"):
            next_one = Firing.objects(key=firing.key, state="skipped", due__gt=firing.fired_at, due__lt=since).first()
            if next_one is not None:
                why = f"it still runs, and so the firing of {local_time(next_one.due)} was skipped"
                self._open(Subject(firing.spider, firing.arguments, firing.schedule), "late", why, firing.run)

    def _report_lost(self) -> None:
        """Report runs by hand that died without a word, where that was asked for and no later one began."""
        mark_lost_runs()
        asked = Run.objects(state="lost", firing=None, alerts=True, started_at__gte=datetime.now(UTC) - LOST_SINCE)
        for run in asked.as_pymongo():
            same = Run.objects(spider=run["spider"], arguments=run["arguments"], started_at__gt=run["started_at"])
            if same.first() is None:
                self.by_hand_ended(run)

    def _open(self, subject: Subject, kind: str, why: str, run: ObjectId | None = None, cause: str = "") -> None:
        if kind in self._config.on:
            open_incident(subject, kind, why, datetime.now(UTC), self.receivers, run, cause)

    def _send(self, now: datetime) -> None:
        try:
            if is_any_to_tell():
                send_incidents(self._config, self.receivers, now)
        except ConfigError as error:
            logger.warning("Nobody was told: %s", error)
        except (PyMongoError, MongoEngineException) as error:
            logger.warning("Alerts could not be read from MongoDB: %s", type(error).__name__)


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
    elif run.get("verdict") in ("incomplete", "unknown") and run["state"] == "finished" and not is_well(run):
        kind = "incomplete"
    return (kind, why) if kind in config.on else None


def is_well(run: Mapping[str, Any]) -> bool:
    """Return whether a run ends incidents: it is complete, or lacks nothing but what its limits leave out."""
    reasons = run.get("reasons", [])
    limited = bool(reasons) and all(map(is_limit, reasons))
    return run["state"] == "finished" and (run.get("verdict") == "complete" or limited)


def watcher_of(config: Config) -> Alerts:
    """Return who is to be told of firings; raise ConfigError for a target that cannot be used."""
    alerts = Alerts(config)
    if not alerts.receivers:
        logger.info("[alerts] names no targets and no webhooks: `swathe status` alone says what goes wrong")
    return alerts


def after_crawl(config: Config, run_id: ObjectId) -> None:
    """Take note of a crawl that nobody scheduled, and wait for messages for [alerts] timeout_s at most.

    Whatever goes wrong here is logged: the crawl has ended as it has.
    """
    try:
        run = Run.objects(id=run_id).as_pymongo().first()
        if run is None:
            return
        alerts = Alerts(config)
        alerts.forget_removed()
        if run.get("firing"):
            return
        alerts.by_hand_ended(run)
        if run.get("alerts") or Incident.objects(kind="broken", open=True):
            alerts.broken(broken_parts(config))
        alerts.look(datetime.now(UTC))
        alerts.finish()
    except (PyMongoError, MongoEngineException, SwatheError) as error:
        logger.warning(
            "Nobody was told of the run: %s", error if isinstance(error, SwatheError) else type(error).__name__
        )
