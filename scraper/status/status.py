"""Is everything fine, and what changed: a function of what is known, for the terminal, a message, and the web alike."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from models.broken import Broken
from scraper.core.cron import next_due
from scraper.core.text import counted, local_time
from scraper.errors import EXIT_COMPLETE, EXIT_INCOMPLETE
from scraper.runs.verdict import is_limit
from scraper.schedule.presence import lives
from scraper.schedule.schedule import COMMANDS, run_key
from scraper.status.evidence import Certificate, DatabaseState, DiskState, Places, RecordTally, Untold

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scraper.schedule.schedule import Schedule
    from scraper.status.evidence import Document, StatusEvidence

REMOVED_SHOWN = timedelta(days=7)
"""For how long a spider that was removed is still shown."""

CERTIFICATE_SOON = timedelta(days=14)
"""How long before its end a certificate is worth a word."""

SPARE = 2
"""The disk is short when less than so many times what a start needs is free."""

NEVER, REMOVED, UNLOADED = "never ran", "removed", "not loaded"


@dataclass(frozen=True)
class SpiderStatus:
    """How a spider's last run ended, and what it changed."""

    spider: str
    result: str
    fine: bool
    run: str = ""
    at: datetime | None = None
    """When that run ended, or began if it never did."""
    last: RecordTally = field(default_factory=RecordTally)
    """What it changed against the run before."""
    since_yesterday: RecordTally = field(default_factory=RecordTally)
    reasons: tuple[str, ...] = ()
    late: str = ""
    next: datetime | None = None
    running_since: datetime | None = None
    muted_until: datetime | None = None


@dataclass(frozen=True)
class OpenIncident:
    """What is wrong since when, and was told."""

    id: str
    spider: str
    kind: str
    since: datetime
    times: int
    why: str
    known: bool
    muted: bool


@dataclass(frozen=True)
class SchedulerStatus:
    """A scheduler, and when it last looked for what is due."""

    place: str
    lives: bool
    looked_at: datetime
    stopped: bool
    once: bool


@dataclass(frozen=True)
class StatusProblem:
    """One thing that is not fine, and what to do."""

    kind: str
    subject: str
    what: str
    step: str

    def __str__(self) -> str:
        """Show it in one line."""
        return f"{self.subject}: {self.what}: {self.step}"


@dataclass(frozen=True)
class Status:
    """The whole of it, at one moment."""

    now: datetime
    yesterday: datetime
    spiders: tuple[SpiderStatus, ...]
    incidents: tuple[OpenIncident, ...]
    schedulers: tuple[SchedulerStatus, ...]
    next: tuple[tuple[datetime, str], ...]
    """The next time of each schedule that is on, soonest first."""
    places: Places
    database: DatabaseState
    disk: DiskState
    certificates: tuple[Certificate, ...]
    """Those that have ended, or soon will."""
    broken: tuple[Broken, ...]
    untold: tuple[Untold, ...]
    problems: tuple[StatusProblem, ...]

    @property
    def fine(self) -> bool:
        """Whether nothing is to be done."""
        return not self.problems

    @property
    def exit_code(self) -> int:
        """0 when everything is fine, else 3."""
        return EXIT_COMPLETE if self.fine else EXIT_INCOMPLETE


def status_of(known: StatusEvidence) -> Status:
    """Return the status; what is muted or known to somebody is shown, and no problem."""
    spiders = tuple(_spiders(known))
    incidents = tuple(_incidents(known))
    schedulers = tuple(_scheduler(row, known.now) for row in known.schedulers)
    due = [(next_due(one.cron, one.zone, known.now), one.name) for one in known.schedules if one.enabled]
    certificates = tuple(one for one in known.certificates if one.ends_at - known.now < CERTIFICATE_SOON)
    problems = [
        *_of_stores(known),
        *_of_files(known),
        *_of_schedulers(known, schedulers),
        *_of_spiders(spiders, incidents),
        *_of_certificates(certificates, known.now),
        *_of_untold(known),
    ]
    return Status(
        known.now, known.yesterday, spiders, incidents, schedulers, tuple(sorted(due)), known.places, known.database,
        known.disk, certificates, tuple(known.broken), tuple(known.untold), tuple(problems),
    )  # fmt: skip


def tally_of(counts: dict[str, int]) -> RecordTally:
    """Return what a run counted of records."""
    return RecordTally(*(counts.get(f"items_{name}", 0) for name in ("new", "changed", "gone", "refused")))


