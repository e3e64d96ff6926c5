"""Turn an answer that a spider was given into a document of `pages`, and the document into the same answer again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from scrapy import Request
from scrapy.http import HtmlResponse, JsonResponse, Response, TextResponse, XmlResponse

from scraper.core import meta as meta_keys
from scraper.errors import SwatheError
from scraper.fetch.http.responses import page_class

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scrapy import Spider
    from scrapy.http import Headers

REQUEST_HEADERS = ("Accept", "Accept-Language", "Content-Type", "Referer", "X-Requested-With")
"""What is kept of a request. Any other header may be a secret."""

RESPONSE_HEADERS = ("Content-Type", "Content-Language", "ETag", "Last-Modified", "Link")

NOT_KEPT = (
    "proxy",
    "_",
    "http_",
    "cookie",
    "download_",
    "retry_",
    "browser",
    "session",
    meta_keys.LOGINS,
    "is_start",
    "swathe_page",
    meta_keys.SENT_FIRST,
    meta_keys.CONTINUES,
)
"""How the names in `request.meta` begin that say how a page was fetched, not what it is; some are secrets."""

MAX_REQUEST_BYTES = 2**20
"""Largest body, and largest meta, of a request that is kept."""

KINDS: dict[str, type[Response]] = {
    kind.__name__: kind for kind in (HtmlResponse, XmlResponse, JsonResponse, TextResponse, Response)
}


class CannotReadAgainError(SwatheError):
    """Report a kept page that lacks what its callback needs."""


def as_document(response: Response, spider: Spider, fingerprint: bytes) -> dict[str, Any]:
    """Return what is kept of an answer; its body, run and time are added when it is written."""
    request = response.request
    assert request is not None, "an answer that a callback is given has its request"
    return {
        "url": response.url,
        "spider": spider.name,
        "fingerprint": fingerprint.hex(),
        "request": _request_of(request, spider),
        "status": response.status,
        "headers": _headers_of(response.headers, RESPONSE_HEADERS),
        "kind": next(name for name, kind in KINDS.items() if isinstance(response, kind)),
        "encoding": response.encoding if isinstance(response, TextResponse) else None,
        "flags": [str(flag).encode("utf-8", "backslashreplace").decode() for flag in response.flags],
        "size": len(response.body),
    }


def as_response(page: dict[str, Any], body: bytes, spider: Spider) -> Response:
    """Return the answer as the spider was given it; raise CannotReadAgainError."""
    kept = page["request"]
    callback = getattr(spider, kept["callback"], None) if kept["callback"] else None
    if callback is None or kept["cb_kwargs"] is None:
        what = f"the spider has no method '{kept['callback']}'" if kept["callback"] else "its callback was no method"
        raise CannotReadAgainError(what if callback is None else "its cb_kwargs were no JSON")
    request = Request(
        kept["url"],
        callback=callback,
        method=kept["method"],
        headers=kept["headers"],
        body=kept["body"] or b"",
        cb_kwargs=json.loads(kept["cb_kwargs"]),
        meta=json.loads(kept["request_meta"]),
    )
    response = page_class(KINDS.get(page["kind"], TextResponse))(
        page["url"],
        status=page["status"],
        headers=page["headers"],
        body=body,
        flags=page["flags"],
        request=request,
    )
    # Where the encoding was found in the page, as it is here again, bytes outside of it are read with more patience.
    if isinstance(response, TextResponse) and response.encoding != page["encoding"]:
        return response.replace(encoding=page["encoding"])
    return response


def _request_of(request: Request, spider: Spider) -> dict[str, Any]:
    callback = request.callback
    own = callback is None or getattr(callback, "__self__", None) is spider
    arguments = request.cb_kwargs
    meta = {name: value for name, value in request.meta.items() if not str(name).startswith(NOT_KEPT)}
    meta_json = json.dumps({name: value for name, value in meta.items() if _json(value) is not None})
    return {
        "url": request.url,
        "method": request.method,
        "headers": _headers_of(request.headers, REQUEST_HEADERS),
        "body": request.body if len(request.body) <= MAX_REQUEST_BYTES else None,
        "callback": (callback.__name__ if callback is not None else "parse") if own else "",
        "cb_kwargs": _json(arguments),
        "request_meta": meta_json if len(meta_json) <= MAX_REQUEST_BYTES else "{}",
    }


def _headers_of(headers: Headers, names: Iterable[str]) -> dict[str, list[str]]:
    kept = {name: [value.decode("latin-1") for value in headers.getlist(name)] for name in names}
    return {name: values for name, values in kept.items() if values}


def _json(value: Any) -> str | None:
    """Return a value as JSON, or None where it would not be the same when it is read again."""
    try:
        text = json.dumps(value)
    except (TypeError, ValueError, RecursionError):
        return None
    return text if json.loads(text) == value else None
