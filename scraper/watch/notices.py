"""Notices in MongoDB: each change is told by one notice of a watch, each notice is claimed by one process and sent."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from pymongo import ASCENDING, ReturnDocument
from pymongo.errors import DuplicateKeyError

from models.system import Run
from models.watches import Notice
from scraper.core.config import WATCH
from scraper.core.text import ListStyle, cell_text
from scraper.events.outbox import Outbox
from scraper.schedule.alerts.message import Message, harmless
from scraper.storage.indexes import ensure_indexes
from scraper.watch.matching import sightings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymongo.database import Database

    from scraper.core.config.schedules import AlertsConfig
    from scraper.events.event import Event
    from scraper.schedule.alerts.targets import Target
    from scraper.schedule.alerts.webhooks import Webhook
    from scraper.watch.condition import Watch
    from scraper.watch.matching import Sighting

    Mongo = Database[dict[str, Any]]

logger = logging.getLogger(__name__)

SHOWN = 10
"""Changes that a notice names one by one."""

MOST = 150_000
"""Changes in one notice: their ids have to fit into one document."""

UNDER_WAY = timedelta(hours=1)
"""How long the changes of a run wait for its end, so that they are told together."""

TOLD_AT_ONCE = 1_000
NOTICES, RUNS = Notice._get_collection_name(), Run._get_collection_name()


def prepare(database: Mongo) -> None:
    """Create the indexes, among them the one that lets each change be in one notice of a watch."""
    ensure_indexes(database, Notice)
    database[NOTICES].create_index([("watch", ASCENDING), ("tells", ASCENDING)], name="told_once", unique=True)
    Outbox(database, WATCH).prepare()


@dataclass
class Gathered:
    """What a watch has to tell."""

    watch: Watch
    ids: dict[str, str] = field(default_factory=dict)
    """The id of each change, and what it is for the watch."""
    first: dict[str, dict[str, Any]] = field(default_factory=dict)

    def take(self, sighting: Sighting) -> None:
        """Take one change in."""
        self.ids.setdefault(sighting.event.id, sighting.how)
        if len(self.first) < 2 * SHOWN:  # some may turn out to be told already
            self.first.setdefault(sighting.event.id, shown(sighting))


def shown(sighting: Sighting) -> dict[str, Any]:
    """Return a change as a notice keeps it: texts, as a page may have written anything."""
    event = sighting.event
    values = [{"field": name, "old": _text(old), "new": _text(new)} for name, (old, new) in sighting.values.items()]
    return {
        "id": event.id, "how": sighting.how, "key": event.key, "at": event.at, "run": event.run, "page": event.url,
        "fields": values,
    }  # fmt: skip


def gather(database: Mongo, watches: Sequence[Watch], to_tell: Sequence[str], now: datetime) -> int:
    """Write a notice for each watch that has something to tell, and return how many. Blocks.

    Runs that are under way are waited for. Doing it twice, or in two processes, tells nothing twice.
    """
    outbox, found = Outbox(database, WATCH), [Gathered(watch) for watch in watches]
    running = set(database[RUNS].distinct("_id", {"state": "running"}))
    waiting = running - outbox.runs_waiting_since(now - UNDER_WAY) if running else running
    ripe = {"run": {"$nin": list(waiting)}}
    done: list[Event] = []
    written = 0
    for events in outbox.batches(ripe):
        for one in found:
            for sighting in sightings(database, one.watch, events):
                one.take(sighting)
        done += [replace(event, before=None, after=None, fields={}) for event in events]
        if len(done) >= MOST:
            written += _write(database, outbox, found, done, to_tell, now)
            found, done = [Gathered(watch) for watch in watches], []
    return written + _write(database, outbox, found, done, to_tell, now)


def _write(
    database: Mongo, outbox: Outbox, found: Sequence[Gathered], done: list[Event], to_tell: Sequence[str], now: datetime
) -> int:
    """Write the notices, and then that what they tell is told."""
    written = sum(_insert(database, one, to_tell, now) for one in found if one.ids)
    for start in range(0, len(done), TOLD_AT_ONCE):
        outbox.told(done[start : start + TOLD_AT_ONCE])
    return written


def _insert(database: Mongo, one: Gathered, to_tell: Sequence[str], now: datetime) -> bool:
    """Insert a notice, which claims its changes all at once; those that another one has claimed are left to it."""
    notices = database[NOTICES]
    while one.ids:
        first = [change for id_, change in one.first.items() if id_ in one.ids][:SHOWN]
        notice = {
            "watch": one.watch.name, "line": one.watch.line, "at": now, "total": len(one.ids),
            "counts": dict(Counter(one.ids.values())), "first": first, "tells": list(one.ids),
            "to_tell": list(to_tell), "told": [], "tries": 0, "next_try_at": now,
        }  # fmt: skip
        try:
            notices.insert_one(notice)
        except DuplicateKeyError:
            mine = {"watch": one.watch.name, "tells": {"$in": list(one.ids)}}
            for other in notices.find(mine, ["tells"]):
                for id_ in other["tells"]:
                    one.ids.pop(id_, None)
        else:
            return True
    return False


def send_due(
    database: Mongo, config: AlertsConfig, targets: Sequence[Target | Webhook], now: datetime | None = None
) -> None:
    """Send the notices that are to be sent now; what a target does not take is tried again later. Blocks."""
    here = {target.digest: target for target in targets}
    now = now or datetime.now(UTC)
    # One that is to wait for longer than any does was put off before the clock was set back.
    never = now + timedelta(seconds=max(config.retry_wait_most_s, config.timeout_s * len(here), 60) * 2)
    due = {
        "to_tell": {"$in": list(here)},
        "$or": [{"next_try_at": {"$lte": now}}, {"next_try_at": {"$gt": never}}],
    }
    claim = {"next_try_at": now + timedelta(seconds=max(60.0, config.timeout_s * len(here)))}
    notices = database[NOTICES]
    for _ in range(notices.count_documents(due)):
        # Who moves the next try first may send; if that process dies, another one sends after that time.
        notice = notices.find_one_and_update(
            due, {"$set": claim, "$inc": {"tries": 1}}, projection={"tells": 0}, sort=[("at", 1)],
            return_document=ReturnDocument.AFTER,
        )  # fmt: skip
        if notice is None:
            return
        _send(database, notice, [here[digest] for digest in notice["to_tell"] if digest in here], config, now)


def _send(
    database: Mongo, notice: dict[str, Any], targets: Sequence[Target | Webhook], config: AlertsConfig, now: datetime
) -> None:
    message, same, failed = message_of(notice), {"_id": notice["_id"]}, False
    for target in targets:
        if target.send(message):
            told = {"$pull": {"to_tell": target.digest}, "$addToSet": {"told": target.digest}}
            database[NOTICES].update_one(same, told)
            logger.info("Told %s: %s", target.name, message.title)
        else:
            failed = True
            logger.warning("%s does not take notices: this one is tried again: %s", target.name, message.title)
    if failed:
        wait_s = min(config.retry_wait_s * 2 ** min(notice["tries"] - 1, 20), config.retry_wait_most_s)
        database[NOTICES].update_one(same, {"$set": {"next_try_at": now + timedelta(seconds=wait_s)}})


def message_of(notice: dict[str, Any]) -> Message:
    """Return the message of a notice: how many changes, and the first of them."""
    total, name = notice["total"], harmless(notice["watch"])
    counts = ", ".join(f"{count} {how}" for how, count in sorted(notice["counts"].items()))
    lines = [line_of(change) for change in notice["first"]]
    rest = [f"… and {total - len(lines)} more"] if total > len(lines) else []
    asked = f"watch: {harmless(notice['line'])}"
    title = f"swathe: {name}: {counts}"
    changes = [
        {**change, "fields": {one["field"]: {"old": one["old"], "new": one["new"]} for one in change["fields"]}}
        for change in notice["first"]
    ]
    data = {"watch": notice["watch"], "line": notice["line"], "at": notice["at"], "total": total, "changes": changes}
    message_id = f"notices/{notice.get('_id', ObjectId())}"
    return Message(title, "\n".join([*lines, *rest, asked]), True, message_id, {**data, "counts": notice["counts"]})


def line_of(change: dict[str, Any]) -> str:
    """Return a change as one line that is nothing but text.

    >>> line_of({"how": "dropped", "key": "a", "fields": [{"field": "price", "old": "9", "new": "8"}], "page": "u"})
    'dropped: a, price 9 → 8 (u)'
    """
    moved = [
        f"{harmless(one['field'])} {harmless(one['new']) if one['old'] in ('', one['new']) else _from_to(one)}"
        for one in change["fields"]
        if one["new"] or one["old"]
    ]
    return f"{change['how']}: {', '.join([harmless(change['key']), *moved])} ({harmless(change['page'])})"


def _from_to(one: dict[str, Any]) -> str:
    return f"{harmless(one['old'])} → {harmless(one['new'] or 'nothing')}"


def _text(value: Any) -> str:
    return cell_text(value, ListStyle.JOIN)[:500]
