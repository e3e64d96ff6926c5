"""What can go wrong while a page is rendered, as one tree; the handler turns each into what Scrapy knows.

BrowserUnavailableError   (scraper.errors) no page at all can be rendered here
PageRefusedError          the page must not or cannot be had; asking again would not help (a Scrapy IgnoreRequest)
DriverLostError           the driver died, or was ended; the page may be asked for again
├── DriverExpiredError    it was ended because a limit of time was exceeded
└── DriverBloatedError    it was ended because a limit of memory was exceeded
PageLeftError             the page went to another one while a script ran in it
ScriptFaultError          a script failed in the page
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from scrapy.exceptions import IgnoreRequest

if TYPE_CHECKING:
    from scraper.core.failed_page import Reason


class PageRefusedError(IgnoreRequest):
    """Report a page that is not rendered, or whose rendering is not used, and why; Scrapy does not ask for it again."""

    reason: ClassVar[Reason] = "refused"


class DriverLostError(Exception):
    """Report that a driver no longer answers."""


class DriverExpiredError(DriverLostError):
    """Report that a driver was ended because its page took too long."""


class DriverBloatedError(DriverLostError):
    """Report that a driver was ended because its page took too much memory."""


class PageLeftError(Exception):
    """Report that the document went away under a script."""


class ScriptFaultError(Exception):
    """Report what a script in the page failed with."""
