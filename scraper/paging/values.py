"""Look something up in a page, whatever it is made of: CSS or XPath in HTML and XML, JMESPath in JSON."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import jmespath
from jmespath.exceptions import JMESPathError
from lxml import etree

from models.cleaners.counts import MAX_TOTAL, total_in
from scraper.page_data.element_text import pieces_of
from scraper.select import compiled, texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy.http import Response


class NotJsonError(ValueError):
    """Report an answer that is not the JSON it should be."""


def stated_number(text: object) -> int | None:
    """Return the whole number that a text states, the last one after "of"; None when it states none, or several.

    What is only a bound, an estimate or a multiple ("10,000+", "over 1,000", "12k") is no total that can be counted to.

    >>> [stated_number(text) for text in ("1,000 results", "Page 1 of 50", "showing 1 to 20 of 1 000", 61, "12k")]
    [1000, 50, 1000, 61, None]
    >>> stated_number("10 or 20")
    """
    if isinstance(text, bool) or text is None:
        return None
    if isinstance(text, int | float):
        return int(text) if 0 <= text < MAX_TOTAL and text == int(text) else None
    return total_in(str(text))


def in_html(response: Response, selector: str) -> str | None:
    """Return the text of the first match of a selector, white space collapsed; None when there is none.

    Every element within begins a new line, so that numbers of two of them do not become one.
    """
    if "::" in selector or "/@" in selector or selector.endswith("text()"):
        found = texts(response, selector)
    else:
        matches = compiled(selector)(response.selector.root)[:1]  # type: ignore[attr-defined]
        found = [
            piece for one in matches for piece in (pieces_of(one) if isinstance(one, etree._Element) else [str(one)])
        ]
    return "\n".join(piece for text in found if (piece := " ".join(text.split()))) or None


def decoded(response: Response) -> Any:
    """Return the JSON of an answer; raise NotJsonError, saying what it is instead."""
    try:
        return response.json()  # type: ignore[attr-defined]
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        kind = (response.headers.get("Content-Type") or b"no type").decode("latin-1").partition(";")[0]
        start = " ".join(response.body[:200].decode("utf-8", "replace").split())[:60]
        raise NotJsonError(f"answered {start!r} ({kind}), expected JSON") from None


def in_json(data: Any, path: str) -> Any:
    """Return what a JMESPath finds in decoded JSON, or None."""
    return _compiled_path(path)(data)


@cache
def _compiled_path(path: str) -> Callable[[Any], Any]:
    try:
        search: Callable[[Any], Any] = jmespath.compile(path).search
    except JMESPathError as error:
        raise ValueError(f"'{path}' is not a JMESPath: {' '.join(str(error).split())}") from None
    return search
