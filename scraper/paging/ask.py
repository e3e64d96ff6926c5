"""What a pagination says of a page: which page to ask for next, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from w3lib.url import canonicalize_url


@dataclass(frozen=True, slots=True)
class Ask:
    """A page to ask for. Everything in it can be written as JSON, so that a request for it can be stored."""

    url: str
    number: int = 1
    """The page's place in its list, from 1."""
    list: str = ""
    """The list it belongs to; empty: the list of the page that leads to it."""
    method: str = "GET"
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    """What the pagination must know again when the page arrives."""
    probe: bool = False
    """Whether the page is only looked for behind what seems to be the end; that it is not there is no failure."""

    @property
    def identity(self) -> tuple[str, ...]:
        """What tells this request from another, whatever its place in the list."""
        return (self.method, _canonical(self.url), self.body, *(f"{k}:{v}" for k, v in self.headers.items()))


@dataclass(frozen=True, slots=True)
class End:
    """Why no page follows."""

    reason: str
    sure: bool = False
    """Whether the site itself says that this is all, so that nobody need look behind it."""
    doubt: str = ""
    """What speaks against this being the end, in words for the run's reasons."""
    gap: str = ""
    """What is known to be missing behind it."""


@lru_cache(maxsize=64)
def _canonical(url: str) -> str:
    """Return a URL as its like are compared; that of a page is wanted again when the page arrives."""
    return str(canonicalize_url(url))
