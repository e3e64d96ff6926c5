"""What came of a list's pages can be written as data and taken in again, in whole or in part, instead of the pages."""

from __future__ import annotations

import json
import random
import urllib.error
import urllib.request
from collections import deque
from typing import TYPE_CHECKING, Any

import pytest
from paged_spiders import Next
from scrapy import Request
from scrapy.http import HtmlResponse, TextResponse
from scrapy.spidermiddlewares.httperror import HttpError
from scrapy.utils.spider import iter_spider_classes
from scrapy.utils.test import get_crawler
from support import configured
from twisted.python.failure import Failure

from models.quotes import Quote
from scraper.crawl.failures import PageFailures
from scraper.crawl.limits import PageLimitReachedError
from scraper.crawl.request_json import request_from_json, request_to_json
from scraper.errors import UnstorableRequestError
from scraper.paging.account import account_for
from scraper.paging.facts import ListEvent

if TYPE_CHECKING:
    from collections.abc import Iterator

    from practice import PracticeServer

    from scraper.spider import SiteSpider

import paged_spiders

SPIDERS = {spider.name: spider for spider in iter_spider_classes(paged_spiders)}


def spider_at(name: str, start: str) -> SiteSpider:
    crawler = get_crawler(SPIDERS[name], {"SWATHE": configured(), "DOWNLOAD_SLOTS": {}})
    spider = SPIDERS[name].from_crawler(crawler, start=start)
    crawler.spider = spider
    crawler.spider_middlewares = None
    return spider


def answer(request: Request) -> TextResponse:
    wanted = urllib.request.Request(request.url, data=request.body or None, method=request.method)
    for header, values in request.headers.items():
        wanted.add_header(header.decode(), values[0].decode())
    try:
        with urllib.request.urlopen(wanted) as response:
            status, headers, body = response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        status, headers, body = error.code, error.headers, error.read()
    kind = HtmlResponse if "html" in headers["Content-Type"] else TextResponse
    return kind(request.url, status=status, headers=dict(headers), body=body, request=request)


def outputs_of(spider: SiteSpider, request: Request) -> Iterator[Any]:
    response = answer(request)
    if response.status == 200:
        assert request.callback is not None
        return request.callback(response, **request.cb_kwargs)
    failure = Failure(HttpError(response))
    failure.request = request  # type: ignore[attr-defined]
    assert request.errback is not None
    return request.errback(failure)


def crawled(
    spider: SiteSpider, requests: list[Request], pages: int | None = None, events: list[ListEvent] | None = None
) -> list[Request]:
    """Read pages one after the other; return the requests that are left when `pages` of them were read.

    `events` gets what came of each.
    """
    waiting = deque(requests)
    while waiting and pages != 0:
        asked = waiting.popleft()
        for output in outputs_of(spider, asked):
            if isinstance(output, Request) and output.callback == spider.on_list_page:
                waiting.append(output)
        event = spider.lists.event_of(asked)
        assert event is not None
        if events is not None:
            events.append(event)
        pages = None if pages is None else pages - 1
    return list(waiting)


def crawled_in_any_order(spider: SiteSpider, requests: list[Request], order: random.Random) -> None:
    """Read pages as they may arrive that were asked for side by side."""
    waiting = list(requests)
    while waiting:
        outputs = outputs_of(spider, waiting.pop(order.randrange(len(waiting))))
        waiting += [
            output for output in outputs if isinstance(output, Request) and output.callback == spider.on_list_page
        ]


def told(spider: SiteSpider) -> dict[str, Any]:
    """Return what is known of every list."""
    return {
        name: (chain.top, chain.found, chain.total, chain.last, chain.end, account_for(chain))
        for name, chain in spider.lists.chains.items()
    }


LISTS = [
    ("next", "lists/last-empty/"),
    ("next-stated", "lists/stated-next/"),
    ("numbers", "lists/numbers/"),
    ("numbers", "lists/numbers-404/"),
    ("offset-total", "lists/offset/"),
    ("api-cursor", "lists/api/cursor"),
    ("form", "lists/form/"),
    ("archive", "lists/archive/"),
]


@pytest.mark.parametrize(("name", "path"), LISTS)
@pytest.mark.parametrize("pages_before", [1, 3, 7])
def test_a_crawl_that_takes_in_what_came_before_ends_like_one_that_was_not_interrupted(
    site: PracticeServer, name: str, path: str, pages_before: int
) -> None:
    whole = spider_at(name, f"{site.url}{path}")
    assert not crawled(whole, [whole.lists.first_request()])

    first = spider_at(name, f"{site.url}{path}")
    events: list[ListEvent] = []
    left = crawled(first, [first.lists.first_request()], pages_before, events)

    second = spider_at(name, f"{site.url}{path}")
    for event in events:
        second.lists.apply(ListEvent.from_json(json.loads(json.dumps(event.to_json()))))
    stored = [request_to_json(request, first) for request in left]
    assert not crawled(second, [request_from_json(text, second) for text in stored])
    assert told(second) == told(whole)


