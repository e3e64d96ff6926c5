"""Find elements of a page that are alike: side by side, in several places, or several of them a record."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scraper.probe.outline import PASSED_OVER, Element, Outline, class_names, kinds_of, likeness

if TYPE_CHECKING:
    from collections.abc import Iterator

LEAST = 3
ALIKE, LISTED_ALIKE = 0.45, 0.3
"""How alike elements of one parent are; what stands in one list, or has no name of its own, is meant to be."""

ELSEWHERE_ALIKE = 0.6
MOST_CLUSTERS = 12
MOST_PERIOD = 4
MOST_AROUND = 4
"""Elements one in another, of which the last one may call itself an advertisement."""
LEAST_ROWS = 8
OUTSIDE = frozenset({"nav", "footer"})
"""Elements in which nothing is looked for."""

ADVERTISEMENT = re.compile(
    r"(?:[\w-]{0,60}[-_])?(?:ads?|advert(?:s|isements?|orials?)?|sponsor(?:ed)?|promoted|adslot|adunit|anzeige|werbung|"
    r"adsbygoogle|publicit[eé]|publicidad|reklam[ae]?)(?:[-_][\w-]{0,60})?",
    re.IGNORECASE,
)
"""Classes and ids of what stands between records and is none; `classified-ads` are, so the most of a group stay."""

STARTS = (
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "dt",
    "a",
    "b",
    "strong",
    "p",
    "div",
    "tr",
    "span",
    "li",
    "img",
    "article",
)
"""Elements with which a record of several begins, the likeliest first."""


@dataclass(frozen=True)
class Group:
    """Elements that look alike, each of them a record, or the beginning of one."""

    elements: tuple[Element, ...]
    goes_on: bool = False
    """Whether a record goes on in the elements behind its first, up to the next record."""

    def until(self, place: int) -> Element | None:
        """Return the element at which a record that goes on ends; None for the last of its parent."""
        if place + 1 >= len(self.elements):
            return None
        following = self.elements[place + 1]
        return following if following.getparent() is self.elements[place].getparent() else None

    def members(self, place: int) -> list[Element]:
        """Return the elements of a record."""
        found, end = [self.elements[place]], self.until(place) if self.goes_on else None
        while self.goes_on and (following := found[-1].getnext()) is not None and following is not end:
            found.append(following)
        return found


def groups_of(outline: Outline) -> list[Group]:
    """Return every group of three or more elements that are alike, outside of navigation and footers."""
    found: list[Group] = []
    elsewhere: dict[tuple[str, ...], list[list[Element]]] = defaultdict(list)
    for parent in _parents(outline):
        clusters = _clusters(outline.children(parent), outline)
        found += _sequences(parent, clusters, outline)
        for cluster in clusters:
            own = [element for element in cluster if not _is_advertisement(element)]
            _join(elsewhere[_place(cluster[0])], own if 2 * len(own) > len(cluster) else cluster, outline)
    found += [Group(tuple(cluster)) for merged in elsewhere.values() for cluster in merged if len(cluster) >= LEAST]
    return found


def _is_advertisement(element: Element) -> bool:
    """Say whether an element calls itself one, or has nothing but one in it: some stand between records, as they do."""
    for _ in range(MOST_AROUND):
        if any(map(ADVERTISEMENT.fullmatch, (*class_names(element), element.get("id") or ""))):
            return True
        if len(element) != 1 or not isinstance(element[0].tag, str):
            return False
        if (element.text or "").strip() or (element[0].tail or "").strip():
            return False
        element = element[0]
    return False


def _parents(outline: Outline) -> Iterator[Element]:
    """Yield the elements in which records may stand side by side."""
    ahead = [outline.root]
    while ahead:
        element = ahead.pop()
        if element.tag in OUTSIDE or element.tag in PASSED_OVER or element.get("role") == "navigation":
            continue
        children = outline.children(element)
        if children:
            yield element
        ahead.extend(reversed(children))


def _place(element: Element) -> tuple[str, ...]:
    """Return what elements in several places have to share: the tags around them."""
    above = [ancestor.tag for ancestor in element.iterancestors()]
    return element.tag, *above[:3], str(len(above))


def _clusters(children: list[Element], outline: Outline) -> list[list[Element]]:
    """Divide the elements below one into those that are alike."""
    clusters: list[list[Element]] = []
    for child in children:
        likely = [(likeness(child, cluster[0], outline), place) for place, cluster in enumerate(clusters)
                  if cluster[0].tag == child.tag]  # fmt: skip
        best, place = max(likely, default=(0.0, 0))
        if best >= (LISTED_ALIKE if _is_listed(child) else ALIKE):
            clusters[place].append(child)
        elif len(clusters) < MOST_CLUSTERS:
            clusters.append([child])
    return clusters


def _is_listed(element: Element) -> bool:
    return element.tag == "li" or (element.tag == "div" and not element.get("class") and not element.get("id"))


def _join(merged: list[list[Element]], cluster: list[Element], outline: Outline) -> None:
    """Add a cluster to the one of another parent that it is like, or by itself."""
    for other in merged[-MOST_CLUSTERS:]:
        least = LISTED_ALIKE if _is_listed(cluster[0]) else ELSEWHERE_ALIKE
        if likeness(cluster[0], other[0], outline) >= least and _same_parents(cluster[0], other[0]):
            other.extend(cluster)
            return
    merged.append(list(cluster))


def _same_parents(one: Element, other: Element) -> bool:
    mine, others = kinds_of(one.getparent()), kinds_of(other.getparent())
    return bool(mine & others) or (not mine and not others)


def _sequences(parent: Element, clusters: list[list[Element]], outline: Outline) -> Iterator[Group]:
    """Yield the records of several elements that a parent has: `h3 p p h3 p p`, `dt dd`, two rows each."""
    places = {element: number for number, cluster in enumerate(clusters) for element in cluster}
    order = [child for child in outline.children(parent) if child in places]
    if len(order) < 2 * LEAST:
        return
    kinds = [places[child] for child in order]
    if len(clusters) > 1:
        begins = _begins(clusters, order)
        starts = sorted(range(len(clusters)), key=lambda number: (_rank(clusters[number][0]), begins[number]))
        for start in starts:
            if len(clusters[start]) >= LEAST and _interleaves(kinds, start):
                yield Group(tuple(clusters[start]), goes_on=True)
                break
    for cluster in clusters:
        yield from _periodic(cluster, outline)


def _begins(clusters: list[list[Element]], order: list[Element]) -> list[int]:
    """Return at which place each kind of elements begins: one of rows behind a table's head that is built like them.

    Such a first row has another number of cells than most, and a row of the kind stands behind all of the others, so
    that the records that begin with another kind are whole, from the first to the last.
    """
    at = {element: place for place, element in enumerate(order)}
    found = []
    for cluster in clusters:
        others = [at[other[-1]] for other in clusters if other is not cluster and len(other) >= LEAST]
        cells, often = Counter(map(len, cluster)).most_common(1)[0]
        has_head = cluster[0].tag == "tr" and 2 * often > len(cluster) and at[cluster[-1]] > max(others, default=-1)
        found.append(at[next(row for row in cluster if len(row) == cells) if has_head else cluster[0]])
    return found


def _rank(element: Element) -> int:
    return STARTS.index(element.tag) if element.tag in STARTS else len(STARTS)


def _interleaves(kinds: list[int], start: int) -> bool:
    """Say whether what follows each element of a kind is alike: elements of other kinds, in the same order."""
    first = kinds.index(start)
    gaps: list[tuple[int, ...]] = []
    gap: list[int] = []
    for kind in kinds[first + 1 :]:
        if kind == start:
            gaps.append(tuple(gap))
            gap = []
        else:
            gap.append(kind)
    if not gaps:
        return False
    filled = [tuple(dict.fromkeys(one)) for one in gaps if one]
    usual = Counter(filled).most_common(1)[:1] + Counter(one[0] for one in filled).most_common(1)[:1]
    return len(filled) >= 0.8 * len(gaps) and (usual[0][1] >= 0.5 * len(gaps) or usual[1][1] >= 0.8 * len(gaps))


def _periodic(cluster: list[Element], outline: Outline) -> Iterator[Group]:
    """Yield the records of elements of one kind whose shapes alternate, such as two rows of a table for each."""
    shapes = [
        (outline[row].shape, len(row), tuple(cell.get("colspan") for cell in row), row.get("style")) for row in cluster
    ]
    often = [Counter(shape[part] for shape in shapes).most_common(1)[0][1] for part in range(4)]
    if len(cluster) < LEAST_ROWS or min(often) == len(cluster):
        return
    for period in range(2, MOST_PERIOD + 1):
        begin, end = _longest_run(shapes, period)
        if (end - begin) // period >= LEAST and end - begin >= 0.7 * len(cluster):
            yield Group(tuple(cluster[begin:end:period]), goes_on=True)
            return


def _longest_run(shapes: list[Any], period: int) -> tuple[int, int]:
    """Return where elements alternate with a period: whole records from the first to behind the last."""
    usual = [Counter(shapes[start::period]).most_common(1)[0][0] for start in range(period)]
    if len(set(usual)) < period:
        return 0, 0
    fits = [shape == usual[place % period] for place, shape in enumerate(shapes)]
    begin = next((place for place in range(len(fits) - 1) if fits[place] and fits[place + 1]), 0)
    end = next((place + 1 for place in range(len(fits) - 1, 0, -1) if fits[place] and fits[place - 1]), 0)
    # A field that some records lack makes a pattern by chance, other numbers of cells do not.
    least = 0.7 if len({shape[1:] for shape in usual}) == period else 0.9
    if sum(fits[begin:end]) < least * (end - begin) or end - begin < LEAST_ROWS:
        return 0, 0
    return begin, end
