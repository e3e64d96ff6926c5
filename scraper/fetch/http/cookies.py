"""The cookies of a crawl: each goes to its own site alone, and no site can set more than a browser would keep."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares import cookies
from tldextract import TLDExtract

if TYPE_CHECKING:
    from collections.abc import Iterable
    from http.cookiejar import Cookie

    from scrapy import Request
    from scrapy.http.cookies import CookieJar

MOST_BYTES = 4096
"""Of one cookie's name and value; larger ones browsers drop as well (RFC 6265bis, 5.6)."""

MOST_OF_A_DOMAIN = 100
MOST_DOMAINS = 100

# Scrapy's own would ask the internet for the list of public suffixes, at the first cookie and with the crawl waiting.
# The list that comes with the package is as good here.
cookies._split_domain = TLDExtract(suffix_list_urls=(), include_psl_private_domains=True)


class BoundedCookies(cookies.CookiesMiddleware):
    """Scrapy's cookies, of bounded size and number; further ones are dropped."""

    def _process_cookies(self, cookies: Iterable[Cookie], *, jar: CookieJar, request: Request) -> None:
        for cookie in cookies:
            kept = jar._cookies.get(cookie.domain)
            full = len(jar._cookies) >= MOST_DOMAINS if kept is None else _is_full(kept, cookie)
            if not full and len(cookie.name) + len(cookie.value or "") <= MOST_BYTES:
                super()._process_cookies([cookie], jar=jar, request=request)


def _is_full(kept: dict[str, dict[str, Cookie]], cookie: Cookie) -> bool:
    """Return whether a domain has no room for one more cookie; a known one may change."""
    known = cookie.name in kept.get(cookie.path, ())
    return not known and sum(map(len, kept.values())) >= MOST_OF_A_DOMAIN
