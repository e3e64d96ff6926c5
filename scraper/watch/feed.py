"""Atom feeds, for whoever reads news in a program of their own: of watches' notices, or of whatever else happened.

Source: RFC 4287.
"""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True)
class FeedEntry:
    """Something that happened."""

    id: str
    """The same for the same thing, whenever it is asked for."""
    title: str
    at: datetime
    body: str


def atom(database: Database[dict[str, Any]], watches: Sequence[str]) -> str:
    """Return the latest notices of these watches as a feed, the latest first. Blocks."""
    which = {"watch": {"$in": list(watches)}}
    notices = database[Notice._get_collection_name()].find(which, sort=[("at", -1)], limit=ENTRIES)
    told = [(notice["at"], message_of(notice)) for notice in notices]
    entries = [FeedEntry(message.id, message.title, at, message.body) for at, message in told]
    return feed_of(database.name, "+".join(sorted(watches)), ", ".join(sorted(watches)), entries)


def feed_of(project: str, id_: str, title: str, entries: Sequence[FeedEntry]) -> str:
    """Return entries, the latest first, as a feed of a project's database; `id_` is the same whenever it is asked."""
    return "\n".join(_lines(f"urn:swathe:{project}", id_, title, entries)) + "\n"


def _lines(project: str, id_: str, title: str, entries: Sequence[FeedEntry]) -> Iterator[str]:
    updated = max((entry.at for entry in entries), default=datetime(1970, 1, 1, tzinfo=UTC))
    yield '<?xml version="1.0" encoding="utf-8"?>'
    yield '<feed xmlns="http://www.w3.org/2005/Atom">'
    yield f"<id>{escape(f'{project}:{id_}')}</id>"
    yield f"<title>swathe: {escape(title)}</title>"
    yield f"<updated>{updated.isoformat()}</updated>"
    yield f'<author><name>swathe</name></author><generator version="{VERSION}">swathe</generator>'
    for entry in entries:
        yield f"<entry><id>{escape(f'{project}:{entry.id}')}</id>"
        yield f"<title>{escape(entry.title)}</title><updated>{entry.at.isoformat()}</updated>"
        yield f'<content type="text">{escape(entry.body)}</content></entry>'
    yield "</feed>"
