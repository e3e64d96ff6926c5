"""Ask a site's robots.txt before anything else, and remember its answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from scraper.errors import ProbeError
from scraper.fetch.http.credentials import origin_of
from scraper.fetch.politeness.robots_file import MOST_BYTES, RobotsFile, is_unreadable

if TYPE_CHECKING:
    from scraper.probe.fetching import Fetcher


@dataclass(frozen=True)
class RobotsAnswer:
    """What robots.txt says of an address."""

    url: str
    status: int
    allowed: bool
    crawl_delay_s: float | None
    sitemaps: tuple[str, ...]

    @property
    def said(self) -> str:
        """Its answer in a few words."""
        if not self.status:
            return "cannot be had"
        if is_unreadable(self.status):
            return f"answered {self.status}: everything is forbidden until it answers (RFC 9309)"
        if self.status >= 300:
            return f"there is none ({self.status}): everything is allowed"
        return "allowed" if self.allowed else "forbidden"


class Robots:
    """The robots.txt of every host that a probe meets."""

    def __init__(self, fetcher: Fetcher, agent: str, *, obey: bool) -> None:
        self._fetcher, self._agent, self._obey = fetcher, agent, obey
        self._known: dict[str, tuple[int, RobotsFile]] = {}

    def check(self, url: str) -> None:
        """Raise ProbeError for an address that must not be fetched."""
        answer = self.about(url)
        if self._obey and not answer.allowed:
            path = urlsplit(url).path or "/"
            why = answer.said if is_unreadable(answer.status) else "forbids it"
            raise ProbeError(f"{path} was not fetched: {answer.url} {why}; --ignore-robots fetches it nevertheless")

    def about(self, url: str) -> RobotsAnswer:
        """Return what the robots.txt of an address' host says of it."""
        origin = origin_of(url)
        if origin not in self._known:
            self._known[origin] = self._read(f"{origin}/robots.txt")
        status, file = self._known[origin]
        return RobotsAnswer(
            f"{origin}/robots.txt",
            status,
            allowed=file.allowed(url, self._agent),
            crawl_delay_s=file.delay_s(self._agent) or None,
            sitemaps=file.sitemaps,
        )

    def _read(self, url: str) -> tuple[int, RobotsFile]:
        """Fetch a robots.txt; one redirect, as from http to https, is common."""
        try:
            answer = self._fetcher.one(url, MOST_BYTES)
            if 300 <= answer.status < 400:
                answer = self._fetcher.page(url, lambda _: None)
        except ProbeError:
            if self._obey:
                raise
            return 0, RobotsFile.empty()
        return answer.status, RobotsFile.of_answer(answer.status, answer.body)
