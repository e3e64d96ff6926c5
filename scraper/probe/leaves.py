"""The values that a record shows, each with what tells it from the others: its path, its name and its label."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from scraper.probe.column_types import kind_of
from scraper.probe.outline import Element, class_names, kinds_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HIDDEN = frozenset({"script", "style", "template", "noscript", "select", "svg", "button", "textarea", "iframe", "head"})
BESIDE = frozenset({"nav", "footer", "aside", "header", "form"})
"""Parts of a record's own page that are those of the site; an `article` has a header of its own."""

HEADING = re.compile(r"h[2-6]")
LABEL = re.compile(r"([^:\uff1a]{2,30})[:\uff1a]$")
BEGINNING = re.compile(r"^\s*([^\W\d][^:\uff1a\n]{1,28}?)\s*[:\uff1a]\s+(?=\S)")
ATTRIBUTES = {"img": ("src",), "time": ("datetime",), "meta": ("content",), "a": ("title",), "data": ("value",)}
NAMING = frozenset({"class", "style"})
"""Attributes that say what an element is or how it looks."""

ATTRIBUTE = re.compile(r"[a-z][a-z0-9-]*")
MOST_LEAVES, MOST_ALIKE = 400, 6
LEAST_LABELLED, LEAST_BEGINNING = 0.25, 0.6


@dataclass(frozen=True)
class Leaf:
    """A value that a record shows."""

    element: Element
    attribute: str
    """The attribute that holds it; empty for the element's own text."""
    text: str
    label: str = ""
    """What is written before it, such as `Price`."""
    key: tuple[str, ...] = field(default=(), compare=False)


@dataclass
class Aligned:
    """The values of one kind in all records."""

    key: tuple[str, ...]
    rows: list[list[Leaf]]
    """By record."""

    @property
    def first(self) -> Leaf:
        """The first of them."""
        return next(leaf for row in self.rows for leaf in row)

    @property
    def filled(self) -> float:
        """The share of the records that have one."""
        return sum(map(bool, self.rows)) / len(self.rows)

    @property
    def label(self) -> str:
        """The label of most of them."""
        return Counter(leaf.label for row in self.rows for leaf in row).most_common(1)[0][0]

    @property
    def is_constant(self) -> bool:
        """Whether all records show the same, as they do with what belongs to the template."""
        return len({tuple(leaf.text for leaf in row) for row in self.rows if row}) < 2


def aligned(
    records: Sequence[Sequence[Element]], *, whole_page: bool = False, without: frozenset[Element] = frozenset()
) -> list[Aligned]:
    """Return what records show, value by value; each record is the elements that it consists of.

    With `whole_page` the parts of pages that belong to the site are passed over, and so are the elements of `without`.
    """
    found_in = [leaves_of(members, whole_page=whole_page, without=without) for members in records]
    used = Counter(label for leaves in found_in for label in {leaf.label for leaf in leaves})
    rows: dict[tuple[str, ...], list[list[Leaf]]] = defaultdict(lambda: [[] for _ in records])
    for place, leaves in enumerate(found_in):
        for leaf in leaves:
            # What stands before the values of a few records is one itself: a term that is defined, "A book: its story".
            least = LEAST_BEGINNING if leaf.text.startswith(leaf.label) else LEAST_LABELLED
            if leaf.label and len(records) > 2 and used[leaf.label] < max(2, least * len(records)):
                leaf = replace(leaf, label="", key=(*leaf.key[:-1], ""))
            rows[leaf.key][place].append(leaf)
    found: list[Aligned] = []
    for key, row in rows.items():
        found += _split(Aligned(key, row))
    return found


def _split(column: Aligned) -> Iterator[Aligned]:
    """Yield a column for each of several values, where every record has as many of them."""
    counts = Counter(len(row) for row in column.rows if row)
    (most, often), total = counts.most_common(1)[0], sum(counts.values())
    most = max(counts) if max(counts) <= MOST_ALIKE else most
    parts = [
        Aligned((*column.key, f"#{place}"), [row[place : place + 1] for row in column.rows]) for place in range(most)
    ]
    if 1 < most <= MOST_ALIKE and (often >= 0.95 * total or _differ(parts)):
        yield from parts
    else:
        yield column


def _differ(parts: list[Aligned]) -> bool:
    """Say whether values side by side are of different types, and so fields of their own."""
    kinds = [kind_of([leaf.text for row in part.rows for leaf in row], part.first.attribute) for part in parts]
    return parts[0].first.element.tag != "a" and len({kind.cleaner for kind in kinds}) > 1


