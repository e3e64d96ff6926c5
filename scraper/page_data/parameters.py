"""Recognize by their names what query parameters and the keys of an API's answers mean."""

from __future__ import annotations

import re
from typing import Any

from scraper.page_data.records import step

PAGE = re.compile(r"^(?:page|p|pg|page_?(?:no|num|number))$", re.IGNORECASE)
OFFSET = re.compile(r"^(?:offset|start|skip|from)$", re.IGNORECASE)
LIMIT = re.compile(r"^(?:limit|size|count|per_?page|page_?size|rows)$", re.IGNORECASE)
MORE = re.compile(r"^(?:has_?(?:next|more)(?:_?page)?|more|is_?more)$", re.IGNORECASE)
TOTAL = re.compile(r"^(?:total(?:_?(?:count|results|records|items))?|count)$", re.IGNORECASE)
LAST = re.compile(r"^(?:pages|total_?pages|page_?count|last_?page)$", re.IGNORECASE)
CURSOR = re.compile(r"^(?:next_?(?:cursor|token|page_?token)|cursor)$", re.IGNORECASE)


def place_of(value: Any, pattern: Any, wanted: type, *, deepest: int = 2) -> str:
    """Return the JMESPath of the first key that matches and holds a value of a type, `deepest` levels down at most.

    >>> place_of({"meta": {"total": 61}}, TOTAL, int)
    'meta.total'
    >>> place_of({"meta-data": {"total": 61}}, TOTAL, int, deepest=1)
    '"meta-data".total'
    """
    level = [("", value)]
    for _ in range(deepest + 1):
        deeper: list[tuple[str, Any]] = []
        for path, found in level:
            for key, part in found.items() if isinstance(found, dict) else ():
                if pattern.match(key) and type(part) is wanted and part not in ("", None):
                    return step(path, key)
                deeper.append((step(path, key), part))
        level = deeper[:200]
    return ""
