"""What a page gives is gathered, and the page itself is let go."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import TYPE_CHECKING, Any

import pytest
from scrapy.http import HtmlResponse
from scrapy.utils.test import get_crawler
from support import configured

from models.quotes import Quote
from scraper.pages.gather import GatherRecords
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
