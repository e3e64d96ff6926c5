"""Write the selector of an element: the shortest that finds it, by classes and ids rather than by its place."""

from __future__ import annotations

import re
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING

from bs4 import Tag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bs4 import BeautifulSoup

WORD = re.compile(r"-?[A-Za-z_][\w-]*", re.ASCII)
ODD_CLASS = re.compile(
    r"\d{3}|^(?:odd|even|first|last|active|clearfix|row|col(?:-.*)?|js-.*)$|[A-Za-z0-9]{5}_{2,}\w{5}$"
)
"""Classes that say where an element stands or what a build made of it, not what it is."""

MOST_CLASSES = 6


def classes_of(element: Tag) -> list[str]:
    """Return the classes that a selector may name, those that say most first."""
    names = [str(name) for name in element.get_attribute_list("class")[:MOST_CLASSES] if name]
    plain = [name for name in names if WORD.fullmatch(name)]
    return sorted(plain, key=lambda name: bool(ODD_CLASS.search(name)))


def words_of(element: Tag, most: int = 400) -> str:
    """Return the text of an element with white space collapsed, at most so many characters of it."""
    found: list[str] = []
    length = 0
    for text in _texts(element, 50 + 3 * most):
        found.append(text)
        length += len(text)
        if length > most * 3:
            break
    return " ".join("".join(found).split())[:most]


def _texts(element: Tag, most: int) -> Iterator[str]:
    ahead = [element]
    for _ in range(most):
        if not ahead:
            return
        part = ahead.pop()
        if isinstance(part, Tag):
            if part.name not in ("script", "style", "template"):
                ahead.extend(reversed(part.contents[:most]))  # type: ignore[arg-type]
                # Elements side by side are words of their own to a reader.
                yield " "
        else:
            yield str(part)


class Selectors:
    """Write selectors for the elements of one page."""

    def __init__(self, page: BeautifulSoup) -> None:
        self._page = page

    @cached_property
    def _counts(self) -> Counter[str]:
        """How many elements each simple selector finds."""
        counts: Counter[str] = Counter()
        for element in self._page.find_all(True):
            counts.update(self._simple(element))
        return counts

    def _simple(self, element: Tag) -> list[str]:
        """Return the selectors of an element alone, the best first."""
        names = classes_of(element)
        found = [f"{element.name}.{name}" for name in names]
        if len(names) > 1:
            found.append(element.name + "".join(f".{name}" for name in names))
        identity = str(element.get("id") or "")
        if WORD.fullmatch(identity) and not re.search(r"\d", identity):
            found.append(f"#{identity}")
        name = str(element.get("name") or "")
        if WORD.fullmatch(name) and element.name == "form":
            found.append(f"form[name={name}]")
        return found if WORD.fullmatch(element.name) else []

    def count(self, selector: str) -> int:
        """Return how many elements a selector of one step finds."""
        return self._counts[selector]

    def of_group(self, elements: list[Tag]) -> str:
        """Return the selector that finds these elements and no other; by their parent when they have no class."""
        first = elements[0]
        shared = set.intersection(*(set(self._simple(element)) for element in elements[:200]))
        for selector in self._simple(first):
            if selector in shared and self._counts[selector] == len(elements):
                return selector
        own = next((selector for selector in self._simple(first) if selector in shared), first.name)
        for parent in list(first.parents)[:4]:
            for selector in self._simple(parent):
                if self._counts[selector] == 1 or own == first.name:
                    return f"{selector} {own}" if parent is not first.parent else f"{selector} > {own}"
        return own

    def of(self, element: Tag) -> str:
        """Return a selector whose first match is the element."""
        for selector in self._simple(element):
            if self._counts[selector] == 1:
                return selector
        for parent in list(element.parents)[:4]:
            for selector in self._simple(parent):
                whole = f"{selector} {element.name}"
                if self._counts[selector] == 1 and parent.find(element.name) is element:
                    return whole
        best = self._simple(element)
        return best[0] if best else element.name
