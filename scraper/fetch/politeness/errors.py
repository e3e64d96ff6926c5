"""Why a page is not asked for, as exceptions that Scrapy does not try again.

IgnoreRequest             (scrapy.exceptions)
├── CrawlEndingError      the crawl ended before it was the page's turn; says nothing about the page
├── HostGivenUpError      the host asks for more patience than is configured, or keeps failing
└── RobotsUnreadableError robots.txt could not be read, and nothing is asked for without it
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from scrapy.exceptions import IgnoreRequest

if TYPE_CHECKING:
    from scraper.core.failed_page import Reason


class CrawlEndingError(IgnoreRequest):
    """Report a page that was still waiting when the crawl ended: it was neither read nor lost."""


class HostGivenUpError(IgnoreRequest):
    """Report a page of a host that is asked for nothing more in this run."""

    def __init__(self, why: str, reason: Reason) -> None:
        super().__init__(why)
        self.reason = reason


class RobotsUnreadableError(IgnoreRequest):
    """Report a page of a host whose robots.txt could not be read."""

    reason: ClassVar[Reason] = "robots"
