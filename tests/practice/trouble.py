"""The pages below `/trouble/`: answers that a crawler must survive, each one always the same."""

from __future__ import annotations

import asyncio
import contextlib
import json

from aiohttp import web

from scraper.demo.pages import HTML_TYPE
from scraper.demo.router import BadValueError, Route, Visit

REDIRECT = "/trouble/redirect"
CHUNK = b"<p>This paragraph is repeated until the page is as large as the address asks for.</p>\n" * 768
MEGABYTE = 1_000_000
LARGEST_MB = 1_000
LONGEST_S = 60.0
HUGE_HEADER_BYTES = 100_000


def _number(visit: Visit, name: str, default: float, largest: float) -> float:
    """Read a number from the query; raises BadValueError for anything but a number from 0 to `largest`."""
    text = visit.request.query.get(name, str(default))
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= largest:
        raise BadValueError(f"{name} must be a number from 0 to {largest:g}, not {text!r}")
    return value


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(body=text.encode(), status=status, headers={"Content-Type": HTML_TYPE})


def tiny_pdf() -> bytes:
    """Build a valid PDF of one blank page."""
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] /Resources << >> >>",
    )
    content, offsets = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(content))
    return content + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + trailer


def _status(visit: Visit) -> web.Response:
    text = visit.captured["status"]
    if not (text.isascii() and text.isdigit() and 200 <= int(text) <= 599):
        raise BadValueError(f"the status must be a number from 200 to 599, not {text!r}")
    if int(text) in (204, 304):
        return web.Response(status=int(text))
    return _html(f"<h1>Status {text}</h1>", int(text))


def _pdf(_: Visit) -> web.Response:
    return web.Response(body=tiny_pdf(), content_type="application/pdf")


async def _large(visit: Visit) -> web.StreamResponse:
    left = int(_number(visit, "mb", 40, LARGEST_MB) * MEGABYTE)
    response = web.StreamResponse(headers={"Content-Type": HTML_TYPE})
    response.enable_chunked_encoding()
    await response.prepare(visit.request)
    # A reader that has had enough closes the connection: that is no error here.
    with contextlib.suppress(ConnectionError):
        while left > 0:
            await response.write(CHUNK[:left])
            left -= len(CHUNK)
    return response


def _redirect(visit: Visit) -> web.Response:
    turn = int(_number(visit, "n", 1, 1_000_000))
    return web.Response(status=302, headers={"Location": f"{REDIRECT}?n={turn + 1}"})


def _offsite(visit: Visit) -> web.Response:
    return web.Response(status=302, headers={"Location": f"http://localhost:{visit.request.url.port}/quotes/"})


async def _slow(visit: Visit) -> web.StreamResponse:
    delay_s = _number(visit, "s", 5, LONGEST_S)
    await asyncio.sleep(delay_s)
    return _html(f"<h1>After {delay_s:g} seconds</h1>")


def _empty(_: Visit) -> web.Response:
    return _html("")


def _json_as_html(_: Visit) -> web.Response:
    return _html(json.dumps({"quotes": [{"text": "This is not HTML.", "author": "A. J. Thornaby"}], "has_next": False}))


def _huge_header(_: Visit) -> web.Response:
    response = _html("<h1>One header of this answer is very long</h1>")
    response.headers["X-Huge"] = "x" * HUGE_HEADER_BYTES
    return response


ROUTES = (
    Route("/trouble/status/{status}", _status),
    Route("/trouble/pdf", _pdf),
    Route("/trouble/large", _large),
    Route(REDIRECT, _redirect),
    Route("/trouble/offsite", _offsite),
    Route("/trouble/slow", _slow),
    Route("/trouble/empty", _empty),
    Route("/trouble/json-as-html", _json_as_html),
    Route("/trouble/huge-header", _huge_header),
)
