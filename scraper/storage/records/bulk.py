"""Send writes in bulk, and tell faults of a document from those of the server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pymongo.errors import BulkWriteError

from scraper.errors import DatabaseLostError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymongo.collection import Collection

DUPLICATE_KEY = 11000
DOCUMENT_FAULTS = frozenset({2, 9, 52, 57, 121, 10334, DUPLICATE_KEY, 17280, 17419, 17420})
"""Error codes that blame one document, not the server; source: src/mongo/base/error_codes.yml."""


def send(collection: Collection[dict[str, Any]], requests: Sequence[Any]) -> tuple[int, list[dict[str, Any]]]:
    """Return how many documents matched, and the faults of documents by the `index` of their request.

    Raise DatabaseLostError when the server refused a write for a cause of its own, or did not confirm it.
    """
    if not requests:
        return 0, []
    try:
        return collection.bulk_write(requests, ordered=False).matched_count, []
    except BulkWriteError as error:
        details = error.details
    if details.get("writeConcernErrors"):
        raise DatabaseLostError(f"MongoDB did not confirm a write: {details['writeConcernErrors'][0]}")
    for fault in details["writeErrors"]:
        if fault["code"] not in DOCUMENT_FAULTS:
            raise DatabaseLostError(f"MongoDB refused a write: {fault['errmsg']}")
    return details["nMatched"], details["writeErrors"]
