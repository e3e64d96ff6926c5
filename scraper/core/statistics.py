"""Every statistic of Scrapy's that Swathe counts, by name, and which of them a run's document holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# What came of requests
PAGES: Final = "swathe/pages"
"""Pages that the spider was given."""
PAGES_NOT_MODIFIED: Final = "swathe/pages_not_modified"
"""Pages that answered 304."""
PAGES_SAME: Final = "swathe/pages_same"
"""Pages that were read and gave what they gave last time."""
PAGES_PASSED_OVER: Final = "swathe/pages_passed_over"
"""Pages of records whose entry in a list has not changed, with `[crawl] follow = changed`."""
DATA_PAGES: Final = "swathe/data_pages"
"""Pages that were read from the data inside them."""
DEAD_PAGES: Final = "swathe/dead_pages"
"""Pages that could not be read at all."""
ERRORS: Final = "swathe/errors"
"""Pages whose callback raised, and records that could not be stored."""
UNSTORED_REQUESTS: Final = "swathe/unstored_requests"
"""Requests that the spider made and that cannot be kept."""
REQUESTS_IN_MEMORY: Final = "swathe/requests_in_memory"
"""Requests of a spider of Scrapy's own kind that cannot be kept, and wait in this process alone."""
PAGES_ASKED_FOR: Final = "swathe/pages_asked_for"
"""Pages that `max_pages` counts; not asked for twice when a page is tried again."""
PAGE_LIMIT_REACHED: Final = "swathe/page_limit_reached"
"""Pages left unread because of `max_pages`."""
LOGINS_REPEATED: Final = "swathe/logins_repeated"

# What came of records
ITEMS_NEW: Final = "swathe/items_new"
ITEMS_CHANGED: Final = "swathe/items_changed"
ITEMS_UNCHANGED: Final = "swathe/items_unchanged"
ITEMS_REFUSED: Final = "swathe/items_refused"
ITEMS_GONE: Final = "swathe/items_gone"
ITEMS_MISSING: Final = "swathe/items_missing"
"""Records of pages that were not read again, which are no longer in the database or are said to be gone."""
ITEM_ERRORS: Final = "swathe/item_errors"
"""Records that could not be stored."""
ITEMS_DROPPED: Final = "swathe/items_dropped"
"""Items that a pipeline which is not ours dropped."""

# What came of keeping pages
PAGES_KEPT: Final = "swathe/pages_kept"
PAGES_NOT_KEPT: Final = "swathe/pages_not_kept"
PAGES_TOO_LARGE: Final = "swathe/pages_too_large"
"""Pages that 16 MB cannot hold even when compressed."""

# Waiting for hosts
POLITENESS_WAITS: Final = "swathe/politeness/waits"
POLITENESS_WAITED_MS: Final = "swathe/politeness/waited_ms"
POLITENESS_BACKOFFS: Final = "swathe/politeness/backoffs"
POLITENESS_TRIED_AGAIN: Final = "swathe/politeness/tried_again"
ROBOTS_TRIED_AGAIN: Final = "swathe/politeness/robots_tried_again"

PROXY_FAILURES: Final = "swathe/proxy_failures"
"""How often a proxy did not pass a request on."""

BROWSER_PAGES: Final = "swathe/browser/pages"
"""Pages that were rendered."""

# Scrapy's own that a run is judged by
REQUESTS: Final = "downloader/request_count"
RETRIES: Final = "retry/count"
SPIDER_EXCEPTIONS: Final = "spider_exceptions/count"
LINKS_TOO_DEEP: Final = "depth/request_ignored_count"

COUNTS: Final = {
    "pages": PAGES,
    "not_modified": PAGES_NOT_MODIFIED,
    "passed_over": PAGES_PASSED_OVER,
    "pages_same": PAGES_SAME,
    "requests": REQUESTS,
    "items_new": ITEMS_NEW,
    "items_changed": ITEMS_CHANGED,
    "items_unchanged": ITEMS_UNCHANGED,
    "items_refused": ITEMS_REFUSED,
    "items_gone": ITEMS_GONE,
    "data_pages": DATA_PAGES,
    "browser_pages": BROWSER_PAGES,
    "retries": RETRIES,
    "dead_pages": DEAD_PAGES,
    "errors": ERRORS,
}
"""The counts of a run (`models.system.RunCounts`), and the statistic that each is taken from."""


def items(outcome: str) -> str:
    """Return the statistic of what became of records: `new`, `changed`, `unchanged`, `refused`."""
    return COUNTS[f"items_{outcome}"]


def fault(document: str, field: str) -> str:
    """Return the statistic of how often a document's field was at fault."""
    return f"swathe/faults/{document}.{field}"


def failed(reason: str) -> str:
    """Return the statistic of failed pages and records by why they failed, one of `failed_page.REASONS`."""
    return f"swathe/failed/{reason}"


def answered(status: int) -> str:
    """Return the statistic of how often a host asked to come later, by the status of its answer."""
    return f"swathe/politeness/answered_{status}"


def browser(name: str) -> str:
    """Return the statistic of a count of the browser pool's."""
    return f"swathe/browser/{name}"


def of_different_records(counts: Mapping[str, int], records: Mapping[str, int]) -> dict[str, int]:
    """Return what a run counted of records with each counted once, though several pages may have shown it.

    >>> of_different_records({"items_new": 8, "items_changed": 0, "items_unchanged": 4}, {"quotes": 10})
    {'items_new': 8, 'items_changed': 0, 'items_unchanged': 2}
    """
    if not records:
        return dict(counts)
    new = min(counts["items_new"], sum(records.values()))
    changed = min(counts["items_changed"], sum(records.values()) - new)
    unchanged = sum(records.values()) - new - changed
    return {**counts, "items_new": new, "items_changed": changed, "items_unchanged": unchanged}
