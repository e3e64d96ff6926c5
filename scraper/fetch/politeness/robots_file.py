"""What a robots.txt says, whatever was sent as one."""

from __future__ import annotations

from dataclasses import dataclass

from protego import Protego

MOST_BYTES = 500 * 1024
"""Source: RFC 9309, 2.5: a crawler must read at least 500 KiB; what follows is not read."""


@dataclass(frozen=True)
class RobotsFile:
    """The rules of a host; `remark` says what is odd about the file, empty for a good one."""

    rules: Protego
    remark: str = ""

    @classmethod
    def read(cls, body: bytes) -> RobotsFile:
        """Read the first 500 KiB; a page of HTML, which many sites send instead of a file, has no rules."""
        remark = ""
        if len(body) > MOST_BYTES:
            remark = f"has {len(body) // 1024} KiB, of which the first {MOST_BYTES // 1024} were read"
            # The last line is cut off, and half a rule is another rule.
            body = body[: body.rfind(b"\n", 0, MOST_BYTES) + 1]
        if body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<":
            return cls(Protego.parse(""), "is a page of HTML and no list of rules")
        return cls(Protego.parse(body.decode("utf-8", "ignore").removeprefix("\ufeff")), remark)

    @classmethod
    def empty(cls) -> RobotsFile:
        """Return what stands for a file that is not there: everything is allowed."""
        return cls(Protego.parse(""))

    def allows(self, url: str, agent: str) -> bool:
        """Return whether an agent may ask for an address."""
        return bool(self.rules.can_fetch(url, agent))

    def delay_s(self, agent: str) -> float:
        """Return the seconds between two requests that `Crawl-delay` and `Request-rate` ask of an agent, or 0."""
        rate = self.rules.request_rate(agent)
        return max(self.rules.crawl_delay(agent) or 0.0, rate.seconds / rate.requests if rate else 0.0)
