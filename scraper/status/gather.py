"""Gather what the status is made from, out of MongoDB, the configuration and the data folder; writes nothing."""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pymongo.errors import PyMongoError

from models.alerts import Incident, Mute
from models.schedules import Firing, SchedulerSeen, ScheduleState
from models.system import Rejected, Run
from models.watches import Notice
from scraper.core import statistics
from scraper.core.broken import broken_parts
from scraper.core.config import EVENTS, WATCH
from scraper.errors import ConfigError, DatabaseError
from scraper.events.outbox import Outbox
from scraper.query.times import span_of
from scraper.schedule.alerts.delivery import receivers_of
from scraper.schedule.schedule import schedules_and_faults
from scraper.spider.loader import all_spiders
from scraper.status.evidence import (
    Certificate,
    DatabaseState,
    DiskState,
    Document,
    Places,
    RecordTally,
    StatusEvidence,
    Untold,
)
from scraper.status.status import tally_of
from scraper.storage.connection import connection_to, explain
from scraper.storage.run_heartbeat import is_lost

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymongo.database import Database

    from scraper.core.config import Config

    Mongo = Database[dict[str, Any]]

MB = 2**20
OF_RUN = (
    "spider", "arguments", "state", "verdict", "suspect", "reasons", "started_at", "ended_at", "counts", "records",
    "certificates", "heartbeat_at", "host", "pid", "process",
)  # fmt: skip
SHOWN_REASONS = 5
"""A run may have thousands of reasons; `swathe runs show` has them all."""

LOST = {"state": "lost", "reasons": ["killed: it stopped without a word"]}


def gather(config: Config, now: datetime | None = None) -> StatusEvidence:
    """Return what is known; a database that does not answer is part of it. Blocks."""
    now = now or datetime.now(UTC)
    spiders = all_spiders()
    schedules, faults = schedules_and_faults(config, spiders)
    connection = connection_to(config.mongodb)
    known: dict[str, Any] = {
        "now": now, "yesterday": span_of("yesterday", now=now).start, "spiders": sorted(spiders), "disk": _disk(config),
        "places": Places(connection.address, str(config.mongodb.data_dir)),
        "broken": broken_parts(config), "schedules": schedules, "faults": faults,
        "grace_s": config.scheduler.grace_s, "late_s": config.alerts.late_s,
    }  # fmt: skip
    if known["broken"]:
        known["faults"] = []  # they are in the files that are broken, for all one can tell
    try:
        with connection as database:
            state = _database(database)
            return StatusEvidence(**known, database=state, **_stored(database, config, known["yesterday"], now))
    except DatabaseError as error:
        return StatusEvidence(**known, database=DatabaseState(fault=str(error)))
    except PyMongoError as error:
        fault = explain(error, connection.address)
        return StatusEvidence(**known, database=DatabaseState(fault=fault))


