"""The cookies of a crawl: each goes to its own site alone, and no site can set more than a browser would keep."""

from __future__ import annotations

import time
from collections import defaultdict
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scrapy.downloadermiddlewares import cookies
from scrapy.http.cookies import CookieJar
from tldextract import TLDExtract

from scraper.fetch.http.set_cookie import cookie_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from http.cookiejar import Cookie

    from scrapy import Request
    from scrapy.http import Response

MOST_BYTES = 4096
"""Of one cookie's name and value; larger ones browsers drop as well (RFC 6265bis, 5.6)."""

MOST_OF_A_DOMAIN = 100
MOST_DOMAINS = 100

# Scrapy's own would ask the internet for the list of public suffixes, at the first cookie and with the crawl waiting.
# The list that comes with the package is as good here.
cookies._split_domain = TLDExtract(suffix_list_urls=(), include_psl_private_domains=True)


class BrowserJar(CookieJar):
    """Scrapy's jar, which takes what browsers take, and gives a host's own cookies to no host below it."""

    def __init__(self) -> None:
        super().__init__(DefaultCookiePolicy(strict_ns_domain=DefaultCookiePolicy.DomainStrictNonDomain))

    def make_cookies(self, response: Response, request: Request) -> list[Cookie]:
        """Return the cookies that an answer sets; take away those that it ends."""
        parts, now_s = urlsplit(request.url), time.time()
        set_here: list[Cookie] = []
        for header in response.headers.getlist("Set-Cookie"):
            cookie = cookie_of(header.decode("utf-8", "replace"), parts.hostname or "", parts.path, now_s)
            if cookie is not None and cookie.expires is not None and cookie.expires <= now_s:
                kept = self._cookies.get(cookie.domain, {}).get(cookie.path, {})
                kept.pop(cookie.name, None)
                set_here = [one for one in set_here if _place(one) != _place(cookie)]
            elif cookie is not None:
                set_here.append(cookie)
        return set_here


class BoundedCookies(cookies.CookiesMiddleware):
    """Scrapy's cookies, of bounded size and number; further ones are dropped."""

    def __init__(self, debug: bool = False) -> None:
        super().__init__(debug)
        self.jars: defaultdict[Any, CookieJar] = defaultdict(BrowserJar)

    def _process_cookies(self, cookies: Iterable[Cookie], *, jar: CookieJar, request: Request) -> None:
        for cookie in cookies:
            kept = jar._cookies.get(cookie.domain)
            full = len(jar._cookies) >= MOST_DOMAINS if kept is None else _is_full(kept, cookie)
            if not full and len(cookie.name) + len(cookie.value or "") <= MOST_BYTES:
                super()._process_cookies([cookie], jar=jar, request=request)


def _place(cookie: Cookie) -> tuple[str, str, str]:
    return cookie.domain, cookie.path, cookie.name


def _is_full(kept: dict[str, dict[str, Cookie]], cookie: Cookie) -> bool:
    """Return whether a domain has no room for one more cookie; a known one may change."""
    known = cookie.name in kept.get(cookie.path, ())
    return not known and sum(map(len, kept.values())) >= MOST_OF_A_DOMAIN
