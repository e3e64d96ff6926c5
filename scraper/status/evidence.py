"""What is known of spiders, schedules and stores at one moment, as the status is made from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from models.broken import Broken
    from scraper.schedule.schedule import Schedule

Document = dict[str, Any]


@dataclass(frozen=True)
class RecordTally:
    """How many records were new, changed, gone and refused."""

    new: int = 0
    changed: int = 0
    gone: int = 0
    refused: int = 0


@dataclass(frozen=True)
class DatabaseState:
    """The database, or why it does not answer."""

    fault: str = ""
    version: str = ""
    size_mb: int = 0


@dataclass(frozen=True)
class DiskState:
    """The disk of the data folder; `least_mb` must be free for the embedded MongoDB to start."""

    free_mb: int
    least_mb: int


@dataclass(frozen=True)
class Places:
    """Where things are, which concerns whoever keeps them, and not whoever looks at the page."""

    database: str
    """MongoDB's address."""
    data_folder: str


@dataclass(frozen=True)
class Certificate:
    """The TLS certificate that a host showed last."""

    host: str
    ends_at: datetime


@dataclass(frozen=True)
class Untold:
    """What waits until somebody has heard of it: events, changes that are watched, or messages."""

    what: str
    count: int
    since: datetime
    step: str
    """What to do when it has waited for too long."""


@dataclass(frozen=True)
class StatusEvidence:
    """What is known; documents are as MongoDB has them, with aware times."""

    now: datetime
    yesterday: datetime
    """Where yesterday began, in the zone of this machine."""
    spiders: Sequence[str]
    places: Places
    database: DatabaseState
    disk: DiskState
    runs: Sequence[Document] = ()
    """The latest crawl of each spider and its arguments that is over."""
    running: Sequence[Document] = ()
    changed: Mapping[str, RecordTally] = field(default_factory=dict)
    """What came of the runs of each spider since yesterday."""
    schedules: Sequence[Schedule] = ()
    faults: Sequence[str] = ()
    """Schedules that cannot be carried out, each in one line."""
    states: Mapping[str, Document] = field(default_factory=dict)
    """How far each schedule was carried out, by its name."""
    waiting: Sequence[Document] = ()
    """Firings that wait for their first try."""
    schedulers: Sequence[Document] = ()
    incidents: Sequence[Document] = ()
    """Those that are open."""
    muted: Mapping[str, datetime] = field(default_factory=dict)
    broken: Sequence[Broken] = ()
    certificates: Sequence[Certificate] = ()
    untold: Sequence[Untold] = ()
    grace_s: float = 60
    """How long after it was due a firing is on time."""
    late_s: float = 3600
    """How long a firing may wait for its start, and a message until it is told."""
