"""The JSON of the overview, the hosts, the schedules and the audit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from scraper.status.status import SpiderStatus, Status
from scraper.web.schemas.base import Id, Listed, Shape, shape_of


@dataclass(frozen=True)
class PastRun:
    """A run in the strip of its spider."""

    id: Id
    result: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class SpiderRow(SpiderStatus):
    """A spider: how its last run went, and those before."""

    strip: tuple[PastRun, ...]
    """The last 30 runs, the oldest first."""
    complete_at: datetime | None
    records: int | None
    """Of the last complete run."""


OverviewJson = shape_of(
    Status, "OverviewJson", without=["places"], fine=bool, spiders=tuple[SpiderRow, ...],
    state=Annotated[str, Field(description="As events `runs` have it: another one tells of what has changed since.")],
)  # fmt: skip


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
