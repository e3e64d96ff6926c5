"""One page as it was read: made from what the spider yielded, kept in MongoDB, and taken up again."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from scrapy import Request

from models.record import Found
from scraper.core import meta as meta_keys
from scraper.core import zst
from scraper.crawl.request_json import request_to_json
from scraper.crawl.request_stats import CLOSED, Tallies
from scraper.errors import UnstorableRequestError
from scraper.pages.document import NOT_KEPT
from scraper.paging.facts import ListEvent

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from scrapy.http import Response

    from scraper.spider import SiteSpider
    from scraper.storage.records.store import RecordIds

NOT_MODIFIED = "not-modified"
"""Flag of a response that has no body because the page is what it was when it was read last."""

MOST_BYTES = 2**20
"""What a page may lead to, compressed, before it is not worth keeping."""

MOST_NOTED = 8 * 2**20
"""The same while the page is read, in characters: so much memory may a page with very many links take."""

OF_FETCHING = frozenset({name for key, name in vars(meta_keys).items() if key.isupper() and isinstance(name, str)})
"""Names in `request.meta` that are Swathe's and Scrapy's, and no value of a spider's."""

OF_OTHERS = (*NOT_KEPT, "redirect_", "dont_", "handle_httpstatus_", "cache", "referrer_policy", "rule", "link_text")
"""How further names in it begin that say how a page is fetched, or by which rule of Scrapy's."""

COMPRESSOR = zst.ZstdCompressor()
"""Made once: to make one takes longer than to compress a page's links."""


@dataclass
class Onward:
    """Where a page led. Everything in it is JSON."""

    requests: list[str] = field(default_factory=list)
    """Each as JSON."""
    entries: dict[str, int] = field(default_factory=dict)
    """The texts' hashes of the entries that requests were made from, by the request's address."""
    shared: dict[str, str] = field(default_factory=dict)
    """What many pages lead to: names of callbacks by address."""
    told: dict[str, Any] = field(default_factory=dict)
    """What the page told of its list; a ListEvent."""

    @property
    def event(self) -> ListEvent | None:
        """What the page told of its list."""
        return ListEvent.from_json(self.told) if self.told else None


@dataclass
class PageVisit:
    """What came of a page."""

    key: bytes
    url: str
    digest: bytes
    given: bytes = b""
    """What tells the values that its request came with from others; empty without any."""
    etag: str = ""
    last_modified: str = ""
    records: RecordIds = field(default_factory=dict)
    onward: bytes = b""
    measured: dict[str, dict[str, int]] = field(default_factory=dict)
    """By collection and field: how many of the records had a value."""

    @property
    def headers(self) -> dict[str, str]:
        """The headers that ask whether the page is still the same (RFC 9110, section 13)."""
        asked = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in asked.items() if value}

    def led_to(self) -> Onward:
        """Return where the page led."""
        return Onward(**json.loads(zst.decompress(self.onward))) if self.onward else Onward()

    def is_worth_keeping_over(self, earlier: PageVisit | None) -> bool:
        """Return whether it tells more than what is kept of the page."""
        same = ("given", "etag", "last_modified", "digest", "records")
        return earlier is None or any(getattr(self, name) != getattr(earlier, name) for name in same)

    def to_row(self, spider: str, code: str, now: datetime) -> dict[str, Any]:
        """Return the document of `visits`."""
        return {"_id": self.key, "spider": spider, "code": code, "read_at": now, **{n: getattr(self, n) for n in KEPT}}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> PageVisit:
        """Return what `to_row` wrote."""
        return cls(bytes(row["_id"]), **{name: row[name] for name in KEPT if name in row})


KEPT = tuple(one.name for one in fields(PageVisit) if one.name != "key")
"""Fields that the document of `visits` has under the same names."""


class OnwardNotes:
    """Where a page led, noted while its callback yields: requests gather what belongs to this crawl alone later on."""

    def __init__(self, spider: SiteSpider, request: Request) -> None:
        self._spider, self._request = spider, request
        self._onward = Onward()
        self._told: list[tuple[Any, ...]] = []
        self._noted = 0
        """How many characters the requests have that were noted."""
        self.is_whole = True
        """Whether all of it can be followed again from what was noted."""

    def note(self, output: Found | Request) -> None:
        """Note a record, or a request; those of further pages of the list follow from what the page told of it."""
        if not self.is_whole:
            return
        if isinstance(output, Found):
            base = [output.base_url] if output.base_url else []
            self._told.append((output.document.__name__, output.raw, sorted(output.added), *base))
        elif meta_keys.BROWSER in output.meta:
            self._give_up()  # it is not known from the page alone what the browser shows
        elif output.url not in self._spider.shared_links.of(self._request) and not is_list_page(output):
            self._note_onward(output)

    def _note_onward(self, request: Request) -> None:
        try:
            written = request_to_json(request, self._spider)
        except UnstorableRequestError:
            self._give_up()  # whoever has to store it says so
            return
        self._onward.requests.append(written)
        if (text := self._spider.lists.entry_texts.get(request)) is not None:
            self._onward.entries[request.url] = text
        self._noted += len(written)
        if self._noted > MOST_NOTED:
            self._give_up()

    def _give_up(self) -> None:
        self.is_whole = False
        self._onward, self._told = Onward(), []

    def visit(self, response: Response, key: bytes) -> PageVisit | None:
        """Return what came of the page; None when it cannot be taken up again."""
        tally = Tallies.of(self._spider.crawler).tally(self._request)
        # Only what speaks against a page keeps it from being remembered; one of a kind is noted to be whole, too.
        if not self.is_whole or tally.notes.keys() - {CLOSED} or tally.failed:
            return None  # what speaks against the run must do so every time
        event = self._spider.lists.event_of(self._request)
        self._onward.told = event.to_json() if event else {}
        self._onward.shared = dict(sorted(self._spider.shared_links.of(self._request).items()))
        data = json.dumps(vars(self._onward), sort_keys=True).encode()
        packed = COMPRESSOR.compress(data, COMPRESSOR.FLUSH_FRAME) if any(vars(self._onward).values()) else b""
        if len(packed) > MOST_BYTES:
            return None
        etag, modified = (
            (response.headers.get(name) or b"").decode("latin-1")[:1000] for name in ("ETag", "Last-Modified")
        )
        digest = blake2b(repr(self._told).encode(errors="replace") + data, digest_size=16).digest()
        return PageVisit(key, response.url, digest, given_of(self._request), etag, modified, onward=packed)


def given_of(request: Request) -> bytes:
    """Return what tells the values that a request came with from others, 16 bytes; empty where it came with none.

    These are its `cb_kwargs`, and what a spider has put into its `meta`: its page's records may have them, so the page
    is only what it was when they are. Those of a page of a list say where in the list it is.
    """
    if is_list_page(request):
        return b""
    own = {str(name): value for name, value in request.meta.items() if name not in OF_FETCHING}
    meta = {name: value for name, value in own.items() if not name.startswith(OF_OTHERS)}
    if not request.cb_kwargs and not meta:
        return b""
    try:
        # As JSON, which a request may have been meanwhile: a tuple is a list then.
        text = json.dumps([request.cb_kwargs, meta], default=repr)
    except (TypeError, ValueError, RecursionError):
        text = repr([request.cb_kwargs, meta])
    return blake2b(text.encode(errors="replace"), digest_size=16).digest()


def is_list_page(request: Request) -> bool:
    """Return whether a request is for a further page of a list, which follows from the pages before it."""
    return meta_keys.LIST in request.meta
