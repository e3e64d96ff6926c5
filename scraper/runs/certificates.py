"""Until when the TLS certificates of the sites that a run reads are good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy import signals

if TYPE_CHECKING:
    from datetime import datetime

    from scrapy.crawler import Crawler
    from scrapy.http import Response

MOST_HOSTS = 50
"""Hosts whose certificates are kept of a run; a crawl of the whole web has more than anybody looks at."""


class Certificates:
    """Notes the certificate of each host's first answer."""

    def __init__(self) -> None:
        self._ends: dict[str, datetime] = {}

    @classmethod
    def watching(cls, crawler: Crawler) -> Certificates:
        """Begin to listen to a crawl."""
        certificates = cls()
        crawler.signals.connect(certificates.look, signal=signals.response_received)
        return certificates

    def look(self, response: Response) -> None:
        """Note the certificate that an answer came with, if any."""
        if response.certificate is None or len(self._ends) >= MOST_HOSTS:
            return
        host = urlsplit(response.url).hostname or ""
        if host not in self._ends:
            self._ends[host] = end_of(response.certificate)

    def rows(self) -> list[dict[str, Any]]:
        """Return `host` and `ends_at` (UTC) of each."""
        return [{"host": host, "ends_at": ends_at} for host, ends_at in sorted(self._ends.items())]


def end_of(certificate: Any) -> datetime:
    """Return until when a certificate of Twisted's is good (UTC)."""
    ends_at: datetime = certificate.original.to_cryptography().not_valid_after_utc
    return ends_at
