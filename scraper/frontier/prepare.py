"""Turn requests into what is stored of them, and back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from scraper.core import meta as meta_keys
from scraper.crawl.request_json import request_from_json, request_to_json
from scraper.frontier.fingerprints import fingerprint
from scraper.frontier.protocol import Put

if TYPE_CHECKING:
    from bson import ObjectId
    from scrapy import Request
    from scrapy.crawler import Crawler

    from scraper.frontier.protocol import Taken
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
        if taken.alone >= DEADLY:
            request.meta[meta_keys.GIVEN_UP] = taken.alone
        deaths = 1 + taken.alone if taken.taken > SUSPECT and taken.alone < DEADLY else 0
        return Put(taken.id, request, "", taken.priority, taken.seq, deaths=deaths)
