"""Quotes with pictures, as a shop's list has them: what a record does not need and a browser loads all the same."""

from __future__ import annotations

import zlib
from functools import lru_cache
from random import Random

from aiohttp import web

from practice.js_literals import in_script
from practice.js_page import quotes_of, show_page
from practice.list_template import existing_leaf
from scraper.demo.router import Route, Visit

PICTURE = "/js/portraits/{name}"
SIDE = 128


def _page(visit: Visit) -> web.Response:
    page = existing_leaf(visit)
    return show_page(visit, "js_portraits.html", data=in_script(quotes_of(visit, page)))


@lru_cache(maxsize=256)
def picture(name: str) -> bytes:
    """Return a PNG of 128 by 128 coloured points, about 48 KB, always the same for a name."""
    points = Random(name)  # noqa: S311 - a picture, not a secret
    rows = b"".join(b"\0" + points.randbytes(3 * SIDE) for _ in range(SIDE))
    size = SIDE.to_bytes(4)
    parts = ((b"IHDR", size + size + b"\x08\x02\0\0\0"), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4) for kind, data in parts
    )


def _picture(visit: Visit) -> web.Response:
    return web.Response(body=picture(visit.captured["name"]), headers={"Content-Type": "image/png"})


ROUTES = (
    Route("/js/portraits/", _page, "Data in a script, and a picture to every quote"),
    Route(PICTURE, _picture),
)
