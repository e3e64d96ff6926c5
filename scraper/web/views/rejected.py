"""The refused items: which field was at fault, beside what its page had."""

from __future__ import annotations

from typing import Any

from models.pages import StoredPage
from models.system import Rejected
from scraper.web.asked import PER_PAGE, Cursor, Db, Id, Limit, Name, after, found, paged
from scraper.web.schemas import records as schemas
from scraper.web.views.view import View

REJECTED = Rejected._get_collection_name()


def rejected(
    db: Db, spider: Name = "", records: Name = "", before: Cursor = "", limit: Limit = PER_PAGE
) -> dict[str, Any]:
    """The refused items, the latest first."""
    wanted = {name: value for name, value in (("spider", spider), ("records", records)) if value}
    rows = list(db[REJECTED].find({**after(before), **wanted}, sort=[("_id", -1)], limit=limit + 1))
    page, following = paged(rows, limit)
    return {
        "spider": spider, "records": records, "next": following, "total": db[REJECTED].estimated_document_count(),
        "items": [_row(item) for item in page],
    }  # fmt: skip


def item(db: Db, id: Id) -> dict[str, Any]:
    """One refused item: every field at fault, the raw values of its page, and the page if it was kept."""
    one = found(db, REJECTED, id, "refused item")
    page = db[StoredPage._get_collection_name()].find_one({"url": one["url"]}, ["_id"], sort=[("when", -1)])
    return {**_row(one), "raw": one.get("raw") or {}, "page": str(page["_id"]) if page else None}


def _row(item: dict[str, Any]) -> dict[str, Any]:
    raw = item.get("raw") or {}
    faults = [{**fault, "raw": raw.get(fault["field"])} for fault in item.get("faults") or ()]
    names = ("records", "url", "spider", "first_seen", "last_seen")
    return {"id": str(item["_id"]), **{name: item.get(name) for name in names}, "faults": faults}


VIEWS = (
    View("/rejected", "rejected.html", rejected, schemas.RejectedJson),
    View("/rejected/{id}", "rejected_item.html", item, schemas.RejectedItemJson),
)
