"""Notices in MongoDB: each change is in one notice of a watch, and each notice is kept until it is told.

Changes are claimed portion by portion: a part of a notice is inserted with the ids of its changes, of which a unique
index lets each be in one part only. A notice claims its parts the same way. Both are one write, whoever is killed.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bson import ObjectId
from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError

from models.system import Run
from models.watches import Notice, NoticePart
from scraper.core.config import WATCH
from scraper.core.text import ListStyle, cell_text
from scraper.events.outbox import Outbox
from scraper.schedule.alerts.message import Message, harmless
from scraper.storage.indexes import ensure_indexes
from scraper.watch.matching import sightings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pymongo.database import Database

    from scraper.watch.condition import Watch
    from scraper.watch.matching import WatchedEvent

    Mongo = Database[dict[str, Any]]

SHOWN = 10
"""Changes that a notice names one by one."""

UNDER_WAY = timedelta(hours=1)
"""How long the changes of a run wait for its end, so that they are told together."""

NOTICES, PARTS, RUNS = (document._get_collection_name() for document in (Notice, NoticePart, Run))


def prepare(database: Mongo) -> None:
    """Create the indexes, among them those that let a change be in one part of a watch, and a part in one notice."""
    for document in (Notice, NoticePart):
        ensure_indexes(database, document)
    database[PARTS].create_index([("watch", ASCENDING), ("tells", ASCENDING)], name="told_once", unique=True)
    database[PARTS].create_index("open", name="open", partialFilterExpression={"open": True})
    database[NOTICES].create_index("parts", name="told_once", unique=True)
    Outbox(database, WATCH).prepare()


def gather(database: Mongo, watches: Sequence[Watch], to_tell: Sequence[str], now: datetime) -> int:
    """Write a notice for each watch that has something to tell, and return how many. Blocks.

    Runs that are under way are waited for. Doing it twice, or in several processes, tells nothing twice.
    """
    outbox = Outbox(database, WATCH)
    running = set(database[RUNS].distinct("_id", {"state": "running"}))
    waiting = running - outbox.runs_waiting_since(now - UNDER_WAY) if running else running
    for events in outbox.batches({"run": {"$nin": list(waiting)}}):
        for watch in watches:
            _insert_part(database, watch, list(sightings(database, watch, events)), now)
        outbox.told(events)
    lines = {watch.name: watch.line for watch in watches}
    names = database[PARTS].distinct("watch", {"open": True})
    return sum(_insert_notice(database, name, lines.get(name, ""), to_tell, now) for name in names)


def _insert_part(database: Mongo, watch: Watch, found: list[WatchedEvent], now: datetime) -> None:
    """Insert a part of a notice, which claims its changes all at once; those that another one has are left to it."""
    while found:
        ids = [sighting.event.id for sighting in found]
        part = {
            "watch": watch.name, "at": now, "tells": ids, "open": True,
            "counts": dict(Counter(sighting.how for sighting in found)), "first": [shown(one) for one in found[:SHOWN]],
        }  # fmt: skip
        try:
            database[PARTS].insert_one(part)
        except DuplicateKeyError:
            others = database[PARTS].find({"watch": watch.name, "tells": {"$in": ids}}, ["tells"])
            claimed = {id_ for other in others for id_ in other["tells"]}
            found = [sighting for sighting in found if sighting.event.id not in claimed]
        else:
            return


def _insert_notice(database: Mongo, name: str, line: str, to_tell: Sequence[str], now: datetime) -> bool:
    """Insert a notice of all parts of a watch that are in none; return False when others have them all."""
    while parts := list(database[PARTS].find({"watch": name, "open": True}, {"tells": 0}, sort=[("_id", 1)])):
        counts: Counter[str] = Counter()
        for part in parts:
            counts.update(part["counts"])
        notice = {
            "watch": name, "line": line, "at": now, "total": counts.total(), "counts": dict(counts),
            "first": [change for part in parts for change in part["first"]][:SHOWN],
            "parts": [part["_id"] for part in parts],
            "to_tell": list(to_tell), "told": [], "tries": 0, "next_try_at": now,
        }  # fmt: skip
        try:
            database[NOTICES].insert_one(notice)
            claimed = notice["parts"]
        except DuplicateKeyError:  # another process has some of them, and was killed before it could say so, or will
            others = database[NOTICES].find({"parts": {"$in": notice["parts"]}}, ["parts"])
            claimed = [part for other in others for part in other["parts"]]
            notice = {}
        database[PARTS].update_many({"_id": {"$in": claimed}}, {"$unset": {"open": 1}})
        if notice:
            return True
    return False


def shown(sighting: WatchedEvent) -> dict[str, Any]:
    """Return a change as a notice keeps it: texts, as a page may have written anything."""
    event = sighting.event
    values = [{"field": name, "old": _text(old), "new": _text(new)} for name, (old, new) in sighting.values.items()]
    return {
        "id": event.id, "how": sighting.how, "key": event.key, "at": event.at, "run": event.run, "page": event.url,
        "fields": values,
    }  # fmt: skip


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
