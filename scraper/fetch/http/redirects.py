"""Redirects, by status, or by `<meta http-equiv=refresh>` or a Refresh header: to pages of the same site, over http.

Scrapy drops a redirect that leaves the site without a word, and the page with it; here it is a failure of its page.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urldefrag, urlsplit

from scrapy import Request
from scrapy.downloadermiddlewares.offsite import OffsiteMiddleware
from scrapy.downloadermiddlewares.redirect import BaseRedirectMiddleware, MetaRefreshMiddleware, RedirectMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import HtmlResponse

from models.addresses import browser_url
from scraper.core import meta as meta_keys
from scraper.core.crawl_control import has_runs
from scraper.fetch.http.credentials import may_have_secret, without_account
from scraper.fetch.http.responses import base_of

if TYPE_CHECKING:
    from scrapy.http import Response

    from scraper.core.failed_page import Reason

STATUSES = (301, 302, 303, 307, 308)

MOST_DELAY_S = 5
"""A page that is to go on later is meant to be read meanwhile: what follows is an idle session's end, or an advert."""

_OF_REDIRECTS = (
    meta_keys.REDIRECT_TIMES,
    meta_keys.REDIRECT_TTL,
    meta_keys.REDIRECT_URLS,
    meta_keys.REDIRECT_REASONS,
    meta_keys.SENT_FIRST,
)

# Source: HTML Standard, "shared declarative refresh steps".
_REFRESH = re.compile(
    r"""\s*(\d{1,9}|(?=\.\d))(?:\.[\d.]*)?\s*(?:[;,]|(?<=\s))\s*(?:url\s*=\s*)?(?:"([^"]*)|'([^']*)|(.*))""",
    re.IGNORECASE | re.DOTALL,
)
_MARKED = re.compile(rb"""http-equiv\s*=\s*["']?\s*refresh""", re.IGNORECASE)
_META = "//meta[not(ancestor::noscript)][translate(@http-equiv, 'REFSH', 'refsh')='refresh']/@content"


class RedirectRefusedError(IgnoreRequest):
    """Report a page that redirects to where it must not be followed."""

    reason: ClassVar[Reason] = "layout-changed"


class _OnSite(BaseRedirectMiddleware):
    def _redirect(self, redirected: Request, request: Request, reason: Any) -> Request:
        """Return the request for the page it leads to; raise RedirectRefusedError when it must not be made."""
        redirected = super()._redirect(redirected, request, reason)
        url = without_account(redirected.url)
        offsite = self.crawler.get_downloader_middleware(OffsiteMiddleware)
        if offsite and self.crawler.spider and not offsite.should_follow(redirected, self.crawler.spider):
            raise RedirectRefusedError(f"redirects to {url}, which is not on the spider's site")
        if request.meta.get(meta_keys.LOGIN) and redirected.body and not may_have_secret(request.url, url):
            raise RedirectRefusedError(f"redirects to {url}, another server, which must not get the password")
        is_plain = request.method == "GET" or request.meta.get(meta_keys.LOGIN)
        if not is_plain and meta_keys.SENT_FIRST not in redirected.meta:
            kind = (request.headers.get("Content-Type") or b"").decode("latin-1")
            redirected.meta[meta_keys.SENT_FIRST] = [request.method, request.body.decode("latin-1"), kind]
        return redirected if url == redirected.url else redirected.replace(url=url)


class SiteRedirects(_OnSite, RedirectMiddleware):
    """Scrapy's redirects by status, except that one which must not be followed is a failure of its page."""

    def process_response(self, request: Request, response: Response, spider: Any = None) -> Request | Response:
        """Return the response, or the request for the page it points to; raise RedirectRefusedError."""
        location = response.headers.get("Location")
        if location is not None and response.status in STATUSES:
            # What is not UTF-8 stays the bytes it is, as in browsers.
            text = location.decode("utf-8", "percentencode")
            try:
                response.headers["Location"] = browser_url(text, request.url)
            except ValueError:
                raise RedirectRefusedError(_no_web(text)) from None
        return super().process_response(request, response)

    def _build_redirect_request(
        self, source_request: Request, response: Response, *, url: str, **kwargs: Any
    ) -> Request:
        parts = urlsplit(url)
        if has_runs(self.crawler) and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise RedirectRefusedError(_no_web(url))
        return super()._build_redirect_request(source_request, response, url=url, **kwargs)


