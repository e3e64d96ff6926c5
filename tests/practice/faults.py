"""Faults that a test asks the practice server for, and what they take out of an answer."""

from __future__ import annotations

import gzip
import itertools
import json
import re
from dataclasses import dataclass
from typing import Any

from aiohttp import web

# Our own markup, also when it was broken on purpose: text in it is escaped, so a bare "<" always begins a tag.
RECORD = re.compile(
    r"""
      <div[^>]*\sclass="quote">\s*<span\ class="content">.*?</div>\s*  # what the search form finds
    | <div[^>]*\sclass="quote">.*?</div>\s*</div>\s*
    | <li>\s*<article[^>]*\sclass="product_pod">.*?</article>\s*(?:</li>\s*)?
    | <tr\ style="border-bottom:\ 0px;\ ">.*?</tr>\s*<tr>.*?</tr>\s*
    | <item>.*?</item>\s*
    | <entry>.*?</entry>\s*
    | <url>.*?</url>\s*
    """,
    re.DOTALL | re.VERBOSE,
)
NEXT = re.compile(
    r"""
      <li\ class="next">\s*<a\b[^>]*>.*?</a>\s*(?:</li>\s*)?
    | <(?:atom:)?link\b[^>]*\srel="[^"]*\bnext\b[^"]*"[^>]*>\s*
    | <a\b[^>]*\s(?:rel|class)="[^"]*\bnext\b[^"]*"[^>]*>.*?</a>\s*
    | <a\b[^>]*>\s*Next\s*<span\b[^>]*>[^<]*</span>\s*</a>
    | <button\ class="more".*?</button>\s*
    | <form\ class="next".*?</form>\s*
    """,
    re.DOTALL | re.VERBOSE,
)
RECORD_FIELDS = ("quotes", "results", "items")
NEXT_FIELDS = ("next", "next_cursor", "has_next", "more")
NEXT_HEADERS = ("Link", "X-Next-Page-Token")
GZIP_TYPE = "application/gzip"
DEFAULT_STATUS = 500


@dataclass(frozen=True)
class Fault:
    """What goes wrong at one address.

    `status` is answered instead of the page; None leaves the page as it is, for a fault that only delays. `times` is
    how often it happens before the page recovers; None means always. `retry_after` becomes the header of that name:
    seconds, or an HTTP date. `delay_s` is waited before the answer. `drop` closes the connection without one, whatever
    the status.

    Or the page is answered, but not as it should be; the status then need not be given: `remove_next` takes out all
    that leads to the next page, `keep_records` leaves only the first records of a list, `serve_as` answers with the
    page at another path (and query). `body`, of the type `content_type`, is answered instead of the page; with a
    `status` other than 500 it has that one. `skip` is how many requests are answered well before the first fault, for
    lists whose pages share an address.
    """

    status: int | None = DEFAULT_STATUS
    times: int | None = None
    retry_after: int | str | None = None
    delay_s: float = 0.0
    drop: bool = False
    remove_next: bool = False
    keep_records: int | None = None
    serve_as: str | None = None
    body: str | None = None
    content_type: str = "text/html; charset=utf-8"
    skip: int = 0

    def __post_init__(self) -> None:
        """Refuse values that could not be served, with a ValueError."""
        if self.body is not None and self.status in (None, DEFAULT_STATUS):
            object.__setattr__(self, "status", 200)
        elif (self.damages or self.serve_as is not None) and self.status == DEFAULT_STATUS:
            object.__setattr__(self, "status", None)
        if self.status is not None and not 200 <= self.status <= 599:
            raise ValueError(f"cannot make a fault: status must be from 200 to 599, or None, not {self.status}")
        if self.times is not None and self.times < 1:
            raise ValueError(f"cannot make a fault: times must be 1 or more, or None for always, not {self.times}")
        if self.delay_s < 0:
            raise ValueError(f"cannot make a fault: delay_s must be 0 or more, not {self.delay_s}")
        if self.keep_records is not None and self.keep_records < 0:
            raise ValueError(f"cannot make a fault: keep_records must be 0 or more, or None, not {self.keep_records}")
        if self.serve_as is not None and not self.serve_as.startswith("/"):
            raise ValueError(f"cannot make a fault: serve_as must be a path that begins with /, not {self.serve_as!r}")
        if self.skip < 0:
            raise ValueError(f"cannot make a fault: skip must be 0 or more, not {self.skip}")

    @property
    def damages(self) -> bool:
        """Whether the page is answered with something taken out."""
        return self.remove_next or self.keep_records is not None


def _damage_markup(markup: str, keep_records: int | None, remove_next: bool) -> str:
    if keep_records is not None:
        counted = itertools.count(1)
        markup = RECORD.sub(lambda record: record[0] if next(counted) <= keep_records else "", markup)
    return NEXT.sub("", markup) if remove_next else markup


def _damage_json(content: dict[str, Any], keep_records: int | None, remove_next: bool) -> dict[str, Any]:
    damaged = dict(content)
    for field, value in content.items():
        if field == "html":
            damaged[field] = _damage_markup(value, keep_records, remove_next)
        elif isinstance(value, dict):
            damaged[field] = _damage_json(value, keep_records, remove_next)
        elif field in RECORD_FIELDS:
            damaged[field] = value[:keep_records]
        elif field in NEXT_FIELDS and remove_next:
            damaged[field] = False if isinstance(value, bool) else None
    return damaged


def damage_answer(response: web.Response, *, keep_records: int | None = None, remove_next: bool = False) -> None:
    """Leave only the first `keep_records` records in an answer (None: all), and no way to the next page.

    Counts and numbered links stay: what a page says of the others is not what leads to the next one.
    """
    body = response.body
    if not isinstance(body, bytes):
        return
    if response.content_type == "application/json":
        response.body = json.dumps(_damage_json(json.loads(body), keep_records, remove_next)).encode()
    elif response.content_type == GZIP_TYPE:
        markup = gzip.decompress(body).decode()
        response.body = gzip.compress(_damage_markup(markup, keep_records, remove_next).encode(), mtime=0)
    else:
        response.body = _damage_markup(body.decode(), keep_records, remove_next).encode()
    # The ETag is that of the whole page, which must not be taken for unchanged once it recovers.
    for header in ("ETag", *(NEXT_HEADERS if remove_next else ())):
        response.headers.popall(header, None)
