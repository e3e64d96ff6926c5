"""Redirects, by status or by `<meta http-equiv=refresh>`: to pages of the same site, over http, without secrets.

Scrapy drops a redirect that leaves the site without a word, and the page with it; here it is a failure of its page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.downloadermiddlewares.offsite import OffsiteMiddleware
from scrapy.downloadermiddlewares.redirect import BaseRedirectMiddleware, MetaRefreshMiddleware, RedirectMiddleware
from scrapy.exceptions import IgnoreRequest

from scraper.fetch.http.credentials import may_have_secret, without_account

if TYPE_CHECKING:
    from scrapy.http import Response

    from scraper.core.failed_page import Reason


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
        if request.meta.get("login") and redirected.body and not may_have_secret(request.url, url):
            raise RedirectRefusedError(f"redirects to {url}, another server, which must not get the password")
        return redirected if url == redirected.url else redirected.replace(url=url)


class SiteRedirects(_OnSite, RedirectMiddleware):
    """Scrapy's redirects by status, except that one which must not be followed is a failure of its page."""

    def process_response(self, request: Request, response: Response, spider: Any = None) -> Request | Response:
        """Return the response, or the request for the page it points to; raise RedirectRefusedError."""
        try:
            return super().process_response(request, response)
        except ValueError:
            location = (response.headers.get("Location") or b"").decode("utf-8", "replace")
            raise RedirectRefusedError(_no_web(location)) from None

    def _build_redirect_request(
        self, source_request: Request, response: Response, *, url: str, **kwargs: Any
    ) -> Request:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise RedirectRefusedError(_no_web(url))
        return super()._build_redirect_request(source_request, response, url=url, **kwargs)


class SiteRefreshes(_OnSite, MetaRefreshMiddleware):
    """Scrapy's redirects by a page's own word, except that one which must not be followed is a failure of its page."""


def _no_web(target: str) -> str:
    return f"redirects to '{without_account(target)[:200]}', expected an http or https address"
