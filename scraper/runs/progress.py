"""Say how far a run is: what it has done, of how many records, and when it is done at this speed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from scraper.core.text import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

RECORDS = ("items_new", "items_changed", "items_unchanged")

MOST_LEFT_S = 365 * 86_400
"""Beyond it no time is told: a page may state any number, and the speed of a beginning says nothing of a year."""


@dataclass(frozen=True)
class Progress:
    """How far a run is, all its processes together."""

    counts: Mapping[str, int]
    """By the field of RunCounts."""
    pages_s: float
    """Pages a second since the process that owns the run began to work on it."""
    records_s: float
    stated: int
    """Records that the lists seen so far say there are; 0 when they do not."""
    queued: int
    """Requests."""

    @classmethod
    def since(
        cls, before: Mapping[str, int], now: Mapping[str, int], took_s: float, stated: int, queued: int
    ) -> Progress:
        """Return how far a run is that had counted `before` when its process began on it, `took_s` seconds ago."""
        took_s = max(took_s, 0.001)
        pages, records = (of(now) - of(before) for of in (_pages, records_of))
        return cls(now, pages / took_s, records / took_s, stated, queued)

    @classmethod
    def of(cls, run: Mapping[str, Any]) -> Progress:
        """Return how far a run is, by its document as it was at its last heartbeat."""
        kept = run.get("progress") or {}
        shares = sum((Counter(share) for share in (run.get("shares") or {}).values()), Counter[str]())
        counts = run.get("counts") or {}
        known = {name: max(counts.get(name, 0), shares[name]) for name in {*counts, *shares}}
        took_s = (run["heartbeat_at"] - kept["since"]).total_seconds() if "since" in kept else 0.0
        before = known if took_s <= 0 else kept.get("before") or {}
        return cls.since(before, known, took_s, kept.get("stated", 0), kept.get("queued", 0))

    @property
    def records(self) -> int:
        """How many records came: new, changed and unchanged."""
        return records_of(self.counts)

    @property
    def left_s(self) -> int | None:
        """Seconds until as many records have come as are stated; None where nobody can say."""
        if self.stated <= self.records or self.records_s <= 0:
            return None
        left_s = (self.stated - self.records) / self.records_s
        return round(left_s) if left_s <= MOST_LEFT_S else None

    @property
    def of_records(self) -> str:
        """How many records came, of how many, and when they all have.

        >>> Progress.since({}, {"items_new": 40}, 20, 100, 0).of_records
        '40 of 100 records, 0:00:30 left'
        >>> Progress.since({}, {"items_new": 40}, 20, 0, 0).of_records
        '40 records'
        >>> Progress.since({"items_new": 1}, {"items_new": 1}, 20, 9, 0).of_records
        '1 of 9 records'
        """
        if self.stated <= self.records:
            return counted(self.records, "record")
        left = f", {timedelta(seconds=self.left_s)} left" if self.left_s is not None else ""
        return f"{self.records} of {self.stated} records{left}"

    @property
    def line(self) -> str:
        """All of it, for people."""
        failed = self.counts.get("dead_pages", 0) + self.counts.get("errors", 0)
        return (
            f"{counted(_pages(self.counts), 'page')}  {self.pages_s:.1f} pages/s  {self.of_records}  "
            f"{self.counts.get('items_refused', 0)} refused  {counted(failed, 'error')}  queue {self.queued}"
        )

    def as_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return {
            "counts": dict(self.counts), "records": self.records, "stated": self.stated or None, "left_s": self.left_s,
            "pages_s": round(self.pages_s, 2), "queued": self.queued, "line": self.line,
        }  # fmt: skip


def records_of(counts: Mapping[str, int]) -> int:
    """Return how many records some counts of a run add up to."""
    return sum(counts.get(name, 0) for name in RECORDS)


def _pages(counts: Mapping[str, int]) -> int:
    return counts.get("pages", 0)