@pytest.mark.parametrize(("name", "path"), [("next", "quotes/"), *LISTS[:4]])
def test_events_may_come_in_any_order(site: PracticeServer, name: str, path: str) -> None:
    whole = spider_at(name, f"{site.url}{path}")
    events: list[ListEvent] = []
    crawled(whole, [whole.lists.first_request()], events=events)

    second = spider_at(name, f"{site.url}{path}")
    read = [event for event in events if event.what == "read"]
    asks = [ask for event in reversed(read) for ask in second.lists.apply(event)]
    known = {event.number for event in read}
    left = [second.lists.request_for(ask) for ask in asks if ask.number not in known]
    assert sorted({request.cb_kwargs["number"] for request in left}) == sorted(
        event.number for event in events if event.number not in known
    )
    crawled(second, left)
    assert {chain: facts[:2] for chain, facts in told(second).items()} == {
        chain: facts[:2] for chain, facts in told(whole).items()
    }


def test_an_event_that_is_taken_in_twice_changes_nothing(site: PracticeServer) -> None:
    spider = spider_at("next-stated", f"{site.url}lists/stated-next/")
    events: list[ListEvent] = []
    crawled(spider, [spider.lists.first_request()], events=events)
    before = told(spider)
    for event in events:
        assert spider.lists.apply(event) == []
    assert told(spider) == before


def test_a_page_that_was_left_out_for_a_limit_is_known_after_a_crash(site: PracticeServer) -> None:
    first, second = (spider_at("next", f"{site.url}quotes/") for _ in range(2))
    events: list[ListEvent] = []
    (left,) = crawled(first, [first.lists.first_request()], 2, events)
    failure = Failure(PageLimitReachedError("the limit of 2 pages was reached"))
    failure.request = left  # type: ignore[attr-defined]
    first.crawler.get_spider_middleware = lambda _: failures  # type: ignore[method-assign]
    failures = PageFailures(first.crawler)
    assert not list(first.lists.failed(failure))
    assert failures.problems == []
    event = first.lists.event_of(left)
    assert event is not None
    for one in [*events, event]:
        second.lists.apply(ListEvent.from_json(json.loads(json.dumps(one.to_json()))))
    (chain,) = second.lists.chains.values()
    assert chain.limited


def test_a_request_comes_back_from_plain_data_as_it_was() -> None:
    spider = spider_at("next", "http://127.0.0.1:9/")
    request = Request(
        "http://127.0.0.1:9/a?b=ü",
        spider.on_list_page,
        "POST",
        headers={"X-A": ["1", "2"]},
        body=b"\x00\xff",
        cookies={"c": "d"},
        meta={"depth": 2},
        priority=-3,
        dont_filter=True,
        errback=spider.on_list_failure,
        flags=["f"],
        cb_kwargs={"name": "n", "number": 2, "state": {"a": [1]}},
    )
    back = request_from_json(request_to_json(request, spider), spider)
    for attribute in Request.attributes:
        assert getattr(back, attribute) == getattr(request, attribute), attribute


def test_a_request_that_cannot_be_stored_says_which_and_why() -> None:
    spider = spider_at("next", "http://127.0.0.1:9/")
    with pytest.raises(UnstorableRequestError, match=r"9/x has the callback .*<lambda>, expected a method"):
        request_to_json(Request("http://127.0.0.1:9/x", lambda response: None), spider)
    with pytest.raises(UnstorableRequestError, match=r"meta that is no plain data .*Quote"):
        request_to_json(Request("http://127.0.0.1:9/x", meta={"item": Quote()}), spider)
    odd = Request("http://x/", cb_kwargs={"of": [{1: "x", "1": "y"}]})
    with pytest.raises(UnstorableRequestError, match="has a cb_kwargs with the key 1, expected texts as keys"):
        request_to_json(odd, spider)
    with pytest.raises(UnstorableRequestError, match="calls 'gone', which the spider 'next' no longer has"):
        request_from_json('{"url": "http://127.0.0.1:9/x", "callback": "gone"}', spider)
    other = Next.from_crawler(spider.crawler)
    with pytest.raises(UnstorableRequestError, match="on_list_page"):
        request_to_json(Request("http://127.0.0.1:9/x", other.on_list_page), spider)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("numbers", "lists/numbers/"),
        ("numbers-query", "lists/clamped/"),
        ("numbers-stated", "lists/stated/"),
        ("offset", "lists/offset/"),
        ("next", "lists/totals/growing/"),
    ],
)
def test_pages_may_arrive_in_any_order(site: PracticeServer, name: str, path: str) -> None:
    for seed in range(12):
        spider = spider_at(name, f"{site.url}{path}")
        crawled_in_any_order(spider, [spider.lists.first_request()], random.Random(seed))
        (chain,) = spider.lists.chains.values()
        assert account_for(chain).gaps == [], f"seed {seed}"
