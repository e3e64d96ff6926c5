"""Tell a crawl from `scrapy shell` and the like, which open a spider, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scraper.spider import SiteSpider

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


def stores_records(crawler: Crawler) -> bool:
    """Return whether this is a crawl of one of our spiders; `scrapy shell` and `fetch` open a spider, too."""
    in_shell = crawler.settings["DUPEFILTER_CLASS"] == "scrapy.dupefilters.BaseDupeFilter"
    return issubclass(crawler.spidercls, SiteSpider) and not in_shell