def _spiders(known: StatusEvidence) -> Iterator[SpiderStatus]:
    """Yield a status for each spider, and for those that are gone although they ran a moment ago."""
    seen = {run["spider"] for run in known.runs if known.now - _at(run) < REMOVED_SHOWN}
    missing = seen - set(known.spiders)
    for name in [*known.spiders, *sorted(missing)]:
        runs = [run for run in known.runs if run["spider"] == name]
        run = _deciding(runs, [one for one in known.schedules if one.spider == name and one.enabled])
        yield _spider(known, name, run, is_missing=name in missing)


def _spider(known: StatusEvidence, name: str, run: Document | None, *, is_missing: bool) -> SpiderStatus:
    due = [next_due(one.cron, one.zone, known.now) for one in known.schedules if one.spider == name and one.enabled]
    began = [one["started_at"] for one in known.running if one["spider"] == name]
    late = "; ".join(late for one in known.schedules if one.spider == name and (late := _late(known, one)))
    word, fine = NEVER, True
    if run is not None:
        word, fine = _result(run), _is_fine(run)
    if is_missing:
        # A broken file may be why: it is a problem by itself.
        word, fine = (UNLOADED if known.broken else REMOVED), True
    return SpiderStatus(
        name, word, fine and not late,
        run=str(run["_id"]) if run else "", at=_at(run) if run else None,
        last=run["tally"] if run else RecordTally(), since_yesterday=known.changed.get(name, RecordTally()),
        reasons=tuple(run.get("reasons", ())) if run and not is_missing else (), late=late,
        next=min(due, default=None), running_since=min(began, default=None), muted_until=known.muted.get(name),
    )  # fmt: skip


def _deciding(runs: Sequence[Document], schedules: Sequence[Schedule]) -> Document | None:
    """Return the run that says how a spider is.

    With schedules it is the latest of theirs, and of several the first that is not fine, unless a complete one came
    after it, whatever its arguments. Without any it is the latest that took the whole.
    """
    keys = {schedule.key for schedule in schedules}
    latest = sorted(runs, key=lambda run: run["started_at"], reverse=True)
    scheduled = [run for run in latest if run_key(run["spider"], run["arguments"]) in keys]
    if scheduled:
        wrong = [run for run in scheduled if not _is_fine(run)]
        by_hand = [run for run in latest if run not in scheduled and run.get("verdict") == "complete"]
        made_good = wrong and by_hand and by_hand[0]["started_at"] > max(run["started_at"] for run in wrong)
        return by_hand[0] if made_good else (wrong or scheduled)[0]
    whole = [run for run in latest if not _is_limited(run)]
    return next(iter(whole or latest), None)


def _is_limited(run: Document) -> bool:
    reasons = run.get("reasons", [])
    return run["state"] == "finished" and bool(reasons) and all(map(is_limit, reasons))


def _is_fine(run: Document) -> bool:
    return run["state"] == "finished" and (run.get("verdict") == "complete" or _is_limited(run))


def _result(run: Document) -> str:
    if run["state"] != "finished":
        return str(run["state"])
    if _is_limited(run):
        return "limited"
    return "suspect" if run.get("suspect") else str(run["verdict"])


def _at(run: Document) -> datetime:
    at: datetime = run.get("ended_at") or run["started_at"]
    return at


def _late(known: StatusEvidence, schedule: Schedule) -> str:
    """Return what is late of a schedule, in a few words."""
    state = known.states.get(schedule.name)
    if not schedule.enabled or state is None:
        return ""
    unfired = next_due(schedule.cron, schedule.zone, state["handled_until"])
    if (known.now - unfired).total_seconds() > known.grace_s:
        return f"due {local_time(unfired)}, not fired"
    waits = [firing["due"] for firing in known.waiting if firing["schedule"] == schedule.name]
    oldest = min(waits, default=known.now)
    if (known.now - oldest).total_seconds() > known.late_s:
        return f"due {local_time(oldest)}, not started"
    return ""


def _incidents(known: StatusEvidence) -> Iterator[OpenIncident]:
    broken = {part.file for part in known.broken}
    for row in known.incidents:
        # A scheduler closes these when it looks; until then they are over all the same.
        is_over = row["spider"] not in broken if row["kind"] == "broken" else _is_removed(known, row["spider"])
        if not is_over:
            yield OpenIncident(
                str(row["_id"]), row["spider"], row["kind"], row["opened_at"], row.get("times", 1),
                row.get("why") or "unknown", row.get("acked_at") is not None, row["spider"] in known.muted,
            )  # fmt: skip


