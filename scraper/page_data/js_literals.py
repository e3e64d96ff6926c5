r"""Write a JavaScript literal as JSON.

chompjs reads `undefined`, `void 0`, `!0`, calls and templates as texts, and stops at `'it\x27s'`, `{a, b}` and `[,1]`.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from scraper.page_data.data import MOST_DEPTH, TooDeepError
from scraper.page_data.tokens import PARTNER, text_of

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Mapping

LITERALS = frozenset({"true", "false", "null"})


class _Frame:
    """One bracket that is open: where its current entry and value begin, and of how many tokens the value is."""

    __slots__ = ("count", "entries", "entry_start", "in_key", "kind", "value_start")

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.in_key = kind == "{"
        self.entries = self.count = self.entry_start = self.value_start = 0


class Mender:
    """Write one literal anew. A value that is an expression is null: only running the script could tell it."""

    def __init__(self, names: Mapping[str, str]) -> None:
        """Take the JSON of the variables that are known."""
        self.names = names
        self.pieces: list[str] = []
        self.frames: list[_Frame] = []

    def mend(self, found: Iterable[tuple[re.Match[str], int]]) -> tuple[str, int] | None:
        """Return the literal and where it ends, or None when it does not; raise TooDeepError."""
        for token, depth in found:
            kind, text = token.lastgroup, token[0]
            if kind == "open":
                self._open(text)
                if depth > MOST_DEPTH + 1:
                    raise TooDeepError
            elif kind == "close":
                self._finish(last=True)
                self.pieces.append(text)
                self.frames.pop()
                if not depth:
                    return "".join(self.pieces), token.end()
            elif text == ",":
                self._finish()
            elif text == ":" and self._ends_key():
                self._end_key()
            elif kind not in ("space", "comment"):
                self._add(kind or "", text)
        return None

    def _open(self, bracket: str) -> None:
        if self.frames:
            self._begin()
            # A call or a group in parentheses is never a plain value.
            self.frames[-1].count += bracket == "("
        self.pieces.append(bracket)
        self.frames.append(_Frame(bracket))

    def _begin(self) -> None:
        """Count a token of the current value; begin the entry with the first one."""
        frame = self.frames[-1]
        if not frame.count and (frame.in_key or frame.kind != "{"):
            frame.entry_start = len(self.pieces)
            if frame.entries:
                self.pieces.append(",")
            frame.value_start = len(self.pieces)
        frame.count += 1

    def _add(self, kind: str, text: str) -> None:
        self._begin()
        if kind == "string":
            text = _string(text)
        elif kind == "date":
            text = _string(text[text.index("(") + 1 : -1].strip())
        elif kind == "switch":
            text = "true" if text == "!0" else "false"
        elif kind == "word" and not self.frames[-1].in_key and text not in LITERALS:
            text = self.names.get(text, "null")
        elif kind == "number":
            text = _number(text)
        self.pieces.append(text)

    def _ends_key(self) -> bool:
        frame = self.frames[-1]
        return frame.in_key and frame.count == 1 and self.pieces[-1] not in PARTNER

    def _end_key(self) -> None:
        frame, key = self.frames[-1], self.pieces[-1]
        self.pieces[-1] = (key if key[:1] == '"' else json.dumps(key)) + ":"
        frame.in_key, frame.count, frame.value_start = False, 0, len(self.pieces)

    def _finish(self, *, last: bool = False) -> None:
        """End an entry: leave out what is none, and put null where an expression stands."""
        frame = self.frames[-1]
        if frame.in_key:
            if frame.count == 1 and self.pieces[-1].isidentifier():
                name = self.pieces[-1]
                self.pieces[-1] = f"{json.dumps(name)}:{self.names.get(name, 'null')}"
                frame.entries += 1
            elif frame.count:
                del self.pieces[frame.entry_start :]
        elif frame.count or frame.kind == "{" or not last:
            if not frame.count and frame.kind != "{":
                self._begin()
                self.pieces.append("null")
            elif not self._plain(frame):
                self.pieces[frame.value_start :] = ["null"]
            frame.entries += 1
        frame.count, frame.in_key = 0, frame.kind == "{"

    def _plain(self, frame: _Frame) -> bool:
        negative = frame.count == 2 and self.pieces[frame.value_start] == "-" and self.pieces[-1][:1].isdigit()
        return frame.count == 1 or negative


def _string(literal: str) -> str:
    """Return a string literal, or the number of a date, as JSON."""
    if literal[0] == '"' and "\\" not in literal:
        return literal
    if literal[0].isdigit():
        return literal
    return "null" if literal[0] == "`" and "${" in literal else json.dumps(text_of(literal))


def _number(literal: str) -> str:
    """Return a number as JSON; null for one that no number of JSON stands for."""
    text = literal.removesuffix("n").replace("_", "")
    try:
        if text[:2].lower() in ("0x", "0o", "0b"):
            return str(int(text, 0))
        if text.isdigit():
            return str(int(text, 8 if text[0] == "0" and not {"8", "9"} & {*text} else 10))
        value = float(text)
    except ValueError:  # as many digits as Python does not take
        return "null"
    return repr(value) if math.isfinite(value) else "null"
