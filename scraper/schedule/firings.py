"""The rows of firings in MongoDB: made once, claimed by one scheduler, held by a lease, taken over when that ends."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from mongoengine import NotUniqueError
from pymongo import ASCENDING

from models.schedules import Attempt, Firing, ScheduleState
from scraper.schedule.decisions import STOPPED, RunEnd
from scraper.schedule.due import firing_id
from scraper.storage.indexes import ensure_indexes

if TYPE_CHECKING:
    from pymongo.database import Database

    from scraper.schedule.due import Owed
    from scraper.schedule.schedule import Schedule


def prepare(database: Database[dict[str, Any]]) -> None:
    """Create the indexes, among them the one that lets only one firing of a spider and its arguments run."""
    ensure_indexes(database, Firing)
    database[Firing._get_collection_name()].create_index(
        [("key", ASCENDING)], name="one_at_a_time", unique=True, partialFilterExpression={"state": "running"}
    )


def begin(schedule: Schedule, now: datetime) -> None:
    """Note a schedule that is new, or due at other times than before: nothing before `now` is then owed."""
    state = ScheduleState.objects(id=schedule.name).first()
    if state is None or state.timing != schedule.timing:
        ScheduleState.objects(id=schedule.name).update_one(
            upsert=True, timing=schedule.timing, since=now, max__handled_until=now
        )


def insert(schedule: Schedule, owed: Owed, *, quiet: bool = False, retry_dead: bool = False) -> Firing | None:
    """Write the row of a firing; return it, or None when it is there already.

    A `quiet` one tells nobody. With `retry_dead` it does not crawl anew, but tries the dead letters of the last run.
    """
    firing = Firing(
        id=firing_id(schedule.name, owed.due),
        schedule=schedule.name,
        spider=schedule.spider,
        arguments=schedule.arguments,
        key=schedule.key,
        due=owed.due,
        start_at=owed.start_at,
        state="skipped" if owed.skip else "waiting",
        why=owed.skip or ("made up for: it was missed" if owed.made_up else None),
        policy="queue" if owed.made_up else schedule.policy,
        limit_s=schedule.limit_s,
        retries=schedule.retries,
        quiet=quiet or None,
        processes=schedule.processes,
        retry_dead=retry_dead or None,
    )
    try:
        firing.save(force_insert=True)
    except NotUniqueError:
        return None
    return firing


def advance(schedule: Schedule, until: datetime) -> None:
    """Note that all firings up to a time have a row."""
    ScheduleState.objects(id=schedule.name).update_one(max__handled_until=until)


def skip(firing: Firing, why: str) -> bool:
    """Close a firing that is not started; return False when another scheduler was faster."""
    return bool(Firing.objects(id=firing.id, state="waiting").update_one(state="skipped", why=why))


def drop(firing: Firing, why: str) -> None:
    """Close a firing that waits, be it for its first try or for a further one."""
    Firing.objects(id=firing.id, state="waiting").update_one(state="done" if firing.tries else "skipped", why=why)


def settle(firing: Firing, end: RunEnd, now: datetime) -> bool:
    """Close a firing whose next try is not needed; return False when another scheduler was faster."""
    waits = Firing.objects(id=firing.id, state="waiting", tries=firing.tries)
    return bool(waits.update_one(state="done", result=end.result, why=end.why, run=end.run, ended_at=now))


def ask_to_stop(firing: Firing, why: str) -> None:
    """Ask the owner of a firing that runs, whoever it is, to end it."""
    Firing.objects(id=firing.id, state="running", tries=firing.tries, stopping=None).update_one(stopping=why)


def count_due(now: datetime) -> int:
    """Return how many firings wait although their time has come."""
    return int(Firing.objects(state="waiting", start_at__lte=now).count())


def claim(firing: Firing, owner: str, host: str, now: datetime, lease_s: float) -> Firing | None:
    """Take a firing that waits, to start it; None when another scheduler has it, or one of the same key runs."""
    try:
        claimed: Firing | None = Firing.objects(id=firing.id, state="waiting", tries=firing.tries).modify(
            new=True,
            state="running",
            owner=owner,
            host=host,
            fired_at=now,
            lease_until=now + timedelta(seconds=lease_s),
            inc__tries=1,
            unset__pid=1,
            unset__pid_started=1,
            unset__run=1,
            unset__why=1,
        )
    except NotUniqueError:
        return None
    return claimed


def renew(owner: str, now: datetime, lease_s: float) -> None:
    """Hold what a scheduler runs for another while."""
    Firing.objects(owner=owner, state="running").update(lease_until=now + timedelta(seconds=lease_s))


def take_over(owner: str, now: datetime, lease_s: float) -> list[Firing]:
    """Become the owner of the firings whose scheduler does not hold them any more; return them."""
    taken = []
    for firing in Firing.objects(state="running", owner__ne=owner, lease_until__lt=now):
        mine = Firing.objects(id=firing.id, state="running", owner=firing.owner, lease_until=firing.lease_until)
        if one := mine.modify(new=True, owner=owner, lease_until=now + timedelta(seconds=lease_s)):
            taken.append(one)
    return taken


def release(owner: str, now: datetime) -> None:
    """Let go of what a scheduler runs, so that another one takes it over at once."""
    Firing.objects(owner=owner, state="running").update(lease_until=now - timedelta(seconds=1))


def amend(firing: Firing, owner: str, **fields: Any) -> bool:
    """Write something about a firing that `owner` runs; return False when it is no longer theirs."""
    return bool(Firing.objects(id=firing.id, owner=owner, state="running").update_one(**fields))


def close(firing: Firing, owner: str, end: RunEnd, now: datetime, again_at: datetime | None) -> bool:
    """Write how a try ended, and when the next one is due; return False when it is no longer this owner's."""
    attempt = Attempt(started_at=firing.fired_at, ended_at=now, result=end.result, why=end.why, run=end.run)
    following: dict[str, Any] = {"state": "done", "ended_at": now}
    if again_at is not None:
        following = {"state": "waiting", "start_at": again_at}
        if end.result == STOPPED:
            following["inc__retries"] = 1  # a try that the scheduler itself broke off is not counted
    return amend(
        firing, owner, push__attempts=attempt, result=end.result, why=end.why or None, run=end.run,
        unset__stopping=1, unset__kill_at=1, unset__owner=1, unset__lease_until=1, **following,
    )  # fmt: skip
