"""Requests that a middleware makes instead of handing on an answer, such as after a redirect: each continues another.

Scrapy tells requests apart by their address. It would drop the second of two that are redirected to one place, and the
page that the first of them leads back to, and with them what those were asked for.
"""

from __future__ import annotations

import json
import re
from hashlib import blake2b, sha1
from typing import TYPE_CHECKING, ClassVar
from weakref import WeakKeyDictionary

from scrapy.exceptions import IgnoreRequest
from scrapy.utils.request import RequestFingerprinter
from scrapy.utils.request import fingerprint as fingerprint_of

from models.addresses import is_route
from scraper.core import meta as meta_keys

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.utils.request import RequestFingerprinterProtocol

    from scraper.core.failed_page import Reason

# Addresses whose canonical form is the address itself, as with most; a label of a host may have 63 letters.
_SEGMENT = r"[A-Za-z0-9_-]++(?:\.[A-Za-z0-9_-]++)*+"
_CANONICAL = re.compile(
    r"https?://(?=[^/]{1,63}/)[a-z0-9]++(?:[.-][a-z0-9]++)*+(?::[0-9]++)?/"
    rf"(?:{_SEGMENT}(?:/{_SEGMENT})*+/?)?(?:\?[A-Za-z0-9_-]++=[A-Za-z0-9_-]++)?"
)

MOST_TIMES = 100
"""Requests in a row that continue each other: more than any number of tries and redirects that is configured."""


class EndlessRequestError(IgnoreRequest):
    """Report a page for which a middleware makes one request after another."""

    reason: ClassVar[Reason] = "own-code"


def continue_from(before: Request, request: Request, fingerprinter: RequestFingerprinterProtocol) -> None:
    """Mark a request as what `before` has come to: it counts for that one, and is no duplicate of any other.

    Raise EndlessRequestError when it is one of too many.
    """
    times = 1 + sum(before.meta[meta_keys.CONTINUES][2:]) if continued(before) else 1
    if times > MOST_TIMES:
        raise EndlessRequestError(f"led to {MOST_TIMES} requests in a row: a downloader middleware makes ever new ones")
    known_as = [
        continued(before),
        fingerprinter.fingerprint(before).hex(),
        getattr(before.callback, "__name__", ""),
        before.cb_kwargs,
    ]
    digest = blake2b(json.dumps(known_as, sort_keys=True, default=str).encode(), digest_size=16).hexdigest()
    request.meta[meta_keys.CONTINUES] = [digest, request.url, times]
    request.dont_filter = True


def continued(request: Request) -> str:
    """Return what tells the request that this one continues; empty for one that continues none."""
    digest, url, *_ = request.meta.get(meta_keys.CONTINUES) or ("", "")
    return str(digest) if url == request.url else ""


_first: WeakKeyDictionary[Request, Request] = WeakKeyDictionary()
_redirects: WeakKeyDictionary[Request, int] = WeakKeyDictionary()


def follow(before: Request, there: Request) -> None:
    """Take in that a request was redirected, and that the redirect is followed as a part of it."""
    first = _first[there] = first_of(before)
    _redirects[first] = redirects_of(first) + 1


def first_of(request: Request) -> Request:
    """Return the request that was redirected, perhaps over others, to this one; or the request itself."""
    return _first.get(request, request)


def redirects_of(request: Request) -> int:
    """Return how many redirects were followed for a request."""
    return _redirects.get(request, 0)


class Fingerprinter(RequestFingerprinter):
    """Scrapy's, except that what a script shows at a route (`#/item/1`) is a page of its own in the browser.

    It is Scrapy's also where it is worked out here: to find the canonical form of an address takes Scrapy longer than
    reading a record.
    """

    def fingerprint(self, request: Request) -> bytes:
        """Return what tells a request from others."""
        if request.method == "GET" and not request.body and _CANONICAL.fullmatch(request.url):
            text = f'{{"body": "", "headers": {{}}, "method": "GET", "url": "{request.url}"}}'
            return sha1(text.encode(), usedforsecurity=False).digest()
        if meta_keys.BROWSER in request.meta and is_route(request.url):
            return fingerprint_of(request, keep_fragments=True)
        return super().fingerprint(request)
