"""Every key of `request.meta` that Swathe writes or reads: what it says, who writes it, who reads it.

A request is stored with its meta, so a value is plain data, and a key keeps its name from one version to the next.
"""

from __future__ import annotations

from typing import Final

# What a spider may set
MAY_FAIL: Final = "may_fail"
"""bool: the spider does without the page. Read by `crawl/failures.py`."""
BROWSER: Final = "browser"
"""dict of `wait_for`, `actions`, `keep_json`, `screenshot`: the page is to be rendered (`fetch/browser/handler.py`).

Written by a spider, `crawl/list_reader.py` and `crawl/page_reader.py`."""
PROXY: Final = "proxy"
"""str: the name of a proxy of [proxies], or, as with Scrapy, the address of one; None for none."""
DOUBTED_PROXIES: Final = "swathe_doubted_proxies"
"""dict: proxies through which the page did not come, and what they or the site did. `fetch/proxies/router.py`."""

DOWNLOAD_SLOT: Final = "download_slot"
"""str: the slot of the downloader, whose delay is that of `DOWNLOAD_SLOTS`; Scrapy's, which notes a host there too."""

# Lists
LIST: Final = "swathe_list"
"""dict: what is to be known of a page's list, should the page be read by another process. `crawl/list_reader.py`."""
BINARY_ALLOWED: Final = "binary_allowed"
"""bool: the list is a file that is no text, such as a packed sitemap. By `crawl/list_reader.py` for the failures."""

COOKIEJAR: Final = "cookiejar"
"""Any: which of several sets of cookies is sent, and so through which proxy. By spiders, for Scrapy and proxies."""

# Rendering
NO_BROWSER: Final = "no_browser"
"""bool: the browser failed on the page, which is read as it is served. `crawl/page_reader.py`."""
RENDER_CAUSE: Final = "render_cause"
"""`entries`, `next` or `record`: why the page is rendered. `crawl/page_reader.py`; read where pages are kept."""
RENDER_EVIDENCE: Final = "render_evidence"
"""str: what spoke for rendering it. `crawl/page_reader.py`."""
BROWSER_JSON: Final = "browser_json"
"""list of dict: the JSON that the page asked for in the browser. `fetch/browser/handler.py`, for the page reader."""
BROWSER_DOUBTS: Final = "browser_doubts"
"""list of str: why a list that actions unfolded may have more. `fetch/browser/handler.py`, for the facts of a list."""

# Logging in
LOGIN: Final = "login"
"""bool: the request is part of logging in. `scraper/login.py`; read by redirects and visits."""
LOGINS: Final = "logins"
"""int: how often the page was asked for again after a login. `scraper/login.py`."""
SESSION: Final = "session"
"""int: number of the session that the request went out with. `scraper/login.py`."""

# Being asked for again, by whomever: a copy of the request carries along what counts for its page
THROTTLED_TIMES: Final = "throttled_times"
"""int: how often the page was answered with 429 or 503. `fetch/politeness/middleware.py`."""
AGAIN_AFTER_S: Final = "again_after_s"
"""float: seconds to wait before the request is sent. `fetch/politeness/middleware.py`."""
NOT_BEFORE: Final = "not_before"
"""float: UNIX time in seconds before which the frontier does not hand the request out."""
DEAD_RETRIES: Final = "dead_retries"
"""int: how often a dead letter was tried again. `frontier/mongo_runs.py`."""
GIVEN_UP: Final = "swathe_given_up"
"""int: how often the request was begun alone and ended its process. `frontier/`."""
HUNG: Final = "swathe_hung"
"""str: what the page was doing when it was seen to hang, so that the request is given up. `frontier/`."""

CONTINUES: Final = "swathe_continues"
"""list of a digest, an address and a count: what it continues, as number so-and-so. `fetch/http/continued.py`."""
SENT_FIRST: Final = "swathe_sent_first"
"""list of method, body and type: what was sent before a redirect, unless a plain GET. `fetch/http/redirects.py`."""
COUNTED: Final = "swathe_page_counted"
"""bool: the page counts towards `max_pages` already. `crawl/limits.py`; carried along by every copy of the request."""
READ: Final = "swathe_page_read"
"""bool: the page counts among the run's pages already. `runs/evidence.py`; carried along as well."""

# Scrapy's own
DEPTH: Final = "depth"
DONT_OBEY_ROBOTSTXT: Final = "dont_obey_robotstxt"
DONT_RETRY: Final = "dont_retry"
DONT_REDIRECT: Final = "dont_redirect"
ALLOW_OFFSITE: Final = "allow_offsite"
DOWNLOAD_LATENCY: Final = "download_latency"
DOWNLOAD_MAXSIZE: Final = "download_maxsize"
DOWNLOAD_WARNSIZE: Final = "download_warnsize"
DOWNLOAD_FAIL_ON_DATALOSS: Final = "download_fail_on_dataloss"
BIND_ADDRESS: Final = "bindaddress"
DOWNLOAD_TIMEOUT: Final = "download_timeout"
RETRY_TIMES: Final = "retry_times"
REDIRECT_TIMES: Final = "redirect_times"
REDIRECT_TTL: Final = "redirect_ttl"
REDIRECT_URLS: Final = "redirect_urls"
REDIRECT_REASONS: Final = "redirect_reasons"

OF_DOWNLOAD: Final = (DOWNLOAD_LATENCY, BROWSER_JSON, BROWSER_DOUBTS, SESSION)
"""What a download leaves behind, and a stored request does not need."""
OF_BROWSER: Final = (
    BROWSER, RENDER_CAUSE, RENDER_EVIDENCE, RETRY_TIMES, DOWNLOAD_LATENCY, BROWSER_JSON, BROWSER_DOUBTS,
)  # fmt: skip
"""What a request for the browser has, and one for the page as it is served has not."""
