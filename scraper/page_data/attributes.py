"""Read the attributes whose value is JSON, such as `data-props` of an app's root element."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

from lxml import etree

from scraper.page_data.data import LEAST_CHARACTERS, PageData
from scraper.page_data.literals import read_literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scraper.page_data.data import Effort

NO_DATA = frozenset({"style", "class", "href", "src", "srcset", "content", "alt", "title", "placeholder", "pattern"})
FIND = etree.XPath(
    f"//@*[string-length() >= {LEAST_CHARACTERS}][starts-with(normalize-space(), '{{')"
    " or starts-with(normalize-space(), '[')]"
)
VALUE_EFFORT = 1_000
"""What a value costs, besides its characters; see `Effort`."""


def attribute_data(page: etree._Element, effort: Effort) -> Iterator[PageData]:
    """Yield the values of attributes; those of elements without an id are gathered in one list for each selector."""
    gathered: dict[str, list[Any]] = {}
    for text in FIND(page):
        name, element = text.attrname, text.getparent()
        if name in NO_DATA or name.startswith("on") or text.rstrip()[-1:] not in ("}", "]"):
            continue
        effort.spend(VALUE_EFFORT)
        read = _value(str(text), effort)
        if read is None:
            continue
        if element.get("id"):
            yield PageData(f"{element.tag}#{element.get('id')}[{name}]", read)
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


def _selector(element: etree._Element) -> str:
    classes = (element.get("class") or "").split()
    return f"{element.tag}.{classes[0]}" if classes else str(element.tag)
