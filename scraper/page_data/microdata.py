"""Read microdata (`itemscope`, `itemprop`, `itemref`) and OpenGraph into dicts: {"@type": …, property: value}."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lxml import etree

from scraper.page_data.data import DEEP, PageData
from scraper.page_data.element_text import BLOCKS, pieces_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scraper.page_data.data import Effort

ADDRESSES = {"a": "href", "area": "href", "link": "href", "img": "src", "audio": "src", "video": "src", "source": "src",
             "embed": "src", "iframe": "src", "track": "src", "object": "data", "data": "value", "meter": "value",
             "time": "datetime"}  # fmt: skip
"""The attribute that has an element's value, as the HTML standard says (5.2.4)."""

MICRODATA, LOOSE, OPENGRAPH = "microdata ", "itemprop without itemscope", "opengraph"
"""Where an item of microdata stands, and the properties that stand in none, and those of OpenGraph."""

VOCABULARIES = ("og:", "product:", "book:", "article:", "music:", "video:", "profile:")
OF_THE_PAGE = frozenset({"mainEntity", "mainEntityOfPage", "about", "itemListElement"})
"""Properties of a page or a list; where that is no item itself, their values are items like others."""

FIND_ITEMS = etree.XPath("//*[@itemscope and not(@itemprop)]")
FIND_PROPERTIES = etree.XPath("//*[@itemprop]")
FIND_IDS = etree.XPath("//*[@id]")
COUNT_PARTS = etree.XPath("count(.//node())")
FIND_META = etree.XPath("//meta[@content]")
MOST_NESTED = 40
ELEMENT_EFFORT, TEXT_EFFORT = 200, 100
"""What an element among those of an item, and a part of a text, cost; see `Effort`."""


def microdata(page: etree._Element, effort: Effort) -> Iterator[PageData]:
    """Yield the items of each type that are no property of another, in one list; then properties without an item."""
    reader = _MicrodataReader(page, effort)
    items: dict[str, list[dict[str, Any]]] = {}
    for scope in FIND_ITEMS(page):
        item = reader.item(scope, ())
        if len(item) > 1:
            items.setdefault(item["@type"] or "item", []).append(item)
    loose: dict[str, Any] = {"@type": ""}
    around = [element for element in FIND_PROPERTIES(page) if element not in reader.taken]
    has_texts = any(element.get("itemscope") is None for element in _outermost(around))
    for element in around:
        if element in reader.taken:
            continue
        of_the_page = not OF_THE_PAGE.isdisjoint(element.get("itemprop").split())
        if element.get("itemscope") is not None and (of_the_page or not has_texts):
            item = reader.item(element, ())
            items.setdefault(item["@type"] or "item", []).append(item)
        else:
            reader.add(loose, element, ())
    for kind, found in items.items():
        yield PageData(f"{MICRODATA}{kind}", found)
    if len(loose) > 1:
        yield PageData(LOOSE, loose)


def _outermost(elements: list[etree._Element]) -> Iterator[etree._Element]:
    """Yield the elements that stand in none of the others; they are in the order of the page."""
    scopes = {element for element in elements if element.get("itemscope") is not None}
    for element in elements:
        if not any(above in scopes for above in element.iterancestors()):
            yield element


def opengraph(page: etree._Element, effort: Effort) -> Iterator[PageData]:
    """Yield what the page's head tells of it, with prices (`product:price:amount`), as one dict."""
    found: dict[str, Any] = {"@type": ""}
    for meta in FIND_META(page):
        name = (meta.get("property") or meta.get("name") or "").strip().lower()
        if name.startswith(VOCABULARIES):
            effort.spend(ELEMENT_EFFORT)
            _add(found, name, meta.get("content").strip())
    kind = found.get("og:type")
    if len(found) > 1:
        yield PageData(OPENGRAPH, {**found, "@type": kind if isinstance(kind, str) else ""})


class _MicrodataReader:
    """Read the items of one page."""

    def __init__(self, page: etree._Element, effort: Effort) -> None:
        self.page, self.effort = page, effort
        self.taken: set[etree._Element] = set()
        """The properties that belong to an item."""
        self._ids: dict[str, etree._Element] | None = None

    def item(self, scope: etree._Element, within: tuple[etree._Element, ...]) -> dict[str, Any]:
        """Return one item; a property with several values is a list."""
        self.effort.spend(ELEMENT_EFFORT)
        found: dict[str, Any] = {"@type": " ".join((scope.get("itemtype") or "").split())}
        if scope.get("itemid"):
            found["@id"] = scope.get("itemid")
        for element in self._properties(scope):
            self.add(found, element, (*within, scope))
        return found

    def add(self, found: dict[str, Any], element: etree._Element, within: tuple[etree._Element, ...]) -> None:
        """Add a property to an item; one that contains itself is none."""
        self.taken.add(element)
        if element in within:
            return
        if len(within) >= MOST_NESTED:
            self.effort.leave_out(DEEP)
            return
        value = self._value(element) if element.get("itemscope") is None else self.item(element, within)
        for name in dict.fromkeys(element.get("itemprop").split()):
            if not name.startswith("@"):  # what says of what type an item is
                _add(found, name, value)

    def _properties(self, scope: etree._Element) -> Iterator[etree._Element]:
        """Yield the properties of an item, also those that it refers to, and none of the items within it."""
        names = dict.fromkeys((scope.get("itemref") or "").split())
        referred = [self._named(name) for name in names] if names else []
        ahead = [*(one for one in reversed(referred) if one is not None), *reversed(scope)]
        seen = {scope}
        while ahead:
            element = ahead.pop()
            if element in seen or not isinstance(element.tag, str):
                continue
            self.effort.spend(ELEMENT_EFFORT)
            seen.add(element)
            if element.get("itemprop") is not None:
                yield element
            if element.get("itemscope") is None:
                ahead.extend(reversed(element))

    def _named(self, name: str) -> etree._Element | None:
        if self._ids is None:
            self._ids = {}
            for element in FIND_IDS(self.page):
                self._ids.setdefault(element.get("id"), element)
        return self._ids.get(name)

    def _value(self, element: etree._Element) -> str:
        for name in ("content", ADDRESSES.get(str(element.tag))):
            if name and element.get(name) is not None:
                return str(element.get(name)).strip()
        self.effort.spend(TEXT_EFFORT * int(COUNT_PARTS(element)))
        return " ".join(pieces_of(element, BLOCKS))


def _add(found: dict[str, Any], name: str, value: Any) -> None:
    if name not in found:
        found[name] = value
    elif isinstance(found[name], list):
        found[name].append(value)
    else:
        found[name] = [found[name], value]
