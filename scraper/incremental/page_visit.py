"""One page as it was read: made from what the spider yielded, kept in MongoDB, and taken up again."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import zstandard
from scrapy import Request

from models.record import Found
from scraper.errors import UnstorableRequestError
from scraper.paging.facts import ListEvent
from scraper.stored_requests import request_to_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from bson import ObjectId
    from pymongo.collection import Collection
    from scrapy import Spider
    from scrapy.http import Response

NOT_MODIFIED = "not-modified"
"""Flag of a response that has no body because the page is what it was when it was read last."""

MOST_BYTES = 2**20
"""What a page may lead to, compressed, before it is not worth keeping."""

Records = dict[str, list["ObjectId"]]
"""The `_id` of records, by the name of their collection."""


@dataclass
class PageVisit:
    """What came of a page."""

    key: bytes
    url: str
    digest: bytes
    etag: str = ""
    last_modified: str = ""
    records: Records = field(default_factory=dict)
    onward: bytes = b""

    @property
    def headers(self) -> dict[str, str]:
        """The headers that ask whether the page is still the same (RFC 9110, section 13)."""
        asked = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in asked.items() if value}

    @property
    def led_to(self) -> tuple[list[dict[str, Any]], ListEvent | None]:
        """The requests that the page led to, as data, and what it told of its list."""
        if not self.onward:
            return [], None
        data = json.loads(zstandard.decompress(self.onward))
        return data["requests"], ListEvent.from_json(data["event"]) if data["event"] else None

    def is_worth_keeping_over(self, earlier: PageVisit | None) -> bool:
        """Return whether it tells more than what is kept of the page."""
        same = ("etag", "last_modified", "digest", "records")
        return earlier is None or any(getattr(self, name) != getattr(earlier, name) for name in same)

    def to_row(self, spider: str, code: str, now: datetime) -> dict[str, Any]:
        """Return the document of `visits`."""
        values = {name: value for name, value in vars(self).items() if name != "key"}
        return {"_id": self.key, "spider": spider, "code": code, "read_at": now, **values}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> PageVisit:
        """Return what `to_row` wrote."""
        names = ("url", "digest", "etag", "last_modified", "records", "onward")
        return cls(bytes(row["_id"]), **{name: row[name] for name in names})


def visit_of(
    response: Response, key: bytes, outputs: Iterable[Any], event: ListEvent | None, spider: Spider
) -> PageVisit | None:
    """Return what came of a page that was read; None when it cannot be taken up again.

    `outputs` is all that the spider yielded of it, `event` what it told of its list. The pages of a list follow from
    the event, so their requests are left out.
    """
    told = event.to_json() if event else None
    digest = blake2b(digest_size=16)
    requests = []
    for output in outputs:
        if isinstance(output, Found):
            digest.update(repr((output.document.__name__, output.raw, sorted(output.added))).encode(errors="replace"))
        elif isinstance(output, Request):
            if "browser" in output.meta:
                return None  # it is not known from the page alone what the browser shows
            digest.update(f"{output.method} {output.url} ".encode() + output.body)
            if "name" not in output.cb_kwargs or "number" not in output.cb_kwargs:
                try:
                    requests.append(request_to_data(output, spider))
                except UnstorableRequestError:
                    return None  # whoever has to store it says so
        else:
            return None
    if told:
        digest.update(json.dumps(told, sort_keys=True).encode())
    data = json.dumps({"requests": requests, "event": told}).encode()
    onward = zstandard.compress(data) if requests or told else b""
    if len(onward) > MOST_BYTES:
        return None
    header = {name: (response.headers.get(name) or b"").decode("latin-1")[:1000] for name in ("ETag", "Last-Modified")}
    return PageVisit(key, response.url, digest.digest(), header["ETag"], header["Last-Modified"], onward=onward)


def forget_pages_of(visits: Collection[dict[str, Any]], spider: str, collection: str, ids: list[ObjectId]) -> None:
    """Forget every page on which a spider found one of the records, so that it is read again. Blocks."""
    visits.delete_many({"spider": spider, f"records.{collection}": {"$in": ids}})
