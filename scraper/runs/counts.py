"""What a run counts, and where each count comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scrapy.statscollectors import StatsCollector

STATISTICS = {
    "pages": "swathe/pages",
    "not_modified": "swathe/pages_not_modified",
    "passed_over": "swathe/pages_passed_over",
    "pages_same": "swathe/pages_same",
    "requests": "downloader/request_count",
    "items_new": "swathe/items_new",
    "items_changed": "swathe/items_changed",
    "items_unchanged": "swathe/items_unchanged",
    "items_refused": "swathe/items_refused",
    "items_gone": "swathe/items_gone",
    "data_pages": "swathe/data_pages",
    "browser_pages": "swathe/browser/pages",
    "retries": "retry/count",
    "dead_pages": "swathe/dead_pages",
    "errors": "swathe/errors",
}
"""The counts of a run, and the statistic of Scrapy's that each is taken from."""

PAGES_TOO_LARGE, PAGES_NOT_KEPT = "swathe/pages_too_large", "swathe/pages_not_kept"
"""Statistics of the pages that were to be kept for reading again and could not be."""


def notes_of(stats: StatsCollector) -> list[str]:
    """Return what is worth a note among the statistics of a crawl."""
    whys = {PAGES_TOO_LARGE: "16 MB cannot hold them even when compressed", PAGES_NOT_KEPT: "MongoDB failed"}
    return [
        f"{count} page{'s'[: count > 1]} could not be kept to be read again: {why}"
        for name, why in whys.items()
        if (count := stats.get_value(name, 0))
    ]
