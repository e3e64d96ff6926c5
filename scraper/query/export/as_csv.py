"""Rows as CSV, in files and on standard output: UTF-8, one header, CRLF between lines (RFC 4180)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from scraper.core.text import ABSENT, INVISIBLE, ListStyle, cell_text, defused, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_QUOTED = re.compile(r'[,;\t"\r\n]')
"""What a cell is quoted for: a spreadsheet may take `;` or a tab for the border of a cell, whatever the file says."""


def csv_lines(
    names: Sequence[str],
    rows: Iterable[Sequence[Any]],
    lists: ListStyle = ListStyle.JOIN,
    *,
    for_terminal: bool = False,
) -> Iterator[str]:
    """Yield the header and a line for each row.

    A text that a spreadsheet would run gets an apostrophe before it, numbers stay numbers. What cannot be in a text is
    U+FFFD; `for_terminal` leaves out whatever a terminal would obey.
    """
    yield _line(_text(name, for_terminal) for name in names)
    for row in rows:
        yield _line(_cell(value, lists, for_terminal) for value in row)


def _cell(value: Any, lists: ListStyle, for_terminal: bool) -> str:
    if value is ABSENT or value is None:
        return ""
    text = cell_text(value, lists)
    return _text(text, for_terminal) if isinstance(value, str | list) else _plain(text, for_terminal)


def _text(text: str, for_terminal: bool) -> str:
    return defused(_plain(text, for_terminal))


def _plain(text: str, for_terminal: bool) -> str:
    if for_terminal:
        text = INVISIBLE.sub(lambda found: found[0] if found[0] in "\t\n" else "", text)
    return printable(text)


def _line(cells: Iterable[str]) -> str:
    line = ",".join([f'"{cell.replace(chr(34), chr(34) * 2)}"' if _QUOTED.search(cell) else cell for cell in cells])
    # One empty cell would be no line at all.
    return f"{line}\r\n" if line else '""\r\n'
