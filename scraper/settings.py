"""Scrapy's settings, made from the configuration. `scrapy.cfg` names this module."""

from __future__ import annotations

import sys

from scrapy.settings import BaseSettings, default_settings

from scraper.core.config import EVENTS, WATCH, Config, load_config
from scraper.core.project import project
from scraper.errors import SwatheError
from scraper.storage.tls import leave_out_openssl


def _prepare() -> Config:
    """Check and read everything a crawl depends on; end with one line where the `scrapy` command shows a traceback."""
    try:
        project()
        config = load_config()
    except SwatheError as error:
        sys.stderr.write(f"swathe: {error}\n")
        sys.exit(error.exit_code)
    leave_out_openssl(config.mongodb)
    # They import `models`, which the check is about.
    from scraper.crawl import item_adapter
    from scraper.fetch.http import responses

    item_adapter.register()
    responses.register()
    return config


SWATHE = _prepare()

BOT_NAME = "swathe"
SPIDER_MODULES = [project().module("spiders")]
NEWSPIDER_MODULE = SPIDER_MODULES[0]
# A broken spider is left out alone.
SPIDER_LOADER_CLASS = "scraper.spider.loader.GuardedLoader"
COMMANDS_MODULE = "scraper.scrapy_commands"

# Politeness
USER_AGENT = SWATHE.crawl.agent
ROBOTSTXT_OBEY = SWATHE.crawl.obey_robots
CONCURRENT_REQUESTS = SWATHE.crawl.concurrency
# The delay and the requests at once to one site are the ledger's, which Politeness goes by.
DOWNLOADER = "scraper.fetch.politeness.downloader.PoliteDownloader"
DOWNLOAD_DELAY = 0
CONCURRENT_REQUESTS_PER_DOMAIN = SWATHE.crawl.concurrency
DOWNLOAD_TIMEOUT = SWATHE.crawl.timeout_s
RETRY_TIMES = SWATHE.crawl.retries
# Those from 520 are Cloudflare's for a server behind it that does not answer. 429 and 503 are Politeness's where it is.
RETRY_HTTP_CODES = [408, 429, 500, 502, 503, 504, *range(520, 531)]
# Scrapy imports what is named here, and its handler with TunnelError, whose place ProxyFailedError takes in ours.
RETRY_EXCEPTIONS = [error for error in default_settings.RETRY_EXCEPTIONS if not str(error).endswith(".TunnelError")]
REDIRECT_MAX_TIMES = SWATHE.crawl.max_redirects

# Safety
DOWNLOAD_VERIFY_CERTIFICATES = SWATHE.crawl.verify_certificates
# Without Twisted's reactor Scrapy puts its own handlers here, which connect to any address; this priority keeps ours.
DOWNLOAD_HANDLERS_BASE = BaseSettings(
    {
        "http": "scraper.fetch.proxies.handler.ProxiedHandler",
        "https": "scraper.fetch.proxies.handler.ProxiedHandler",
        "data": default_settings.DOWNLOAD_HANDLERS_BASE["data"],
        "file": None,
        "ftp": None,
        "s3": None,
    },
    "cmdline",
)
DOWNLOAD_MAXSIZE = SWATHE.crawl.max_page_mb * 2**20
DOWNLOAD_WARNSIZE = 0
# Scrapy's own policy tells other sites which page led to them.
REFERRER_POLICY = "same-origin"
MEMUSAGE_LIMIT_MB = SWATHE.crawl.memory_limit_mb
TELNETCONSOLE_ENABLED = False

# What is still to be asked for
REQUEST_FINGERPRINTER_CLASS = "scraper.fetch.http.continued.Fingerprinter"
SCHEDULER = "scraper.frontier.scheduler.LeaseScheduler"

# Ours are in the settings that end in _BASE: what others enable, as the manual of a plugin says, is added to them and
# never takes their place. None switches one off by its name.

