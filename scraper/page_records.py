"""The records of one page, as one item: they go through the pipelines together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from models.record import Found
    from scraper.incremental.page_visit import PageVisit, Records


@dataclass(slots=True)
class PageRecords:
    """The records that one callback found on one page; once stored, those of them that were."""

    url: str
    records: list[Found]
    unchanged: Records = field(default_factory=dict)
    """Records that the page shows as it did when it was read last: they are seen, and need not be stored again."""
    visit: PageVisit | None = None
    """What to remember of the page once its records are stored."""

    def __repr__(self) -> str:
        """Show the page short enough for a log line."""
        return f"{self.size} records of {self.url}"

    @property
    def size(self) -> int:
        """How many records the page has shown."""
        return len(self.records) + sum(map(len, self.unchanged.values()))
