"""A page that came to nothing, or a record of it: one shape from the errback to the frontier and the run's document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Reason = Literal[
    "dns",
    "refused",
    "tls",
    "timeout",
    "blocked",
    "not-found",
    "server-error",
    "login",
    "layout-changed",
    "empty",
    "partly-read",
    "robots",
    "proxy",
    "hung",
    "own-code",
]
REASONS: tuple[Reason, ...] = get_args(Reason)
"""Why a page, or a whole run, came to nothing, in one word that `runs`, alerts and metrics share."""


@dataclass(frozen=True, slots=True)
class FailedPage:
    """What went wrong with a page, or with a record of it."""

    url: str
    what: str
    """In a few words that go on from the URL, such as 'answered 503 (tried 6 times)'."""
    reason: Reason | Literal[""] = ""
    """Empty for one that a Swathe before it had reasons has stored."""
    unread: bool = False
    """Whether the page could not be read at all."""

    def __str__(self) -> str:
        """Show the page and what went wrong in one line."""
        return f"{self.url} {self.what}"


def reason_of_status(status: int) -> Reason:
    """Return why an answer of an HTTP status is no page.

    >>> reason_of_status(410), reason_of_status(522), reason_of_status(405)
    ('not-found', 'server-error', 'refused')
    """
    known: dict[int, Reason] = {401: "login", 407: "login", 403: "blocked", 429: "blocked", 451: "blocked"}
    known |= {404: "not-found", 410: "not-found"}
    return known.get(status, "server-error" if status >= 500 else "refused")
