"""A pattern that is compiled when it is first used: large ones take milliseconds, and most commands read no price."""

from __future__ import annotations

import re
from typing import Any, cast


class LatePattern:
    """Stands for `re.compile(pattern)`; what is asked of it is kept, so that it is as fast from then on.

    >>> late(r"[0-9]+").fullmatch("12").group()
    '12'
    """

    def __init__(self, pattern: str, flags: re.RegexFlag) -> None:
        self._pattern, self._flags = pattern, flags

    def __getattr__(self, name: str) -> Any:
        found = getattr(re.compile(self._pattern, self._flags), name)
        setattr(self, name, found)
        return found


def late(pattern: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    """Return the pattern, to be compiled when it is first used."""
    return cast("re.Pattern[str]", LatePattern(pattern, flags))
