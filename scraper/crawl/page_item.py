"""The records of one page, as one item: they go through the pipelines together."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, Self

from scrapy.exceptions import DropItem, NotConfigured

from models.record import key_text, schema_of
from models.sameness import is_same
from scraper.core.crawl_control import has_runs

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler

    from models.record import Found
    from scraper.paging.facts import ListEvent
    from scraper.storage.records.store import RecordIds


class RecordsRefusedError(DropItem):
    """Report that every record of a page was refused for its faults."""


class RecordStep:
    """An item pipeline that takes the records of a page."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the step for a crawl; raise NotConfigured for a spider whose items are no records of ours."""
        if not has_runs(crawler):
            raise NotConfigured
        return cls()


class Remembered(Protocol):
    """What is remembered of a page from one run to the next."""

    records: RecordIds
    measured: dict[str, dict[str, int]]
    """How many of the records had a value, by collection and field."""


@dataclass(slots=True)
class PageRecords:
    """The records that one callback found on one page; once stored, those of them that were."""

    url: str
    records: list[Found]
    request: Request | None = None
    """What the page was asked for with."""
    refused: list[Found] = field(default_factory=list)
    """Those that were not stored because of their faults."""
    unchanged: RecordIds = field(default_factory=dict)
    """Records that the page shows as it did when it was read last: they are seen, and need not be stored again."""
    measured: dict[str, dict[str, int]] = field(default_factory=dict)
    """How many of those had a value, by collection and field."""
    visit: Remembered | None = None
    """What to remember of the page once its records are stored."""
    event: ListEvent | None = None
    """What the page told of its list, where it matters which of its entries are known."""
    known: list[bool | Found] = field(default_factory=list)
    """Which of its entries were there before; a record of the page is known by what becomes of it."""
    is_decided: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the list knows of its entries, or never will."""

    def see(self, known: Remembered) -> None:
        """Add the records of a page that need not be stored again."""
        for collection, ids in known.records.items():
            self.unchanged[collection] = [*self.unchanged.get(collection, []), *ids]
        for collection, filled in known.measured.items():
            counted = self.measured.setdefault(collection, {})
            for name, count in filled.items():
                counted[name] = counted.get(name, 0) + count

    @property
    def clash(self) -> str:
        """What tells two of its valid records apart although their keys are one; empty where nothing does.

        A field that one of them does not have tells nothing: a page may show a record in several pieces.
        """
        shown: dict[tuple[Any, ...], Found] = {}
        for found in self.records:
            if not found.faults:
                schema = schema_of(found.document)
                key = (schema.collection, *(found.stored.get(schema.columns[name]) for name in schema.key))
                first = shown.setdefault(key, found)
                if first is not found and (name := _difference(first, found)):
                    return f"{schema.collection} '{key_text(found.document, found.stored)}' with two values of `{name}`"
        return ""

    def __repr__(self) -> str:
        """Show the page short enough for a log line."""
        return f"{self.size} records of {self.url or 'no page'}"

    @property
    def size(self) -> int:
        """How many records the page has shown."""
        return len(self.records) + sum(map(len, self.unchanged.values()))


def _difference(one: Found, other: Found) -> str:
    """Return the first field of which both have a value, and not the same; what is no change or noise is none."""
    schema = schema_of(one.document)
    for name in schema.content:
        column, is_part = schema.columns[name], name in one.added or name in other.added
        if not is_part and column not in schema.untracked:
            values, noise = (one.stored.get(column), other.stored.get(column)), schema.noise.get(column)
            if None not in values and not is_same(*values) and not (noise and noise(*values)):
                return name
    return ""
