"""Write the selector of a column within a record: by names and words before places, and tried on every record."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from scraper.probe.group_selector import PLACED, WORD
from scraper.probe.outline import ZEBRA, Element, class_names
from scraper.select import compiled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from scraper.probe.leaves import Aligned, Leaf

PLACE = re.compile(r"\[\d+\]")
PROPERTY = re.compile(r"[\w:/.# -]+", re.ASCII)
"""What `itemprop` has; anything else could end the string in which it stands."""

MOST_BEHIND = 12
"""Elements behind a record's first one in which a value is looked for by its place."""

LEAST_RIGHT = 0.98
"""The share of records in which a selector has to give the value that was aligned, or nothing where there is none."""


def column_selector(column: Aligned, roots: Sequence[Element], *, many: bool) -> str:
    """Return a selector that gives a column's values in every record; empty when none of those that are tried does."""
    wanted = [[leaf.text for leaf in row] for row in column.rows]
    for selector in dict.fromkeys(proposed_selectors(column)):
        found = [values_at(root, selector) for root in roots]
        if many:
            right = sum(mine == given for mine, given in zip(wanted, found, strict=True))
        else:
            # A spider takes the first text, which must not be the white space before an element.
            found = [given if is_first_told(root, selector) else [""] for root, given in zip(roots, found, strict=True)]
            right = sum(mine[:1] == given[:1] for mine, given in zip(wanted, found, strict=True))
        if right >= LEAST_RIGHT * len(roots):
            return selector
    return ""


def values_at(root: Element, selector: str) -> list[str]:
    """Return the texts that a selector gives in a record, white space collapsed, blank ones left out."""
    found = (" ".join(str(value).split()) for value in compiled(selector)(root))
    return [text for text in found if text]


def is_first_told(root: Element, selector: str) -> bool:
    """Say whether the first text that a selector gives is not blank; also when it gives none."""
    return all(str(value).strip() for value in compiled(selector)(root)[:1])


def proposed_selectors(column: Aligned) -> Iterator[str]:
    """Yield selectors, those that last longest first."""
    for selector in _all_proposed(column):
        if selector.endswith("/text()[normalize-space()]"):
            yield selector.removesuffix("[normalize-space()]")
        yield selector


def _all_proposed(column: Aligned) -> Iterator[str]:
    leaf = column.first
    css, xpath = (
        (f"::attr({leaf.attribute})", f"/@{leaf.attribute}")
        if leaf.attribute
        else ("::text", "/text()[normalize-space()]")
    )
    plain = list(_named(column))
    for selector in plain:
        yield f"{selector}{css}"
    if leaf.key[0].startswith("+"):
        yield from _behind(leaf, xpath)
        return
    yield from _by_label(leaf, column.label, xpath)
    for selector in _placed(leaf):
        yield f"{selector}{css}"
    for selector in plain:
        if not leaf.attribute and "'" not in selector:
            yield f"{_as_xpath(selector)}{xpath}"
    path = "/".join(_steps(leaf))
    yield f"./{path}{xpath}" if path else f".{xpath}" if xpath.startswith("/@") else f"./{xpath[1:]}"


def _named(column: Aligned) -> Iterator[str]:
    """Yield what the element says of itself, or the one around it."""
    leaves = [leaf for row in column.rows for leaf in row]
    element = leaves[0].element
    if name := _property(element):
        yield f"{element.tag}[itemprop='{name}']"
    yield from (f"{element.tag}.{name}" for name in _shared_classes([leaf.element for leaf in leaves]))
    if element.tag in ("h1", "h2", "h3", "h4", "time", "img", "small", "blockquote"):
        yield element.tag
    if (identity := element.get("id") or "") and WORD.fullmatch(identity) and not re.search(r"\d", identity):
        yield f"#{identity}"
    before = element.getprevious()
    if before is not None and WORD.fullmatch(before.get("id") or ""):
        yield f"#{before.get('id')} + {element.tag}"
    parents = [leaf.element.getparent() for leaf in leaves if leaf.element.getparent() is not None]
    if parents and (name := _property(parents[0])):
        yield f"{parents[0].tag}[itemprop='{name}'] {element.tag}"
    if parents:
        yield from (f"{parents[0].tag}.{name} {element.tag}" for name in _shared_classes(parents))
        if parents[0].tag in ("h1", "h2", "h3", "h4", "dt", "li", "figcaption", "header"):
            yield f"{parents[0].tag} {element.tag}"


def _property(element: Element) -> str:
    """Return the `itemprop` of an element, where it can stand in a selector; else nothing."""
    name = element.get("itemprop") or ""
    return name if PROPERTY.fullmatch(name) else ""


def _shared_classes(elements: list[Element]) -> list[str]:
    shared = set.intersection(*(set(class_names(element)) for element in elements))
    names = [name for name in class_names(elements[0]) if name in shared and WORD.fullmatch(name)]
    return sorted((name for name in names if not ZEBRA.match(name)), key=lambda name: bool(PLACED.search(name)))


