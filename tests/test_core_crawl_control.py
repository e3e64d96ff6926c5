"""Which crawls are runs, and how a crawl's parts find theirs."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from scrapy import Spider
from scrapy.utils.test import get_crawler
from support import configured

from scraper.core.crawl_control import control_of, has_runs, stores_records, take_control
from spiders.books import BooksSpider


class Plain(Spider):
    name = "plain"


def crawler_of(spider: type[Spider]) -> Any:
    return get_crawler(spider, {"SWATHE": configured()})


def test_a_crawl_has_the_run_that_took_it_and_another_one_has_none() -> None:
    first, second, control = crawler_of(BooksSpider), crawler_of(BooksSpider), object()
    take_control(first, control)  # type: ignore[arg-type]
    assert (control_of(first), control_of(second)) == (control, None)


def test_a_run_is_let_go_with_its_crawl() -> None:
    class Control:
        gone = False

        def __del__(self) -> None:
            Control.gone = True

    take_control(crawler_of(BooksSpider), Control())  # type: ignore[arg-type]
    gc.collect()
    assert Control.gone


@pytest.mark.parametrize(
    ("spider", "priority", "stores"),
    [
        (BooksSpider, "", True),
        (Plain, "", False),
        (BooksSpider, "project", True),  # a project may have a filter of its own
        (BooksSpider, "cmdline", True),
        (BooksSpider, "command", False),  # as `scrapy shell` and `scrapy parse` say that they are no crawl
    ],
)
def test_a_crawl_of_one_of_our_spiders_stores_unless_a_command_only_looks(
    spider: type[Spider], priority: str, *, stores: bool
) -> None:
    crawler = crawler_of(spider)
    assert has_runs(crawler) is (spider is BooksSpider)
    if priority:
        crawler.settings.frozen = False
        crawler.settings.set("DUPEFILTER_CLASS", "scrapy.dupefilters.BaseDupeFilter", priority=priority)
    assert stores_records(crawler) is stores
