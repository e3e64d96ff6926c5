"""What is found in a page, and the work that may go into finding it: a page is somebody else's text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

LEAST_CHARACTERS = 20
"""Shorter literals are switches and empty lists, not data."""

MOST_DEPTH = 100
"""A value nested deeper is left out; Python's own JSON writer gives up at about ten times this."""

DEEP = f"a value is nested more than {MOST_DEPTH} deep"
COSTLY = "to read all of it takes more work than a page is worth"
"""Why something of a page's data was left out."""


@dataclass(frozen=True)
class PageData:
    """One value that a page carries: JSON, as Python has it, at most `MOST_DEPTH` deep."""

    where: str
    """The same for every page of a kind, such as `script#__NEXT_DATA__` or `var data`."""
    value: Any


class EffortSpentError(Exception):
    """Report that a page has had its share of work."""


class TooDeepError(ValueError):
    """Report a value that is nested deeper than `MOST_DEPTH`."""

    def __init__(self) -> None:
        super().__init__(DEEP)


class Effort:
    """The one budget of a page, for all who read its data: 1 µs of work costs 100; and what was left out."""

    def __init__(self, characters: int) -> None:
        """Allow for a page of this length: half a second, and the time to pass over it four times."""
        self.left = 50_000_000 + 4 * characters
        self.left_out: list[str] = []
        """Why some of the data was not read, each reason once; empty when all of it was."""

    def spend(self, cost: int) -> None:
        """Take away what something costs; raise EffortSpentError when nothing is left."""
        self.left -= cost
        if self.left <= 0:
            self.leave_out(COSTLY)
            raise EffortSpentError

    def leave_out(self, why: str) -> None:
        """Note that something was left out."""
        if why not in self.left_out:
            self.left_out.append(why)

    def bound(self, value: Any) -> Any:
        """Return a value that is not too deep; raise TooDeepError for one that is, and note it."""
        if too_deep(value):
            self.leave_out(DEEP)
            raise TooDeepError
        return value


def too_deep(value: Any) -> bool:
    """Say whether a value is nested deeper than `MOST_DEPTH`.

    >>> too_deep([[1], {"a": []}])
    False
    """
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MOST_DEPTH):
        inner = [parent.values() if isinstance(parent, dict) else parent for parent in level]
        level = [part for parts in inner for part in parts if isinstance(part, dict | list)]
    return bool(level)
