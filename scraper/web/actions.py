"""What can be done by the page and the API: never code or configuration, and no process is started from here.

A crawl is asked for as a person's `swathe schedule trigger` does, by a row that a living scheduler carries out. Each
action is written into the audit before it is done, and pressing twice at once does it once.
"""

from __future__ import annotations

import os
import signal
import socket
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from mongoengine import Q
from starlette.exceptions import HTTPException
from starlette.responses import Response

from models.alerts import Incident
from models.schedules import Firing, SchedulerSeen
from models.system import Rejected, Run
from scraper.core.processes import is_gone
from scraper.core.text import counted
from scraper.errors import UsageError
from scraper.pages.redrive import retry_items
from scraper.runs.quality.baseline import accept
from scraper.schedule import firings
from scraper.schedule.alerts.incidents import close_incidents, mute, unmute
from scraper.schedule.due import Owed
from scraper.schedule.presence import lives
from scraper.schedule.schedule import Schedule, run_key, schedules_and_faults
from scraper.spider.loader import all_spiders
from scraper.web.answers import as_json, page
from scraper.web.asked import Db, Id, Named, Settings, Who, found, not_there
from scraper.web.audit import audited
from scraper.web.schemas.base import OutcomeJson

if TYPE_CHECKING:
    from collections.abc import Callable

    from scraper.core.config import Config

BY_WEB = "asked for on the page"
MOST_REDRIVEN = 1_000
"""Refused items of a spider that are tried again at once."""


def trigger(db: Db, config: Settings, who: Who, name: Named) -> str:
    """Fire a schedule now, by a scheduler that lives."""
    with audited(db, who, "trigger", name) as said:
        schedule = _schedule(config, lambda one: one.name == name, f"there is no schedule {name!r}")
        said["outcome"] = _fire(db, schedule)
        return said["outcome"]


def stop(db: Db, who: Who, id: Id) -> str:
    """Have a crawl end cleanly; the same command, or its schedule, goes on with it later."""
    with audited(db, who, "stop", id) as said:
        run = found(db, Run._get_collection_name(), id, "run")
        if run["state"] != "running":
            raise HTTPException(409, f"run {id} does not run: it is {run['state']}")
        said["outcome"] = _ask_to_stop(run)
        return said["outcome"]


def retry_dead(db: Db, config: Settings, who: Who, id: Id) -> str:
    """Try the dead letters of a run again, by a scheduler that lives."""
    with audited(db, who, "retry-dead", id) as said:
        run = found(db, Run._get_collection_name(), id, "run")
        key = run_key(run["spider"], run.get("arguments") or {})
        missing = f"no schedule crawls '{run['spider']}' with the arguments of run {id}"
        schedule = _schedule(config, lambda one: one.key == key, missing)
        said["outcome"] = _fire(db, schedule, retry_dead=True)
        return said["outcome"]


def take_as_usual(db: Db, who: Who, id: Id) -> str:
    """Take a suspect run for what is usual from now on."""
    with audited(db, who, "accept", id) as said:
        run = found(db, Run._get_collection_name(), id, "run")
        if run.get("accepted_at"):
            raise HTTPException(409, f"run {id} is what is usual already")
        accept(run)
        said["outcome"] = f"run {id} is what is usual for {run['spider']} from now on"
        return said["outcome"]


def redrive(db: Db, config: Settings, request: Request, who: Who, id: Id) -> str:
    """Try one refused item again with today's spider and document."""
    with audited(db, who, "redrive", id) as said:
        item = found(db, Rejected._get_collection_name(), id, "refused item")
        said["outcome"] = _redriven(request, config, [item])
        return said["outcome"]


def redrive_spider(db: Db, config: Settings, request: Request, who: Who, spider: Named) -> str:
    """Try the refused items of a spider again, the first thousand."""
    with audited(db, who, "redrive", f"spider {spider}") as said:
        items = list(db[Rejected._get_collection_name()].find({"spider": spider}, limit=MOST_REDRIVEN))
        if not items:
            raise not_there("this spider has no refused item")
        said["outcome"] = _redriven(request, config, items)
        return said["outcome"]


def mute_spider(db: Db, who: Who, spider: Named, days: Annotated[int, Query(ge=1, le=365)] = 1) -> str:
    """Tell nobody of a spider for some days."""
    with audited(db, who, "mute", spider) as said:
        if spider not in all_spiders() and not Incident.objects(spider=spider).first():
            raise not_there("there is no spider of this name, and no incident of it")
        until = datetime.now(UTC) + timedelta(days=days)
        mute(spider, until)
        said["outcome"] = f"nobody is told of {spider} until {until:%Y-%m-%d %H:%M} UTC"
        return said["outcome"]


def unmute_spider(db: Db, who: Who, spider: Named) -> str:
    """Tell of a spider again."""
    with audited(db, who, "unmute", spider) as said:
        if not unmute(spider):
            raise HTTPException(409, "this spider is not muted")
        said["outcome"] = f"{spider} is told of again"
        return said["outcome"]


