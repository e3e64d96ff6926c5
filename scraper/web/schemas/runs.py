"""The JSON of runs, of what differs between two, and of the quality of their records."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from scraper.web.schemas.base import Id, Listed, Shape


class RunRowJson(Shape):
    """A run in a list."""

    id: Id
    spider: str
    kind: Literal["crawl", "replay", "redrive"]
    result: str = Field(description="A verdict, or the state of a run that has none; `suspect` instead of either.")
    started_at: datetime
    ended_at: datetime | None
    took_s: float | None
    counts: dict[str, int]
    cause: str
    reasons: list[str]


class RunsJson(Listed):
    """Runs, the latest first."""

    runs: list[RunRowJson]
    spider: str
    result: str


class ProgressJson(Shape):
    """How far a run is."""

    id: Id
    spider: str
    result: str
    counts: dict[str, int]
    records: int
    stated: int | None = Field(description="Records that the lists seen so far say there are.")
    left_s: int | None = Field(description="Seconds until as many have come, at the speed so far.")
    pages_s: float
    queued: int
    line: str


class SeenListJson(Shape):
    """A list of the site as the run has seen it."""

    start: str
    pages: int | None = None
    entries: int | None = None
    stated_total: int | None = None
    stated_pages: int | None = None
    end: str | None = None
    against: str | None = None


class FailedPageJson(Shape):
    """A page, or a record of it, that failed."""

    url: str | None = None
    reason: str | None = None
    what: str
    evidence: int | None = Field(None, description="Its place in `evidence`, where there is something of the page.")


class EvidenceJson(Shape):
    """A page that yielded nothing."""

    url: str | None
    has_html: bool
    has_screenshot: bool


class FilledJson(Shape):
    """The share of records that have a field, and what is usual."""

    records: str
    field: str
    share: float | None
    low: float | None
    high: float | None


class SelectorJson(BaseModel):
    """A selector that matched nothing at least once."""

    selector: str
    asked: int
    missed: int


class RunJson(RunRowJson):
    """One run with all that is known of it."""

    model_config = ConfigDict(extra="allow")

    arguments: dict[str, Any]
    records: dict[str, int]
    lists: list[SeenListJson]
    deviations: list[str]
    accepted_at: datetime | None
    dead_letters: int | None
    notes: list[str]
    progress: ProgressJson | None = Field(description="Of a run that is under way.")
    problems: list[FailedPageJson]
    problems_from: int
    problems_total: int
    evidence: list[EvidenceJson]
    fields: list[FilledJson]
    selectors: list[SelectorJson]
    log: list[str]
    complete_before: Id | None


class DifferingJson(BaseModel):
    """What differs between two runs; one more field names it."""

    before: Any
    after: Any


class ChangedRecordJson(Shape):
    """A record that came, went or changed between two runs."""

    records: str
    key: str
    what: str
    fields: dict[str, tuple[Any, Any]]
    url: str


class ComparisonJson(Shape):
    """What differs between two runs of a spider."""

    before: RunRowJson
    after: RunRowJson
    counts: list[DifferingJson]
    fields: list[DifferingJson]
    lists: list[DifferingJson]
    reasons: list[DifferingJson]
    changes: list[ChangedRecordJson]
    changes_total: int


class QualityRunJson(Shape):
    """A run that the shares are of."""

    id: Id
    at: datetime


class RecordCountsJson(Shape):
    """How many records each run had; null where it had none."""

    records: str
    values: list[float | None]


class FieldSharesJson(RecordCountsJson):
    """The share of records that had a field, run by run."""

    field: str
    last: float | None


class QualityJson(Shape):
    """How the records of a spider were filled, the oldest run first."""

    spider: str
    spiders: list[str]
    runs: list[QualityRunJson]
    counts: list[RecordCountsJson]
    fields: list[FieldSharesJson]
