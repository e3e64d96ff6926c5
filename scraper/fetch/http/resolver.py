"""Look the hosts of a crawl up, once for some minutes, and give out only addresses that it may connect to."""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar
from weakref import WeakKeyDictionary

from scrapy import signals
from scrapy.exceptions import CannotResolveHostError, IgnoreRequest

from scraper.core import meta as meta_keys
from scraper.core.ip_address import is_network
from scraper.fetch.http.addresses import Reach, refusal

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler

    from scraper.core.config import Config
    from scraper.core.failed_page import Reason

KEPT_S = 300
MOST_HOSTS = 10_000


class AddressRefusedError(IgnoreRequest):
    """Report a page on an address that the crawl must not connect to; Scrapy does not ask for it again."""

    reason: ClassVar[Reason] = "refused"


@dataclass
class _Known:
    addresses: list[str]
    until: float


class Resolver:
    """The addresses of the hosts of one crawl."""

    def __init__(self, reach: Reach) -> None:
        self.reach = reach
        self._known: dict[str, _Known] = {}
        self._lookups: dict[str, asyncio.Task[list[str]]] = {}

    def at_hand(self, host: str, port: int) -> list[str] | None:
        """Return where a host may be connected to, or None when it has to be looked up; raise AddressRefusedError."""
        if is_network(host):
            return self.checked(host, port, [host])
        known = self._known.get(host)
        return self.checked(host, port, known.addresses) if known and time.monotonic() < known.until else None

    async def look_up(self, host: str, port: int) -> list[str]:
        """Return where a host may be connected to; raise AddressRefusedError, or CannotResolveHostError."""
        found = self.at_hand(host, port)
        if found is not None:
            return found
        task = self._lookups.get(host)
        if task is None:
            task = self._lookups[host] = asyncio.create_task(self._look_up(host))
            task.add_done_callback(lambda _: self._lookups.pop(host, None))
        # Whoever gives up waiting must not take the answer from the others.
        return self.checked(host, port, await asyncio.shield(task))

    async def _look_up(self, host: str) -> list[str]:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise CannotResolveHostError(f"{host[:200]} is not known: check the name, and the network") from None
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if len(self._known) >= MOST_HOSTS:
            self._known.clear()
        self._known[host] = _Known(addresses, time.monotonic() + KEPT_S)
        return addresses

    def checked(self, host: str, port: int, addresses: list[str]) -> list[str]:
        """Return those of a host's addresses that may be connected to; raise AddressRefusedError when none may."""
        allowed = self.reach.allowed(host, port, addresses)
        if not allowed:
            raise AddressRefusedError(refusal(host, port))
        return allowed


_resolvers: WeakKeyDictionary[Crawler, Resolver] = WeakKeyDictionary()
"""One a crawl: Scrapy makes a download handler for http and another for https."""


def resolver_of(crawler: Crawler) -> Resolver:
    """Return the resolver of a crawl; its start, and what is typed into `scrapy shell`, are named by the user."""
    if crawler not in _resolvers:
        config: Config = crawler.settings["SWATHE"]
        spider = crawler.spider
        named = [getattr(spider, "start_at", ""), *(getattr(spider, "start_urls", None) or ())]
        _resolvers[crawler] = Resolver(Reach(named, config.crawl.allow_private))
        if crawler.settings["DUPEFILTER_CLASS"] == "scrapy.dupefilters.BaseDupeFilter":
            crawler.signals.connect(_name_typed, signal=signals.request_scheduled)
    return _resolvers[crawler]


def _name_typed(request: Request, sender: Crawler) -> None:
    if not request.meta.get(meta_keys.REDIRECT_TIMES):
        _resolvers[sender].reach.name(request.url)
