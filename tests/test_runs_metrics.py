"""The numbers of a crawl: those that the manual names, of what it has done so far, on loopback and only when asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from practice import PracticeServer
from scrapy import Spider
from scrapy.exceptions import NotConfigured
from scrapy.utils.test import get_crawler
from served_numbers import listening, manual, metrics_url, numbers, of_swathe
from support import configured, until

from scraper.runs.metrics import CrawlMetrics
from spiders.books import BooksSpider

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support import Swathe


@pytest.fixture
def slow() -> Iterator[PracticeServer]:
    """A site whose pages take their time, so that a crawl can be asked in the middle."""
    with PracticeServer(latency_ms=150) as site:
        yield site


def test_a_running_crawl_serves_its_numbers_on_loopback_alone(swathe: Swathe, slow: PracticeServer) -> None:
    start = f"{slow.url}quotes/"
    crawl = swathe.start("crawl", "quotes", "--start", start, "--verbose", SWATHE_METRICS_ADDRESS="127.0.0.1:0")
    try:
        url = metrics_url(crawl)
        found = until(lambda: (now := numbers(url))["swathe_records_total"]["new quotes"] > 0 and now, "records")
        assert listening(crawl.pid) == {"0100007F"}
    finally:
        _, log = crawl.communicate(timeout=60)
    assert crawl.returncode in (0, 3), log
    assert "ResourceWarning" not in log
    assert 0 < found["swathe_pages_total"]["quotes"] <= found["swathe_requests_total"]["quotes"] <= len(slow.requests)
    assert set(found["swathe_records_total"]) == {
        f"{outcome} quotes" for outcome in ("new", "changed", "unchanged", "refused", "gone")
    }
    assert found["swathe_active_requests"]["quotes"] >= 0
    # Nothing has failed, so the one of the reasons has no sample.
    assert manual("Of a crawl", "Of a scheduler") - {"swathe_failed_pages_total"} == of_swathe(found)


def test_a_crawl_without_an_address_listens_nowhere(swathe: Swathe, slow: PracticeServer) -> None:
    crawl = swathe.start("crawl", "quotes-table", "--start", f"{slow.url}quotes/tableful/")
    try:
        until(lambda: len(slow.requests) > 2, "some pages")
        assert listening(crawl.pid) == set()
    finally:
        crawl.communicate(timeout=60)


@pytest.mark.parametrize(("address", "spider"), [("", BooksSpider), ("127.0.0.1:0", Spider)])
def test_numbers_are_served_only_of_runs_and_where_an_address_is_given(address: str, spider: type[Spider]) -> None:
    settings = {"SWATHE": configured(SWATHE_METRICS_ADDRESS=address)}
    with pytest.raises(NotConfigured):
        CrawlMetrics.from_crawler(get_crawler(spider, settings))
    served = {"SWATHE": configured(SWATHE_METRICS_ADDRESS="127.0.0.1:0")}
    assert CrawlMetrics.from_crawler(get_crawler(BooksSpider, served))
