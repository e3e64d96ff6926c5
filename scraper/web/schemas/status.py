"""The JSON of the overview, the hosts, the schedules and the audit."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from scraper.web.schemas.base import Id, Listed, Shape


class TallyJson(Shape):
    """How many records."""

    new: int
    changed: int
    gone: int
    refused: int


class PastRunJson(Shape):
    """A run in the strip of its spider."""

    id: Id
    result: str
    at: datetime


class SpiderStatusJson(Shape):
    """A spider: how its last run went, and what comes next."""

    spider: str
    result: str
    fine: bool
    run: str
    at: datetime | None
    last: TallyJson
    since_yesterday: TallyJson
    reasons: list[str]
    late: str
    next: datetime | None
    running_since: datetime | None
    muted_until: datetime | None
    strip: list[PastRunJson] = Field(description="The last 30 runs, the oldest first.")
    complete_at: datetime | None
    records: int | None = Field(description="Of the last complete run.")


class OpenIncidentJson(Shape):
    """Something that went wrong and is not over."""

    id: Id
    spider: str
    kind: str
    since: datetime
    times: int
    why: str
    known: bool
    muted: bool


class SchedulerStatusJson(Shape):
    """A scheduler that was seen."""

    place: str
    lives: bool
    looked_at: datetime
    stopped: bool
    once: bool


class ProblemJson(Shape):
    """Something that is not fine, and what to do."""

    kind: str
    subject: str
    what: str
    step: str


class DatabaseStateJson(Shape):
    """MongoDB."""

    address: str
    fault: str
    version: str
    size_mb: int


class DiskStateJson(Shape):
    """Where the data folder is."""

    folder: str
    free_mb: int
    least_mb: int


class CertificateJson(Shape):
    """The certificate of a host, which ends soon."""

    host: str
    ends_at: datetime


class BrokenJson(Shape):
    """A file that cannot be loaded."""

    file: str
    line: int
    cause: str


class UntoldJson(Shape):
    """What waits to be told."""

    what: str
    count: int
    since: datetime
    step: str


class OverviewJson(Shape):
    """Is everything fine, and what changed."""

    fine: bool
    now: datetime
    yesterday: datetime
    spiders: list[SpiderStatusJson]
    incidents: list[OpenIncidentJson]
    schedulers: list[SchedulerStatusJson]
    next: list[tuple[datetime, str]] = Field(description="When each schedule is due next, and its name.")
    database: DatabaseStateJson
    disk: DiskStateJson
    certificates: list[CertificateJson]
    broken: list[BrokenJson]
    untold: list[UntoldJson]
    problems: list[ProblemJson]
    state: str = Field(description="As events `runs` have it: what they tell was taken in when it is the same.")


class HostRowJson(Shape):
    """A host, and how it is asked."""

    host: str
    breaker: str
    seen_at: datetime | None
    facts: dict[str, Any]
    is_left_alone: bool


class HostsJson(Shape):
    """The politeness ledger."""

    hosts: list[HostRowJson]
    skip: int
    next: int | None


class PastFiringJson(Shape):
    """A firing in the strip of its schedule."""

    run: Id | None
    result: str
    at: datetime


class ScheduleRowJson(Shape):
    """A line of [schedule]."""

    schedule: str
    spider: str
    cron: str
    zone: str
    next: datetime | None
    last: datetime | None
    result: str | None
    why: str | None
    strip: list[PastFiringJson] = Field(description="The last 30 firings, the oldest first.")


class DueJson(Shape):
    """A schedule that is due on a day."""

    schedule: str
    first: datetime
    last: datetime
    times: int


class DayJson(Shape):
    """A day of the calendar (UTC)."""

    day: datetime
    due: list[DueJson]


class FiringRowJson(Shape):
    """A firing of a schedule."""

    due: datetime
    schedule: str
    state: str
    result: str | None
    tries: int | None
    run: Id | None
    why: str | None


class SchedulesJson(Shape):
    """The schedules."""

    schedules: list[ScheduleRowJson]
    faults: list[str]
    schedulers: int
    calendar: list[DayJson]
    firings: list[FiringRowJson]


class AuditRowJson(BaseModel):
    """Something that somebody did."""

    id: Id = Field(alias="_id")
    action: str
    target: str
    who: str
    at: datetime
    ended_at: datetime | None
    outcome: str = ""


class AuditJson(Listed):
    """What was done by the page and the API, the latest first."""

    actions: list[AuditRowJson]
