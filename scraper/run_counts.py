"""What a run counts, and where each count comes from."""

from __future__ import annotations

STATISTICS = {
    "pages": "swathe/pages",
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
