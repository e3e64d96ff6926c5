"""Send each request through a proxy that is for its host and well; without one, say why instead of waiting for ever."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from scrapy import Request, signals
from scrapy.exceptions import DownloadConnectionRefusedError, DownloadFailedError, DownloadTimeoutError, IgnoreRequest

from scraper.core import meta as meta_keys
from scraper.core import statistics
from scraper.core.config.proxies import proxies_for
from scraper.core.crawl_control import control_of
from scraper.errors import DatabaseError, UsageError, expected_one_of
from scraper.fetch.http.upstream import ProxyFailedError, Upstream
from scraper.fetch.politeness.errors import CrawlEndingError
from scraper.fetch.politeness.middleware import Politeness
from scraper.fetch.proxies.health import HealthStore, Standing
from scraper.storage.connection import connection_to

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from scraper.core.config import Config
    from scraper.core.failed_page import Reason

logger = logging.getLogger(__name__)

T = TypeVar("T")

GIVEN_UP_AFTER = 5
"""A proxy that failed so often in a row, the cool-downs between, is dead for this run."""

READ_EVERY_S = 1.0
"""How old the health of proxies may be that a request is sent by."""

GATEWAY = frozenset({502, 503, 504})
"""What a proxy answers when it cannot reach the site; a site may answer it as well."""

_OF_DOWNLOAD = (meta_keys.DOWNLOAD_LATENCY, meta_keys.BROWSER_JSON, meta_keys.BROWSER_DOUBTS)


class ProxiesDeadError(IgnoreRequest):
    """Report a page whose host can be reached through proxies only, all of which are dead."""

    reason: ClassVar[Reason] = "proxy"


class ProxyRouter:
    """The proxies of one crawl.

    A proxy that fails for certain (no connection, no tunnel, an answer of 407) passed nothing on: the request goes to
    the next at once. What a proxy or the site may have done (no answer, 502, 503, 504) is an answer of the site's as
    ever, for the ledger of its host and for another try; that one goes through another proxy, and if it fares better,
    it was the proxy.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        config: Config = crawler.settings["SWATHE"]
        self._lines = config.proxies
        self._upstreams = {name: Upstream.of_line(line) for name, line in self._lines.items() if line.host}
        self._own = self._of_spider()
        rules = config.politeness
        self._store = HealthStore(connection_to(config.mongodb), rules.backoff_s, rules.max_wait_s)
        self._thread = ThreadPoolExecutor(1, "proxies")
        self._standing: Mapping[str, Standing] = {}
        self._read: dict[str, float] = {}
        """When the health under a key was last asked for, by `time.monotonic()`."""
        self._seen_failing: set[str] = set()
        """Keys of proxies that failed in this process, and were not well since."""
        self._noted: set[str] = set()
        self._used: Counter[str] = Counter()
        self._bound: dict[Any, str] = {}
        """The proxy of each session: a cookie is used from the address that it was given to."""
        crawler.signals.connect(self._closed, signal=signals.spider_closed)

    def names_for(self, request: Request) -> tuple[str, ...] | None:
        """Return the proxies that a request may go through, () for none, or None when [proxies] has no say in it."""
        if meta_keys.PROXY in request.meta:
            named = request.meta[meta_keys.PROXY]
            return (named,) if named in self._upstreams else None
        if self._own is not None:
            return self._own
        if not self._lines:
            return None
        return proxies_for(self._lines, urlsplit(request.url).hostname or "")

    async def fetch(self, request: Request, download: Callable[[Request], Awaitable[Response]]) -> Response:
        """Return the answer to a request; raise ProxiesDeadError, CrawlEndingError, or what `download` raises."""
        names = self.names_for(request)
        if not names:
            return await download(request)
        host = urlsplit(request.url).hostname or ""
        doubted: dict[str, str] = request.meta.get(meta_keys.DOUBTED_PROXIES, {})
        while True:
            name = await self._choose(names, host, request, doubted)
            try:
                response = await self._through(name, request, download)
            except ProxyFailedError as error:
                await self._failed(name, host if error.towards_host else "", str(error))
                continue
            except (DownloadFailedError, DownloadTimeoutError, DownloadConnectionRefusedError) as error:
                took = f": {error}" if isinstance(error, DownloadTimeoutError) else ""
                self._doubt(request, name, f"gave no answer{took}")
                raise
            if response.status in GATEWAY:
                self._doubt(request, name, f"answered {response.status}")
                return response
            await self._passed(name, host, request, response)
            return response

    async def _through(
        self, name: str, request: Request, download: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        """Send a copy of the request: the proxy's account must not be stored with a request that is asked again."""
        proxy = self._upstreams[name]
        sent = request.replace(cls=Request)
        sent.meta[meta_keys.PROXY] = f"http://{proxy.address}"
        if proxy.authorization:
            sent.headers["Proxy-Authorization"] = proxy.authorization
        self._used[name] += 1
        try:
            response = await download(sent)
        finally:
            request.meta.update({key: sent.meta[key] for key in _OF_DOWNLOAD if key in sent.meta})
        if response.request is sent:
            response.request = request
        return response

    async def _choose(self, names: Sequence[str], host: str, request: Request, doubted: Mapping[str, str]) -> str:
        """Return the proxy to go through: the session's, else the one used least, of those that are well."""
        session = self._session(names, request)
        while True:
            await self._refresh(names, host)
            well = [name for name in names if not self._cooling_s(name, host)]
            if not well:
                # What only others have seen is worth one try of our own before it is waited for.
                well = [name for name in names if self._seen_failing.isdisjoint(self._keys(name, host))]
            if well := [name for name in well if name not in doubted] or well:
                bound = self._bound.get(session)
                name = bound if bound in well else min(well, key=self._used.__getitem__)
                if request.headers.get("Cookie"):
                    self._bound[session] = name
                return name
            await self._wait(names, host)

    async def _wait(self, names: Sequence[str], host: str) -> None:
        """Wait until a proxy has cooled down; raise ProxiesDeadError when none is worth waiting for."""
        left_s = min(self._cooling_s(name, host) for name in names)
        if all(self._failures(name, host) >= GIVEN_UP_AFTER for name in names):
            whys = "; ".join(f"{name}: {self._why(name, host)}" for name in names)
            raise ProxiesDeadError(f"was not asked for: every proxy for {host} is dead ({whys})")
        politeness = self._crawler.get_downloader_middleware(Politeness)
        wait_s = min(left_s, READ_EVERY_S)
        await (politeness.gates.pause(wait_s) if politeness is not None else asyncio.sleep(wait_s))

    async def _passed(self, name: str, host: str, request: Request, response: Response) -> None:
        """Take in that a proxy passed a request on, and that those which did not were to blame."""
        if response.headers.get("Set-Cookie"):
            self._bound.setdefault(self._session(self.names_for(request) or (), request), name)
        failed = self._keys(name, host) & (self._standing.keys() | self._seen_failing)
        if failed:
            self._seen_failing -= failed
            self._standing = {key: value for key, value in self._standing.items() if key not in failed}
            logger.info("The proxy '%s' is well again", name)
            await self._in_thread(lambda: self._store.well(failed))
        for other, why in request.meta.pop(meta_keys.DOUBTED_PROXIES, {}).items():
            if other != name and other in self._upstreams:
                await self._failed(other, host, why)

    async def _failed(self, name: str, host: str, why: str) -> None:
        """Let a proxy cool down, as a whole or towards one host."""
        key = self._key(name, host)
        logger.warning("The proxy '%s' is left alone for a while%s: %s", name, f" for {host}" if host else "", why)
        self._crawler.stats.inc_value(statistics.PROXY_FAILURES)
        if name not in self._noted and (control := control_of(self._crawler)) is not None:
            self._noted.add(name)
            control.note(f"the proxy '{name}' was left alone for a while: {why}")
        self._seen_failing.add(key)
        self._bound = {session: bound for session, bound in self._bound.items() if bound != name}
        await self._in_thread(lambda: self._store.fail(key, why))
        self._read.pop(key, None)

    def _doubt(self, request: Request, name: str, what: str) -> None:
        why = f"the proxy {self._upstreams[name].address} {what}"
        request.meta[meta_keys.DOUBTED_PROXIES] = {**request.meta.get(meta_keys.DOUBTED_PROXIES, {}), name: why}

    async def _refresh(self, names: Sequence[str], host: str) -> None:
        now_s = time.monotonic()
        keys = {key for name in names for key in self._keys(name, host)}
        if all(now_s - self._read.get(key, 0.0) < READ_EVERY_S for key in keys):
            return
        found = await self._in_thread(lambda: self._store.read(keys))
        self._read.update(dict.fromkeys(keys, now_s))
        self._standing = {**{key: one for key, one in self._standing.items() if key not in keys}, **found}

    async def _in_thread(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except DatabaseError as error:
            if (control := control_of(self._crawler)) is not None:
                control.database_lost(error)
            raise CrawlEndingError("was not asked for: MongoDB was lost before its turn") from error

    def _session(self, names: Sequence[str], request: Request) -> Any:
        """Return what shares cookies, and so an address: a cookie jar of Scrapy's, among the same proxies."""
        return request.meta.get(meta_keys.COOKIEJAR), tuple(names)

    def _key(self, name: str, host: str) -> str:
        return f"{self._upstreams[name].address} {host}".strip()

    def _keys(self, name: str, host: str) -> set[str]:
        return {self._key(name, ""), self._key(name, host)}

    def _of(self, name: str, host: str) -> list[Standing]:
        return [self._standing.get(key, Standing()) for key in sorted(self._keys(name, host))]

    def _cooling_s(self, name: str, host: str) -> float:
        return max(one.cooling_s for one in self._of(name, host))

    def _failures(self, name: str, host: str) -> int:
        return max(one.failures for one in self._of(name, host))

    def _why(self, name: str, host: str) -> str:
        return max(self._of(name, host), key=lambda one: one.failures).why

    def _of_spider(self) -> tuple[str, ...] | None:
        """Return the proxies that a spider names for itself, or None; raise UsageError for one there is not."""
        spider: Any = self._crawler.spider
        own = None if getattr(spider, "takes_any_page", True) else getattr(spider, "proxies", None)
        if own is None:
            return None
        own = (own,) if isinstance(own, str) else tuple(own)
        for name in own:
            if name not in self._upstreams:
                known = expected_one_of(str(name), self._upstreams) if self._upstreams else "[proxies] has none"
                raise UsageError(f"the spider '{spider.name}' has the proxy '{name}' in `proxies`: {known}")
        return own

    def _closed(self) -> None:
        self._thread.shutdown(wait=False)


_routers: WeakKeyDictionary[Crawler, ProxyRouter] = WeakKeyDictionary()
"""One a crawl: Scrapy makes a download handler for http and another for https."""


def router_of(crawler: Crawler) -> ProxyRouter:
    """Return the proxies of a crawl; raise UsageError when its spider names one that there is not."""
    if crawler not in _routers:
        _routers[crawler] = ProxyRouter(crawler)
    return _routers[crawler]
