"""What a robots.txt says, whatever was sent as one: the one reader of crawls and probes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from protego import Protego
from scrapy.robotstxt import RobotParser
from scrapy.utils.python import to_unicode

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

MOST_BYTES = 500 * 1024
"""Source: RFC 9309, 2.5: a crawler must read at least 500 KiB; what follows is not read."""

FIELDS = (
    *("user-agent", "useragent", "user agent", "allow", "sitemap", "sitemaps", "site-map", "host"),
    *("disallow", "dissallow", "dissalow", "disalow", "diasllow", "disallaw"),
    *("crawl-delay", "crawl delay", "request-rate", "request rate", "visit-time", "visit time"),
)
"""How the lines begin that Protego knows, in its spellings."""

_KNOWN = re.compile(rf"\s*(?:{'|'.join(FIELDS)})(?:[\s:]|$)", re.IGNORECASE)
_NAMES_AN_AGENT = re.compile(r"^[ \t]*user[- ]?agent[ \t]*:", re.IGNORECASE | re.MULTILINE)


def is_unreadable(status: int) -> bool:
    """Return whether an answer leaves open what the rules are, so that nothing may be asked for: 429 and 5xx.

    Source: RFC 9309, 2.3.1.4.
    """
    return status == 429 or status >= 500


@dataclass(frozen=True)
class RobotsFile(RobotParser):
    """The rules of a host, also as those who listen for `robots_parsed` expect them.

    `remark` says what is odd about the file, empty for a good one.
    """

    rules: Protego
    remark: str = ""

    @classmethod
    def of_answer(cls, status: int, body: bytes) -> Self:
        """Return what an answer says; one that is neither a file nor unreadable allows everything."""
        if is_unreadable(status):
            return cls(Protego.parse("User-agent: *\nDisallow: /"), f"answered {status}")
        return cls.read(body) if 200 <= status < 300 else cls.empty()

    @classmethod
    def read(cls, body: bytes) -> Self:
        """Read the first 500 KiB; a page of HTML, which many sites send instead of a file, has no rules."""
        remark = ""
        if len(body) > MOST_BYTES:
            remark = f"has {len(body) // 1024} KiB, of which the first {MOST_BYTES // 1024} were read"
            # The last line is cut off, and half a rule is another rule.
            body = body[: body.rfind(b"\n", 0, MOST_BYTES) + 1]
        text = body.decode("utf-8", "ignore").removeprefix("\ufeff")
        if text.lstrip().startswith("<") and not _NAMES_AN_AGENT.search(text):
            return cls(Protego.parse(""), "is a page of HTML and no list of rules")
        # RFC 9309, 2.2.4: other lines must not interfere. To Protego one would end the group that it stands in.
        return cls(Protego.parse("\n".join(filter(_KNOWN.match, text.splitlines()))), remark)

    @classmethod
    def from_crawler(cls, crawler: Crawler, robotstxt_body: bytes) -> Self:
        """Read the file."""
        return cls.read(robotstxt_body)

    @classmethod
    def empty(cls) -> Self:
        """Return what stands for a file that is not there: everything is allowed."""
        return cls(Protego.parse(""))

    def allowed(self, url: str | bytes, user_agent: str | bytes) -> bool:
        """Return whether an agent may ask for an address."""
        return bool(self.rules.can_fetch(to_unicode(url), to_unicode(user_agent, "latin-1")))

    def delay_s(self, agent: str) -> float:
        """Return the seconds between two requests that `Crawl-delay` and `Request-rate` ask of an agent, or 0.

        A number that is beyond all measure says nothing, as any other that is none.
        """
        rate = self.rules.request_rate(agent)
        try:
            spaced_s = rate.seconds / rate.requests if rate else 0.0
        except OverflowError:
            spaced_s = 0.0
        return max(self.rules.crawl_delay(agent) or 0.0, spaced_s)

    @property
    def sitemaps(self) -> tuple[str, ...]:
        """The addresses of the sitemaps that it names."""
        return tuple(self.rules.sitemaps)
