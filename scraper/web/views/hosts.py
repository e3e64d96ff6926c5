"""The hosts: how each is asked, and why one is left alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Query

from models.hosts import Host
from scraper.fetch.politeness.host import host_facts
from scraper.web.asked import MOST, Db
from scraper.web.schemas import status as schemas
from scraper.web.views.view import View


def hosts(db: Db, skip: Annotated[int, Query(ge=0, le=10**6)] = 0) -> dict[str, Any]:
    """The politeness ledger: the delay of each host and where it comes from, who is left alone and why."""
    now, rows = datetime.now(UTC), []
    found = db[Host._get_collection_name()].find(sort=[("seen_at", -1), ("_id", 1)], skip=skip, limit=MOST)
    for row in found:
        host = Host._from_son(row)
        facts = host_facts(host, now)
        known = {"host": row["_id"], "breaker": host.breaker, "seen_at": row.get("seen_at"), "facts": facts}
        rows.append({**known, "is_left_alone": "left alone until" in facts})
    return {"hosts": rows, "skip": skip, "next": skip + MOST if len(rows) == MOST else None}


VIEW = View("/hosts", "hosts.html", hosts, schemas.HostsJson)
