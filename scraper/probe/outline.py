"""The outline of a page's elements: their shape, how much text and how many parts they have, measured once for all."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Iterator

Element = Any
"""An element of lxml, which has no types of its own."""

PASSED_OVER = frozenset({"script", "style", "template", "noscript", "link", "meta", "head", "svg", "select", "br",
                         "hr", "wbr", "iframe", "input", "object", "param", "source", "col", "colgroup",
                         "caption"})  # fmt: skip
"""Elements that are no record and no place for one."""

FORMATTING = frozenset({"b", "i", "em", "strong", "u", "font", "small", "sup", "sub", "abbr", "mark"})
"""Elements that a text may have or not, so that they say nothing of a shape."""

ZEBRA = re.compile(
    r"^(?:odd|even|alt|first|last|row[-_]?\d+|(?:row|item)?[-_]?(?:odd|even|alt)|active|clearfix)$", re.I
)
"""Classes that say where a record stands in its list."""

MOST_CLASSES, MOST_PATHS = 12, 60
LEVELS = 3
TELLING = 3
"""A shape with fewer paths is a part of many."""

SAME_CHILDREN = 0.6
"""How alike the shapes of elements are at least that have the same tags right below them."""


@dataclass(slots=True)
class Measure:
    """What is known of one element."""

    characters: int = 0
    linked: int = 0
    """Those of them that stand in links."""
    parts: int = 0
    """Elements in it that have a text of their own, or are pictures."""
    pictures: int = 0
    links: int = 0
    shape: frozenset[str] = field(default_factory=frozenset)
    """The paths of tags below it, to a depth of three."""


class Outline:
    """The measures of every element of a tree."""

    def __init__(self, root: Element) -> None:
        self.root = root
        self.elements: list[Element] = [element for element in root.iter() if isinstance(element.tag, str)]
        self._measures: dict[Element, Measure] = {}
        nested: dict[Element, tuple[frozenset[str], ...]] = {}
        for element in reversed(self.elements):
            self._measures[element] = self._measured(element, nested)

    def __getitem__(self, element: Element) -> Measure:
        return self._measures[element]

    def children(self, element: Element) -> list[Element]:
        """Return the elements right below one that may be records or parts of them."""
        return [child for child in element if isinstance(child.tag, str) and child.tag not in PASSED_OVER]

    def _measured(self, element: Element, nested: dict[Element, tuple[frozenset[str], ...]]) -> Measure:
        measure = Measure()
        own = len((element.text or "").strip())
        paths: list[set[str]] = [set() for _ in range(LEVELS)]
        for child in element:
            own += len((child.tail or "").strip())
            if not isinstance(child.tag, str) or child.tag in ("script", "style", "template", "noscript"):
                continue
            inner = self._measures[child]
            measure.characters += inner.characters
            measure.linked += inner.linked
            measure.parts += inner.parts
            measure.pictures += inner.pictures
            measure.links += inner.links
            self._add_paths(paths, child, nested.pop(child))
        measure.characters += own
        measure.parts += int(own > 0) + int(element.tag == "img")
        measure.pictures += element.tag in ("img", "picture")
        if element.tag == "a" and element.get("href"):
            measure.linked, measure.links = measure.characters, measure.links + 1
        nested[element] = tuple(frozenset(level) for level in paths)
        measure.shape = nested[element][-1]
        return measure

    @staticmethod
    def _add_paths(paths: list[set[str]], child: Element, below: tuple[frozenset[str], ...]) -> None:
        name = child.tag
        for level, found in enumerate(paths):
            if len(found) > MOST_PATHS:
                continue
            inner = below[level - 1] if level else frozenset[str]()
            if name in FORMATTING or name == "br":
                found.update(inner)
            else:
                found.add(name)
                found.update(f"{name}/{path}" for path in inner)


def class_names(element: Element) -> list[str]:
    """Return the classes of an element as they are written, at most twelve."""
    return (element.get("class") or "").split()[:MOST_CLASSES]


def kinds_of(element: Element) -> frozenset[str]:
    """Return the classes that say what an element is, with every number in them alike."""
    return frozenset(re.sub(r"\d+", "#", name) for name in class_names(element) if not ZEBRA.match(name))


def likeness(one: Element, other: Element, outline: Outline) -> float:
    """Return how alike two elements of one tag are, from 0 to 1: by their shapes and classes."""
    shape = _overlap(outline[one].shape, outline[other].shape)
    if len(one) > 1 and [child.tag for child in one[:9]] == [child.tag for child in other[:9]]:
        shape = max(shape, SAME_CHILDREN)
    mine, others = kinds_of(one), kinds_of(other)
    if not mine and not others:
        return shape
    shared = len(mine & others) / max(1, min(len(mine), len(others)))
    return (shape + shared) / 2


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    """Return how far two shapes agree; one that is a part of the other is like it: a record may lack a field."""
    if not one or not other:
        return float(one == other)
    shared, least = len(one & other), min(len(one), len(other))
    jaccard = shared / len(one | other)
    return (jaccard + shared / least) / 2 if least >= TELLING else jaccard


def pieces_between(first: Element, until: Element | None, most: int) -> Iterator[str]:
    """Yield the texts of an element and of what stands behind it, up to another beside it."""
    element = first
    while element is not None and element is not until and most > 0:
        for text in _pieces(element, most):
            most -= len(text)
            yield text
        if element.tail:
            yield element.tail[:most]
            most -= len(element.tail)
        element = element.getnext()


def _pieces(element: Element, most: int) -> Iterator[str]:
    """Yield the visible texts within an element, a space between elements."""
    if not isinstance(element.tag, str) or element.tag in ("script", "style", "template"):
        return
    for event, part in etree.iterwalk(element, events=("start", "end")):
        if most <= 0:
            return
        text = (part.text if event == "start" else part.tail if part is not element else "") or ""
        if event == "start" and (not isinstance(part.tag, str) or part.tag in ("script", "style", "template")):
            text = ""
        most -= len(text) + 1
        yield f" {text[: max(most, 0)]}"


def words(element: Element, most: int = 400, until: Element | None = None, *, on: bool = False) -> str:
    """Return the text of an element, white space collapsed; with `on`, also of what is behind it, up to `until`."""
    pieces = pieces_between(element, until, 3 * most) if on else _pieces(element, 3 * most)
    return " ".join("".join(pieces).split())[:most]
