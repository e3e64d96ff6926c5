"""What was done by the page and the API, by whom."""

from __future__ import annotations

from typing import Any

from scraper.web.asked import PER_PAGE, Cursor, Db, Limit, after, paged
from scraper.web.audit import ACTIONS
from scraper.web.schemas import status as schemas
from scraper.web.views.view import View


def audit(db: Db, before: Cursor = "", limit: Limit = PER_PAGE) -> dict[str, Any]:
    """The audit: each action, the latest first."""
    page, following = paged(list(db[ACTIONS].find(after(before), sort=[("_id", -1)], limit=limit + 1)), limit)
    return {
        "actions": [{**row, "_id": str(row["_id"]), "ended_at": row.get("ended_at")} for row in page],
        "next": following,
    }


VIEW = View("/audit", "audit.html", audit, schemas.AuditJson)
