"""Take a page's records through the pipelines together: one item, one wait and one signal a page instead of twenty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scrapy import Request
from scrapy.extensions.feedexport import FeedExporter

from models.record import Found

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.http import Response


@dataclass(slots=True)
class PageRecords:
    """The records that one callback found on one page; once stored, those of them that were."""

    url: str
    records: list[Found]
    request: Request | None = None
    """What the page was asked for with."""

    def __repr__(self) -> str:
        """Show the page short enough for a log line."""
        return f"{len(self.records)} records of {self.url}"


class GatherRecords:
    """Spider middleware that lets a page's links go first, and its records after them, together.

    So the next page is fetched while this one's records are stored.
    """

    async def process_spider_output(
        self, response: Response | None, result: AsyncIterator[Any]
    ) -> AsyncIterator[Request | PageRecords | Any]:
        """Yield requests as they come, then the records; also those that were found before an error."""
        found: list[Found] = []
        others: list[Any] = []
        try:
            async for output in result:
                if isinstance(output, Request):
                    yield output
                elif isinstance(output, Found):
                    found.append(output)
                else:
                    others.append(output)
        except Exception:
            for item in _items(response, found, others):
                yield item
            raise
        for item in _items(response, found, others):
            yield item


class RecordFeeds(FeedExporter):
    """Scrapy's feed exports (`-O books.jsonl`), written record by record."""

    def item_scraped(self, item: Any, spider: Any) -> None:
        """Write each record of a page."""
        for record in item.records if isinstance(item, PageRecords) else [item]:
            super().item_scraped(record, spider)


def _items(response: Response | None, found: list[Found], others: list[Any]) -> list[Any]:
    request = response.request if response is not None else None
    return [*([PageRecords(found[0].url, found, request)] if found else []), *others]