def leaves_of(
    members: Sequence[Element],
    *,
    whole_page: bool = False,
    without: frozenset[Element] = frozenset(),
    every_attribute: bool = False,
    most: int = MOST_LEAVES,
) -> list[Leaf]:
    """Return the values of a record, in the order of the page, at most so many.

    With `every_attribute` also those of attributes that hold none as a rule, such as `data-price`.
    """
    found: list[Leaf] = []
    seen: Counter[str] = Counter()
    for place, member in enumerate(members):
        if not isinstance(member.tag, str):
            continue
        step = "" if place == 0 else f"+{member.tag}{seen[member.tag]}"
        seen[member.tag] += place > 0
        ahead: list[tuple[Element, tuple[str, ...]]] = [(member, (step,))]
        while ahead and len(found) < most:
            element, path = ahead.pop()
            found += _own_leaves(element, path, every_attribute=every_attribute)
            inner = [child for child in element if isinstance(child.tag, str) and child.tag not in HIDDEN]
            if whole_page:
                inner = [child for child in inner if not _is_beside(child) and child not in without]
            ahead += [(child, (*path, _step(child))) for child in reversed(inner)]
    return found


def _is_beside(element: Element) -> bool:
    within = any(above.tag in ("article", "main") for above in element.iterancestors())
    return element.tag in BESIDE and not (within and element.tag == "header")


def _step(element: Element) -> str:
    """Return how a path names an element: a cell by its place, others by their tag."""
    if element.tag in ("td", "th"):
        before = sum(1 for other in element.itersiblings(preceding=True) if other.tag in ("td", "th"))
        return f"{element.tag}{before}"
    return str(element.tag)


def _own_leaves(element: Element, path: tuple[str, ...], *, every_attribute: bool) -> Iterator[Leaf]:
    name = element.get("itemprop") or " ".join(sorted(kinds_of(element)))
    others = (
        [one for one in element.attrib if one not in NAMING and ATTRIBUTE.fullmatch(one)] if every_attribute else []
    )
    for attribute in dict.fromkeys((*ATTRIBUTES.get(element.tag, ()), *others)):
        value = (element.get(attribute) or "").strip()
        if value:
            label = label_before(element)
            yield Leaf(element, attribute, value, label, (*path, name, f"@{attribute}", label))
    if len(class_names(element)) > 1 and not len(
        element.text_content().strip() if hasattr(element, "text_content") else ""
    ):
        yield Leaf(element, "class", " ".join(class_names(element)), "", (*path, class_names(element)[0], "@class", ""))
    own = own_text(element)
    # A term names what is behind it, unless it is where a record begins: then it is what the record is called.
    is_value = element.tag not in ("th", "dt") or path == ("",)
    if own and any(letter.isalnum() for letter in own) and not LABEL.match(own) and is_value:
        label = label_before(element)
        if not label and (beginning := BEGINNING.match(own)):
            label = beginning[1]
        yield Leaf(element, "", own, label, (*path, name, label))


def own_text(element: Element) -> str:
    """Return the first text of an element that is not blank, of those that stand right in it."""
    pieces = [element.text, *(child.tail for child in element)]
    return next((" ".join(piece.split()) for piece in pieces if piece and piece.strip()), "")


def label_before(element: Element) -> str:
    """Return what names a value: the `th` or `dt` of its row, or a text with a colon before it; empty for nothing."""
    for holder in (element, element.getparent()):
        if holder is None or not isinstance(holder.tag, str):
            return ""
        before = holder.getprevious()
        while before is not None and before.tag == "a" == holder.tag:
            before = before.getprevious()
        if before is not None and isinstance(before.tag, str):
            text = " ".join("".join(before.itertext()).split())
            if before.tag in ("th", "dt") and holder.tag in ("td", "dd") and 0 < len(text) <= 40:
                return text.rstrip(":\uff1a ")
            if found := LABEL.match(text):
                return found[1].strip()
            if HEADING.fullmatch((before if len(before) != 1 else before[0]).tag) and 0 < len(text) <= 40:
                return text
        if holder is element and before is None:
            parent = element.getparent()
            text = " ".join((parent.text or "").split()) if parent is not None else ""
            if found := LABEL.match(text):
                return found[1].strip()
    return ""
