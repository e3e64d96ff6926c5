"""How the records of a spider were filled, run by run."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from models.system import Run
from scraper.spider.loader import all_spiders
from scraper.web.asked import Db, Name
from scraper.web.schemas import runs as schemas
from scraper.web.views.view import View

LAST = 60
"""Runs that are looked at."""


def quality(db: Db, spider: Name = "") -> dict[str, Any]:
    """The share of records that had each field, and how many records there were, over the last runs of a spider."""
    spiders = sorted(all_spiders())
    chosen = spider or next(iter(spiders), "")
    wanted = {"spider": chosen, "kind": "crawl", "state": "finished"}
    only = ["started_at", "quality.records", "records"]
    runs = list(db[Run._get_collection_name()].find(wanted, only, sort=[("started_at", -1)], limit=LAST))[::-1]
    shares: dict[tuple[str, str], list[float | None]] = defaultdict(lambda: [None] * len(runs))
    counts: dict[str, list[float | None]] = defaultdict(lambda: [None] * len(runs))
    for place, run in enumerate(runs):
        for name, count in (run.get("records") or {}).items():
            counts[name][place] = count
        for records in (run.get("quality") or {}).get("records", ()):
            for field, filled in records["filled"].items():
                found = records.get("found")
                shares[records["collection"], field][place] = min(1.0, filled / found) if found else None
    return {
        "spider": chosen, "spiders": spiders, "runs": [{"id": str(r["_id"]), "at": r["started_at"]} for r in runs],
        "counts": [{"records": name, "values": values} for name, values in counts.items()],
        "fields": [
            {"records": records, "field": field, "values": values, "last": values[-1]}
            for (records, field), values in shares.items()
        ],
    }  # fmt: skip


VIEW = View("/quality", "quality.html", quality, schemas.QualityJson)
