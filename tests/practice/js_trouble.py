"""Pages that a browser must survive: each shows quotes by script, and does something else besides."""

from __future__ import annotations

import asyncio
import contextlib

from aiohttp import web

from practice.js_literals import in_script
from practice.js_page import quotes_of, show_page
from practice.list_template import existing_leaf
from scraper.demo.pages import HTML_TYPE
from scraper.demo.router import BadValueError, Route, Visit, redirect, send

RESOURCE = "/js/endless/picture.png"
PNG_START = b"\x89PNG\r\n\x1a\n"
# What comes before it in the page is sent.
MIDDLE = "<!-- the other half -->"
DOWNLOAD = "/js/popups/quotes.csv"
WORKER = "/js/popups/worker.js"
HUGE_MB, LARGEST_MB = 50, 1_000
# How often it is looked whether a client that gets nothing is still there.
LOOK_S = 0.05

TARGETS = {
    "file": "file:///etc/passwd",
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "data": "data:text/html,<div class=quote><span class=text>Not from this site.</span></div>",
    "javascript": "javascript:void(document.title='A javascript: address ran')",
    "chrome": "chrome://version",
}
BY_HTTP = ("file", "metadata")


def _show(visit: Visit, script: str, **context: object) -> web.Response:
    data = in_script(quotes_of(visit, existing_leaf(visit)))
    return show_page(visit, "js_trouble.html", kept=("mb", "n"), data=data, script=script, **context)


async def _hang(visit: Visit, start: bytes, content_type: str) -> web.StreamResponse:
    """Send the start of an answer, and then nothing until the client is gone."""
    request = visit.request
    if request.method == "HEAD":
        return web.Response(headers={"Content-Type": content_type})
    response = web.StreamResponse(headers={"Content-Type": content_type})
    response.enable_chunked_encoding()
    with contextlib.suppress(ConnectionError):
        await response.prepare(request)
        await response.write(start)
        while request.transport is not None and not request.transport.is_closing():
            await asyncio.sleep(LOOK_S)
    return response


def _crash(visit: Visit) -> web.Response:
    most_mb = visit.asked("mb", 0, smallest=0) if "mb" in visit.request.query else None
    return _show(visit, "crash.js", most_mb=most_mb)


def _endless(visit: Visit) -> web.Response:
    return _show(visit, "endless.js", resource=RESOURCE)


async def _resource(visit: Visit) -> web.StreamResponse:
    return await _hang(visit, PNG_START, "image/png")


async def _never(visit: Visit) -> web.StreamResponse:
    quotes = quotes_of(visit, existing_leaf(visit))
    halves = [in_script(half) for half in (quotes[: len(quotes) // 2], quotes[len(quotes) // 2 :])]
    html = show_page(visit, "js_never.html", halves=halves, middle=MIDDLE).text
    assert html is not None
    return await _hang(visit, html.partition(MIDDLE)[0].encode(), HTML_TYPE)


def _alerts(visit: Visit) -> web.Response:
    most = visit.asked("n", 0, smallest=0) if "n" in visit.request.query else None
    return _show(visit, "alerts.js", most=most)


def _popups(visit: Visit) -> web.Response:
    return _show(visit, "popups.js", download=DOWNLOAD, worker=WORKER)


def _download(_: Visit) -> web.Response:
    disposition = 'attachment; filename="quotes.csv"'
    return send(
        "text,author\nNot to be kept.,Nobody\n", "text/csv; charset=utf-8", **{"Content-Disposition": disposition}
    )


def _worker(_: Visit) -> web.Response:
    return send("self.addEventListener('fetch', function () {});\n", "text/javascript; charset=utf-8")


def _huge(visit: Visit) -> web.Response:
    size_mb = visit.asked("mb", HUGE_MB, smallest=0)
    if size_mb > LARGEST_MB:
        raise BadValueError(f"mb must be at most {LARGEST_MB}, not {size_mb}")
    return _show(visit, "huge.js", size_mb=size_mb)


def _redirect(visit: Visit) -> web.Response:
    where = visit.route.path.rpartition("/")[2]
    target = TARGETS[where]
    if where in BY_HTTP:
        return redirect(target)
    return visit.show("js_redirect.html", target=target, script_target=in_script(target))


ROUTES = (
    Route("/js/crash/", _crash, "A script takes memory until the page crashes; ?mb=N bounds it"),
    Route("/js/endless/", _endless, "A picture never arrives, so that the page never finishes loading"),
    Route(RESOURCE, _resource),
    Route("/js/never/", _never, "Half of the page never arrives"),
    Route("/js/alerts/", _alerts, "One alert after another for ever; ?n=N bounds them"),
    Route("/js/popups/", _popups, "A window, a download, a request to notify, and a service worker"),
    Route(DOWNLOAD, _download),
    Route(WORKER, _worker),
    Route("/js/huge/", _huge, f"A script makes the page {HUGE_MB} MB large; ?mb=N changes that"),
    *(
        Route(f"/js/redirects/{where}", _redirect, f"Tries to lead to an address of the kind {where!r}")
        for where in TARGETS
    ),
)
