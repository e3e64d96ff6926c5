"""Read a JavaScript literal out of a script, without running it: as JSON where it is, else written as JSON first."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from scraper.page_data.data import DEEP, TooDeepError
from scraper.page_data.js_literals import Mender
from scraper.page_data.tokens import tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scraper.page_data.data import Effort


def _nothing(_constant: str) -> None:
    """Stand for NaN and Infinity, which JSON has not."""


MAY_BE_JSON = re.compile(r"""\{\s{0,99}["}]|\[\s{0,99}["\[{\]\d\-tfnNI]""")
_decoder = json.JSONDecoder(strict=False, parse_constant=_nothing)


def read_json(text: str, effort: Effort) -> Any:
    """Return the value of a JSON text; raise ValueError when it is none, or one that is too deep."""
    effort.spend(len(text))
    try:
        return effort.bound(_decoder.decode(text))
    except RecursionError:
        effort.leave_out(DEEP)
        raise TooDeepError from None


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
        if MAY_BE_JSON.match(text, start):
            value, end = _decoder.raw_decode(text, start)
            return effort.bound(value), end
    except json.JSONDecodeError as error:
        # Its line is counted from the beginning of the text.
        effort.spend(error.pos - start + error.pos // 32)
    except RecursionError:
        effort.leave_out(DEEP)
        effort.spend(len(text) - start)
        return None
    except ValueError:
        effort.spend(len(text) - start)
        return None
    try:
        mended = Mender(names or {}).mend(tokens(text, start, effort))
        return (effort.bound(_decoder.decode(mended[0])), mended[1]) if mended else None
    except (TooDeepError, RecursionError):
        effort.leave_out(DEEP)
        return None
    except ValueError:
        return None
