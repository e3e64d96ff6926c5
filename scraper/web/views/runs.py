"""The runs, one run with all that is known of it, and what differs between two."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Query

from models.system import Run
from scraper.core.statistics import of_different_records
from scraper.core.text import one_visible_line
from scraper.runs.comparison import compare
from scraper.runs.progress import Progress
from scraper.runs.quality.deviations import LEARNED_FROM
from scraper.runs.quality.figures import Metric, sample_of
from scraper.storage.run_heartbeat import mark_lost_runs
from scraper.web.asked import PER_PAGE, Cursor, Db, Id, Limit, Name, Settings, after, found, paged
from scraper.web.schemas import runs as schemas
from scraper.web.views.overview import result_of
from scraper.web.views.view import View

if TYPE_CHECKING:
    from pymongo.database import Database

    from scraper.core.config import Config

    Mongo = Database[dict[str, Any]]

RUNS = Run._get_collection_name()
OF_ROW = ("kind", "spider", "state", "verdict", "suspect", "started_at", "ended_at", "counts", "records", "cause")
LARGE = ("problems", "evidence", "frontier", "workers", "process", "logs", "reasons", "notes")
"""Fields of a run that may be large, or say nothing to people."""

OPTIONAL: dict[str, Any] = {
    "arguments": {}, "records": {}, "lists": [], "deviations": [], "accepted_at": None, "dead_letters": None,
}  # fmt: skip
"""What a run may lack, such as one of an earlier version."""

REASONS = 100
LOG_LINES, LOG_BYTES = 200, 100_000


def runs(
    db: Db, spider: Name = "", result: Annotated[str, Query(max_length=20)] = "", before: Cursor = "",
    limit: Limit = PER_PAGE,
) -> dict[str, Any]:  # fmt: skip
    """The runs, the latest first."""
    mark_lost_runs()
    wanted: dict[str, Any] = {**after(before), **({"spider": spider} if spider else {}), **_ended(result)}
    shown = dict.fromkeys(OF_ROW, 1) | {"reasons": {"$slice": 1}}
    rows = list(db[RUNS].find(wanted, shown, sort=[("_id", -1)], limit=limit + 1))
    page, following = paged(rows, limit)
    return {"runs": [_row(run) for run in page], "spider": spider, "result": result, "next": following}


def run(db: Db, config: Settings, id: Id, problems: Annotated[int, Query(ge=0, le=10**7)] = 0) -> dict[str, Any]:
    """One run: its verdict and reasons, what it read, how its fields are filled, what went wrong; `problems` skips."""
    mark_lost_runs(id=id)
    one = found(db, RUNS, id, "run", {**dict.fromkeys(LARGE, 0)})
    some = db[RUNS].aggregate([{"$match": {"_id": one["_id"]}}, {"$project": _parts(problems)}]).next()
    before = _last_complete(db, one)
    quality = one.pop("quality", None) or {}
    return {
        **OPTIONAL, **one, **_row(one), "progress": progress_of(one) if one["state"] == "running" else None,
        "reasons": some["reasons"], "notes": some["notes"], "problems_from": problems,
        "problems": _with_evidence(some["problems"], some["evidence"]),
        "problems_total": some["total"], "evidence": [_evidence(page) for page in some["evidence"]],
        "fields": _fields(one, quality), "selectors": [use for use in quality.get("selectors", ()) if use["missed"]],
        "log": _log(config, some["logs"]), "complete_before": str(before["_id"]) if before else None,
    }  # fmt: skip


def progress_of(run: dict[str, Any]) -> dict[str, Any]:
    """Return how far a run is, as pages and programs are told."""
    return {"id": str(run["_id"]), "spider": run["spider"], "result": result_of(run), **Progress.of(run).as_json()}


def comparison(db: Db, id: Id, other: Id) -> dict[str, Any]:
    """What differs between two runs of one spider."""
    both = [found(db, RUNS, one, "run") for one in (id, other)]
    differs = compare(db, both[0], both[1])
    tables = {name: list(getattr(differs, name)) for name in ("counts", "fields", "lists", "reasons")}
    changes = [{**asdict(one), "fields": dict(one.fields)} for one in differs.changes[:PER_PAGE]]
    return {
        "before": _row(differs.before), "after": _row(differs.after), **tables,
        "changes": changes, "changes_total": len(differs.changes),
    }  # fmt: skip


def _ended(result: str) -> dict[str, Any]:
    if result in ("", "all"):
        return {}
    if result == "suspect":
        return {"suspect": True}
    return {"$or": [{"state": result}, {"state": "finished", "verdict": result, "suspect": {"$ne": True}}]}


def _row(run: dict[str, Any]) -> dict[str, Any]:
    counts = Counter(run.get("counts") or {})
    if run.get("kind", "crawl") == "crawl":
        counts = Counter(of_different_records(counts, run.get("records") or {}))
    ended = run.get("ended_at")
    return {
        "id": str(run["_id"]), "spider": run["spider"], "kind": run.get("kind", "crawl"), "result": result_of(run),
        "started_at": run["started_at"], "ended_at": ended, "counts": dict(counts), "cause": run.get("cause") or "",
        "took_s": (ended - run["started_at"]).total_seconds() if ended else None, "reasons": run.get("reasons") or [],
    }  # fmt: skip


def _parts(skip: int) -> dict[str, Any]:
    """Return the projection of what may be large: a page of the problems, and the first of the rest."""
    lists = {name: {"$ifNull": [f"${name}", []]} for name in ("problems", "reasons", "notes", "evidence", "logs")}
    return {
        "total": {"$size": lists["problems"]},
        "problems": {"$slice": [lists["problems"], skip, PER_PAGE]},
        **{name: {"$slice": [lists[name], REASONS]} for name in ("reasons", "notes", "evidence", "logs")},
    }


def _last_complete(database: Mongo, run: dict[str, Any]) -> dict[str, Any] | None:
    same = {"spider": run["spider"], "arguments": run.get("arguments", {}), "kind": "crawl", "verdict": "complete"}
    return database[RUNS].find_one(
        {**same, "started_at": {"$lt": run["started_at"]}}, ["_id"], sort=[("started_at", -1)]
    )


def _fields(run: dict[str, Any], quality: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the share of records that have each field, beside what earlier complete runs had."""
    of_before = {"spider": run["spider"], "arguments": run.get("arguments", {}), "kind": "crawl"}
    earlier = Run.objects(**of_before, verdict="complete", started_at__lt=run["started_at"])
    only = ("started_at", "counts", "records", "quality", "verdict", "code", "accepted_at")
    samples = [sample_of(one) for one in earlier.order_by("-started_at").only(*only).limit(LEARNED_FROM)]
    rows = []
    for records in quality.get("records", ()):
        for name, filled in records["filled"].items():
            metric = Metric("filled", records["collection"], name)
            usual = [sample.figures[metric].value for sample in samples if metric in sample.figures]
            share = min(1.0, filled / records["found"]) if records.get("found") else None
            low, high = (min(usual), max(usual)) if usual else (None, None)
            rows.append({"records": records["collection"], "field": name, "share": share, "low": low, "high": high})
    return rows