def _by_label(leaf: Leaf, label: str, xpath: str) -> Iterator[str]:
    """Yield the ways from a label to its value: the next cell, or what stands beside it."""
    if not label or "'" in label:
        return
    said = f"starts-with(normalize-space(), '{label}')"
    element = leaf.element
    for tag, value in (("th", "td"), ("dt", "dd")):
        inner = "" if element.tag == value else f"//{element.tag}"
        yield f".//{tag}[{said}]/following-sibling::{value}[1]{inner}{xpath}"
    before = element.getprevious()
    if before is not None and isinstance(before.tag, str):
        yield f".//{before.tag}[{said}]/following-sibling::{element.tag}[1]{xpath}"
    parent = element.getparent()
    if parent is not None:
        yield f".//{parent.tag}[{said}]/{element.tag}{xpath}"
    yield f".//{element.tag}[{said}]{xpath}"


def _placed(leaf: Leaf) -> Iterator[str]:
    """Yield selectors by tag and place."""
    steps = [step for step in leaf.key[1:] if step == leaf.element.tag or re.fullmatch(r"t[dh]\d+", step)]
    yield leaf.element.tag
    for ancestor in (leaf.element, *leaf.element.iterancestors()):
        if ancestor.tag in ("td", "th"):
            number = 1 + sum(1 for other in ancestor.itersiblings(preceding=True) if isinstance(other.tag, str))
            inner = "" if ancestor is leaf.element else f" {leaf.element.tag}"
            yield f"{ancestor.tag}:nth-child({number}){inner}"
            break
    holder = leaf.element if leaf.element.tag == "li" else leaf.element.getparent()
    if holder is not None and holder.tag == "li" and holder.getparent() is not None:
        inner = "" if holder is leaf.element else f" {leaf.element.tag}"
        around = [
            f"{holder.getparent().tag}.{name}" for name in class_names(holder.getparent()) if WORD.fullmatch(name)
        ]
        number = 1 + sum(1 for other in holder.itersiblings(preceding=True) if isinstance(other.tag, str))
        yield from (f"{name} li:nth-child({number}){inner}" for name in around)
    if steps:
        alike = [child for child in leaf.element.getparent() if child.tag == leaf.element.tag]
        if len(alike) > 1:
            yield f"{leaf.element.tag}:nth-of-type({alike.index(leaf.element) + 1})"


def _steps(leaf: Leaf) -> list[str]:
    """Return the steps from the record to the element by tag, with places where there are several of a tag."""
    return _steps_up(leaf.element, len(_path(leaf)))


def _path(leaf: Leaf) -> tuple[str, ...]:
    """Return the steps of a leaf's key: behind them are its name, the attribute if it is one, and its label."""
    return leaf.key[1 : -3 if leaf.attribute else -2]


def _steps_up(element: Element, depth: int) -> list[str]:
    """Return so many steps down to an element by tag, with places where there are several of a tag."""
    steps: list[str] = []
    for _ in range(depth):
        parent = element.getparent()
        if parent is None:
            break
        alike = [child for child in parent if child.tag == element.tag]
        place = f"[{alike.index(element) + 1}]" if len(alike) > 1 else ""
        steps.append(f"{element.tag}{place}")
        element = parent
    return list(reversed(steps))


def _behind(leaf: Leaf, xpath: str) -> Iterator[str]:
    """Yield selectors of what stands behind the first element of a record that goes on."""
    found = re.fullmatch(r"\+([a-z][a-z0-9]*?)(\d+)", leaf.key[0])
    tag, place = (found[1], int(found[2])) if found else (leaf.key[0][1:].rstrip("0123456789"), 0)
    steps = _path(leaf)
    base, deeper = f"./following-sibling::{tag}[{place + 1}]", leaf.element.tag
    yield f"{base}{xpath}"
    for name in class_names(leaf.element):
        if WORD.fullmatch(name):
            yield f"{base}//{deeper}[contains(@class, '{name}')]{xpath}"
    if name := _property(leaf.element):
        yield f"{base}//{deeper}[@itemprop='{name}']{xpath}"
    if leaf.label and "'" not in leaf.label:
        yield f"{base}//*[starts-with(normalize-space(), '{leaf.label}')]/following-sibling::{deeper}[1]{xpath}"
    path = "".join(f"/{step}" for step in _steps_up(leaf.element, len(steps)))
    if steps:
        yield from (f"{base}{path}{xpath}", f"{base}{PLACE.sub('', path)}{xpath}", f"{base}//{deeper}{xpath}")
    # Where a record lacks its last element, `base` is the next record's; what stands at its place is another element.
    for number in range(place + 1, MOST_BEHIND):
        yield f"./following-sibling::*[{number}][self::{tag}]{PLACE.sub('', path)}{xpath}"


def _as_xpath(selector: str) -> str:
    """Return a selector of one class as XPath, which can leave out blank texts."""
    tag, _, name = selector.partition(".")
    if name and WORD.fullmatch(name):
        return f".//{tag}[contains(concat(' ', @class, ' '), ' {name} ')]"
    return f".//{selector}" if WORD.fullmatch(selector) else ".//*"
