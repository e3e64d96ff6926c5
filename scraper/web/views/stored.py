"""What pages of sites looked like, shown in a frame that runs nothing and asks nobody."""

from __future__ import annotations

import codecs
import re
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

from bson import ObjectId
from fastapi import APIRouter, Path
from starlette.responses import Response

from models.pages import StoredPage
from models.system import Run
from scraper.pages.archive import body_of
from scraper.web.asked import Db, Id, Settings, found, not_there
from scraper.web.schemas import records as schemas
from scraper.web.views.view import View

PAGES, RUNS = StoredPage._get_collection_name(), Run._get_collection_name()
FRAMED = {
    # Whoever made the page, it is shown as it was: its own styles and nothing from elsewhere; no script, form or frame.
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
    "frame-ancestors 'self'",
    "X-Frame-Options": "SAMEORIGIN",
}
SHOWN_AS = {"HtmlResponse": "text/html"}
"""How a kept page is shown by its kind; any other is text."""

OF_NAMES = ("idna", "punycode")
"""Encodings of names of hosts: they fail on what is none, or take hours for it."""

CONNECTING = re.compile(r"<(?=link|iframe)", re.IGNORECASE)
"""Where elements begin that no policy keeps from connecting elsewhere: `<link rel=preconnect>`, also in a `srcdoc`."""

raw = APIRouter(include_in_schema=False)


def stored_page(db: Db, id: Id) -> dict[str, Any]:
    """One page that was kept: when, why, and how it was answered."""
    page = found(db, PAGES, id, "kept page")
    names = ("url", "spider", "when", "why", "status", "size", "encoding")
    return {"id": id, "run": str(page["run"]), **{name: page.get(name) for name in names}}


@raw.get("/pages/{id}/content")
def content(db: Db, id: Id) -> Response:
    """Return the body of a kept page, for a frame."""
    page = found(db, PAGES, id, "kept page")
    body = body_of(db, page)
    if body is None:
        raise not_there(f"the body of page {ObjectId(id)} is gone")
    encoding = page.get("encoding") or "utf-8"
    kind = SHOWN_AS.get(page.get("kind", ""), "text/plain")
    return _framed(body, encoding, kind)


@raw.get("/runs/{id}/evidence/{place}/{kind}")
def evidence(
    db: Db, config: Settings, id: Id, place: Annotated[int, Path(ge=0, le=99)],
    kind: Literal["html", "screenshot"],
) -> Response:  # fmt: skip
    """Return what a page looked like that yielded nothing: its HTML for a frame, or the browser's picture of it."""
    kept = found(db, RUNS, id, "run", ["evidence"]).get("evidence") or []
    named = FilePath(kept[place].get(kind) or "/").resolve() if place < len(kept) else FilePath("/")
    # The database says where it is; nothing but what was put there by a crawl is shown.
    if (config.mongodb.data_dir / "evidence").resolve() not in named.parents or not named.is_file():
        raise not_there(f"there is no such {kind} of run {id}: it may have been removed, as [retention] says")
    if kind == "screenshot":
        return Response(named.read_bytes(), media_type="image/png", headers=FRAMED)
    return _framed(named.read_bytes(), "utf-8", "text/html")


def _framed(body: bytes, encoding: str, kind: str) -> Response:
    text = body.decode(encoding if _is_of_texts(encoding) else "utf-8", "replace")
    if kind == "text/html":
        text = CONNECTING.sub("<x-", text)
    return Response(text.encode(), media_type=f"{kind}; charset=utf-8", headers=FRAMED)


def _is_of_texts(encoding: str) -> bool:
    """Return whether a page can be in an encoding; its server may have named any that Python has."""
    try:
        "".encode(encoding)
        return codecs.lookup(encoding).name not in OF_NAMES
    except (LookupError, ValueError):
        return False


VIEWS = (View("/pages/{id}", "stored_page.html", stored_page, schemas.StoredPageJson),)
