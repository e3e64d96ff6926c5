"""Values as text: exact numbers, times in UTC, and nothing that a spreadsheet would run."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import StrEnum
from json.encoder import encode_basestring
from math import isfinite
from typing import TYPE_CHECKING, Any
from unicodedata import category, normalize

from bson import Decimal128

if TYPE_CHECKING:
    from datetime import tzinfo

_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
INVISIBLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
    r"\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0"
    r"\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Control characters, among them the one that begins a terminal escape, and what nobody sees: letters without a shape,
tags, what turns text around. Source: Unicode's Default_Ignorable_Code_Point, without what joins letters and picks the
form of an emoji.
"""

_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Those of them that stand between words; the others stand inside of one."""

_FORMULA_STARTS = frozenset("=+-@")
ABSENT: Any = object()
"""Stands for a value that a record does not have, which is not the same as null."""

PLAIN_DIGITS = 40
"""A decimal number up to this far from 1 is written without an exponent."""


LONGEST_PART = 50
"""Characters of a name in the name of a file; most file systems take 255 bytes."""


class ListStyle(StrEnum):
    """How a list becomes the text of one cell."""

    JOIN = "join"
    JSON = "json"


def defused(text: str) -> str:
    r"""Return a text that no spreadsheet takes for a formula: with an apostrophe before it where one would.

    White space, invisible characters and full-width forms do not hide the beginning of a formula. Source: OWASP, CSV
    Injection.

    >>> defused("=1+1"), defused(" \uff1d1")[0], defused("a=1")
    ("'=1+1", "'", 'a=1')
    """
    if not text or text[0].isalnum():
        return text
    first = next((sign for sign in text if not sign.isspace() and category(sign) not in ("Cc", "Cf")), "")
    if text[0] in "\t\r\n" or normalize("NFKC", first)[:1] in _FORMULA_STARTS:
        return f"'{text}"
    return text


def printable(text: str) -> str:
    r"""Return a text with U+FFFD for what no text file or cell can hold: control characters, halves of pairs.

    >>> printable("a\x00b\n")
    'a�b\n'
    """
    return _CONTROLS.sub("\ufffd", text)


def file_part(name: str) -> str:
    r"""Return a name as a part of a file's name, which leads to no other folder and steers no terminal.

    >>> file_part("../..\x1b[31m"), file_part("books@2026-11-21T06:00:00Z#1")
    ('-----31m', 'books-2026-11-21T06-00-00Z-1')
    """
    return re.sub(r"[^\w.-]|\.\.|^\.", "-", name[-LONGEST_PART:])


def local_time(value: datetime, zone: tzinfo | None = None) -> str:
    """Return a time to the minute with the name of its zone, None for this machine's.

    >>> local_time(datetime(2026, 11, 21, 18, 30, tzinfo=UTC), UTC)
    '2026-11-21 18:30 UTC'
    """
    return f"{value.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def one_visible_line(text: str) -> str:
    r"""Return a text as one line without anything that a terminal would obey.

    >>> one_visible_line("red \x1b[31malert\n")
    'red [31malert'
    >>> one_visible_line("a\u3164dm\U000e0069in")
    'admin'
    """
    return " ".join(INVISIBLE.sub("", _BREAKS.sub(" ", text)).split())


def cell_text(value: Any, lists: ListStyle) -> str:
    """Return a value as the text of a cell: nothing for None, `true`, ISO times in UTC, whole decimals."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, Decimal128):
        return decimal_text(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and lists is ListStyle.JOIN and not any(isinstance(part, list | dict) for part in value):
        return "; ".join(_escaped(cell_text(part, lists)) for part in value)
    return json_text(value) if isinstance(value, list | dict) else str(value)


def json_text(value: Any) -> str:
    """Return a value as JSON. A decimal is a number with every digit it has; what JSON has no word for is a text.

    >>> json_text([Decimal128("9.50"), None, True, float("nan")])
    '[9.50, null, true, "nan"]'
    """
    if isinstance(value, str):
        return encode_basestring(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return repr(value) if isfinite(value) else f'"{value}"'
    if isinstance(value, Decimal128):
        text = decimal_text(value)
        return text if value.to_decimal().is_finite() else f'"{text}"'
    if isinstance(value, datetime):
        return f'"{value.astimezone(UTC).isoformat()}"'
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(json_text, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{encode_basestring(str(name))}: {json_text(part)}' for name, part in value.items())}}}"
    return encode_basestring(str(value))


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number of things.

    >>> counted(1, "page"), counted(2, "page"), counted(0, "query", "queries")
    ('1 page', '2 pages', '0 queries')
    """
    return f"{number} {noun if number == 1 else plural or f'{noun}s'}"


def quoted(text: str) -> str:
    r"""Write a text as Python source, whatever a site put into it; lone surrogates, which no file takes, are lost.

    >>> print(quoted("it's"), quoted('x");import os#'))
    "it's" "x\");import os#"
    """
    # Python reads JSON's strings as JSON does.
    return encode_basestring(text.encode("utf-8", "replace").decode())


def decimal_text(value: Decimal128) -> str:
    """Return a decimal with every digit it has, and without an exponent unless it is huge or tiny.

    >>> decimal_text(Decimal128("9.50")), decimal_text(Decimal128("1E+3"))
    ('9.50', '1000')
    """
    text = str(value)
    if "E" not in text:
        return text
    number = value.to_decimal()
    return f"{number:f}" if abs(number.adjusted()) < PLAIN_DIGITS else text


def _escaped(part: str) -> str:
    return part.replace("\\", "\\\\").replace(";", "\\;")
