"""What a page gives is gathered, and the page itself is let go."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import TYPE_CHECKING, Any

import pytest
from scrapy import Request
from scrapy.http import HtmlResponse
from scrapy.utils.test import get_crawler
from support import configured

from models.quotes import Quote
from scraper.pages import visit
from scraper.pages.gather import GatherRecords
from scraper.pages.page_output import PageOutput
from scraper.pages.visit_store import VisitMemory
from scraper.select import each, first
from spiders.quotes import QuotesSpider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.crawler import Crawler

BODY = b"<div class=quote><span class=text>A</span></div>" * 3


@pytest.fixture
def crawler() -> Crawler:
    crawler = get_crawler(QuotesSpider, {"SWATHE": configured()})
    crawler.spider = QuotesSpider.from_crawler(crawler)
    return crawler


@pytest.mark.parametrize("fails", [False, True])
def test_the_tree_of_a_page_does_not_wait_for_the_garbage_collector(crawler: Crawler, *, fails: bool) -> None:
    page = HtmlResponse("http://127.0.0.1/", body=BODY, encoding="utf-8")
    trees = []

    async def read() -> AsyncIterator[Any]:
        for item in each(page, "div.quote"):
            yield Quote.found(page, text=first(item, "span.text::text"), author="B", tags=[])
        trees.append(weakref.ref(page.selector))
        if fails:
            raise LookupError

    async def gather() -> list[Any]:
        outputs = []
        try:
            async for output in GatherRecords(crawler).process_spider_output(page, read()):
                outputs.append(output)
        except LookupError:
            assert fails
        return outputs

    gc.disable()
    try:
        (records,) = asyncio.run(gather())
        assert [tree() for tree in trees] == [None]
    finally:
        gc.enable()
    assert [found.raw["text"] for found in records.records] == ["A"] * 3
    assert first(page, "span.text::text") == "A", "whoever wants it yet gets a new one"


@pytest.mark.parametrize("links", [40, 400])
def test_links_of_a_page_are_not_held_once_they_have_gone_on(
    crawler: Crawler, links: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visit, "MOST_NOTED", 10_000)
    spider, asked = crawler.spider, Request("http://127.0.0.1/")
    page = HtmlResponse("http://127.0.0.1/", body=BODY, encoding="utf-8", request=asked)
    output = PageOutput(crawler, VisitMemory(crawler), page)
    there = []
    for number in range(links):
        link = Request(f"http://127.0.0.1/{number}", spider.parse)
        assert output.take(link)
        there.append(weakref.ref(link))
    assert output.take(Quote.found(page, text="A", author="B", tags=[])) is False
    del link
    assert [link() for link in there if link() is not None] == []
    (item,) = asyncio.run(output.rest())
    assert len(item.records) == 1
    # What a page with a great many links led to is not remembered, so such a page is read each time.
    assert (item.visit is not None and len(item.visit.led_to().requests)) == (links if links == 40 else False)
