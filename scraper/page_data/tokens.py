"""Split JavaScript into tokens, as far as it takes to find where a bracket is closed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scraper.page_data.data import Effort

TOKEN = re.compile(
    r"""(?P<string>"[^"\\\n]*(?:\\[\s\S][^"\\\n]*)*"|'[^'\\\n]*(?:\\[\s\S][^'\\\n]*)*'|`[^`\\]*(?:\\[\s\S][^`\\]*)*`)
    |(?P<comment>//[^\n]*|/\*[\s\S]*?\*/)
    |(?P<broken>["'`]|/\*)
    |(?P<date>new\s{1,9}Date\(\s{0,9}(?:"[^"\\]{0,60}"|'[^'\\]{0,60}'|\d{1,16})\s{0,9}\))
    |(?P<open>[\[{(])|(?P<close>[\]})])
    |(?P<switch>![01](?!\w))
    |(?P<word>(?:[^\W\d]|\$)[\w$.]*)
    |(?P<number>(?:0[xXoObB][\da-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?)n?)
    |(?P<space>\s+)
    |(?P<sign>[\s\S])""",
    re.VERBOSE,
)
ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|x([0-9a-fA-F]{2})|(\r\n|[\s\S]))")
PLAIN_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "\n": "", "\r\n": ""}
PARTNER = {"}": "{", "]": "[", ")": "("}
TOKEN_EFFORT = 130
"""What a token costs, besides its characters; see `Effort`."""


def tokens(text: str, start: int, effort: Effort) -> Iterator[tuple[re.Match[str], int]]:
    """Yield the tokens from a bracket on with the depth behind each, until it is closed or something is broken."""
    opened: list[str] = []
    for token in TOKEN.finditer(text, start):
        if token.lastgroup == "open":
            opened.append(token[0])
        elif token.lastgroup == "close" and opened.pop() != PARTNER[token[0]]:
            break
        elif token.lastgroup == "broken":
            effort.spend(len(text) - token.start())
            break
        effort.spend(TOKEN_EFFORT + len(token[0]))
        yield token, len(opened)
        if not opened:
            break


def closing(text: str, start: int, effort: Effort) -> int | None:
    """Return where the bracket at `start` is closed, behind it; None when it never is."""
    for token, depth in tokens(text, start, effort):
        if not depth:
            return token.end()
    return None


def text_of(literal: str) -> str:
    r"""Return the text of a JavaScript string literal, with its quotes.

    >>> text_of(r"'it\x27s \u00e9'")
    "it's é"
    """
    text = ESCAPE.sub(_unescaped, literal[1:-1])
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if "\\u" in literal else text


def _unescaped(found: re.Match[str]) -> str:
    code = found[1] or found[2] or found[3]
    if code:
        return chr(int(code, 16)) if int(code, 16) < 0x110000 else "\ufffd"
    return PLAIN_ESCAPES.get(found[4], found[4])
