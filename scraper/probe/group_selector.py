"""Write the selector of a group of elements: by classes, names and what is in them before their place."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scraper.probe.outline import ZEBRA, Element, class_names
from scraper.select import compiled

if TYPE_CHECKING:
    from collections.abc import Iterator

WORD = re.compile(r"-?[A-Za-z_][\w-]*", re.ASCII)
PLACED = re.compile(
    r"^(?:row|col(?:umn)?s?(?:-.*)?|js-.*|container|wrapper|clearfix|grid)$|\d{3}|[A-Za-z0-9]{5}_{2,}\w{5}$"
)
"""Classes that lay out a page, or that a build made."""

MOST_TRIED = 120
MOST_ABOVE = 8
MOST_CONDITIONS = 3
CELLS = ("> td", "> th")
"""What every row of a table has, whatever fields it lacks."""


@dataclass(frozen=True)
class Found:
    """A selector and what it finds beside what it should."""

    selector: str
    missed: int
    others: int

    @property
    def is_exact(self) -> bool:
        """Whether it finds the elements, and no others."""
        return not self.missed and not self.others


def group_selector(root: Element, elements: tuple[Element, ...]) -> Found:
    """Return the first selector that finds all of these elements and no other; else the one that errs least."""
    wanted = set(elements)
    best: Found | None = None
    for place, selector in enumerate(_proposed(root, elements)):
        if place >= MOST_TRIED:
            break
        found = set(compiled(selector)(root))
        tried = Found(selector, len(wanted - found), len(found - wanted))
        if tried.is_exact:
            return tried
        if found & wanted and (best is None or tried.missed + tried.others < best.missed + best.others):
            best = tried
    return best or Found(elements[0].tag, 0, len(elements))


def _proposed(root: Element, elements: tuple[Element, ...]) -> Iterator[str]:
    """Yield selectors, the plainest first."""
    own, wanted = list(_own(elements)), set(elements)
    named = [selector for selector in own if selector != elements[0].tag]
    yield from named
    holders = list(_holders(elements))
    simple = [f"{holder}{between}{selector}" for selector in own for holder in holders for between in (" > ", " ")]
    simple = [selector for selector in simple if wanted & set(compiled(selector)(root))][: MOST_TRIED // 3]
    yield from simple
    for selector in [*named, *simple][:12]:
        others = [element for element in compiled(selector)(root) if element not in wanted]
        missed = len(wanted) - len(set(compiled(selector)(root)) & wanted)
        if others and not missed:
            yield from (f"{selector}{condition}" for condition in _conditions(elements, others))
    if len(parents := {element.getparent() for element in elements}) == 1 and None not in parents:
        yield f"{_path(parents.pop())} > {own[0]}"


def _own(elements: tuple[Element, ...]) -> Iterator[str]:
    """Yield what the elements say of themselves: shared classes, the beginnings that classes share, their tag."""
    tag = elements[0].tag
    if not WORD.fullmatch(tag):
        tag = "*"
    counts = Counter(name for element in elements for name in dict.fromkeys(class_names(element)))
    shared = [name for name in dict.fromkeys(class_names(elements[0]))
              if counts[name] == len(elements) and WORD.fullmatch(name) and not ZEBRA.match(name)]  # fmt: skip
    shared.sort(key=lambda name: bool(PLACED.search(name)))
    yield from (f"{tag}.{name}" for name in shared)
    if len(shared) > 1:
        yield tag + "".join(f".{name}" for name in shared)
    for name in () if shared else class_names(elements[0]):
        stem = re.match(r"[A-Za-z][A-Za-z_-]{3,40}(?=\d|_\w{5,40}$)", name)
        if stem and all(any(other.startswith(stem[0]) for other in class_names(element)) for element in elements):
            yield f"{tag}[class*='{stem[0]}']"
    for name in ("itemtype", "itemprop", "role", "rel", "data-testid", "typeof"):
        value = elements[0].get(name)
        if value and re.fullmatch(r"[\w:/.-]+", value) and all(element.get(name) == value for element in elements):
            yield f"{tag}[{name}='{value}']"
    yield tag


def _holders(elements: tuple[Element, ...]) -> Iterator[str]:
    """Yield selectors of what stands around all of the elements, the nearest first."""
    parents = list(dict.fromkeys(element.getparent() for element in elements))
    for _ in range(MOST_ABOVE):
        if not parents or parents[0] is None:
            return
        yield from _shared_names(parents)
        parents = list(dict.fromkeys(parent.getparent() for parent in parents if parent is not None))
        if any(parent is None for parent in parents):
            return


def _shared_names(elements: list[Element]) -> Iterator[str]:
    first = elements[0]
    identity = first.get("id") or ""
    if len(elements) == 1 and WORD.fullmatch(identity) and not re.search(r"\d{2}", identity):
        yield f"#{identity}"
    names = set.intersection(*(set(class_names(element)) for element in elements))
    for name in class_names(first):
        if name in names and WORD.fullmatch(name) and not ZEBRA.match(name):
            yield f"{first.tag}.{name}"
    if (
        WORD.fullmatch(first.tag)
        and first.tag not in ("html", "div", "span")
        and all(element.tag == first.tag for element in elements)
    ):
        yield first.tag


def _conditions(elements: tuple[Element, ...], others: list[Element]) -> Iterator[str]:
    """Yield what the elements have and the others do not, or the other way about, then what their places are."""
    mine, theirs = [_inside(element) for element in elements], [_inside(element) for element in others]
    wanted, ever, condition = set.intersection(*mine), set[str]().union(*mine), ""
    for _ in range(MOST_CONDITIONS):
        having = Counter(name for names in theirs for name in wanted - names)
        lacking = Counter(name for names in theirs for name in names - ever)
        # What the elements have lasts longer than what the others happen to have. Of equals the first by name, in every
        # process: the order of a set is another in each.
        best = max(
            sorted({*having, *lacking}),
            key=lambda name: (having[name] + lacking[name], name in having, name in CELLS, -len(name)),
            default="",
        )
        if not best:
            break
        condition += f":has({best})" if best in having else f":not(:has({best}))"
        theirs = [names for names in theirs if (best in names) == (best in having)]
        if not theirs:
            yield condition
            break
    classes = set.intersection(*(set(class_names(element)) for element in others))
    for name in sorted(classes - {name for element in elements for name in class_names(element)}):
        if WORD.fullmatch(name):
            yield f":not(.{name})"
    for period in (2, 3, 4):
        for start in range(1, period + 1):
            yield f":nth-child({period}n+{start})" if start < period else f":nth-child({period}n)"
    yield from (":not(:first-child)", ":nth-child(n+3)", ":not(:last-child)")


def _path(element: Element) -> str:
    """Return the path to an element from the nearest one with an id, by place where tags do not say which."""
    steps: list[str] = []
    while (parent := element.getparent()) is not None and element.tag != "body":
        identity = element.get("id") or ""
        if WORD.fullmatch(identity):
            steps.append(f"#{identity}")
            break
        alike = [child for child in parent if child.tag == element.tag]
        steps.append(element.tag + (f":nth-of-type({alike.index(element) + 1})" if len(alike) > 1 else ""))
        element = parent
    else:
        steps.append("body")
    return " > ".join(reversed(steps))


def _inside(element: Element) -> set[str]:
    """Return what an element has in it, as selectors: tags right below it, their classes, and tags deeper down."""
    found: set[str] = set()
    for child in list(element)[:20]:
        if isinstance(child.tag, str) and WORD.fullmatch(child.tag):
            found.add(f"> {child.tag}")
            found.update(f"> {child.tag}.{name}" for name in class_names(child) if WORD.fullmatch(name))
            found.update(f"> {child.tag}[{name}]" for name in ("colspan", "href", "itemprop") if child.get(name))
            if style := re.match(r"\s*([a-z-]+)\s*:", child.get("style") or ""):
                found.add(f"> {child.tag}[style*='{style[1]}']")
    for place, part in enumerate(element.iterdescendants()):
        if place >= 40:
            break
        if isinstance(part.tag, str) and part.tag in ("a", "img", "h2", "h3", "h4", "time", "b", "strong", "em", "p"):
            found.add(part.tag)
    return found
