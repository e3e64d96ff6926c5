"""Recognize in the answers that a browser got the API that a page takes its records from."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from scraper.page_data import PageData, record_lists
from scraper.paging.values import in_json
from scraper.rendering.attempt import attempt, records_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from scraper.paging.kind import Pagination

PAGE = re.compile(r"^(?:page|p|pg|page_?(?:no|num|number))$", re.IGNORECASE)
OFFSET = re.compile(r"^(?:offset|start|skip|from)$", re.IGNORECASE)
LIMIT = re.compile(r"^(?:limit|size|count|per_?page|page_?size|rows)$", re.IGNORECASE)
MORE = re.compile(r"^(?:has_?(?:next|more)(?:_?page)?|more|is_?more)$", re.IGNORECASE)
TOTAL = re.compile(r"^(?:total(?:_?(?:count|results|records|items))?|count)$", re.IGNORECASE)
LAST = re.compile(r"^(?:pages|total_?pages|page_?count|last_?page)$", re.IGNORECASE)
CURSOR = re.compile(r"^(?:next_?(?:cursor|token|page_?token)|cursor)$", re.IGNORECASE)


def discover(
    answers: Sequence[Mapping[str, Any]], read: Callable[[Any], Iterable[Any]], page_url: str
) -> dict[str, Any] | None:
    """Return the API among the JSON answers of a page: its address, where the records are, and the line to declare.

    `read` is the spider's `read_data`; only an answer that it finds whole records in counts. The records' identities
    are returned too, to be held against those that the page showed.
    """
    for answer in answers:
        if answer.get("method", "GET") != "GET" or int(answer.get("status") or 0) != 200:
            continue
        try:
            value = json.loads(answer.get("body") or "")
        except (ValueError, RecursionError):
            continue
        for found in record_lists(PageData(str(answer["url"]), value)):
            made = attempt("api", found.path, found.entries, read)
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
    kind, positional = "NextLink", [""]
    if token := _place(value, CURSOR, str):
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
            if place := _place(value, pattern, wanted):
                named[name] = place
    arguments = [repr(part) for part in positional] + [f"{name}={text!r}" for name, text in named.items()]
    line = f"pagination = {kind}({', '.join(arguments)})".replace("'", '"')
    return {"url": url, "records": path, "declare": line, "kind": kind, "positional": positional, "named": named}


def _template(address: str, parameters: Mapping[str, str]) -> str:
    return address + ("?" + "&".join(f"{name}={text}" for name, text in parameters.items()) if parameters else "")


def _place(value: Any, pattern: re.Pattern[str], wanted: type) -> str:
    """Return the JMESPath of the first key that matches and holds a value of a type, at the top or one level down."""
    if not isinstance(value, dict):
        return ""
    levels = [("", value), *((f"{name}.", inner) for name, inner in value.items() if isinstance(inner, dict))]
    for before, level in levels:
        for name, found in level.items():
            fits = type(found) is wanted and (wanted is not str or found)
            if pattern.match(name) and fits and in_json(value, f"{before}{name}") == found:
                return f"{before}{name}"
    return ""
