"""Recognize in the answers that a browser got the API that a page takes its records from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from scraper.core.tiers import API
from scraper.crawl.attempt import at_once, attempt, records_of
from scraper.page_data import Effort, PageData, record_lists
from scraper.page_data.parameters import CURSOR, LAST, LIMIT, MORE, OFFSET, PAGE, TOTAL, place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from scraper.crawl.attempt import Given
    from scraper.paging.kind import Pagination


def discover(
    answers: Sequence[Mapping[str, Any]], read: Callable[[Any], Given], page_url: str
) -> dict[str, Any] | None:
    """Return the API among the JSON answers of a page: its address, where the records are, and the line to declare.

    `read` is the spider's `read_data`; only an answer that it finds whole records in counts. The records' identities
    are returned too, to be held against those that the page showed.
    """
    effort = Effort(0)
    for answer in answers:
        if answer.get("method", "GET") != "GET" or int(answer.get("status") or 0) != 200:
            continue
        try:
            value = json.loads(answer.get("body") or "")
        except (ValueError, RecursionError):
            continue
        for found in record_lists(PageData(str(answer["url"]), value), effort):
            made = at_once(attempt(API, found.path, found.entries, read))
            if made.is_enough:
                identities = {record.identity for _, outputs in made.outputs for record in records_of(outputs)}
                return {**_described(str(answer["url"]), found.path, value, page_url), "identities": identities}
    return None


def pagination_of(api: Mapping[str, Any]) -> Pagination:
    """Return the pagination that an API was found to need."""
    from scraper import paging

    kind: type[Pagination] = getattr(paging, str(api["kind"]))
    return kind(*api["positional"], **api["named"])


def _described(url: str, path: str, value: Any, page_url: str) -> dict[str, Any]:
    """Return what is kept of an API, with the line that declares it."""
    parts = urlsplit(url)
    address = url if parts.netloc != urlsplit(page_url).netloc else parts.path
    parameters = dict(parse_qsl(parts.query, keep_blank_values=True))
    named: dict[str, Any] = {"json": path or "@"}
    if token := place_of(value, CURSOR, str, deepest=1):
        kind, positional, named["address"], named["query"] = "Cursor", [token], address, token.removeprefix("next_")
    elif number := next((name for name in parameters if PAGE.match(name)), ""):
        kind, positional = "PageNumbers", [_template(address, {**parameters, number: "{page}"})]
    elif offset := next((name for name in parameters if OFFSET.match(name)), ""):
        limit = next((name for name in parameters if LIMIT.match(name)), "")
        kind, positional = "Offsets", [_template(address, {**parameters, offset: "{offset}"})]
        if limit and parameters[limit].isdecimal():
            named["limit"] = int(parameters[limit])
    else:
        kind, positional = "PageNumbers", [_template(address, parameters)]
        named["last"] = 1
    if kind in ("PageNumbers", "Offsets") and "last" not in named:
        for name, pattern, wanted in (("total", TOTAL, int), ("last", LAST, int), ("more", MORE, bool)):
            if place := place_of(value, pattern, wanted, deepest=1):
                named[name] = place
    arguments = [repr(part) for part in positional] + [f"{name}={text!r}" for name, text in named.items()]
    line = f"pagination = {kind}({', '.join(arguments)})".replace("'", '"')
    return {"url": url, "records": path, "declare": line, "kind": kind, "positional": positional, "named": named}


def _template(address: str, parameters: Mapping[str, str]) -> str:
    return address + ("?" + "&".join(f"{name}={text}" for name, text in parameters.items()) if parameters else "")