def close_incident(db: Db, who: Who, id: Id) -> str:
    """Close an incident, and tell those who were told of it."""
    with audited(db, who, "close", id) as said:
        incident = found(db, Incident._get_collection_name(), id, "incident")
        if not close_incidents(Q(id=incident["_id"]), datetime.now(UTC), because="it was closed by hand"):
            raise HTTPException(409, f"incident {id} is closed already")
        said["outcome"] = f"{incident['spider']}: {incident['kind']}: closed"
        return said["outcome"]


def _schedule(config: Config, is_it: Callable[[Schedule], bool], missing: str) -> Schedule:
    known, _ = schedules_and_faults(config, all_spiders())
    schedule = next(filter(is_it, known), None)
    if schedule is None:
        names = ", ".join(one.name for one in known) or "none; write a line under [schedule]"
        raise not_there(f"{missing}, expected one of: {names}")
    return schedule


def _fire(database: Any, schedule: Schedule, *, retry_dead: bool = False) -> str:
    now = datetime.now(UTC)
    rows = database[SchedulerSeen._get_collection_name()].find({"schedules": schedule.name, "stopped_at": None})
    if not any(lives(row, now) and not row.get("once") for row in rows):
        raise UsageError(f"no scheduler lives that knows '{schedule.name}': start `swathe schedule run`")
    if going := Firing.objects(key=schedule.key, state__in=["waiting", "running"]).first():
        raise HTTPException(409, f"{schedule.name} is {going.state} already, since {going.due:%Y-%m-%d %H:%M} UTC")
    # Between two minutes, so that it is never the same firing as one that is due.
    now = now.replace(microsecond=max(1000, now.microsecond // 1000 * 1000))
    if firings.insert(replace(schedule, retries=0), Owed(now, now), quiet=True, retry_dead=retry_dead) is None:
        raise HTTPException(409, f"{schedule.name} is being fired by somebody else")
    return f"{schedule.name} starts within seconds: the schedules show it"


def _ask_to_stop(run: dict[str, Any]) -> str:
    firing = Firing.objects(id=(run.get("firing") or "").rpartition("#")[0], state="running").first()
    if firing is not None:
        firings.ask_to_stop(firing, BY_WEB)
        return f"the scheduler ends run {run['_id']} within seconds"
    if run.get("host") != socket.gethostname() or not run.get("process"):
        raise UsageError(f"run {run['_id']} is on {run.get('host')}, expected one of this machine: stop it there")
    if is_gone(run):
        raise HTTPException(409, f"the process of run {run['_id']} has ended already")
    try:
        os.kill(run["pid"], signal.SIGTERM)
    except OSError as error:
        raise UsageError(f"process {run['pid']} of run {run['_id']} cannot be told: {error.strerror}") from None
    return f"run {run['_id']} was told to end"


def _redriven(request: Request, config: Config, items: list[dict[str, Any]]) -> str:
    attempts = retry_items(request.app.state.connection, items, config.listeners)
    stay = [attempted for attempted in attempts if not attempted.outcome]
    why = f": {stay[0].why}" if stay else ""
    return f"{counted(len(attempts), 'item')} tried again: {len(attempts) - len(stay)} stored, {len(stay)} stay{why}"


@dataclass(frozen=True)
class Action:
    """An action: the path that it is posted to, and the page that one goes back to."""

    path: str
    act: Callable[..., str]
    back: str


ACTIONS = (
    Action("/schedules/{name}/trigger", trigger, "/schedules"),
    Action("/runs/{id}/stop", stop, "/runs"),
    Action("/runs/{id}/retry-dead", retry_dead, "/runs"),
    Action("/runs/{id}/accept", take_as_usual, "/runs"),
    Action("/rejected/{id}/redrive", redrive, "/rejected"),
    Action("/spiders/{spider}/redrive", redrive_spider, "/rejected"),
    Action("/spiders/{spider}/mute", mute_spider, "/"),
    Action("/spiders/{spider}/unmute", unmute_spider, "/"),
    Action("/incidents/{id}/close", close_incident, "/"),
)
pages, api = APIRouter(include_in_schema=False), APIRouter()


def _add(action: Action) -> None:
    acted: Any = Depends(action.act)

    def html(request: Request, outcome: str = acted) -> Response:
        return page(request.scope, "done.html", {"outcome": outcome, "back": action.back})

    def json(outcome: str = acted) -> Response:
        return as_json({"outcome": outcome})

    pages.add_api_route(action.path, html, methods=["POST"])
    api.add_api_route(
        action.path, json, methods=["POST"], operation_id=action.act.__name__,
        summary=(action.act.__doc__ or "").split("\n")[0], responses={200: {"model": OutcomeJson}},
    )  # fmt: skip


for _action in ACTIONS:
    _add(_action)
