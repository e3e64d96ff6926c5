"""Read microdata (`itemscope`, `itemprop`) into dicts: {"@type": …, property: value}."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from bs4 import Tag
from bs4.element import NavigableString

from scraper.page_data.data import PageData

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bs4 import BeautifulSoup
    from bs4.element import PageElement

ADDRESSES = {"a": "href", "area": "href", "link": "href", "img": "src", "audio": "src", "video": "src", "source": "src",
             "embed": "src", "iframe": "src", "track": "src", "object": "data", "data": "value", "meter": "value",
             "time": "datetime"}  # fmt: skip
"""The attribute that has an element's value, as the HTML standard says (5.2.4)."""

MOST_ITEMS, MOST_PROPERTIES, MOST_NESTED = 1_000, 5_000, 20
MOST_PARTS_OF_A_TEXT = 300


def microdata(page: BeautifulSoup) -> Iterator[PageData]:
    """Yield the items of each type that are no property of another, in one list."""
    reader = _MicrodataReader()
    items: dict[str, list[dict[str, Any]]] = {}
    for scope in islice(page.find_all(_begins_an_item), MOST_ITEMS):
        item = reader.item(scope)
        if len(item) > 1:
            items.setdefault(item["@type"] or "item", []).append(item)
    for kind, found in items.items():
        yield PageData(f"microdata {kind}", found)


def _begins_an_item(tag: Tag) -> bool:
    return tag.has_attr("itemscope") and not tag.has_attr("itemprop")


class _MicrodataReader:
    """Read items until the page has had its share of properties."""

    def __init__(self) -> None:
        self.left = MOST_PROPERTIES

    def item(self, scope: Tag, depth: int = 0) -> dict[str, Any]:
        """Return one item; a property with several values is a list."""
        found: dict[str, Any] = {"@type": " ".join(str(scope.get("itemtype") or "").split())}
        if scope.get("itemid"):
            found["@id"] = str(scope["itemid"])
        for element in self._properties(scope):
            value = self.item(element, depth + 1) if element.has_attr("itemscope") else _value(element)
            for name in str(element["itemprop"]).split():
                if name not in found:
                    found[name] = value
                elif isinstance(found[name], list):
                    found[name].append(value)
                else:
                    found[name] = [found[name], value]
            if depth >= MOST_NESTED:
                break
        return found

    def _properties(self, scope: Tag) -> Iterator[Tag]:
        """Yield the properties of an item, and none of the items within it."""
        ahead = [child for child in reversed(scope.contents) if isinstance(child, Tag)]
        while ahead and self.left > 0:
            element = ahead.pop()
            if element.has_attr("itemprop"):
                self.left -= 1
                yield element
            if not element.has_attr("itemscope"):
                ahead.extend(child for child in reversed(element.contents) if isinstance(child, Tag))


def _value(element: Tag) -> str:
    attribute = ADDRESSES.get(element.name)
    for name in ("content", attribute):
        if name and element.has_attr(name):
            return str(element[name]).strip()
    return " ".join("".join(_texts(element)).split())


def _texts(element: Tag) -> Iterator[str]:
    """Yield the texts of an element; BeautifulSoup's own way looks for the last one first, however deep it is."""
    ahead: list[PageElement] = [element]
    for _ in range(MOST_PARTS_OF_A_TEXT):
        if not ahead:
            return
        part = ahead.pop()
        if isinstance(part, Tag):
            ahead.extend(reversed(part.contents[:MOST_PARTS_OF_A_TEXT]))
        elif type(part) is NavigableString:
            yield str(part)
