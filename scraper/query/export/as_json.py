"""Rows as JSON lines or as one JSON array with a row a line, in files and on standard output."""

from __future__ import annotations

import re
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any

from scraper.core.text import ABSENT, json_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_ESCAPED = re.compile(r"[\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def json_lines(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Yield one object a line; a field that a record does not have is left out, null is null."""
    for text in _objects(names, rows):
        yield f"{text}\n"


def json_array(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Yield one array, line by line."""
    separator = "[\n"
    for text in _objects(names, rows):
        yield separator + text
        separator = ",\n"
    yield "[]\n" if separator == "[\n" else "\n]\n"


def escaped(text: str) -> str:
    r"""Return JSON with escapes for what a terminal would obey, or UTF-8 has no room for; its value is the same.

    >>> escaped('"\u202e"')
    '"\\u202e"'
    """
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _objects(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    begins = [f"{encode_basestring(name)}: " for name in names]
    for row in rows:
        parts = [begin + json_text(value) for begin, value in zip(begins, row, strict=True) if value is not ABSENT]
        yield escaped(f"{{{', '.join(parts)}}}")
