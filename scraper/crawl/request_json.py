"""Requests as plain data, so that they can be stored, and taken up by another process.

Never pickled: whoever can write into the database must not be able to run code in a crawl.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

from scrapy import Request

from scraper.core import meta as meta_keys
from scraper.crawl.failures import NotingErrback
from scraper.errors import UnstorableRequestError

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy import Spider
    from scrapy.http import Headers

DEFAULTS: dict[str, Any] = {"method": "GET", "priority": 0, "dont_filter": False}

MOST_BYTES = 15 * 2**20
"""MongoDB takes documents of 16 MiB."""


def request_to_json(request: Request, spider: Spider) -> str:
    """Return a request as JSON, without what is empty; raise UnstorableRequestError.

    Its callbacks must be methods of the spider, its `meta` and `cb_kwargs` plain data.
    """
    headers, meta = _without_account(request)
    data: dict[str, Any] = {
        "url": request.url,
        "callback": _name_of(request.callback, request, spider, "callback"),
        "errback": _name_of(request.errback, request, spider, "errback"),
        "headers": {
            name.decode("latin-1"): [value.decode("latin-1") for value in values] for name, values in headers.items()
        },
        "body": b64encode(request.body).decode("ascii"),
        "cookies": request.cookies,
        "meta": {name: value for name, value in meta.items() if name not in meta_keys.OF_DOWNLOAD},
        "cb_kwargs": request.cb_kwargs,
        "flags": list(request.flags),
        "method": request.method,
        "priority": request.priority,
        "dont_filter": request.dont_filter,
    }
    data = {name: value for name, value in data.items() if value and value != DEFAULTS.get(name)}
    for part in ("meta", "cb_kwargs"):
        _check_keys(data.get(part), part, request)
    try:
        text = json.dumps(data, allow_nan=False)
    except (TypeError, ValueError):
        for part in ("meta", "cb_kwargs", "cookies"):
            _check_plain(data.get(part), part, request)
        raise
    if len(text) > MOST_BYTES:
        raise UnstorableRequestError(
            f"the request for {request.url[:300]} has {len(text)} bytes as JSON, expected {MOST_BYTES} at most"
        )
    return text


def request_from_json(text: str, spider: Spider) -> Request:
    """Return the request that `request_to_json` wrote; raise UnstorableRequestError for a callback there is not."""
    data = json.loads(text)
    return Request(
        data["url"],
        callback=_method(data.get("callback"), data["url"], spider),
        errback=_method(data.get("errback"), data["url"], spider),
        headers=data.get("headers"),
        body=b64decode(data.get("body", "")),
        cookies=data.get("cookies"),
        meta=dict(data.get("meta", {})),
        cb_kwargs=dict(data.get("cb_kwargs", {})),
        flags=data.get("flags"),
        method=data.get("method", "GET"),
        priority=data.get("priority", 0),
        dont_filter=data.get("dont_filter", False),
    )


def _without_account(request: Request) -> tuple[Headers, dict[str, Any]]:
    """Return headers and meta without a proxy's account: that of `http_proxy` is found in the environment again.

    Raise UnstorableRequestError for one that the spider has given.
    """
    headers, meta = request.headers.copy(), dict(request.meta)
    if meta.pop("_scheme_proxy", False):
        meta = {name: value for name, value in meta.items() if name not in (meta_keys.PROXY, "_auth_proxy")}
        headers.pop("Proxy-Authorization", None)
    if "Proxy-Authorization" in headers or "@" in str(meta.get(meta_keys.PROXY)):
        raise UnstorableRequestError(
            f"the request for {request.url} has the account of a proxy, which is stored nowhere: write the proxy into "
            f"[proxies], its account into SWATHE_PROXIES_<NAME>, and its name into meta['proxy']"
        )
    return headers, meta


def _name_of(function: Callable[..., Any] | None, request: Request, spider: Spider, what: str) -> str:
    if function is None:
        return ""
    if isinstance(function, NotingErrback):
        function = function.errback
    name = getattr(function, "__name__", "")
    if getattr(function, "__self__", None) is spider and getattr(spider, name, None) == function:
        return name
    shown = getattr(function, "__qualname__", None) or repr(function)
    raise UnstorableRequestError(
        f"the request for {request.url} has the {what} {shown}, expected a method of the spider '{spider.name}': "
        f"give it a name and pass values in cb_kwargs"
    )


def _method(name: str | None, url: str, spider: Spider) -> Callable[..., Any] | None:
    if not name:
        return None
    method = getattr(spider, name, None)
    if not callable(method):
        raise UnstorableRequestError(
            f"the stored request for {url} calls '{name}', which the spider '{spider.name}' no longer has: "
            f"begin anew with --fresh"
        )
    return method  # type: ignore[no-any-return]


def _check_keys(value: Any, part: str, request: Request) -> None:
    """Raise UnstorableRequestError for a key that is no text: JSON would make one of it, without a word."""
    if isinstance(value, dict):
        odd = [key for key in value if not isinstance(key, str)]
        if odd:
            raise UnstorableRequestError(
                f"the request for {request.url} has a {part} with the key {odd[0]!r:.60}, expected texts as keys"
            )
        value = value.values()
    elif not isinstance(value, list | tuple):
        return
    for inner in value:
        _check_keys(inner, part, request)


def _check_plain(value: Any, part: str, request: Request) -> None:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise UnstorableRequestError(
            f"the request for {request.url} has a {part} that is no plain data ({error}): "
            f"expected texts, numbers, lists and dicts"
        ) from None
