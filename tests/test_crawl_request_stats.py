"""Counting comes to the same as with Scrapy's own statistics."""

from __future__ import annotations

from typing import Any

import pytest
from scrapy import Spider
from scrapy.crawler import Crawler
from scrapy.statscollectors import MemoryStatsCollector

from scraper.crawl.request_stats import Statistics
from scraper.spider.loader import project_settings


@pytest.mark.filterwarnings("ignore:Passing a 'spider' argument:scrapy.exceptions.ScrapyDeprecationWarning")
def test_every_way_to_count_comes_to_what_it_comes_to_in_scrapy(caplog: pytest.LogCaptureFixture) -> None:
    found = []
    for kind in (MemoryStatsCollector, Statistics):
        crawler = Crawler(Spider)
        crawler.settings.set("STATS_DUMP", True, priority="cmdline")
        crawler.spider = spider = Spider("any")
        stats: Any = kind(crawler)
        stats.set_stats({"a": 1})
        stats.open_spider()
        for count in (stats.inc_value, stats.max_value, stats.min_value, stats.set_value):
            count(count.__name__, 3)
            count(count.__name__, 2)
        stats.inc_value("a", 2, start=5, spider=spider)
        stats.inc_value("b", start=5)
        seen = [stats.get_value("a"), stats.get_value("none", 7, spider), dict(stats.get_stats()), str(stats)]
        caplog.clear()
        stats.close_spider(reason="finished")
        found.append([*seen, stats.spider_stats, caplog.text.partition("Dumping")[2]])
        stats.clear_stats()
        assert stats.get_stats() == {}
    assert found[0] == found[1]


def test_the_statistics_of_a_crawl_are_these_unless_a_project_has_others() -> None:
    settings = project_settings()
    assert settings["STATS_CLASS"] == f"{Statistics.__module__}.{Statistics.__qualname__}"
    assert settings.getpriority("STATS_CLASS") == 20
