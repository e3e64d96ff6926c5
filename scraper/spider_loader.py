"""The spiders of this project by name, and Scrapy's settings of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from scrapy.spiderloader import get_spider_loader
from scrapy.utils.project import get_project_settings

from scraper.core.project import project
from scraper.errors import UsageError, expected_one_of
from scraper.spider import SiteSpider

if TYPE_CHECKING:
    from scrapy.settings import Settings
    from scrapy.spiderloader import SpiderLoaderProtocol


def project_settings() -> Settings:
    """Return Scrapy's settings of this project, from whatever folder the command was started in."""
    os.environ["SCRAPY_SETTINGS_MODULE"] = project().settings
    return get_project_settings()


def spider_class(name: str, loader: SpiderLoaderProtocol | None = None) -> type[SiteSpider]:
    """Return the spider of that name; raise UsageError, naming the ones there are."""
    loader = loader or get_spider_loader(project_settings())
    if name not in loader.list():
        raise UsageError(f"there is no spider '{name}': {expected_one_of(name, loader.list())}")
    spider = loader.load(name)
    if not issubclass(spider, SiteSpider):
        raise UsageError(f"spider '{name}' is a {spider.__mro__[1].__name__}, expected a scraper.spider.SiteSpider")
    return spider


def all_spiders() -> dict[str, type[SiteSpider]]:
    """Return the spiders by name."""
    loader = get_spider_loader(project_settings())
    return {name: spider_class(name, loader) for name in sorted(loader.list())}
