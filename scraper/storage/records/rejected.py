"""Turn a refused record into a document of `rejected` that MongoDB can always hold."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pymongo import UpdateOne

from models.record import schema_of

if TYPE_CHECKING:
    from models.record import Found
    from scraper.storage.records.plan import Sighting

RAW_BYTES = 8 * 2**20
"""What the raw values of one item may take together: half of MongoDB's limit for a document."""

SHOWN_CHARACTERS = 200
"""Length up to which a fault repeats the value that was found; the whole of it stands in `raw`."""


def rejection(found: Found, seen: Sighting, spider: str) -> UpdateOne:
    """Return the write that keeps a refused item; the same item of the same page is kept once, however often seen."""
    kept = kept_of(found)
    seen_last = {"spider": spider, "last_seen": seen.at, "run": seen.run}
    return UpdateOne(
        {"fingerprint": kept.pop("fingerprint")},
        {"$set": {**kept, **seen_last}, "$setOnInsert": {"first_seen": seen.at}},
        upsert=True,
    )


def kept_of(found: Found) -> dict[str, Any]:
    """Return what is kept of a refused item, with the fingerprint that tells it from others.

    `base_url` and `encoding` say how its links are to be read, where the page's own address does not. `altered` names
    the fields whose raw value MongoDB cannot hold as it is, so that only a text shows it.
    """
    collection = schema_of(found.document).collection
    room = RAW_BYTES // max(len(found.raw), 1)
    raw = {name: storable(value, room) for name, value in found.raw.items()}
    identity = json.dumps([collection, storable(found.url, room), raw], sort_keys=True, default=str)
    return {
        "fingerprint": hashlib.sha256(identity.encode()).hexdigest(),
        "records": collection,
        "url": storable(found.url, room),
        "base_url": storable(found.base_url, room) if found.base_url else None,
        "encoding": getattr(found.base_url, "encoding", None),
        "raw": raw,
        "altered": [name for name, value in found.raw.items() if raw[name] != value],
        "added": sorted(found.added),
        "faults": [
            {"field": name, "found": _shown(found.raw.get(name)), "problem": storable(problem, room)}
            for name, problem in found.faults.items()
        ],
    }


def storable(value: Any, max_bytes: int) -> Any:
    r"""Return the value itself when BSON can hold it within `max_bytes`, else a text that shows it.

    >>> storable({"$where": 1}, 100)
    '{"$where": 1}'
    >>> storable("half a pair: \ud83d", 100)
    'half a pair: \\ud83d'
    """
    if value is None or isinstance(value, bool | datetime):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else str(value)[:max_bytes]
    if isinstance(value, float):
        return value
    if isinstance(value, str):
        return _clipped(value.encode("utf-8", "backslashreplace").decode(), max_bytes)
    if isinstance(value, list | tuple) and all(isinstance(part, str) for part in value):
        parts = [storable(part, max_bytes) for part in value]
        if sum(len(part.encode()) + 16 for part in parts) <= max_bytes:
            return parts
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        text = repr(value)
    return storable(text, max_bytes)


def _clipped(text: str, max_bytes: int) -> str:
    encoded = text.encode()
    if len(encoded) <= max_bytes:
        return text
    return f"{encoded[:max_bytes].decode(errors='ignore')} … [{len(text)} characters in all]"


def _shown(value: Any) -> str | None:
    return None if value is None else str(storable(str(value)[:SHOWN_CHARACTERS], RAW_BYTES))
