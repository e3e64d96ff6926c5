"""Unpack the payload of Nuxt 3: one flat array in which every value is named by its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scraper.page_data.data import MOST_DEPTH

if TYPE_CHECKING:
    from scraper.page_data.data import Effort

PART_EFFORT = 100
"""What a part of a value costs; see `Effort`."""

WRAPPERS = frozenset({"Reactive", "ShallowReactive", "Ref", "ShallowRef", "EmptyRef", "EmptyShallowRef", "NuxtError"})


def unpacked(value: Any, effort: Effort) -> Any:
    """Return the data of a payload, or the payload itself when it is none.

    >>> from scraper.page_data.data import Effort
    >>> unpacked([["Reactive", 1], {"name": 2, "tags": 3}, "Ada", [2, 2]], Effort(60))
    {'name': 'Ada', 'tags': ['Ada', 'Ada']}
    """
    if not isinstance(value, list) or not value or not isinstance(value[0], dict | list):
        return value
    reader = _Reader(value, effort)
    found = reader.at(0)
    return value if reader.odd else found


class _Reader:
    """Follow the places of a payload; `odd` says that something was no place."""

    def __init__(self, flat: list[Any], effort: Effort) -> None:
        self.flat, self.effort = flat, effort
        self.odd = False

    def at(self, place: Any, depth: int = 0) -> Any:
        """Return the value at a place; None for nothing, for what contains itself, and where it gets too deep."""
        self.effort.spend(PART_EFFORT)
        if not isinstance(place, int) or place >= len(self.flat):
            self.odd = True
            return None
        if place < 0 or depth >= MOST_DEPTH:
            return None
        value = self.flat[place]
        if isinstance(value, dict):
            return {key: self.at(part, depth + 1) for key, part in value.items()}
        if isinstance(value, list):
            return self._list(value, depth)
        return value

    def _list(self, value: list[Any], depth: int) -> Any:
        if not value or not isinstance(value[0], str):
            return [self.at(part, depth + 1) for part in value]
        kind, *parts = value
        if kind in WRAPPERS:
            return self.at(parts[0], depth + 1) if parts else None
        if kind == "Set":
            return [self.at(part, depth + 1) for part in parts]
        if kind == "Map":
            pairs = zip(parts[::2], parts[1::2], strict=False)
            return {str(self.at(key, depth + 1)): self.at(part, depth + 1) for key, part in pairs}
        if kind == "null":
            return {str(key): self.at(part, depth + 1) for key, part in zip(parts[::2], parts[1::2], strict=False)}
        return parts[0] if parts else None
