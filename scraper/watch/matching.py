"""Hold events against watches: what has come to meet a condition, meets it no longer, or has moved."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import bson
from bson import Decimal128

from models.sameness import is_same
from scraper.query.question import value_at
from scraper.storage.connection import CODEC

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymongo.database import Database

    from scraper.events.event import Event
    from scraper.watch.condition import Watch

    Mongo = Database[dict[str, Any]]
    State = dict[str, Any]

LARGEST_PORTION = 8 * 2**20
"""Bytes of states in one question: half of what MongoDB takes."""


@dataclass(frozen=True)
class WatchedEvent:
    """An event that a watch is about, and what it is for the watch."""

    event: Event
    how: str
    """`entered`, `left`, `moved`, `gone`, `back`, `new`, `changed`, `dropped` or `rose`."""
    values: dict[str, tuple[Any, Any]]
    """The old and the new value of the fields that it is about, by name."""


def sightings(database: Mongo, watch: Watch, events: Sequence[Event]) -> Iterator[WatchedEvent]:
    """Yield those of the events that a watch is about, in their order. Blocks: MongoDB itself applies the filter."""
    own = [event for event in events if event.records == watch.records]
    before = _meeting(database, watch, [event.before for event in own])
    after = _meeting(database, watch, [event.after for event in own])
    for number, event in enumerate(own):
        if how := _how(watch, event, met=number in before, meets=number in after):
            yield WatchedEvent(event, how, _values(watch, event))


def _how(watch: Watch, event: Event, *, met: bool, meets: bool) -> str:
    """Return what an event is for a watch; empty when it is nothing."""
    if watch.what == "gone":
        return "gone" if meets and not met else "back" if met and not meets else ""
    if watch.what == "state":
        if met and meets:
            return "moved" if _changed(watch, event) else ""
        return "entered" if meets else "left" if met else ""
    if watch.what == "new":
        return "new" if event.kind == "new" and meets else ""
    if event.kind != "changed" or not meets:
        return ""
    if watch.what == "changed":
        return "changed" if _changed(watch, event) else ""
    return {"drop": "dropped", "rise": "rose"}[watch.what] if _moved_enough(watch, event) else ""


def _changed(watch: Watch, event: Event) -> bool:
    """Return whether one of the fields of a watch, or any field where it names none, has another value."""
    if not watch.fields:
        return any(column != "gone_at" for column in event.fields)
    return any(not is_same(old, new) for old, new in _values(watch, event).values())


def _values(watch: Watch, event: Event) -> dict[str, tuple[Any, Any]]:
    if not watch.fields:
        return dict(event.fields)
    return {path.name: (_value(event.before, path.parts), _value(event.after, path.parts)) for path in watch.fields}


def _value(state: State | None, parts: Sequence[str]) -> Any:
    return None if state is None else value_at(state, parts)


def _moved_enough(watch: Watch, event: Event) -> bool:
    ((old, new),) = _values(watch, event).values()
    was, is_ = _number(old), _number(new)
    if was is None or is_ is None:
        return False
    way = was - is_ if watch.what == "drop" else is_ - was
    least = abs(was) * watch.least / 100 if watch.in_percent else watch.least
    return way > 0 and way >= least


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal128):
        return None
    number = value.to_decimal() if isinstance(value, Decimal128) else Decimal(repr(value))
    return number if number.is_finite() else None


def _meeting(database: Mongo, watch: Watch, states: Sequence[State | None]) -> set[int]:
    """Return the numbers of those states that meet the filter of a watch.

    The states are in no collection any more: they are handed over within the question, which MongoDB lets be asked of
    a document only. Where there is none any more, the records were removed by hand, and no state of them is known.
    """
    columns = watch.columns
    given = [
        {"number": number, "state": {name: state[name] for name in columns if name in state}}
        for number, state in enumerate(states)
        if state is not None
    ]
    return {number for some in _portions(given) for number in _asked(database, watch, some)}


def _portions(given: list[State]) -> Iterator[list[State]]:
    """Yield as many states at once as a question can hold."""
    portion: list[State] = []
    size = 0
    for one in given:
        own = len(bson.encode(one, codec_options=CODEC))
        if portion and size + own > LARGEST_PORTION:
            yield portion
            portion, size = [], 0
        portion.append(one)
        size += own
    if portion:
        yield portion


def _asked(database: Mongo, watch: Watch, given: list[State]) -> list[int]:
    found = database[watch.records].aggregate(
        [
            {"$limit": 1},
            {"$project": {"_id": 0, "given": {"$literal": given}}},
            {"$unwind": "$given"},
            {"$replaceWith": {"$mergeObjects": ["$given.state", {"_id": "$given.number"}]}},
            {"$match": watch.filters},
            {"$project": {"_id": 1}},
        ]
    )
    return [row["_id"] for row in found]
