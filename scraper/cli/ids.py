"""Find a document by the last digits of its id, as tables show them."""

from __future__ import annotations

from typing import Any

from bson import ObjectId

from scraper.errors import UsageError


def find_by_id(collection: Any, text: str, what: str, listing: str) -> dict[str, Any]:
    """Return the document with this id, or whose id alone ends in it; raise UsageError."""
    text = text.strip()  # also the end of a line of CSV
    if ObjectId.is_valid(text):
        found = list(collection.find({"_id": ObjectId(text)}))
    else:
        ids = [document["_id"] for document in collection.find({}, ["_id"]) if str(document["_id"]).endswith(text)]
        found = list(collection.find({"_id": {"$in": ids[:2]}}))
    if len(found) != 1:
        raise UsageError(f"{len(found) or 'no'} {what}s have the id '{text}', expected one: `{listing}` shows the ids")
    return dict(found[0])