class SiteRefreshes(_OnSite, MetaRefreshMiddleware):
    """Redirects by a page's own word: those that come within seconds, and lead elsewhere."""

    def process_response(self, request: Request, response: Response, spider: Any = None) -> Request | Response:
        """Return the response, or the request for the page it goes on to; raise IgnoreRequest when that must not be."""
        if (
            request.meta.get(meta_keys.DONT_REDIRECT)
            or request.method == "HEAD"
            or not isinstance(response, HtmlResponse)
            or not request.url.startswith(("http://", "https://"))
        ):
            return response
        target = refresh_target(response)
        if target is None:
            return response
        return self._redirect(self._redirect_request_using_get(request, response, target), request, "meta refresh")


class Detours:
    """Where pages were redirected from and to: one's cookies may lead another astray that is asked for meanwhile."""

    def __init__(self) -> None:
        self._to: dict[int, int] = {}
        """The hash of where a page led, by that of its address: there may be as many as pages."""
        self._ends: dict[int, int] = {}
        """The hash of the first page that led somewhere, by that of the place."""

    def is_astray(self, page: Response) -> bool:
        """Take in where a page was redirected to; return whether another was there too, or itself led elsewhere."""
        urls = page.meta.get(meta_keys.REDIRECT_URLS)
        if not urls:
            return False
        start, end = hash(urls[0]), hash(page.url)
        self._to[start] = end
        return self._ends.setdefault(end, start) != start or (
            end != start and (self._to.get(end, end) != end or start in self._ends)
        )


def refresh_target(page: HtmlResponse) -> str | None:
    """Return the address that a page goes on to by itself within MOST_DELAY_S; None when it stays, or begins anew."""
    header = page.headers.get("Refresh")
    stated = [header.decode("latin-1")] if header else []
    if not stated and (_is_marked(page.body) or page.encoding.startswith("utf-16")):
        stated = [str(content) for content in page.selector.root.xpath(_META)]
    match = _REFRESH.match(stated[0]) if stated else None
    if match is None or int(match[1] or 0) > MOST_DELAY_S:
        return None
    try:
        url = base_of(page).resolve(match[2] or match[3] or match[4] or "")
    except ValueError:
        return None
    is_own = urldefrag(url)[0] == urldefrag(browser_url(page.url, page.url))[0]
    return url if urlsplit(url).scheme in ("http", "https") and not is_own else None


def _is_marked(body: bytes) -> bool:
    """Say whether a page may state a refresh; to look for the word first takes a sixth of the time."""
    return b"refresh" in body.lower() and _MARKED.search(body) is not None


def is_redirected(request: Request, before: Request) -> bool:
    """Return whether a request is what another was redirected to."""
    times, earlier = (one.meta.get(meta_keys.REDIRECT_TIMES, 0) for one in (request, before))
    return bool(times > earlier)


def original_of(request: Request) -> Request:
    """Return the request that redirects led on from, or the request itself."""
    first = (request.meta.get(meta_keys.REDIRECT_URLS) or [request.url])[0]
    method, body, kind = request.meta.get(meta_keys.SENT_FIRST) or (request.method, request.body.decode("latin-1"), "")
    headers = request.headers.copy()
    if kind:
        headers["Content-Type"] = kind
    meta = {name: value for name, value in request.meta.items() if name not in _OF_REDIRECTS}
    return request.replace(url=first, method=method, body=body.encode("latin-1"), headers=headers, meta=meta)


def _no_web(target: str) -> str:
    return f"redirects to '{without_account(target)[:200]}', expected an http or https address"
