"""Incidents in MongoDB: opened once, closed by a complete run, each message claimed by one process and then sent."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mongoengine import NotUniqueError
from pymongo import ASCENDING

from models.alerts import Incident
from scraper.schedule.alerts.message import message_of
from scraper.schedule.schedule import run_key
from scraper.storage.indexes import ensure_indexes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bson import ObjectId
    from pymongo.database import Database

    from scraper.core.config.schedules import AlertsConfig
    from scraper.schedule.alerts.targets import Target

logger = logging.getLogger(__name__)


def prepare(database: Database[dict[str, Any]]) -> None:
    """Create the indexes, among them the one that lets a spider and its arguments have one open incident of a kind."""
    ensure_indexes(database, Incident)
    database[Incident._get_collection_name()].create_index(
        [("key", ASCENDING), ("kind", ASCENDING)], name="one_open", unique=True, partialFilterExpression={"open": True}
    )


def open_incident(
    spider: str, arguments: Mapping[str, Any], kind: str, why: str, now: datetime,
    targets: Sequence[Target], run: ObjectId | None = None, cause: str = "",
) -> None:  # fmt: skip
    """Open an incident, to be told to all targets; when it is open already, count this in."""
    key = run_key(spider, arguments)
    try:
        Incident(
            key=key, spider=spider, arguments=dict(arguments), kind=kind, why=why, cause=cause, run=run,
            opened_at=now, last_at=now, next_try_at=now, to_tell=[target.digest for target in targets],
        ).save(force_insert=True)  # fmt: skip
    except NotUniqueError:
        # The same run, or the same silence, is seen again and again.
        again = Incident.objects(key=key, kind=kind, open=True)
        (again(run__ne=run) if run else again(why__ne=why)).update_one(
            last_at=now, why=why, cause=cause, run=run, inc__times=1
        )


def close_incidents(spider: str, arguments: Mapping[str, Any], now: datetime, run: ObjectId | None) -> None:
    """Close all that is open for a spider and its arguments; one of them tells those who were told of any."""
    closed: list[Incident] = []
    open_ones = Incident.objects(key=run_key(spider, arguments), open=True)
    while one := open_ones.modify(open=False, closed_at=now, closing_run=run, to_tell=[], next_try_at=now, tries=0):
        closed.append(one)
    if closed:
        told = sorted({digest for one in closed for digest in one.told})
        kinds = [one.kind for one in closed]
        first = min(closed, key=lambda one: one.opened_at)
        Incident.objects(id=first.id).update_one(to_tell=told, with_kinds=kinds)


def send_due(config: AlertsConfig, targets: Sequence[Target], now: datetime) -> None:
    """Send what is to be told now; what a target does not take is kept, and tried again later. Blocks."""
    here = {target.digest: target for target in targets}
    waiting = Incident.objects(to_tell__in=list(here), next_try_at__lte=now)
    # Who moves the next try first may send; if that process dies, another one sends after that time.
    claimed_until = now + timedelta(seconds=max(60.0, config.timeout_s * len(here)))
    for _ in range(waiting.count()):
        incident = waiting.order_by("opened_at").modify(new=True, next_try_at=claimed_until, inc__tries=1)
        if incident is None:
            return
        _send(incident, [here[digest] for digest in incident.to_tell if digest in here], config, now)


def _send(incident: Incident, targets: Sequence[Target], config: AlertsConfig, now: datetime) -> None:
    message = message_of(incident)
    same = Incident.objects(id=incident.id)
    failed = False
    for target in targets:
        if target.send(message):
            same(open=incident.open).update_one(pull__to_tell=target.digest)
            same.update_one(add_to_set__told=target.digest)
            logger.info("Told %s: %s", target.name, message.title)
        else:
            failed = True
            logger.warning(
                "%s does not take messages: this one is kept and tried again: %s", target.name, message.title
            )
    if failed:
        wait_s = min(config.retry_wait_s * 2 ** min(incident.tries - 1, 20), config.retry_wait_most_s)
        same(open=incident.open).update_one(next_try_at=now + timedelta(seconds=wait_s))
