"""What became of a record, with what it was before and after: made from the history, never kept beside it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from models.record import UNTOLD, key_text
from models.registry import record_documents
from models.system import Change
from scraper.storage.records.change_log import entries_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from bson import ObjectId
    from pymongo.database import Database

    Mongo = Database[dict[str, Any]]
    State = dict[str, Any]

Kind = Literal["new", "changed", "gone"]
CHANGES = Change._get_collection_name()


@dataclass(frozen=True)
class Event:
    """A record that is new, changed or gone; one that is there again has changed: its `gone_at` is null again."""

    id: str
    """The same whoever tells it and however often: the `_id` of the change, or `RECORDS/RECORD/new`."""
    kind: Kind
    records: str
    record: ObjectId
    key: str
    fields: dict[str, tuple[Any, Any]]
    """The old and the new value of what changed, by the field's name in MongoDB; nothing for a new record."""
    at: datetime
    run: ObjectId | None
    url: str
    before: State | None
    """The record as MongoDB had it; None for a new one, and where somebody has removed it since."""
    after: State | None


def events_of_changes(database: Mongo, claims: Sequence[Mapping[str, Any]]) -> list[Event]:
    """Return the event of each change document that is the first of its update, in their order. Blocks.

    Left out is a change that is not carried out yet: a process may have been killed between the two, or be at it.
    """
    states: dict[tuple[str, Any, Any], tuple[State, State]] = {}
    missing: set[tuple[str, Any]] = set()
    for records, own in _by_records(claims).items():
        ids = list({claim["record"] for claim in own})
        found = {record["_id"]: record for record in database[records].find({"_id": {"$in": ids}})}
        missing |= {(records, record) for record in ids if record not in found}
        since = min(claim["when"] for claim in own)
        for record, steps in _steps(database, list(found), since).items():
            for when, pair in _undone(found[record], steps):
                states[records, record, when] = pair
    return [
        _changed(claim, states.get((claim["records"], claim["record"], claim["when"]), (None, None)))
        for claim in claims
        if (claim["records"], claim["record"], claim["when"]) in states
        or (claim["records"], claim["record"]) in missing
    ]


def events_of_new(database: Mongo, records: str, found: Sequence[State]) -> list[Event]:
    """Return the event of each new record, as it was when it was new. Blocks."""
    document = record_documents().get(records)
    steps = _steps(database, [record["_id"] for record in found], None)
    events = []
    for record in found:
        after = _plain(record)
        for _, (before, _after) in _undone(record, steps.get(record["_id"], [])):
            after = before
        key = key_text(document, after) if document else ""
        event_id, key = f"{records}/{record['_id']}/new", key_text(document, after) if document else ""
        seen = after["first_seen"], after.get("run"), after.get("url", "")
        events.append(Event(event_id, "new", records, record["_id"], key, {}, *seen, None, after))
    return events


def _by_records(claims: Iterable[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    grouped: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for claim in claims:
        grouped[claim["records"]].append(claim)
    return grouped


def _steps(database: Mongo, ids: list[Any], since: datetime | None) -> dict[Any, list[State]]:
    """Return the updates of records, the latest first: the documents of one update as one, its fields together."""
    query: dict[str, Any] = {"record": {"$in": ids}, **({"when": {"$gte": since}} if since else {})}
    updates: dict[Any, dict[datetime, State]] = defaultdict(dict)
    for change in database[CHANGES].find(query).sort("when", -1) if ids else ():
        update = updates[change["record"]].setdefault(
            change["when"], {"when": change["when"], "version": change.get("version"), "fields": {}}
        )
        # Written by whoever carries the update out, the documents of its other fields may not be there yet.
        update["fields"] |= {entry["field"]: entry.get("old") for entry in entries_of(change)}
    return {record: list(own.values()) for record, own in updates.items()}


def _undone(record: State, steps: list[State]) -> Iterator[tuple[datetime, tuple[State, State]]]:
    """Yield the time of each update with the record before and after it, the latest first."""
    after = _plain(record)
    for step in steps:
        if after.get("changed_at") is None or step["when"] > after["changed_at"]:
            continue  # not carried out
        before = {**after, **step["fields"], "changed_at": step["version"]}
        yield step["when"], (before, after)
        after = before


def _changed(claim: Mapping[str, Any], states: tuple[State | None, State | None]) -> Event:
    before, after = states
    fields = {entry["field"]: (entry.get("old"), entry.get("new")) for entry in entries_of(dict(claim))}
    is_gone = fields.get("gone_at", (None, None))[1] is not None
    return Event(
        claim["_id"], "gone" if is_gone else "changed", claim["records"], claim["record"], claim.get("key", ""), fields,
        claim["when"], claim.get("run"), claim.get("url", ""), before, after,
    )  # fmt: skip


def _plain(record: State) -> State:
    return {name: value for name, value in record.items() if name != UNTOLD}
