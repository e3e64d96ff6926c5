"""Find the blocks of a page that repeat: most likely its records."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bs4 import Tag

from scraper.probe.selectors import classes_of, words_of

if TYPE_CHECKING:
    from scraper.probe.page import StudiedPage
    from scraper.probe.selectors import Selectors

LEAST, SHOWN = 3, 4
OUTSIDE = frozenset({"nav", "footer", "head", "select", "svg", "script", "style", "template", "noscript"})
"""Elements in which nothing is looked for."""

BESIDE = frozenset({"aside", "header"})
"""Elements in which a record is less likely."""

INLINE = frozenset({"a", "b", "i", "em", "strong", "span", "small", "br", "img", "option", "td", "th", "input", "label",
                    "p", "h1", "h2", "h3", "h4", "link", "meta", "button", "path", "use", "form"})  # fmt: skip
"""Elements that hold a field rather than a record, unless they have fields of their own."""

LEAST_CHARACTERS = 12
LONG = 40
SAMPLED = 30


@dataclass(frozen=True)
class Block:
    """Elements that look alike."""

    selector: str
    count: int
    sample: str
    """The text of the first."""
    links: int
    """Different addresses that the first one links to."""
    link: str
    """The selector, within a block, of the link that leads to the record's own page; empty for none."""
    score: float


def repeated_blocks(page: StudiedPage, selectors: Selectors) -> list[Block]:
    """Return the blocks that look like records, the likeliest first."""
    groups: dict[tuple[str, ...], list[Tag]] = {}
    weights: dict[tuple[str, ...], float] = {}
    ahead: list[tuple[Tag, tuple[str, ...], float]] = [(page.soup, (), 1.0)]
    while ahead:
        element, above, weight = ahead.pop()
        path = (*above[-2:], signature(element))
        lighter = weight * (0.2 if element.name in BESIDE else 1)
        groups.setdefault(path, []).append(element)
        weights[path] = lighter
        inside = [child for child in element.contents if isinstance(child, Tag)]
        ahead += [(child, path, lighter) for child in reversed(inside) if not _is_outside(child)]
    found = [
        (_score(elements) * weights[path], elements) for path, elements in groups.items() if len(elements) >= LEAST
    ]
    best = sorted((pair for pair in found if pair[0] > 0), key=lambda pair: -pair[0])[: SHOWN * 4]
    return [_block(elements, score, selectors) for score, elements in _distinct(best)]


def signature(element: Tag) -> str:
    """Return what elements of a kind share: the tag and its classes."""
    return " ".join([element.name, *sorted(classes_of(element))])


def _score(elements: list[Tag]) -> float:
    """Weigh count, length and variety of texts, and how many parts a block has."""
    sampled = elements[:SAMPLED]
    texts = [words_of(element) for element in sampled]
    average: float = sum(map(len, texts)) / len(texts)
    parts = sum(min(_parts(element), 12) for element in sampled) / len(sampled)
    # A row of a table or a list may hold its whole text in one part.
    least = (
        3 if elements[0].name in INLINE else 1 if average >= LONG and elements[0].name in ("tr", "li", "article") else 2
    )
    if average < LEAST_CHARACTERS or parts < least:
        return 0
    variety = len(set(texts)) / len(texts)
    if variety < 0.5:
        return 0
    return math.sqrt(len(elements) * min(average, 300)) * variety * math.log2(1 + parts)


def _parts(element: Tag) -> int:
    """Count the elements within a block that have a picture, or a text of their own."""
    return sum(part.name == "img" or _has_text(part) for part in element.find_all(True, limit=40))


def _has_text(element: Tag) -> bool:
    return any(not isinstance(part, Tag) and str(part).strip() for part in element.contents[:10])


def _block(elements: list[Tag], score: float, selectors: Selectors) -> Block:
    first = elements[0]
    addresses = [str(link["href"]) for link in first.find_all("a", href=True, limit=50)]
    selector = selectors.of_group(elements)
    return Block(
        selector, len(elements), words_of(first, 200), len(set(addresses)), _record_link(elements), round(score, 1)
    )


def _record_link(elements: list[Tag]) -> str:
    """Return where the link to a record's own page stands: the first that is different in every block."""
    first = elements[0]
    for link in first.find_all("a", href=True, limit=20):
        holder = link.parent if link.parent is not None and link.parent is not first else None
        named = [f"{link.name}.{name}" for name in classes_of(link)]
        inside = [f"{holder.name} a"] if holder is not None and holder.name not in ("div", "span", "p") else []
        for selector in [*inside, *named, "a"]:
            found = [element.select_one(selector) for element in elements[:SAMPLED]]
            addresses = {str(part.get("href")) for part in found if part is not None}
            if found[0] is link and len(addresses) == len(found):
                return selector
    return ""


def _distinct(found: list[tuple[float, list[Tag]]]) -> list[tuple[float, list[Tag]]]:
    """Leave out what is a part of better blocks, or stands for the same ones; the better named of two then stays."""
    kept: list[tuple[float, list[Tag]]] = []
    for score, elements in found:
        place = next((place for place, (_, better) in enumerate(kept) if _within(elements, better)), None)
        if place is None:
            kept.append((score, elements))
        elif _says_more(elements, kept[place][1]):
            kept[place] = (kept[place][0], elements)
    return kept[:SHOWN]


def _within(elements: list[Tag], others: list[Tag]) -> bool:
    """Say whether blocks stand within others, or around them one by one."""
    inner = {id(element) for element in others}
    if any(id(parent) in inner for parent in elements[0].parents):
        return True
    outer = {id(element) for element in elements}
    return len(elements) == len(others) and any(id(parent) in outer for parent in others[0].parents)


def _says_more(elements: list[Tag], others: list[Tag]) -> bool:
    """Say whether blocks have a class and the same texts as others that have none."""
    same = len(elements) == len(others) and words_of(elements[0]) == words_of(others[0])
    return same and bool(classes_of(elements[0])) and not classes_of(others[0])


def _is_outside(element: Tag) -> bool:
    return element.name in OUTSIDE or element.get("role") == "navigation"
