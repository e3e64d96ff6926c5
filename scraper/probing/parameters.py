"""Recognize by their names what query parameters and the keys of an API's answers mean."""

from __future__ import annotations

from typing import Any

from scraper.page_data.lists import step
from scraper.rendering.discovery import CURSOR, LAST, LIMIT, MORE, OFFSET, PAGE, TOTAL

__all__ = ["CURSOR", "LAST", "LIMIT", "MORE", "OFFSET", "PAGE", "TOTAL", "place_of"]


def place_of(value: Any, pattern: Any, wanted: type) -> str:
    """Return the JMESPath of the first key that matches and holds a value of a type, at most two levels down.

    >>> place_of({"meta": {"total": 61}}, TOTAL, int)
    'meta.total'
    """
    level = [("", value)]
    for _ in range(3):
        deeper: list[tuple[str, Any]] = []
        for path, found in level:
            for key, part in found.items() if isinstance(found, dict) else ():
                if pattern.match(key) and type(part) is wanted and part not in ("", None):
                    return step(path, key)
                deeper.append((step(path, key), part))
        level = deeper[:200]
    return ""
