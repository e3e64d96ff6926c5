"""What the pool is asked for and what it gives back: plain values that pass between threads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from scraper.core.tiers import BROWSER

if TYPE_CHECKING:
    from pathlib import Path

    from scraper.browser.actions import Action
    from scraper.fetch.http.addresses import Reach
    from scraper.fetch.http.upstream import Upstream


@dataclass(frozen=True)
class PageJob:
    """One page to render: `cookies` are for its host; a page above `most_bytes` is refused.

    Without a `reach`, `url` is taken for one that the user has named.

    `screenshot` is where a PNG is put of a page that failed, or that nothing was waited for on, or waited for in vain.
    """

    url: str
    wait_for: str = ""
    actions: tuple[Action, ...] = ()
    keep_json: bool = False
    cookies: tuple[tuple[str, str], ...] = ()
    user_agent: str = ""
    screenshot: Path | None = None
    most_bytes: int = 32 * 2**20
    upstream: Upstream | None = None
    reach: Reach | None = None


@dataclass(frozen=True)
class Answer:
    """A JSON answer that the page got from its site while it was rendered."""

    url: str
    method: str
    post_data: str
    status: int
    body: str


@dataclass(frozen=True)
class RenderedPage:
    """A page as it was at the end. `set_cookies` are Set-Cookie headers, `kind` is the media type."""

    url: str
    status: int
    headers: dict[str, str]
    kind: str
    body: bytes
    took_s: float
    flags: tuple[str, ...] = ()
    set_cookies: tuple[str, ...] = ()
    answers: tuple[Answer, ...] = field(default=())
    doubts: tuple[str, ...] = ()
    """Why a list that actions have unfolded may have more."""

    @property
    def is_as_wanted(self) -> bool:
        """Whether what was waited for came."""
        return self.flags == (BROWSER,)


def as_dict(answer: Answer) -> dict[str, Any]:
    """Return an answer as JSON-able data."""
    return {
        "url": answer.url,
        "method": answer.method,
        "post_data": answer.post_data,
        "status": answer.status,
        "body": answer.body,
    }
