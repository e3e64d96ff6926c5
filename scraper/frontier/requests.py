"""Requests as a run stores them: their fingerprints, what is kept of one that has ended, and how it is begun again."""

from __future__ import annotations

import json
import time
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakKeyDictionary

from scrapy.exceptions import IgnoreRequest

from scraper.core import meta as meta_keys
from scraper.core import statistics
from scraper.crawl.request_json import request_from_json, request_to_json
from scraper.fetch.http.continued import continued, redirects_of
from scraper.frontier.protocol import Ack, Put

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bson import ObjectId
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.utils.request import RequestFingerprinterProtocol

    from scraper.core.failed_page import Reason
    from scraper.crawl.request_stats import Tally
    from scraper.frontier.protocol import Taken
    from scraper.paging.facts import ListEvent
    from scraper.spider import SiteSpider

REMEMBERED = 20_000
"""Requests that are known to be stored without asking: most links that repeat do so soon."""

SUSPECT = 2
"""How many workers must have died with a request before it is begun alone."""

DEADLY = 4
"""How often a request may be begun alone and not end before it is given up."""


class Preparer:
    """Make and read what is stored of the requests of one run."""

    def __init__(self, crawler: Crawler, spider: SiteSpider, run: ObjectId) -> None:
        assert crawler.request_fingerprinter is not None
        self._fingerprinter, self._spider, self._run = crawler.request_fingerprinter, spider, run.binary
        self._checked: WeakKeyDictionary[Request, str] = WeakKeyDictionary()
        self._known: dict[bytes, None] = {}
        self._seq = 0

    def fingerprint(self, request: Request) -> bytes:
        """Return what tells a request from others, though it may not be stored."""
        return self._fingerprinter.fingerprint(request)

    def check(self, request: Request) -> None:
        """Raise UnstorableRequestError for a request that cannot be stored."""
        self._checked[request] = request_to_json(request, self._spider)

    def put(self, request: Request) -> Put | None:
        """Return what is to be stored, or None when it is known to be stored; raise UnstorableRequestError."""
        data = self._checked.pop(request, None) or request_to_json(request, self._spider)
        id_ = self._run + fingerprint(request, self._fingerprinter)
        if id_ in self._known:
            return None
        self._known[id_] = None
        if len(self._known) > REMEMBERED:
            del self._known[next(iter(self._known))]
        self._seq = max(self._seq + 1, time.time_ns())
        later = request.meta.get(meta_keys.NOT_BEFORE, 0.0)
        # A list asks for each of its pages once, so what it has made nobody else has, unless there are others.
        early = meta_keys.LIST in request.meta and not later
        return Put(id_, request, data, request.priority, self._seq, later, early=early)

    def load(self, taken: Taken) -> Put:
        """Return a stored request to begin; raise UnstorableRequestError for one that the spider no longer knows."""
        request = request_from_json(taken.data, self._spider)
        if taken.hung:
            request.meta[meta_keys.HUNG] = taken.hung
        if taken.alone >= DEADLY:
            request.meta[meta_keys.GIVEN_UP] = taken.alone
        deaths = 1 + taken.alone if taken.taken > SUSPECT and taken.alone < DEADLY else 0
        return Put(taken.id, request, "", taken.priority, taken.seq, deaths=deaths)


AGAIN = (meta_keys.DEAD_RETRIES, meta_keys.NO_BROWSER)
"""What a request's meta says of its being asked for again."""

SIZE = 16
"""Bytes of a fingerprint."""


def fingerprint(request: Request, fingerprinter: RequestFingerprinterProtocol) -> bytes:
    """Return the fingerprint of a request, 16 bytes.

    A page of a list is known by its list and number, whatever its address. Any other request is known as in Scrapy;
    one that is not to be filtered also by what it continues, how often it was asked for and what is to be done with
    the answer, so that making it again, after a crash, is no second request.
    """
    meta = request.meta
    if meta_keys.LIST in meta:
        of: list[Any] = [request.cb_kwargs["name"], request.cb_kwargs["number"]]
    else:
        plain = fingerprinter.fingerprint(request)
        if not request.dont_filter:
            return plain[:SIZE]
        callback = getattr(request.callback, "__name__", "")
        of = [plain.hex(), callback, request.cb_kwargs, meta.get(meta_keys.DEPTH, 0)]
    of += [continued(request), bool(meta.get(meta_keys.BROWSER)), *(meta.get(name, 0) for name in AGAIN)]
    return blake2b(json.dumps(of, sort_keys=True).encode(), digest_size=SIZE).digest()


BY_META = {meta_keys.RETRY_TIMES: statistics.RETRIES, meta_keys.BROWSER: statistics.BROWSER_PAGES}
"""Statistics that others than Swathe count, by what a request's meta has when it adds to them."""


def acknowledgement(id_: bytes, request: Request, tally: Tally) -> Ack:
    """Return what is kept of a request that has ended."""
    counts = {**tally.counts, statistics.REQUESTS: 1 + redirects_of(request)}
    for name, statistic in BY_META.items():
        if request.meta.get(name):
            counts[statistic] = 1
    event = json.dumps(tally.event.to_json()) if tally.event else ""
    return Ack(id_, time.time_ns(), counts, tally.notes, event, request.meta.get(meta_keys.DEPTH, 0), tally.failed)


def requests_after(spider: SiteSpider, events: Sequence[tuple[ListEvent, int]]) -> Iterator[Request]:
    """Take in what came of pages of lists; yield requests for the pages that follow and of which nothing came yet."""
    answered = {(event.list, event.number) for event, _ in events}
    asks = [(ask, event.list, depth + 1) for event, depth in events for ask in spider.lists.apply(event)]
    for ask, list_, depth in asks:
        if (ask.list or list_, ask.number) not in answered and depth <= (spider.crawl_limit("max_depth") or depth):
            request = spider.lists.request_for(ask)
            request.meta[meta_keys.DEPTH] = depth
            yield request


class DeadlyRequestError(IgnoreRequest):
    """Report a request that ended its process whenever it was begun."""

    reason: ClassVar[Reason] = "own-code"


class HungPageError(IgnoreRequest):
    """Report a page that held the main thread of its process for too long."""

    reason: ClassVar[Reason] = "hung"


class GiveUpDeadly:
    """Downloader middleware that lets a deadly request fail like any page that cannot be read."""

    def process_request(self, request: Request) -> None:
        """Raise HungPageError or DeadlyRequestError for a request that is given up."""
        if what := request.meta.get(meta_keys.HUNG):
            raise HungPageError(what)
        if times := request.meta.get(meta_keys.GIVEN_UP):
            raise DeadlyRequestError(f"was begun alone {times} times, and each time the process ended: killed by it?")
