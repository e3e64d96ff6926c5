"""Incidents in MongoDB: opened once, closed by a complete run, each message claimed by one process and then sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mongoengine import NotUniqueError, Q
from pymongo import ASCENDING

from models.alerts import Incident, Mute
from scraper.schedule.alerts.delivery import claimed_until, deliver, retry_at
from scraper.schedule.alerts.message import message_of
from scraper.schedule.schedule import run_key
from scraper.storage.indexes import ensure_indexes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bson import ObjectId
    from pymongo.database import Database

    from scraper.core.config.schedules import AlertsConfig
    from scraper.schedule.alerts.targets import Target

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
    targets: Sequence[Target], run: ObjectId | None = None, cause: str = "",
) -> None:  # fmt: skip
    """Open an incident, to be told to all targets; when it is open already, count this in."""
    try:
        Incident(
            key=subject.key, spider=subject.spider, arguments=dict(subject.arguments),
            schedule=subject.schedule or None, kind=kind, why=why, cause=cause, run=run, opened_at=now, last_at=now,
            next_try_at=max(now, muted_until(subject.spider, now)), to_tell=[target.digest for target in targets],
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
    for spider, ended in closed.items():
        told = sorted({digest for one in ended for digest in one.told})
        first = min(ended, key=lambda one: one.opened_at)
        Incident.objects(id=first.id).update_one(
            to_tell=told, with_kinds=sorted({one.kind for one in ended}), next_try_at=max(now, muted_until(spider, now))
        )
    return sum(map(len, closed.values()))


def muted_until(spider: str, now: datetime) -> datetime:
    """Return until when nobody is told of a spider; `now` when it is not muted."""
    mute = Mute.objects(id=spider, until__gt=now).first()
    return mute.until if mute else now


def mute(spider: str, until: datetime) -> None:
    """Tell nobody of a spider until a time: what is still wrong by then is told then, and nothing of the rest."""
    Mute.objects(id=spider).update_one(upsert=True, until=until)
    Incident.objects(spider=spider, to_tell__ne=[]).update(next_try_at=until)


def unmute(spider: str, now: datetime) -> bool:
    """Tell of a spider again, and what was held back, at once; return False when it was not muted."""
    was_muted = bool(Mute.objects(id=spider).delete())
    Incident.objects(spider=spider, next_try_at__gt=now).update(next_try_at=now)
    return was_muted


def is_any_due(now: datetime) -> bool:
    """Return whether there is a message to send now."""
    return Incident.objects(to_tell__ne=[], next_try_at__lte=now).first() is not None


def send_due(config: AlertsConfig, targets: Sequence[Target], now: datetime) -> None:
    """Send what is to be told now; what a target does not take is kept, and tried again later. Blocks."""
    here = {target.digest: target for target in targets}
    waiting = Incident.objects(to_tell__in=list(here), next_try_at__lte=now)
    claim = claimed_until(config, len(here), now)
    for _ in range(waiting.count()):
        incident = waiting.order_by("opened_at").modify(new=True, next_try_at=claim, inc__tries=1)
        if incident is None:
            return
        _send(incident, [here[digest] for digest in incident.to_tell if digest in here], config, now)


def _send(incident: Incident, targets: Sequence[Target], config: AlertsConfig, now: datetime) -> None:
    same = Incident.objects(id=incident.id)

    def told(digest: str) -> None:
        same(open=incident.open).update_one(pull__to_tell=digest)
        same.update_one(add_to_set__told=digest)

    if not deliver(message_of(incident), targets, told):
        same(open=incident.open).update_one(next_try_at=retry_at(config, incident.tries, now))
