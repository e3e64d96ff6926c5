"""What is known of an address: how it is read, what is stored and refused of it, what went wrong, and its host."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query

from scraper.status.address import host_known, known_of
from scraper.web.asked import Db
from scraper.web.schemas import records as schemas
from scraper.web.views.view import View


def why(db: Db, url: Annotated[str, Query(max_length=4_000, description="The address of a page.")]) -> dict[str, Any]:
    """What is known of an address, and why it ended as it did; as `swathe why`, without what the frontier keeps."""
    known = [*known_of(db, url), *host_known(db, url)]
    return {
        "url": url,
        "known": [
            {"title": one.title, "rows": [{name: row.get(name) for name in one.columns} for row in one.rows]}
            for one in known
        ],
    }


VIEW = View("/why", "why.html", why, schemas.WhyJson)
