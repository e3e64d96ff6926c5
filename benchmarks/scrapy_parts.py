"""A pytest plugin for Scrapy's own tests: Swathe's parts in the place of those of Scrapy that they replace.

What a test builds by a class is ours by the class; what it builds by settings is ours by the add-on, as in a project of
Scrapy's. The configuration is the one with which Swathe and Scrapy are to do the same.
"""

from __future__ import annotations

import os
from types import ModuleType

AS_SCRAPY = {
    "SWATHE_CRAWL_OBEY_ROBOTS": "false",
    "SWATHE_CRAWL_VERIFY_CERTIFICATES": "false",
    "SWATHE_CRAWL_ALLOW_PRIVATE": "127.0.0.0/8",
}
os.environ.update(AS_SCRAPY)

from scrapy.core.downloader.handlers import http11  # noqa: E402
from scrapy.crawler import Crawler  # noqa: E402
from scrapy.downloadermiddlewares import cookies, httpcompression, redirect, robotstxt  # noqa: E402
from scrapy.settings import default_settings  # noqa: E402
from scrapy.spidermiddlewares import depth  # noqa: E402

from scraper.crawl.limits import DepthLimit  # noqa: E402
from scraper.fetch.http.compression import BoundedCompression  # noqa: E402
from scraper.fetch.http.cookies import BoundedCookies  # noqa: E402
from scraper.fetch.http.direct_handler import DirectHandler  # noqa: E402
from scraper.fetch.http.handler import CheckedHttp  # noqa: E402
from scraper.fetch.http.redirects import SiteRedirects, SiteRefreshes  # noqa: E402
from scraper.fetch.politeness.robots import RobotsTxt  # noqa: E402

PARTS: dict[ModuleType, dict[str, type]] = {
    redirect: {"RedirectMiddleware": SiteRedirects, "MetaRefreshMiddleware": SiteRefreshes},
    cookies: {"CookiesMiddleware": BoundedCookies},
    httpcompression: {"HttpCompressionMiddleware": BoundedCompression},
    robotstxt: {"RobotsTxtMiddleware": RobotsTxt},
    depth: {"DepthMiddleware": DepthLimit},
    http11: {"HTTP11DownloadHandler": DirectHandler},
}
assert issubclass(CheckedHttp, http11.HTTP11DownloadHandler)  # it is one before the name means ours

for module, parts in PARTS.items():
    for name, part in parts.items():
        setattr(module, name, part)
default_settings.ADDONS = {"scraper.addon.Swathe": 300}

_component = Crawler.get_downloader_middleware


def _component_if_any(crawler: Crawler, kind: type) -> object:
    """Return None for a crawler without an engine, which Scrapy refuses: tests use a middleware by itself."""
    return _component(crawler, kind) if getattr(crawler, "_engine", None) else None


Crawler.get_downloader_middleware = _component_if_any  # type: ignore[method-assign,assignment]
