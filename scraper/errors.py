"""Every error a user can cause or meet, as one tree; the command line prints its one line and takes its exit code.

SwatheError                 1  something failed
├── ProjectError            2  the wrong copy of the code would run
├── UsageError              2  a command, argument or filter that cannot be carried out
│   └── ConfigError         2  a configuration value that cannot be used
├── DatabaseError           1  MongoDB, or the Redis of the frontier, cannot be had
│   └── DatabaseLostError   1  it was there and stopped answering
├── FileError               1  a file that cannot be written or read to its end
├── BrowserUnavailableError 1  no page can be rendered here: Chromium, its driver or the Grid is missing
├── UnstorableRequestError  1  a request cannot be written as data, or read back
├── CrawlError              1  a crawl could not be set up: a component or the spider cannot be built
├── EventsError             1  the broker that events go to cannot be reached, or does not take them
└── ProbeError              1  a page that is to be studied could not be fetched
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable


EXIT_COMPLETE, EXIT_FAILED, EXIT_USAGE, EXIT_INCOMPLETE = 0, 1, 2, 3
"""Exit codes of what crawls: complete; failed; a usage error; incomplete, unknown or suspect."""

_CHOICES_SHOWN = 15
"""Beyond this many, a near match alone says more than the list."""


class SwatheError(Exception):
    """Say in one line the thing, the value found, what was expected and the next step."""

    exit_code: ClassVar[int] = 1


class ProjectError(SwatheError):
    """Report that another copy of a package would run instead of this project's."""

    exit_code = 2


class UsageError(SwatheError):
    """Report a command, argument or filter that cannot be carried out."""

    exit_code = 2


class ConfigError(UsageError):
    """Report a configuration key or value that cannot be used."""


class CrawlError(SwatheError):
    """Report that a crawl could not be set up."""


class DatabaseError(SwatheError):
    """Report that MongoDB, or the Redis of the frontier, cannot be started or reached."""


class DatabaseLostError(DatabaseError):
    """Report that the database answered before and no longer does."""


class FileError(SwatheError):
    """Report a file that cannot be written, or that is damaged."""


class BrowserUnavailableError(SwatheError):
    """Report that Chromium, chromedriver or the Selenium Grid cannot be had."""


class UnstorableRequestError(SwatheError):
    """Report a request that cannot be written as data, or read back."""


class EventsError(SwatheError):
    """Report a broker that cannot be reached, or does not confirm what it is sent."""


class ProbeError(SwatheError):
    """Report that a page that is to be studied could not be fetched."""


def expected_one_of(value: str, choices: Iterable[str]) -> str:
    """Phrase what was expected: the nearest choice when there is one, and the choices while they fit a line.

    >>> expected_one_of("bokos", ["quotes", "books"])
    "did you mean 'books'? Expected one of: books, quotes"
    """
    names = sorted(choices)
    near = get_close_matches(value, names, n=1)
    listed = f"one of: {', '.join(names)}"
    if not near:
        return f"expected {listed}"
    return f"did you mean {near[0]!r}?" + (f" Expected {listed}" if len(names) <= _CHOICES_SHOWN else "")
