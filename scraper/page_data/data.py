"""What is found in a page, and what bounds the search: a page is somebody else's text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

LEAST_CHARACTERS = 20
"""Shorter literals are switches and empty lists, not data."""

MOST_VALUES = 500
"""Values of a page beyond this many are not looked at."""

MOST_DEPTH = 100
"""A value nested deeper is left out; Python's own JSON writer gives up at about ten times this."""


@dataclass(frozen=True)
class PageData:
    """One value that a page carries: JSON, as Python has it, at most `MOST_DEPTH` deep."""

    where: str
    """The same for every page of a kind, such as `script#__NEXT_DATA__` or `var data`."""
    value: Any


class Effort:
    """The work that may still go into one page, in characters that the JSON reader passes over: about 100 in 1 µs."""

    def __init__(self, characters: int) -> None:
        """Allow for a page of this length: half a second, and the time to pass over it four times."""
        self.left = 50_000_000 + 4 * characters

    def spend(self, characters: int) -> bool:
        """Take away what something cost; False when nothing is left."""
        self.left -= characters
        return self.left > 0


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
