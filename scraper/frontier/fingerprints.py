"""Tell requests from each other, the same way in every process: a request that is added twice is one."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from scraper.core import meta as meta_keys
from scraper.fetch.http.continued import continued

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.utils.request import RequestFingerprinterProtocol

AGAIN = (meta_keys.DEAD_RETRIES, meta_keys.NO_BROWSER)
"""What a request's meta says of its being asked for again."""

SIZE = 16
"""Bytes of a fingerprint."""


def fingerprint(request: Request, fingerprinter: RequestFingerprinterProtocol) -> bytes:
    """Return the fingerprint of a request, 16 bytes.

    A page of a list is known by its list and number, whatever its address. Any other request is known as in Scrapy;
    one that is not to be filtered also by what it continues, how often it was asked for and what is to be done with
    the answer, so that making it again, after a crash, is no second request.
    """
    meta = request.meta
    if meta_keys.LIST in meta:
        of: list[Any] = [request.cb_kwargs["name"], request.cb_kwargs["number"]]
    else:
        plain = fingerprinter.fingerprint(request)
        if not request.dont_filter:
            return plain[:SIZE]
        callback = getattr(request.callback, "__name__", "")
        of = [plain.hex(), callback, request.cb_kwargs, meta.get(meta_keys.DEPTH, 0)]
    of += [continued(request), bool(meta.get(meta_keys.BROWSER)), *(meta.get(name, 0) for name in AGAIN)]
    return blake2b(json.dumps(of, sort_keys=True).encode(), digest_size=SIZE).digest()
