"""What the ledger is told and what it answers, in plain objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from models.hosts import Host


@dataclass(frozen=True)
class Terms:
    """On what terms a process crawls a host, by its configuration and what robots.txt told it."""

    host: str
    delay_s: float
    concurrency: int
    """Requests under way at once, of all processes together."""
    robots_delay_s: float | None = None


@dataclass(frozen=True)
class Limits:
    """The bounds of `[politeness]`."""

    max_delay_s: float
    max_wait_s: float
    backoff_s: float
    daily_requests: int = 0


@dataclass(frozen=True)
class HostAnswer:
    """What became of one request."""

    status: int
    """0 when there was no answer."""
    what: str = ""
    """In a few words, for people: 'answered 429'."""
    asked_s: float | None = None
    """The pause that `Retry-After` asks for; None without one."""
    sent_at_s: float = 0.0
    """`time.monotonic()` when the request was let in."""

    @property
    def asks_for_a_break(self) -> bool:
        """Whether the host is well, but wants less or later."""
        return self.status == 429 or (self.status == 503 and self.asked_s is not None)

    @property
    def failed(self) -> bool:
        """Whether the host is not well."""
        return not self.asks_for_a_break and (self.status == 0 or self.status >= 500)


@dataclass(frozen=True)
class HostUse:
    """What a process did since it last said so: requests let in without a reservation, and answers that were well."""

    asked: int = 0
    well: int = 0


@dataclass(frozen=True)
class HostSnapshot:
    """A host's document as it is now, and the database server's time (UTC)."""

    host: Host
    now: datetime


@dataclass(frozen=True)
class Pace:
    """How a process may crawl a host at the moment."""

    delay_s: float
    concurrency: int
    """Requests under way at once: this process's share."""
    blocked_s: float = 0.0
    blocked_why: str = ""
    breaker: str = "closed"
    failures: int = 0
    openings: int = 0
    throttled: int = 0
    last_problem: str = ""
    counted: bool = False
    """Whether every request has to be reserved, because they are counted."""
    used_up: bool = False
    """Whether today's requests are used up."""

    @property
    def free(self) -> bool:
        """Whether requests may go without a reservation."""
        return not (self.delay_s or self.blocked_s or self.counted or self.breaker != "closed")

    @property
    def troubled(self) -> bool:
        """Whether the next good answer is news."""
        return bool(self.failures or self.throttled or self.breaker != "closed")
