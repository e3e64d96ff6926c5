"""Find the blocks of a page that repeat: most likely its records."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scraper.probe.group_selector import PLACED, WORD, group_selector
from scraper.probe.groups import Group, groups_of
from scraper.probe.outline import Element, Outline, class_names, words
from scraper.select import compiled

if TYPE_CHECKING:
    from scraper.probe.page import StudiedPage

SHOWN, WEIGHED = 4, 24
BESIDE = re.compile(
    r"(?:^|[-_\s])(?:nav|navbar|menu|footer|header|side[-_]?bar|aside|breadcrumbs?|pag(?:er|ination|inate)|social|share"
    r"|cookies?|lang(?:uages?)?|toolbar|tags?|tag[-_]?cloud|comments?|related|filters?|facets?|promo|login)(?:$|[-_\s])",
    re.IGNORECASE,
)
"""Names of what stands beside the records of a page."""

LEAST_CHARACTERS = 4
LEAST_VARIETY = 0.5
"""The share of records whose texts have to differ."""
LONG = 40
SAMPLED = 30
COVERED = 0.75
"""Blocks whose text stands to this share in smaller ones are rows of them."""


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
    goes_on: bool = False
    """Whether a record goes on in the elements behind the one that the selector finds, up to the next."""


@dataclass(frozen=True)
class Weighed:
    """A group with what speaks for its being the page's records."""

    group: Group
    score: float
    parts: float


def repeated_blocks(page: StudiedPage) -> list[Block]:
    """Return the blocks that look like records, the likeliest first."""
    if page.kind != "html":
        return []
    root = page.response.selector.root
    return [block_of(root, weighed) for weighed in weighed_groups(Outline(root))]


def weighed_groups(outline: Outline) -> list[Weighed]:
    """Return the groups that look like records, the likeliest first, at most four."""
    best = sorted(all_weighed(outline), key=lambda one: -one.score)[:WEIGHED]
    return _distinct(best, outline)[:SHOWN]


def all_weighed(outline: Outline) -> list[Weighed]:
    """Return every group that may be records, also those that are parts of others."""
    weighed = (_weighed(group, outline) for group in groups_of(outline))
    return [one for one in weighed if one.score > 0]


def same_texts(page: StudiedPage) -> tuple[int, int, str] | None:
    """Return how many elements look alike and show mostly the same, how many texts they have, and the first; else None.

    Of several such groups the one that shows most is told of, by its first elements.
    """
    found = []
    for group in groups_of(Outline(page.response.selector.root)):
        places = range(min(len(group.elements), SAMPLED))
        texts = [words(group.elements[place], 400, group.until(place), on=group.goes_on) for place in places]
        if len(texts) > 2 and len(set(texts)) < LEAST_VARIETY * len(texts) and len(texts[0]) >= LEAST_CHARACTERS:
            found.append((sum(map(len, texts)), (len(texts), len(set(texts)), texts[0])))
    return max(found)[1] if found else None


def block_of(root: Element, weighed: Weighed) -> Block:
    """Describe a group by a selector and by what its first record shows."""
    group = weighed.group
    found = group_selector(root, group.elements)
    first = group.elements[0]
    links = [link for member in group.members(0) for link in member.xpath("descendant-or-self::a[@href]")[:50]]
    sample = words(first, 200, group.until(0), on=group.goes_on)
    count = len(group.elements) - found.missed + found.others
    return Block(found.selector, count, sample, len({link.get("href") for link in links}),
                 _record_link(group), round(weighed.score, 1), group.goes_on)  # fmt: skip


def _weighed(group: Group, outline: Outline) -> Weighed:
    """Weigh count, length and variety of texts, and how many parts a block has."""
    sampled = range(min(len(group.elements), SAMPLED))
    records = [group.members(place) for place in sampled]
    texts = [words(record[0], 400, group.until(place), on=group.goes_on) for place, record in enumerate(records)]
    average: float = sum(map(len, texts)) / len(texts)
    parts = sum(min(sum(outline[part].parts for part in record if isinstance(part.tag, str)), 12) for record in records)
    share = parts / len(records)
    pictures = sum(any(outline[part].pictures for part in record if isinstance(part.tag, str)) for record in records)
    variety = len(set(texts)) / len(texts)
    # A row may hold its whole text in one part, and a list may be one of links, or of words.
    least = 1 if group.goes_on or _may_be_bare(group, average) else 2
    if (average < LEAST_CHARACTERS and not pictures) or share < least or variety < LEAST_VARIETY:
        return Weighed(group, 0, share)
    length = max(min(average, 300), 20 if pictures else 0)
    score = math.sqrt(len(group.elements) * length) * variety * math.log2(1 + share)
    if pictures >= 0.8 * len(records):
        score *= 1.2
    return Weighed(group, score * _standing(group.elements[0]) * _kind(group, records, outline), share)


def _may_be_bare(group: Group, average: float) -> bool:
    tag = group.elements[0].tag
    return tag in ("tr", "li", "article", "dt", "blockquote") or (tag in ("p", "div", "h2", "h3") and average >= LONG)


def _standing(element: Element) -> float:
    """Weigh where a block stands: beside the contents or in their midst."""
    weight = 1.0
    for ancestor in element.iterancestors():
        if ancestor.tag in ("body", "html"):
            break
        names = f"{ancestor.get('class') or ''} {ancestor.get('id') or ''}"
        if ancestor.tag in ("aside", "header", "footer", "nav") or BESIDE.search(names):
            weight *= 0.3
        elif ancestor.tag == "form":
            weight *= 0.8
        if ancestor.tag == "main":
            return weight * 1.3
    return weight


