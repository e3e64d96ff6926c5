"""What a broker is sent: JSON about one event, and the routing key that it can be chosen by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.record import schema_of
from models.registry import record_documents
from scraper.core.text import json_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scraper.events.event import Event

PREFIX = "swathe"
RUN_ENDED = f"{PREFIX}.runs.ended"

LONGEST_WORD = 60
LARGEST_BYTES = 1_000_000
"""A larger message goes without values: a broker may refuse it, and then the others would wait behind it."""


@dataclass(frozen=True)
class EventMessage:
    """A message: `id` is the same however often it is sent."""

    id: str
    routing_key: str
    body: bytes


def messages_of(events: Sequence[Event]) -> list[EventMessage]:
    """Return the messages of records that are new, changed or gone."""
    names = {records: _names(records) for records in {event.records for event in events}}
    return [_message_of(event, names[event.records]) for event in events]


def message_of_run(run: Mapping[str, Any]) -> EventMessage:
    """Return the message of a run's end."""
    shown = ("spider", "kind", "arguments", "state", "verdict", "reasons", "exit_code", "started_at", "ended_at")
    message_id = f"runs/{run['_id']}/{run.get('resumed') or 0}/{run['state']}"
    said = {"id": message_id, "event": "ended", "run": run["_id"], **{name: run.get(name) for name in shown}}
    said |= {"counts": run.get("counts", {}), "records": run.get("records", {})}
    return EventMessage(message_id, RUN_ENDED, json_text(said).encode(errors="replace"))


def _message_of(event: Event, names: Mapping[str, str]) -> EventMessage:
    fields = {names.get(column, column): {"old": old, "new": new} for column, (old, new) in event.fields.items()}
    after = event.after or {}
    record = {names.get(column, column): value for column, value in after.items() if column != "_id"}
    said = {
        "id": event.id,
        "event": event.kind,
        "at": event.at,
        "records": event.records,
        "key": event.key,
        "run": event.run,
        "page": event.url,
        "fields": fields,
        "record": record if event.after is not None else None,
    }
    body = json_text(said).encode(errors="replace")
    if len(body) > LARGEST_BYTES:
        said |= {"key": event.key[:200], "fields": dict.fromkeys(fields), "record": None, "shortened": True}
        body = json_text(said).encode(errors="replace")
    return EventMessage(event.id, f"{PREFIX}.{_word(event.records)}.{event.kind}", body)


def _word(name: str) -> str:
    r"""Return a name as one word of a routing key: a dot would make two of it.

    >>> _word("books"), _word("../..\x1b[31m")
    ('books', '_______31m')
    """
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)[:LONGEST_WORD]


def _names(records: str) -> dict[str, str]:
    """Return the fields' names by those in MongoDB."""
    document = record_documents().get(records)
    return {column: name for name, column in schema_of(document).columns.items()} if document else {}