def _with_evidence(problems: list[dict[str, Any]], evidence: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return problems, each with the place of what there is of its page."""
    places = {page["url"]: place for place, page in reversed(list(enumerate(evidence))) if page.get("url")}
    return [{**one, "evidence": places.get(one.get("url"))} for one in problems]


def _evidence(page: dict[str, Any]) -> dict[str, Any]:
    """Return what there is of a page that yielded nothing; where it lies on the disk is nobody's business."""
    return {"url": page.get("url"), "has_html": bool(page.get("html")), "has_screenshot": bool(page.get("screenshot"))}


def _log(config: Config, names: list[str]) -> list[str]:
    """Return the last lines of a run's log; none when it is gone, or lies where no log is written."""
    folder, lines = (config.mongodb.data_dir / "logs").resolve(), deque[str](maxlen=LOG_LINES)
    for name in names:
        file = Path(name).resolve()
        if folder in file.parents and file.is_file():
            with file.open("rb") as log:
                log.seek(max(0, file.stat().st_size - LOG_BYTES))
                lines.extend(one_visible_line(line.decode("utf-8", "replace")) for line in log)
    return list(lines)


VIEWS = (
    View("/runs", "runs.html", runs, schemas.RunsJson),
    View("/runs/{id}", "run.html", run, schemas.RunJson),
    View("/runs/{id}/compare/{other}", "comparison.html", comparison, schemas.ComparisonJson),
)