# The data's way
# What a record goes through before it is stored; pages that are kept and read again go the same way.
RECORD_STEPS = {"pipelines.clean.CleanPipeline": 100, "pipelines.validate.ValidatePipeline": 200}
ITEM_PIPELINES_BASE = {**RECORD_STEPS, "pipelines.store.StorePipeline": 300}
ITEM_PROCESSOR = "scraper.crawl.item_processor.ItemProcessor"
# Called with the configuration and the run's id once a crawl has come to its verdict, in whatever way.
AFTER_CRAWL = ["scraper.schedule.alerts.watcher.after_crawl"]
# Other programs that listen; without them nothing of it is imported.
LISTENING = {"scraper.events.publisher.PublishEvents": 0} if EVENTS in SWATHE.listeners else {}
if LISTENING:
    AFTER_CRAWL.append("scraper.events.publisher.after_crawl")
if WATCH in SWATHE.listeners:
    AFTER_CRAWL.append("scraper.watch.teller.after_crawl")
# What of Scrapy's own parts is not wanted. Scrapy also imports what is set to None, and RemoteControl brings aiohttp: a
# tenth of a second. MetaCopyDetection looks for a mistake in the code of spiders, on every page.
REPLACED = {
    "scrapy.extensions.remote_control.RemoteControl",
    "scrapy.extensions.feedexport.FeedExporter",
    "scrapy.extensions.memusage.MemoryUsage",
    "scrapy.spidermiddlewares.depth.DepthMiddleware",
    "scrapy.spidermiddlewares.metacopy.MetaCopyDetectionMiddleware",
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware",
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware",
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware",
    "scrapy.downloadermiddlewares.cookies.CookiesMiddleware",
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware",
    "scrapy.downloadermiddlewares.httpproxy.HttpProxyMiddleware",
}


def _base(of_scrapy: dict[str, int], ours: dict[str, int]) -> dict[str, int]:
    return {**{path: order for path, order in of_scrapy.items() if path not in REPLACED}, **ours}


EXTENSIONS_BASE = _base(
    default_settings.EXTENSIONS_BASE,
    {
        "scraper.runs.recorder.RunRecorder": 0,
        "scraper.crawl.limits.MemoryLimit": 0,
        "scraper.runs.metrics.CrawlMetrics": 0,
        "scraper.pages.visit_store.VisitMemory": 0,
        "scraper.runs.retention.PruneAfterCrawl": 0,
        "scraper.pages.gather.RecordFeeds": 0,
        **LISTENING,
    },
)
SPIDER_MIDDLEWARES_BASE = _base(
    default_settings.SPIDER_MIDDLEWARES_BASE,
    {
        "scraper.crawl.failures.PageFailures": 10,
        "scraper.crawl.limits.DepthLimit": 900,
        "scraper.pages.keep.KeepPages": 950,
        "scraper.pages.gather.GatherRecords": 1000,
    },
)
DOWNLOADER_MIDDLEWARES_BASE = _base(
    default_settings.DOWNLOADER_MIDDLEWARES_BASE,
    {
        "scraper.frontier.requests.GiveUpDeadly": 20,
        "scraper.pages.revalidation.Revalidation": 30,
        "scraper.login.Session": 40,
        "scraper.crawl.limits.PageLimit": 50,
        "scraper.fetch.politeness.robots.RobotsTxt": 100,
        "scraper.fetch.http.redirects.SiteRefreshes": 580,
        "scraper.fetch.http.whole_pages.WholePages": 585,
        "scraper.fetch.http.markup.BoundedMarkup": 588,
        "scraper.fetch.http.compression.BoundedCompression": 590,
        "scraper.fetch.http.redirects.SiteRedirects": 600,
        "scraper.fetch.http.cookies.BoundedCookies": 700,
        "scraper.fetch.proxies.handler.ProxyMiddleware": 750,
        "scraper.fetch.http.saved_pages.SavedPages": 950,
        # Behind Scrapy's cache: what is not asked for waits for nobody.
        "scraper.fetch.politeness.middleware.Politeness": 960,
    },
)
STATS_CLASS = "scraper.crawl.request_stats.Statistics"
FEED_EXPORT_ENCODING = "utf-8"
# Scrapy makes this many tasks for every page, whatever is on it; its default of 100 costs more than parsing.
CONCURRENT_ITEMS = 3
# Scrapy would read the source of the callback anew for every third page: what it has found out of a bound method, it
# keeps as long as that lives.
WARN_ON_GENERATOR_RETURN_VALUE = False

LOG_LEVEL = SWATHE.crawl.log_level
LOG_FORMATTER = "scraper.crawl.log_formatter.ShortLogFormatter"
