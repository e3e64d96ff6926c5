"""Tell requests from each other, the same way in every process: a request that is added twice is one."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from scraper.crawl.list_reader import LIST_NOTE

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.utils.request import RequestFingerprinterProtocol

AGAIN = ("retry_times", "throttled_times", "redirect_times", "logins", "dead_retries", "no_browser")
"""What a request's meta says of its being asked for again."""

SIZE = 16
"""Bytes of a fingerprint."""


def fingerprint(request: Request, fingerprinter: RequestFingerprinterProtocol) -> bytes:
    """Return the fingerprint of a request, 16 bytes.

    A page of a list is known by its list and number, whatever its address. Any other request is known as in Scrapy;
    one that is not to be filtered also by how often it was asked for and what is to be done with the answer, so that
    making it again, after a crash, is no second request.
    """
    meta = request.meta
    if LIST_NOTE in meta:
        of: list[Any] = [request.cb_kwargs["name"], request.cb_kwargs["number"]]
    else:
        plain = fingerprinter.fingerprint(request)
        # A redirect to the page itself is no other page, but to drop it would be to lose the page.
        if not request.dont_filter and request.url not in meta.get("redirect_urls", ()):
            return plain[:SIZE]
        callback = getattr(request.callback, "__name__", "")
        of = [plain.hex(), callback, request.cb_kwargs, meta.get("depth", 0)]
    of += [bool(meta.get("browser")), *(meta.get(name, 0) for name in AGAIN)]
    return blake2b(json.dumps(of, sort_keys=True).encode(), digest_size=SIZE).digest()
