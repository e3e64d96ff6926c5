"""Scrapy's settings, made from the configuration. `scrapy.cfg` names this module."""

from __future__ import annotations

import sys

from scraper.config import Config, load_config
from scraper.errors import SwatheError
from scraper.origin import check_origin


def _prepare() -> Config:
    """Check and read everything a crawl depends on; end with one line where the `scrapy` command shows a traceback."""
    try:
        check_origin()
        config = load_config()
    except SwatheError as error:
        sys.stderr.write(f"swathe: {error}\n")
        sys.exit(error.exit_code)
    # Imports `models`, which the check is about.
    from scraper.items import register

    register()
    return config


SWATHE = _prepare()

BOT_NAME = "swathe"
SPIDER_MODULES = ["spiders"]
NEWSPIDER_MODULE = "spiders"
COMMANDS_MODULE = "scraper.commands"

# Politeness
USER_AGENT = SWATHE.crawl.agent
ROBOTSTXT_OBEY = SWATHE.crawl.obey_robots
DOWNLOAD_DELAY = SWATHE.crawl.delay_s
CONCURRENT_REQUESTS = SWATHE.crawl.concurrency
CONCURRENT_REQUESTS_PER_DOMAIN = SWATHE.crawl.concurrency_per_site
DOWNLOAD_SLOTS = {
    host: {"delay": 0, "concurrency": SWATHE.crawl.concurrency} for host in ("127.0.0.1", "localhost", "::1")
}
DOWNLOAD_TIMEOUT = SWATHE.crawl.timeout_s
RETRY_TIMES = SWATHE.crawl.retries
REDIRECT_MAX_TIMES = SWATHE.crawl.max_redirects

# Safety
DOWNLOAD_VERIFY_CERTIFICATES = SWATHE.crawl.verify_certificates
DOWNLOAD_HANDLERS = {
    "http": "scraper.browser.handler.BrowserHandler",
    "https": "scraper.browser.handler.BrowserHandler",
    "file": None,
    "ftp": None,
    "s3": None,
    "data": None,
}
DOWNLOAD_MAXSIZE = SWATHE.crawl.max_page_mb * 2**20
DOWNLOAD_WARNSIZE = 0
MEMUSAGE_LIMIT_MB = SWATHE.crawl.memory_limit_mb
REMOTE_CONTROL_ENABLED = False
TELNETCONSOLE_ENABLED = False

# What is still to be asked for
SCHEDULER = "scraper.frontier.scheduler.LeaseScheduler"

# The data's way
ITEM_PIPELINES = {
    "pipelines.clean.CleanPipeline": 100,
    "pipelines.validate.ValidatePipeline": 200,
    "pipelines.store.StorePipeline": 300,
}
EXTENSIONS = {
    "scraper.run_recorder.RunRecorder": 0,
    "scrapy.extensions.feedexport.FeedExporter": None,
    "scraper.gathering.RecordFeeds": 0,
}
SPIDER_MIDDLEWARES = {
    "scraper.failures.PageFailures": 10,
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
    "scraper.page_limit.DepthLimit": 900,
    "scraper.gathering.GatherRecords": 1000,
}
DOWNLOADER_MIDDLEWARES = {
    "scraper.frontier.restore.GiveUpDeadly": 30,
    "scraper.login.Session": 40,
    "scraper.page_limit.PageLimit": 50,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    "scraper.failures.SiteRedirects": 600,
}
FEED_EXPORT_ENCODING = "utf-8"
# Scrapy makes this many tasks for every page, whatever is on it; its default of 100 costs more than parsing.
CONCURRENT_ITEMS = 10

LOG_LEVEL = SWATHE.crawl.log_level
LOG_FORMATTER = "scraper.log_formatter.ShortLogFormatter"
