"""What a store of requests must do: MongoDB's is the default one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping, Sequence

    from bson import ObjectId
    from scrapy import Request

    from scraper.core.failed_page import FailedPage
    from scraper.core.supervision import HeldPage
    from scraper.crawl.request_stats import Work


@dataclass(slots=True, eq=False)
class Put:
    """A request to add, and then to have."""

    id: bytes
    request: Request
    data: str
    """The request as JSON."""
    priority: int
    seq: int
    """When it was added, in nanoseconds."""
    not_before: float = 0.0
    """UNIX time before which nobody may take it; 0: at once."""
    deaths: int = 0
    """Above 0: it may be deadly, so nothing else may be under way with it; 1 more than it was begun so."""
    early: bool = False
    """Whether it may be begun before it is stored, since nobody else can have made it."""

    @property
    def order(self) -> tuple[int, int, int]:
        """What it is sorted by: the highest priority first, and of one priority the latest, as in Scrapy.

        What may be deadly comes last, so that it takes nothing along.
        """
        return (self.deaths, -self.priority, -self.seq)


@dataclass(frozen=True, slots=True)
class Taken:
    """A stored request that this worker has now."""

    id: bytes
    data: str
    priority: int
    seq: int
    taken: int
    """How often it was taken up, this time included."""
    alone: int
    """How often it was begun alone and did not end."""
    hung: str = ""
    """What its page was doing when it was seen to hang; empty for one that was not."""


@dataclass(frozen=True, slots=True)
class Ack:
    """What came of a request that has ended."""

    id: bytes
    order: int
    """When, in nanoseconds."""
    counts: Mapping[str, int]
    notes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    event: str = ""
    depth: int = 0
    failed: FailedPage | None = None
    """Why it is a dead letter; None: it is done."""

    @property
    def is_plain(self) -> bool:
        """Whether there is nothing to keep but its counts."""
        return not (self.notes or self.event or self.failed)


@dataclass(slots=True)
class Batch:
    """What is written in one go; later kinds rely on earlier ones."""

    puts: list[Put] = field(default_factory=list)
    acks: list[Ack] = field(default_factory=list)
    releases: list[bytes] = field(default_factory=list)
    """Requests to give back."""
    alone: bytes | None = None
    """A request that is about to be begun alone."""
    lease: int = 0
    """How many of `puts` this worker wants for itself, the first ones that are due."""
    take: int = 0
    """How many others it wants."""


@dataclass(slots=True)
class Written:
    """What came of a batch."""

    leased: list[Put] = field(default_factory=list)
    """New requests that this worker has now."""
    pending: int = 0
    """New requests that wait for anybody."""
    duplicates: int = 0
    taken: list[Taken] = field(default_factory=list)


class StoredRuns(Protocol):
    """What a store keeps of runs, beside and after the crawls. All of it blocks."""

    name: str
    """What [frontier] backend says for it."""

    def begin(self, run: ObjectId) -> None:
        """Get ready to keep the requests of a new run."""

    def is_there(self, run: ObjectId) -> bool:
        """Return whether what was kept of a run is still there."""

    def counts(self, run: ObjectId) -> Counter[str]:
        """Return what the requests of a run that have ended add up to, by statistic."""

    def dead_letters(self, run: ObjectId, limit: int = 0) -> list[FailedPage]:
        """Return the requests of a run that came to nothing; `limit` 0: all."""

    def waiting_for(self, run: ObjectId, url: str) -> list[tuple[str, str]]:
        """Return the state, and the error of the dead, of what is kept of a URL and is not done."""

    def clear(self, run: ObjectId) -> None:
        """Remove everything that is kept of a run."""

    def clear_unless_dead(self, run: ObjectId) -> int:
        """Remove what is kept of a run that has ended, unless it has dead letters; return how many it has."""

    def retry_dead(self, run: ObjectId) -> int:
        """Put the dead letters of a run back as if they had never been tried; return how many."""


class Backend(Protocol):
    """The requests of one run as one worker sees them. All of it blocks; a write is durable when it returns.

    A worker has a request until it acknowledges or releases it, or shows no sign of life for the time of a lease.
    Everything raises PyMongoError, or DatabaseError after having tried through a short outage.
    """

    shared: bool
    """Whether other workers were ever seen at the run."""

    def join(self) -> None:
        """Become a worker of the run, and give back what dead workers had."""

    def renew(self) -> int:
        """Show a sign of life; return how many requests of dead workers were given back. It need not have joined."""

    def leave(self) -> None:
        """Give back every request that this worker has, and be none any more."""

    def leave_hung(self, page: HeldPage, what: str) -> None:
        """Leave in the place of a process that hangs on a page: nobody is to begin that page again.

        What else the process had is given back as if it had not been taken, since it is known to be innocent. It need
        not have joined.
        """

    def write(self, batch: Batch) -> Written:
        """Add, acknowledge, release and take; written again after a lost answer, it changes nothing."""

    def open_requests(self) -> int:
        """Return whether requests are pending or with another worker: 0 for none, else 1 or more.

        For a worker that knows of none of its own: what is still in its name, after a lost answer, goes back.
        """

    def own_work(self) -> Work | None:
        """Return what came of the acknowledgements that were taken of this worker; None when all were.

        One is not taken of a request that another worker has by then: it counts for that one.
        """

    def others_changed(self) -> bool:
        """Return whether others may have done work since this was last asked."""

    def others_work(self) -> Work:
        """Return what other workers have done for the run so far."""
