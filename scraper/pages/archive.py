"""Write pages and their bodies, and find them again.

The pages are written first and their bodies after them, so that whoever removes bodies that no page refers to (see
`scraper.pages.trim`) sees the page of a body that is about to be used.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pymongo import UpdateOne

from models.pages import PageBody, StoredPage
from scraper.core import zst
from scraper.storage.indexes import ensure_indexes
from scraper.storage.records.bulk import send

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bson import ObjectId
    from pymongo.database import Database

    Mongo = Database[dict[str, Any]]

PAGES, BODIES = StoredPage._get_collection_name(), PageBody._get_collection_name()

MAX_BODY_BYTES = 16 * 2**20 - 2**14
"""MongoDB's limit for one document, less some room for the other fields."""

SEEN_AT_ONCE = 500

LEVEL = 3
"""How hard bodies are compressed; 6 made pages of 10 KB only 5 % smaller and took twice as long."""


@dataclass(frozen=True, slots=True)
class Capture:
    """A page that is to be kept, and its body."""

    page: dict[str, Any]
    body: bytes


def see_again(database: Mongo, spider: str, fingerprints: Sequence[str], run: ObjectId) -> None:
    """Let the latest kept page of each request be of this run, because the site says it has not changed. Blocks."""
    now = datetime.now(UTC)
    for start in range(0, len(fingerprints), SEEN_AT_ONCE):
        some = fingerprints[start : start + SEEN_AT_ONCE]
        latest = database[PAGES].aggregate(
            [
                {"$match": {"spider": spider, "fingerprint": {"$in": some}}},
                {"$sort": {"when": 1}},
                {"$group": {"_id": "$fingerprint", "page": {"$last": "$_id"}}},
            ],
            allowDiskUse=True,
        )
        pages = [row["page"] for row in latest]
        database[PAGES].update_many({"_id": {"$in": pages}}, {"$set": {"run": run, "when": now}})


def write(database: Mongo, captures: Sequence[Capture]) -> list[bool]:
    """Keep pages; return of each whether it is kept: not one whose body is too large even when compressed. Blocks."""
    names = [hashlib.sha256(capture.body).hexdigest() for capture in captures]
    bodies = {name: capture.body for name, capture in zip(names, captures, strict=True)}
    known = _there(database, bodies)
    packed = {name: zst.compress(body, LEVEL) for name, body in bodies.items() if name not in known}
    kept = {name for name in bodies if name in known or len(packed[name]) <= MAX_BODY_BYTES}
    pages = [{**capture.page, "body": name} for name, capture in zip(names, captures, strict=True) if name in kept]
    if pages:
        database[PAGES].insert_many(pages, ordered=False)
        # The pages refer to the bodies now. One that somebody was about to remove stays; one that is gone comes back.
        database[BODIES].update_many({"_id": {"$in": sorted(kept)}}, {"$unset": {"doomed": ""}})
        absent = kept - _there(database, kept)
        blobs = {name: packed.get(name) or zst.compress(bodies[name], LEVEL) for name in absent}
        send(
            database[BODIES],
            [
                UpdateOne({"_id": name}, {"$setOnInsert": {"zstd": blob, "size": len(blob)}}, upsert=True)
                for name, blob in blobs.items()
            ],
        )
    return [name in kept for name in names]


def _there(database: Mongo, names: Iterable[str]) -> set[str]:
    return {str(body["_id"]) for body in database[BODIES].find({"_id": {"$in": list(names)}}, ["_id"])}


def ensure_page_indexes(database: Mongo) -> None:
    """Create the indexes of both collections."""
    for document in (StoredPage, PageBody):
        ensure_indexes(database, document)


def body_of(database: Mongo, page: dict[str, Any]) -> bytes | None:
    """Return the body of a page; None when it is not there: its writer was killed in between. Blocks."""
    kept = database[BODIES].find_one({"_id": page["body"]}, ["zstd"])
    return zst.decompress(kept["zstd"]) if kept else None
