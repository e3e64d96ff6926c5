"""A crawl whose spider logs what pages say, and secrets, in every way that a log line can hold them.

Run as a program with the test's environment: `python tests/observed_crawl.py URL`.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

from scrapy.crawler import AsyncCrawlerProcess

from models.quotes import Quote
from scraper.core.log import log_crawl
from scraper.runs.crawl import crawl as run_crawl
from scraper.spider import SiteSpider
from scraper.spider.loader import project_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger("talkative")


class Talkative(SiteSpider):
    """Says too much."""

    name = "talkative"
    start_url = "http://127.0.0.1/"
    records = (Quote,)

    def parse(self, response: Any) -> Iterator[Any]:
        """Log a page's title, and the secrets as message, as arguments and in a traceback."""
        logger.warning("title %s", response.css("title::text").get())
        logger.warning("as a message: planted-pass and redis://:queue-pass@127.0.0.1/0")
        logger.warning("as arguments: %s %r", "planted-pass", {b"Authorization": [b"Basic c2VjcmV0"], "n": 1})
        logger.warning("Cookie: session=cookie-value", extra={"note": "planted-pass", "page": response})
        raise ValueError("the error has planted-pass in it")
        yield


if __name__ == "__main__":
    settings = project_settings()
    log_crawl(settings, Talkative.name)
    run_crawl(Talkative, {"start": sys.argv[1]}, AsyncCrawlerProcess(settings))
