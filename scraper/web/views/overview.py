"""The overview: a row a spider, with its last runs, and what is not fine."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pymongo import ASCENDING, DESCENDING

from models.system import Run
from scraper.errors import DatabaseError
from scraper.status.gather import gather
from scraper.status.status import as_json, status_of
from scraper.web.asked import Db, Settings
from scraper.web.schemas import status as schemas
from scraper.web.views.view import View

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pymongo.database import Database

    Mongo = Database[dict[str, Any]]

RUNS = Run._get_collection_name()
STRIP = 30
"""The last runs of a spider that are shown as a strip."""

MOST_RUNNING = 100
"""Runs under way that are told of."""

OF_STRIP = ("state", "verdict", "suspect", "started_at", "ended_at", "records")


def prepare(database: Mongo) -> None:
    """Create the index that finds the last runs of a spider, however many there are."""
    database[RUNS].create_index(
        [("spider", ASCENDING), ("kind", ASCENDING), ("started_at", DESCENDING)], name="spider_latest"
    )


def overview(db: Db, config: Settings) -> dict[str, Any]:
    """Is everything fine, and what changed: each spider with its last runs, incidents, the next firings."""
    _, state = running(db, ["_id"])  # before the rest: what happens meanwhile makes another one
    status = status_of(gather(config, datetime.now(UTC)))
    if status.database.fault:
        raise DatabaseError(status.database.fault)
    rows = tuple(schemas.SpiderRow(**vars(one), **_runs(db, one.spider)) for one in status.spiders)
    told = {**as_json(replace(status, spiders=rows)), "state": state}
    return {name: told[name] for name in schemas.OverviewJson.model_fields}


def running(database: Mongo, fields: Sequence[str]) -> tuple[list[dict[str, Any]], str]:
    """Return what runs, and a text that is another one once a run has begun, ended or been removed."""
    rows = list(database[RUNS].find({"state": "running"}, fields, sort=[("_id", -1)], limit=MOST_RUNNING))
    known = database[RUNS].estimated_document_count()
    return rows, " ".join([str(known), *(str(run["_id"]) for run in rows)])


def result_of(run: dict[str, Any]) -> str:
    """Return how a run ended, or that it runs, in one word."""
    if run["state"] != "finished":
        return str(run["state"])
    return "suspect" if run.get("suspect") else str(run.get("verdict") or run.get("kind") or "finished")


def _runs(database: Mongo, spider: str) -> dict[str, Any]:
    crawls = {"spider": spider, "kind": "crawl"}
    latest = list(database[RUNS].find(crawls, OF_STRIP, sort=[("started_at", -1)], limit=STRIP))
    strip = tuple(schemas.PastRun(str(run["_id"]), result_of(run), run["started_at"]) for run in reversed(latest))
    complete = next((run for run in latest if run.get("verdict") == "complete"), None)
    if complete is None and len(latest) == STRIP:
        whole = {**crawls, "verdict": "complete"}
        complete = database[RUNS].find_one(whole, OF_STRIP, sort=[("started_at", -1)])
    records = sum((complete.get("records") or {}).values()) if complete else None
    at = complete and (complete.get("ended_at") or complete["started_at"])
    return {"strip": strip, "complete_at": at, "records": records}


VIEW = View("/", "overview.html", overview, schemas.OverviewJson)
