"""Read a JavaScript literal out of a script, without running it: as JSON where it is, else written as JSON first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from scraper.page_data.data import too_deep
from scraper.page_data.js_literals import Mender
from scraper.page_data.tokens import tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scraper.page_data.data import Effort


def _nothing(_constant: str) -> None:
    """Stand for NaN and Infinity, which JSON has not."""


_decoder = json.JSONDecoder(strict=False, parse_constant=_nothing)


def read_json(text: str) -> Any:
    """Return the value of a JSON text; raise ValueError when it is none, or one that is too deep."""
    try:
        value = _decoder.decode(text)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if too_deep(value):
        raise ValueError("nested too deep")
    return value


def read_literal(
    text: str, start: int, effort: Effort, names: Mapping[str, str] | None = None
) -> tuple[Any, int] | None:
    r"""Return the value of the object or array that begins at `start`, and where it ends; None when there is none.

    `names` has the JSON of variables. What only running the script could tell is None.

    >>> from scraper.page_data.data import Effort
    >>> read_literal("x = {a: 'it\\x27s', b: undefined, c: !0, d: f(1),}; y()", 4, Effort(50))
    ({'a': "it's", 'b': None, 'c': True, 'd': None}, 49)
    """
    try:
        value, end = _decoder.raw_decode(text, start)
        return None if too_deep(value) else (value, end)
    except json.JSONDecodeError as error:
        effort.spend(max(error.pos - start, 1))
    except (RecursionError, ValueError):
        effort.spend(len(text) - start)
        return None
    mended = Mender(names or {}).mend(tokens(text, start, effort))
    if mended is None:
        return None
    try:
        value = _decoder.decode(mended[0])
    except (ValueError, RecursionError):
        return None
    return None if too_deep(value) else (value, mended[1])
