"""Incidents in MongoDB: opened once, closed by a complete run."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mongoengine import NotUniqueError, Q
from pymongo import ASCENDING

from models.alerts import Incident, Mute
from scraper.schedule.alerts.delivery import send_due
from scraper.schedule.alerts.message import message_of
from scraper.schedule.schedule import run_key
from scraper.storage.indexes import ensure_indexes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bson import ObjectId
    from pymongo.database import Database

    from scraper.core.config.schedules import AlertsConfig
    from scraper.schedule.alerts.delivery import Receiver

FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Subject:
    """What goes wrong or is well: a spider with its arguments, under a schedule or without one; or a file."""

    spider: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    schedule: str = ""

    @property
    def key(self) -> str:
        """What has one open incident of a kind."""
        return run_key(self.spider, self.arguments)


def prepare(database: Database[dict[str, Any]]) -> None:
    """Create the indexes, among them the one that lets a spider and its arguments have one open incident of a kind."""
    ensure_indexes(database, Incident)
    database[Incident._get_collection_name()].create_index(
        [("key", ASCENDING), ("kind", ASCENDING)], name="one_open", unique=True, partialFilterExpression={"open": True}
    )


def open_incident(
    subject: Subject, kind: str, why: str, now: datetime,
    receivers: Sequence[Receiver], run: ObjectId | None = None, cause: str = "",
) -> None:  # fmt: skip
    """Open an incident, to be told to all receivers; when it is open already, count this in."""
    try:
        Incident(
            key=subject.key, spider=subject.spider, arguments=dict(subject.arguments),
            schedule=subject.schedule or None, kind=kind, why=why, cause=cause, run=run, opened_at=now, last_at=now,
            next_try_at=now, to_tell=[receiver.digest for receiver in receivers],
        ).save(force_insert=True)  # fmt: skip
    except NotUniqueError:
        # The same run, or the same silence, is seen again and again.
        again = Incident.objects(key=subject.key, kind=kind, open=True)
        (again(run__ne=run) if run else again(why__ne=why)).update_one(
            last_at=now, why=why, cause=cause, run=run, inc__times=1
        )


def ended_by(well: Subject, *, whole: bool = True) -> Q:
    """Return which incidents a run ends: those of the same arguments, and all of its spider when it took the `whole`.

    What another schedule of the spider has opened is for that schedule to end: one that fails every night is not well
    because the one for noon is.
    """
    same = Q(key=well.key, kind__ne="broken")
    if not whole:
        return same
    of_spider = Q(spider=well.spider, kind__ne="broken")
    return same | (of_spider & Q(schedule__in=[None, well.schedule])) if well.schedule else of_spider


def close_incidents(which: Q, now: datetime, run: ObjectId | None = None, because: str = "") -> int:
    """Close the open ones among some incidents; one of each spider's tells those who were told of any.

    `because` says why they are over when no run does. Return how many there were.
    """
    closed: dict[str, list[Incident]] = {}
    over = {"open": False, "closed_at": now, "closing_run": run, "closed_because": because or None}
    while one := Incident.objects(which & Q(open=True)).modify(**over, to_tell=[], next_try_at=now, tries=0):
        closed.setdefault(one.spider, []).append(one)
    for ended in closed.values():
        told = sorted({digest for one in ended for digest in one.told})
        first = min(ended, key=lambda one: one.opened_at)
        Incident.objects(id=first.id).update_one(to_tell=told, with_kinds=sorted({one.kind for one in ended}))
    return sum(map(len, closed.values()))


def mute(spider: str, until: datetime) -> None:
    """Tell nobody of a spider until a time: what is still wrong by then is told then, and nothing of the rest."""
    Mute.objects(id=spider).update_one(upsert=True, until=until)


def unmute(spider: str) -> bool:
    """Tell of a spider again, also what was held back; return False when it was not muted."""
    return bool(Mute.objects(id=spider).delete())


def is_any_to_tell() -> bool:
    """Return whether there is a message that somebody has not taken."""
    return Incident.objects(to_tell__ne=[]).first() is not None


def send_incidents(config: AlertsConfig, receivers: Sequence[Receiver], now: datetime) -> None:
    """Send what is to be told now; what is muted is kept until it is not any more. Blocks."""
    muted = Mute.objects(until__gt=now).distinct("id")
    send_due(Incident._get_collection(), message_of, config, receivers, now, {"spider": {"$nin": muted}})
