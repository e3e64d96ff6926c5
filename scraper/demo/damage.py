"""Take records or the way to the next page out of an answer: what a list looks like when a scrape of it goes wrong."""

from __future__ import annotations

import gzip
import itertools
import json
import re
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
