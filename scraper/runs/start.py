"""Begin a run: go on with the one that was not finished, or start a new one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from bson import ObjectId
from mongoengine import NotUniqueError
from pymongo import IndexModel

from models.system import LIMITS, Run
from scraper.core import statistics
from scraper.core.code_version import code_version
from scraper.core.supervision import supervised
from scraper.core.text import counted, local_time
from scraper.errors import EXIT_FAILED, UsageError
from scraper.frontier.mongo_runs import MongoRuns
from scraper.runs.owner import claim
from scraper.storage.indexes import ensure_indexes
from scraper.storage.run_heartbeat import mark_lost_runs, open_run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pymongo.database import Database

    from scraper.frontier.protocol import StoredRuns
    from scraper.spider import SiteSpider

    Mongo = Database[dict[str, Any]]

How = Literal["resume", "fresh", "retry-dead"]

FORMAT = 1
"""Changes when what the frontier keeps can no longer be read by other versions."""

CHANGED = (
    "the spider's code was changed while the run was interrupted, in its module, models or pipelines: "
    "its pages were not all read in the same way"
)

UNFINISHED = ("interrupted", "failed", "lost")


@dataclass(frozen=True)
class Begun:
    """A run that this process works on."""

    run_id: ObjectId
    durable: bool = False
    """Whether its requests are stored."""
    resumed: bool = False
    joined: bool = False
    """Whether another process began it, and ends it."""
    line: str = ""
    """What to tell a person who goes on with a run."""
    notes: tuple[str, ...] = ()


def begin_run(
    database: Mongo,
    spider: type[SiteSpider],
    given: Mapping[str, Any],
    how: How,
    *,
    store: StoredRuns | None,
    firing: str | None = None,
    run_id: ObjectId | None = None,
) -> Begun:
    """Return the run to work on; raise UsageError when it is under way, or cannot be gone on with. Blocks.

    `store` keeps its requests; None: they end with the process. `firing` is the schedule's that asked for it, `run_id`
    the id that a new run gets.
    """
    mark_lost_runs()
    ensure_indexes(database, Run)
    only_one = IndexModel(
        [("spider", 1), ("arguments", 1)], name="under_way", unique=True, partialFilterExpression={"state": "running"}
    )
    database[Run._get_collection_name()].create_indexes([only_one])
    arguments = arguments_of(spider, given)
    latest = Run.objects(spider=spider.name, arguments=arguments).order_by("-started_at").first()
    if latest is not None and latest.state == "running":
        raise _under_way(spider, latest)
    if how == "retry-dead":
        return _retry_dead(store, spider, latest, firing)
    unfinished = latest is not None and latest.state in UNFINISHED and latest.finish_reason != "finished"
    if store and unfinished and latest.frontier and how == "resume":
        return _go_on(store, spider, latest, firing)
    try:
        kept = store is not None
        begun = Begun(new_run(spider, given, store=store, run_id=run_id, firing=firing), durable=kept)
    except NotUniqueError:
        raise _under_way(spider) from None
    # Of runs that are over, only the latest one's dead letters can be tried again.
    same = Run.objects(spider=spider.name, arguments=arguments, id__ne=begun.run_id, frontier__format__exists=True)
    for earlier in same.only("id"):
        for place in [MongoRuns(database), *([store] if store else [])]:
            place.clear(earlier.id)
        earlier.update(frontier={}, dead_letters=0)
    return begun


def taken_over() -> Begun | None:
    """Return the run that this process goes on with because a page hung in the one before; None for a first process."""
    known = supervised()
    if known is None or known.before is None:
        return None
    before = known.before
    line = f"goes on with run {before.run} in a new process: {known.told}"
    return Begun(ObjectId(before.run), durable=before.durable, resumed=True, joined=before.joined, line=line)


def new_run(
    spider: type[SiteSpider],
    given: Mapping[str, Any],
    *,
    store: StoredRuns | None,
    run_id: ObjectId | None = None,
    firing: str | None = None,
) -> ObjectId:
    """Write down that a run begins, and return its id, a new one unless it is given. Blocks."""
    run_id = run_id or ObjectId()
    if store:
        store.begin(run_id)
    code = code_version(spider)
    frontier = {"format": FORMAT, "code": code, "backend": store.name} if store else {}
    open_run(run_id, spider.name, arguments_of(spider, given), firing=firing, frontier=frontier, code=code)
    return run_id


def given_to(spider: SiteSpider) -> dict[str, Any]:
    """Return what a spider was asked for, by the arguments' names."""
    return {"start": spider.start_at, **{name: spider.crawl_limit(name) for name in LIMITS}}


