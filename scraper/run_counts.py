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


def counts_of(stats: StatsCollector) -> dict[str, int]:
    """Return what a crawl has done so far, by the field of RunCounts."""
    return {name: stats.get_value(key, 0) for name, key in STATISTICS.items()}