def _is_removed(known: StatusEvidence, spider: str) -> bool:
    return spider not in {*known.spiders, *COMMANDS.values()} and not known.broken


def _scheduler(row: Document, now: datetime) -> SchedulerStatus:
    how = "started by a timer" if row.get("once") else f"process {row.get('pid')}"
    place = f"{row.get('host')}, {how}"
    return SchedulerStatus(
        place, lives(row, now), row["looked_at"], row.get("stopped_at") is not None, bool(row.get("once"))
    )


def _of_stores(known: StatusEvidence) -> Iterator[StatusProblem]:
    if known.database.fault:
        yield StatusProblem("database", "database", known.database.fault, "`swathe doctor` names a repair")
    if known.disk.free_mb < SPARE * known.disk.least_mb:
        what = f"{known.disk.free_mb} MB are free, expected {SPARE * known.disk.least_mb} or more"
        yield StatusProblem("disk", "disk of the data folder", what, "free some space")


def _of_files(known: StatusEvidence) -> Iterator[StatusProblem]:
    for part in known.broken:
        yield StatusProblem("broken", part.file, str(part), "correct it; until then it alone is left out")
    for fault in known.faults:
        yield StatusProblem("schedule", "schedule", fault, "correct the line")


def _of_schedulers(known: StatusEvidence, schedulers: Sequence[SchedulerStatus]) -> Iterator[StatusProblem]:
    wanted = {one.name for one in known.schedules if one.enabled}
    if not wanted or known.database.fault:
        return
    alive = [row for row, one in zip(known.schedulers, schedulers, strict=True) if one.lives]
    if not alive:
        seen = max((one.looked_at for one in schedulers), default=None)
        last = f"the last one looked at {local_time(seen)}" if seen else "none was ever seen"
        count = f"{len(wanted)} schedule{'s' if len(wanted) > 1 else ''}"
        yield StatusProblem("scheduler", "scheduler", f"none lives for {count}, {last}", "start `swathe schedule run`")
    elif unknown := sorted(wanted - {name for row in alive for name in row.get("schedules", ())}):
        what = f"none that lives knows {', '.join(unknown)}"
        yield StatusProblem("scheduler", "scheduler", what, "start it anew, so that it reads the configuration")


def _of_spiders(spiders: Sequence[SpiderStatus], incidents: Sequence[OpenIncident]) -> Iterator[StatusProblem]:
    """Yield what is wrong with spiders; a spider that somebody knows of, or has muted, is left out."""
    left_out = {one.spider for one in spiders if one.muted_until}
    left_out |= {one.spider for one in incidents if one.known or one.muted}
    for one in spiders:
        if one.fine or one.spider in left_out:
            continue
        what = f"{one.result}{f': {one.reasons[0]}' if one.reasons else ''}"
        if one.late:
            yield StatusProblem("late", one.spider, one.late, "see `swathe schedule history`")
        if one.result not in (NEVER, "complete", "limited"):
            yield StatusProblem("run", one.spider, what, f"see `swathe runs show {one.run[-8:]}`")
    named = {one.spider for one in spiders if not one.fine}
    for incident in incidents:
        if incident.kind != "broken" and incident.spider not in named | left_out:
            named.add(incident.spider)
            step = f"`swathe alerts close {incident.id[-8:]}` once it is mended"
            yield StatusProblem(incident.kind, incident.spider, incident.why, step)


def _of_certificates(certificates: Sequence[Certificate], now: datetime) -> Iterator[StatusProblem]:
    for one in certificates:
        ends = "ended" if one.ends_at <= now else "ends"
        yield StatusProblem(
            "certificate", one.host, f"its certificate {ends} on {one.ends_at:%Y-%m-%d}", "tell its owner"
        )


def _of_untold(known: StatusEvidence) -> Iterator[StatusProblem]:
    for one in known.untold:
        if (known.now - one.since).total_seconds() > known.late_s:
            what = f"{'waits' if one.count == 1 else 'wait'} since {local_time(one.since)}"
            yield StatusProblem("untold", counted(one.count, one.what), what, one.step)


def as_json(status: Status) -> dict[str, Any]:
    """Return the status as what JSON can hold: times as datetimes, which `json_text` writes in UTC."""
    return {"fine": status.fine, **asdict(status)}
