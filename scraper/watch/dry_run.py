"""Hold the history against a watch: what it would have told."""

from __future__ import annotations

import re
from collections import Counter, deque
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from scraper.events.event import CHANGES, events_of_changes, events_of_new
from scraper.events.outbox import BATCH
from scraper.watch.matching import sightings
from scraper.watch.notices import line_of, shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from pymongo.database import Database

    from scraper.events.event import Event
    from scraper.watch.condition import Watch

    Mongo = Database[dict[str, Any]]


@dataclass
class LookedBack:
    """What a watch would have told: how much of what, and the latest lines."""

    counts: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)


def looked_back(database: Mongo, watch: Watch, since: datetime, limit: int) -> LookedBack:
    """Return what a watch would have told since a time: how much, and the `limit` latest. Blocks."""
    found = LookedBack()
    latest: deque[tuple[datetime, str]] = deque(maxlen=limit)
    for events in _since(database, watch.records, since):
        for sighting in sightings(database, watch, events):
            found.counts[sighting.how] += 1
            at = sighting.event.at
            latest.append((at, f"{at:%Y-%m-%d %H:%M} UTC {line_of(shown(sighting))}"))
        if len(latest) == limit:
            latest = deque(sorted(latest), maxlen=limit)
    found.lines = [line for _, line in sorted(latest)]
    return found


def _since(database: Mongo, records: str, since: datetime) -> Iterator[list[Event]]:
    new = database[records].find({"first_seen": {"$gte": since}}, batch_size=BATCH)
    while batch := list(islice(new, BATCH)):
        yield events_of_new(database, records, batch)
    # The first document of an update names the others.
    first = {"$regex": rf"^{re.escape(records)}/[0-9a-f]{{24}}/[^/]+$"}
    claims = database[CHANGES].find({"when": {"$gte": since}, "records": records, "_id": first}, batch_size=BATCH)
    claims = claims.sort("when", 1)
    while batch := list(islice(claims, BATCH)):
        yield events_of_changes(database, batch)
