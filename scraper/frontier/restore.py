"""What is kept of a request that has ended, and what a run that goes on makes of it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, ClassVar

from scrapy.exceptions import IgnoreRequest

from scraper.core import meta as meta_keys
from scraper.core import statistics
from scraper.fetch.http.continued import redirects_of
from scraper.frontier.protocol import Ack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scrapy import Request

    from scraper.core.failed_page import Reason
    from scraper.crawl.request_stats import Tally
    from scraper.paging.facts import ListEvent
    from scraper.spider import SiteSpider

BY_META = {meta_keys.RETRY_TIMES: statistics.RETRIES, "browser": statistics.BROWSER_PAGES}
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
        if (ask.list or list_, ask.number) not in answered and depth <= (spider.max_depth or depth):
            request = spider.lists.request_for(ask)
            request.meta[meta_keys.DEPTH] = depth
            yield request


class DeadlyRequestError(IgnoreRequest):
    """Report a request that ended its process whenever it was begun."""

    reason: ClassVar[Reason] = "own-code"


class GiveUpDeadly:
    """Downloader middleware that lets a deadly request fail like any page that cannot be read."""

    def process_request(self, request: Request) -> None:
        """Raise DeadlyRequestError for a request that is given up."""
        if times := request.meta.get(meta_keys.GIVEN_UP):
            raise DeadlyRequestError(f"was begun alone {times} times, and each time the process ended: killed by it?")