def backend_of(run: Run) -> str:
    """Return the name of the store that keeps a run's requests."""
    return str(run.frontier.get("backend", MongoRuns.name))


def close_failed(run_id: ObjectId, why: str = "the crawl could not be set up: see the log") -> None:
    """Say of a run that its crawl could not even be set up. Blocks."""
    Run.objects(id=run_id, state="running").update_one(
        state="failed",
        verdict="incomplete",
        reasons=[why],
        exit_code=EXIT_FAILED,
    )


def arguments_of(spider: type[SiteSpider], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a crawl was asked for, by the arguments' names, whatever way it was said."""
    taken = spider.taken_arguments()
    limits = {name: int(given[name]) for name in LIMITS if given.get(name) and name in taken}
    own = {name: str(value) for name, value in given.items() if value and not name.startswith("_")}
    return {**own, "start": given.get("start") or spider.start_url, **limits}


def _go_on(store: StoredRuns, spider: type[SiteSpider], run: Run, firing: str | None) -> Begun:
    """Make a run this process's own; raise UsageError when another one was quicker, or it cannot be read."""
    if run.frontier.get("format") != FORMAT:
        raise UsageError(
            f"run {run.id} was begun by Swathe {run.version}, whose frontier has format {run.frontier.get('format')}, "
            f"expected {FORMAT}: begin anew with --fresh"
        )
    if (backend := backend_of(run)) != store.name:
        raise UsageError(
            f"the requests of run {run.id} are kept in {backend}, and [frontier] backend is now {store.name}: "
            f"set it back, or begin anew with --fresh"
        )
    if not store.is_there(run.id):
        raise UsageError(f"the requests of run {run.id} are no longer in {store.name}: begin anew with --fresh")
    code = code_version(spider)
    try:
        claimed = claim(run, inc__resumed=1, set__firing=firing, set__frontier__now=code, set__code=code)
    except NotUniqueError:
        claimed = False
    if not claimed:
        raise _under_way(spider)
    pages = store.counts(run.id)[statistics.PAGES]
    line = f"goes on with run {run.id} of {local_time(run.started_at)}: {counted(pages, 'page')} read before"
    changed = code != run.frontier.get("code")
    return Begun(run.id, durable=True, resumed=True, line=line, notes=(CHANGED,) if changed else ())


def _retry_dead(store: StoredRuns | None, spider: type[SiteSpider], run: Run | None, firing: str | None) -> Begun:
    if store is None or run is None or not run.frontier or not run.dead_letters:
        what = (
            f"the latest run of '{spider.name}' with these arguments, {run.id}, has no dead letters"
            if run
            else "there is no such run"
        )
        raise UsageError(f"there is nothing to retry: {what}; `swathe runs` lists the runs")
    begun = _go_on(store, spider, run, firing)
    number = store.retry_dead(run.id)
    return replace(begun, line=f"{begun.line}, {number} dead letter{'s'[: number > 1]} tried again")


def _under_way(spider: type[SiteSpider], run: Run | None = None) -> UsageError:
    which = f"run {run.id}, process {run.pid} on {run.host}" if run else "begun this moment"
    return UsageError(
        f"a crawl of '{spider.name}' with the same arguments is under way ({which}): "
        f"wait for its end or stop it, or give another --start"
    )
