"""The notices of watches as an Atom feed, for whoever reads news in a program of their own. Source: RFC 4287."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from models.watches import Notice
from scraper.core.project import VERSION
from scraper.watch.notices import message_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pymongo.database import Database

ENTRIES = 100
"""The latest notices, as many as a feed has."""


def atom(database: Database[dict[str, Any]], watches: Sequence[str]) -> str:
    """Return the latest notices of these watches as a feed, the latest first. Blocks."""
    which = {"watch": {"$in": list(watches)}}
    notices = database[Notice._get_collection_name()].find(which, sort=[("at", -1)], limit=ENTRIES)
    return "\n".join(_lines(database.name, watches, list(notices))) + "\n"


def _lines(project: str, watches: Sequence[str], notices: Sequence[dict[str, Any]]) -> Iterator[str]:
    updated = max((notice["at"] for notice in notices), default=datetime(1970, 1, 1, tzinfo=UTC))
    yield '<?xml version="1.0" encoding="utf-8"?>'
    yield '<feed xmlns="http://www.w3.org/2005/Atom">'
    yield f"<id>urn:swathe:{escape(project)}:{escape('+'.join(sorted(watches)))}</id>"
    yield f"<title>swathe: {escape(', '.join(sorted(watches)))}</title>"
    yield f"<updated>{updated.isoformat()}</updated>"
    yield f'<author><name>swathe</name></author><generator version="{VERSION}">swathe</generator>'
    for notice in notices:
        message = message_of(notice)
        yield f"<entry><id>urn:swathe:{escape(project)}:{message.id}</id>"
        yield f"<title>{escape(message.title)}</title><updated>{notice['at'].isoformat()}</updated>"
        yield f'<content type="text">{escape(message.body)}</content></entry>'
    yield "</feed>"