def _kind(group: Group, records: list[list[Element]], outline: Outline) -> float:
    """Weigh what a block is: a cell or a paragraph is rarely a record, and a bare link may be one of a menu."""
    first = group.elements[0]
    weight = 0.6 if first.tag in ("td", "th", "p", "span", "option", "label", "dd") and not group.goes_on else 1.0
    elements = [part for record in records for part in record if isinstance(part.tag, str)]
    characters = sum(outline[part].characters for part in elements) or 1
    linked = sum(outline[part].linked for part in elements)
    links = sum(outline[part].links for part in elements) / len(records)
    if linked >= 0.9 * characters and sum(outline[part].parts for part in elements) < 2 * len(records):
        weight *= 0.4
    elif links > 8:
        weight *= 0.6
    return weight


def _distinct(found: list[Weighed], outline: Outline) -> list[Weighed]:
    """Leave out what is a part of the records, holds several of them or stands for the same."""
    kept: list[Weighed] = []
    for one in found:
        touched = [place for place, other in enumerate(kept) if _touch(one.group, other.group)]
        if not touched:
            kept.append(one)
        elif _is_truer(one, kept[touched[0]], outline):
            kept[touched[0]] = Weighed(one.group, kept[touched[0]].score, one.parts)
            kept = [other for place, other in enumerate(kept) if place not in touched[1:]]
    return kept


def _is_truer(one: Weighed, better: Weighed, outline: Outline) -> bool:
    """Say whether blocks are the records rather than others that stand within or around them and weigh more."""
    if _says_more(one.group, better.group) or _is_every_other(one.group, better.group):
        return True
    if _is_every_other(better.group, one.group):
        return False
    if _within(one.group, better.group):
        return _holds(better, one, outline) == "rows"
    return _within(better.group, one.group) and _holds(one, better, outline) == "fields"


def _is_every_other(one: Group, other: Group) -> bool:
    """Say whether records of several rows stand against the rows one by one, or against a few of them."""
    if one.goes_on and other.goes_on:
        return len(one.elements) > 1.5 * len(other.elements)
    return one.goes_on and set(one.elements) < set(other.elements)


def _within(inner: Group, outer: Group) -> bool:
    """Say whether nearly all blocks stand within others."""
    around = set(_all(outer))
    held = sum(any(above in around for above in element.iterancestors()) for element in inner.elements[:SAMPLED])
    return held >= 0.8 * len(inner.elements[:SAMPLED])


def _holds(outer: Weighed, inner: Weighed, outline: Outline) -> str:
    """Say whether blocks hold others as `rows` that are made of records, or as the `fields` of a record, or neither."""
    rows, cells = _all(outer.group), inner.group.elements
    around = {row: place for place, row in enumerate(rows)}
    held = Counter(next((around[above] for above in cell.iterancestors() if above in around), -1) for cell in cells)
    count = len(outer.group.elements)
    if len(held) < 0.6 * count:
        return ""
    whole = sum(outline[row].characters for row in rows if isinstance(row.tag, str)) or 1
    covered = sum(outline[cell].characters for cell in cells) / whole
    begins = Counter(next(iter(words(cell, 30).split(":")), "") for cell in cells[: 4 * SAMPLED])
    repeats = len(begins) <= max(4, 0.25 * len(cells[: 4 * SAMPLED]))
    if covered < COVERED or repeats or inner.parts < 2 or len(cells) < 1.5 * count:
        return "fields"
    if cells[0].tag in ("td", "th") and not outline[cells[0]].pictures:
        return "fields"
    return "rows"


def _all(group: Group) -> list[Element]:
    if not group.goes_on:
        return list(group.elements)
    return [member for place in range(len(group.elements)) for member in group.members(place)]


def _touch(one: Group, other: Group) -> bool:
    """Say whether some blocks stand within others, or are the same ones."""
    mine, others = set(_all(one)), set(_all(other))
    if mine & others:
        return True
    return any(
        above in outer
        for group, outer in ((one, others), (other, mine))
        for element in group.elements[:SAMPLED]
        for above in element.iterancestors()
    )


def _says_more(one: Group, other: Group) -> bool:
    """Say whether blocks have a class and the same texts as others that have none."""
    if one.goes_on or other.goes_on or len(one.elements) != len(other.elements):
        return False
    same = words(one.elements[0]) == words(other.elements[0])
    return same and bool(_telling(one.elements[0])) and not _telling(other.elements[0])


def _telling(element: Element) -> list[str]:
    return [name for name in class_names(element) if WORD.fullmatch(name) and not PLACED.search(name)]


def _record_link(group: Group) -> str:
    """Return where the link to a record's own page stands: the first that is different in every block."""
    if group.goes_on:
        return ""
    first = group.elements[0]
    links = first.xpath("descendant::a[@href]")[:20]
    # The name of a record leads to it, and so does its picture.
    for link in sorted(
        links, key=lambda link: not link.xpath("ancestor::*[self::h1 or self::h2 or self::h3 or self::h4]")
    ):
        holder = link.getparent() if link.getparent() is not first else None
        named = [f"a.{name}" for name in class_names(link) if WORD.fullmatch(name)]
        if any(len(_addresses(element, name)) > 1 for name in named for element in group.elements[:SAMPLED]):
            continue
        inside = [f"{holder.tag} a"] if holder is not None and holder.tag not in ("div", "span", "p") else []
        for selector in [*inside, *named, "a"]:
            found = [_addresses(element, selector) for element in group.elements[:SAMPLED]]
            firsts = {addresses[0] for addresses in found if addresses}
            if found[0][:1] == [link.get("href")] and len(firsts) == len(found):
                return selector
    return ""


def _addresses(element: Element, selector: str) -> list[str]:
    """Return the addresses that links within a block lead to, each once."""
    return list(dict.fromkeys(link.get("href") or "" for link in compiled(selector)(element)))
