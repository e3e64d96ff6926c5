"""Read the attributes whose value is JSON, such as `data-props` of an app's root element."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from scraper.page_data.data import LEAST_CHARACTERS, MOST_VALUES, PageData
from scraper.page_data.literals import read_literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bs4 import BeautifulSoup, Tag

    from scraper.page_data.data import Effort

NO_DATA = frozenset({"style", "class", "href", "src", "srcset", "content", "alt", "title", "placeholder", "pattern"})


def may_be_data(name: str, value: object) -> bool:
    """Say whether an attribute looks as if it held JSON.

    >>> may_be_data("data-item", '{"id": 12, "name": "Sea"}')
    True
    """
    if not isinstance(value, str) or len(value) < LEAST_CHARACTERS or name in NO_DATA or name.startswith("on"):
        return False
    return value[:40].lstrip()[:1] in ("{", "[") and value[-40:].rstrip()[-1:] in ("}", "]")


def attribute_data(page: BeautifulSoup, effort: Effort) -> Iterator[PageData]:
    """Yield the values of attributes; those of elements without an id are gathered in one list for each selector."""
    gathered: dict[str, list[Any]] = {}
    count = 0
    for element in page.find_all(True):
        for name, text in element.attrs.items():
            if not may_be_data(name, text) or count >= MOST_VALUES:
                continue
            read = _value(str(text), effort)
            if read is None:
                continue
            count += 1
            if element.get("id"):
                yield PageData(f"{element.name}#{element['id']}[{name}]", read)
            else:
                gathered.setdefault(f"{_selector(element)}[{name}]", []).append(read)
    for where, values in gathered.items():
        yield PageData(where, values)


def _value(text: str, effort: Effort) -> Any:
    if "&quot;" in text or "&#34;" in text:
        text = html.unescape(text)
    start = len(text) - len(text.lstrip())
    read = read_literal(text, start, effort)
    return read[0] if read and read[0] and not text[read[1] :].strip() else None


def _selector(element: Tag) -> str:
    classes = element.get_attribute_list("class")
    return f"{element.name}.{classes[0]}" if classes and classes[0] else element.name