def _disk(config: Config) -> DiskState:
    folder = config.mongodb.data_dir
    existing = next(one for one in (folder, *folder.parents) if one.exists())
    return DiskState(shutil.disk_usage(existing).free // MB, config.mongodb.min_free_mb)


def _database(database: Mongo) -> DatabaseState:
    sizes = database.command("dbStats")
    size_mb = round((sizes.get("storageSize", 0) + sizes.get("indexSize", 0)) / MB)
    return DatabaseState(version=str(database.client.server_info()["version"]), size_mb=size_mb)


def _stored(database: Mongo, config: Config, yesterday: datetime, now: datetime) -> dict[str, Any]:
    """Return the part of the evidence that is in the database."""
    under_way = [_run(run) for run in database[_name(Run)].find({"state": "running", "kind": "crawl"}, OF_RUN)]
    running = [run for run in under_way if run["state"] == "running"]
    latest = _latest(database)
    muted = {row["_id"]: row["until"] for row in database[_name(Mute)].find({"until": {"$gt": now}})}
    return {
        "runs": [*(run for run in under_way if run not in running), *latest],
        "running": running,
        "changed": _changed(database, yesterday),
        "states": {row["_id"]: row for row in database[_name(ScheduleState)].find()},
        "waiting": list(database[_name(Firing)].find({"state": "waiting", "tries": 0}, ["schedule", "due"])),
        "schedulers": list(database[_name(SchedulerSeen)].find(sort=[("looked_at", -1)])),
        "incidents": list(database[_name(Incident)].find({"open": True}, sort=[("opened_at", 1)])),
        "muted": muted,
        "untold": list(_untold(database, config, sorted(muted))),
        "certificates": _certificates(latest),
    }


def _latest(database: Mongo) -> list[Document]:
    """Return the latest crawl of each spider and its arguments that is over."""
    shown = {name: 1 for name in OF_RUN if name != "reasons"} | {
        "reasons": {"$slice": [{"$ifNull": ["$reasons", []]}, SHOWN_REASONS]}
    }
    stages: list[dict[str, Any]] = [
        {"$match": {"kind": "crawl", "state": {"$ne": "running"}}},
        {"$sort": {"started_at": -1}},
        {"$group": {"_id": {"spider": "$spider", "arguments": "$arguments"}, "run": {"$first": "$_id"}}},
    ]
    ids = [row["run"] for row in database[_name(Run)].aggregate(stages, allowDiskUse=True)]
    found = database[_name(Run)].aggregate([{"$match": {"_id": {"$in": ids}}}, {"$project": shown}])
    return [_run(run) for run in found]


def _untold(database: Mongo, config: Config, muted: Sequence[str]) -> Iterator[Untold]:
    """Yield what waits to be told: events, changes that are watched, and messages that some did not take."""
    for listener, what, step in (
        (EVENTS, "event", "`swathe doctor` tries the broker"),
        (WATCH, "watched change", "a crawl or `swathe schedule run` tells them"),
    ):
        if listener in config.listeners:
            count, since = Outbox(database, listener).waiting()
            if since is not None:
                yield Untold(what, count, since, step)
    if at := _kept_messages(database, config, muted):
        yield Untold("message", len(at), min(at), "`swathe alerts test` tries who is to hear it")


def _kept_messages(database: Mongo, config: Config, muted: Sequence[str]) -> list[datetime]:
    """Return since when each message waits for somebody whom [alerts] names."""
    times = ["to_tell", "opened_at", "closed_at", "at"]
    some = {"to_tell.0": {"$exists": True}}
    kept = [
        *database[_name(Incident)].find({**some, "spider": {"$nin": muted}}, times),
        *database[_name(Notice)].find(some, times),
    ]
    try:
        here = {one.digest for one in receivers_of(config.alerts)} if kept else set()
    except ConfigError:  # `swathe doctor` says it; until it is mended nobody is told
        here = {digest for row in kept for digest in row["to_tell"]}
    return [
        row.get("closed_at") or row.get("opened_at") or row["at"] for row in kept if here.intersection(row["to_tell"])
    ]


def _certificates(runs: list[Document]) -> list[Certificate]:
    """Return the certificate that each host showed last."""
    shown: dict[str, datetime] = {}
    for run in sorted(runs, key=lambda run: run["started_at"]):
        shown |= {row["host"]: row["ends_at"] for row in run.get("certificates") or ()}
    return [Certificate(host, ends_at) for host, ends_at in sorted(shown.items())]


def _run(run: Document) -> Document:
    """Return a run with what it changed, and as lost when its process is gone and nobody has noticed yet."""
    if run["state"] == "running" and is_lost(
        Run(**{name: run.get(name) for name in ("host", "pid", "process", "heartbeat_at")})
    ):
        run = {**run, **LOST}
    counts = statistics.of_different_records(Counter(run.get("counts") or {}), run.get("records") or {})
    return {**run, "tally": tally_of(counts)}


def _changed(database: Mongo, since: datetime) -> dict[str, RecordTally]:
    """Return what came of the crawls of each spider since a time; each refused item counts once, however often seen."""
    totals: dict[str, Counter[str]] = defaultdict(Counter)
    crawls = {"kind": "crawl", "started_at": {"$gte": since}}
    for run in database[_name(Run)].find(crawls, ["spider", "counts", "records", "state"]):
        tally = tally_of(statistics.of_different_records(Counter(run.get("counts") or {}), run.get("records") or {}))
        totals[run["spider"]].update(new=tally.new, changed=tally.changed, gone=tally.gone)
    refused: list[dict[str, Any]] = [
        {"$match": {"last_seen": {"$gte": since}}},
        {"$group": {"_id": "$spider", "count": {"$sum": 1}}},
    ]
    for row in database[_name(Rejected)].aggregate(refused):
        totals[row["_id"]]["refused"] = row["count"]
    return {spider: RecordTally(**total) for spider, total in totals.items()}


def _name(document: Any) -> str:
    return str(document._get_collection_name())
