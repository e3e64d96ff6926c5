"""Find the data that a page's JavaScript assigns to names, wherever in a script it stands, without running it."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from scraper.page_data.data import LEAST_CHARACTERS, PageData
from scraper.page_data.function_calls import called_function
from scraper.page_data.literals import read_json, read_literal
from scraper.page_data.tokens import text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scraper.page_data.data import Effort

PART = r"""(?:\.[\w$]{1,60}|\[(?:"[\w$:./-]{1,60}"|'[\w$:./-]{1,60}')\])"""
ASSIGNED = re.compile(
    rf"""(?<![\w$.])(?:(?P<keyword>var|let|const)\s{{1,20}})?(?P<name>[\w$]{{1,60}}{PART}{{0,6}})\s{{0,20}}
    (?<![=!<>+*/%&|^-])=\s{{0,20}}(?![=>])
    (?:[\w$]{{1,60}}{PART}{{0,6}}\s{{0,5}}\|\|\s{{0,5}})?
    (?:(?P<literal>[\[{{])|(?P<parsed>JSON\.parse\(\s{{0,20}})|(?P<called>!?\(?(?:function\b|\()))""",
    re.VERBOSE,
)
STRING = re.compile(r""""[^"\\]*(?:\\[\s\S][^"\\]*)*"|'[^'\\]*(?:\\[\s\S][^'\\]*)*'|`[^`\\]*(?:\\[\s\S][^`\\]*)*`""")
WRAPPER = re.compile(r"(?:window\.)?(decodeURIComponent|unescape|atob)\(\s{0,20}")
CANDIDATE_EFFORT = 300
"""What looking at an assignment costs, besides its characters; see `Effort`."""


def assigned_data(script: str, effort: Effort) -> Iterator[PageData]:
    """Yield the objects and arrays that a script assigns, each named as the script writes it."""
    at = 0
    while match := ASSIGNED.search(script, at):
        effort.spend(match.end() - at + CANDIDATE_EFFORT)
        read = _value(script, match, effort)
        at = match.end()
        if read is not None:
            value, end = read
            if end - match.start() >= LEAST_CHARACTERS and value:
                yield PageData(_name(match), value)
            at = end


def _value(script: str, match: re.Match[str], effort: Effort) -> tuple[Any, int] | None:
    if match["literal"]:
        return read_literal(script, match.start("literal"), effort)
    if match["parsed"]:
        return _parsed(script, match.end(), effort)
    return called_function(script, match.start("called"), effort)


def _parsed(script: str, at: int, effort: Effort) -> tuple[Any, int] | None:
    """Read the string that JSON.parse is given."""
    wrapper = WRAPPER.match(script, at)
    literal = STRING.match(script, wrapper.end() if wrapper else at)
    if literal is None:
        effort.spend(len(script) - at)
        return None
    effort.spend((literal.end() - at) * 2)
    try:
        text = text_of(literal[0])
        if wrapper:
            text = base64.b64decode(text).decode() if wrapper[1] == "atob" else unquote(text)
        value = read_json(text, effort)
    except ValueError:
        return None
    return (value, literal.end()) if isinstance(value, dict | list) else None


def _name(match: re.Match[str]) -> str:
    """Name the variable as a person would: `window["X"]` is `window.X`."""
    name = re.sub(r"""\[["']([\w$]+)["']\]""", r".\1", match["name"])
    return f"{match['keyword']} {name}" if match["keyword"] else name
