"""A site is asked whether a page has changed, and "not modified" is believed only of a page that is known."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from scrapy import Request
from scrapy.exceptions import NotConfigured
from scrapy.http import Response
from scrapy.utils.test import get_crawler
from support import configured

from scraper.core import meta, statistics
from scraper.pages.revalidation import Revalidation
from scraper.pages.visit import NOT_MODIFIED, PageVisit
from scraper.pages.visit_store import VisitMemory, is_askable, is_rememberable
from spiders.quotes import QuotesSpider

URL = "http://127.0.0.1/1"


class Known(VisitMemory):
    """A memory that knows one page."""

    visit = PageVisit(b"k", URL, b"d", etag='"etag"', last_modified="Sat, 21 Nov 2026 12:00:00 GMT")

    async def recall(self, request: Request) -> PageVisit | None:
        """Return what came of it."""
        if request.url == URL:
            self._of[request] = self.visit
        return self.of(request)


@pytest.fixture
def middleware() -> Revalidation:
    crawler: Any = get_crawler(QuotesSpider, {"SWATHE": configured()})
    crawler.spider = QuotesSpider.from_crawler(crawler)
    return Revalidation(crawler, Known(crawler))


def asked(middleware: Revalidation, request: Request) -> dict[str, str]:
    asyncio.run(middleware.process_request(request))
    return {name.decode(): values[0].decode() for name, values in request.headers.items()}


def test_a_known_page_is_asked_for_with_what_the_site_can_tell_it_by(middleware: Revalidation) -> None:
    told = {"If-None-Match": '"etag"', "If-Modified-Since": "Sat, 21 Nov 2026 12:00:00 GMT"}
    assert asked(middleware, Request(URL)) == told
    own = {"If-None-Match": '"mine"'}
    assert asked(middleware, Request(URL, headers=own)) == told | own, "what the spider says itself stays"
    assert asked(middleware, Request(f"{URL}0")) == {}


@pytest.mark.parametrize(
    "request_",
    [
        Request(URL, method="POST", body=b"a=1"),
        Request(URL, method="HEAD"),
        Request(URL, meta={meta.BROWSER: {"wait_for": "a"}}),
        Request(URL, meta={meta.NO_BROWSER: True}),
        Request(URL, meta={meta.DONT_OBEY_ROBOTSTXT: True}),
        Request(URL, meta={meta.LOGIN: True}),
        Request(URL, meta={meta.BINARY_ALLOWED: True}),
    ],
)
def test_what_depends_on_more_than_the_address_is_asked_for_plainly(
    middleware: Revalidation, request_: Request
) -> None:
    assert not is_askable(request_)
    before = dict(request_.headers)
    asyncio.run(middleware.process_request(request_))
    assert dict(request_.headers) == before


def test_a_page_that_is_not_modified_goes_on_from_what_was_kept_of_it(middleware: Revalidation) -> None:
    request = Request(URL)
    asyncio.run(middleware.process_request(request))
    page = middleware.process_response(request, Response(URL, status=304, flags=["cached"]))
    assert (page.status, page.body, page.flags) == (200, b"", ["cached", NOT_MODIFIED])
    assert request.callback == middleware._go_on
    assert middleware._crawler.stats.get_value(statistics.PAGES_NOT_MODIFIED) == 1
    assert list(middleware._go_on(page)) == [], "it led nowhere"


def test_not_modified_of_a_page_that_nobody_knows_is_an_answer_like_any_other(middleware: Revalidation) -> None:
    request, answer = Request(f"{URL}0"), Response(f"{URL}0", status=304)
    asyncio.run(middleware.process_request(request))
    assert middleware.process_response(request, answer) is answer
    fresh = Response(URL, status=200)
    known = Request(URL)
    asyncio.run(middleware.process_request(known))
    assert middleware.process_response(known, fresh) is fresh
    assert middleware._crawler.stats.get_value(statistics.PAGES_NOT_MODIFIED) is None


@pytest.mark.parametrize("settings", [{}, {"FEEDS": {"out.json": {}}}])
def test_where_every_page_is_read_no_site_is_asked(settings: dict[str, Any]) -> None:
    crawler = get_crawler(QuotesSpider, {"SWATHE": configured(), **settings})
    if settings:
        crawler.get_extension = lambda _: VisitMemory(crawler)  # type: ignore[method-assign, assignment]
    with pytest.raises(NotConfigured):
        Revalidation.from_crawler(crawler)


def test_a_page_is_remembered_that_its_address_alone_tells() -> None:
    def page(status: int = 200, flags: list[str] | None = None, **given: Any) -> Response:
        return Response(URL, status=status, flags=flags, request=Request(URL, **given))

    assert is_rememberable(page())
    assert not is_rememberable(Response(URL))
    assert not is_rememberable(page(404))
    assert not is_rememberable(page(flags=[NOT_MODIFIED]))
    assert not is_rememberable(page(method="POST"))
