"""Read the data of a whole page, in time that its length bounds, whatever it contains."""

from __future__ import annotations

import html
from collections import Counter
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from lxml import etree
from parsel import Selector

from scraper.page_data.data import LEAST_CHARACTERS, Effort, EffortSpentError, PageData
from scraper.page_data.literals import read_literal
from scraper.page_data.microdata import microdata, opengraph
from scraper.page_data.scripts import script_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

NO_DATA = frozenset({"style", "class", "href", "src", "srcset", "content", "alt", "title", "placeholder", "pattern"})
FIND = etree.XPath(
    f"//@*[string-length() >= {LEAST_CHARACTERS}][starts-with(normalize-space(), '{{')"
    " or starts-with(normalize-space(), '[')]"
)
ATTRIBUTE_EFFORT = 1_000
"""What the value of an attribute costs to be read, besides its characters; see `Effort`."""


def attribute_data(page: etree._Element, effort: Effort) -> Iterator[PageData]:
    """Yield the attributes whose value is JSON, such as `data-props` of an app's root element.

    Those of elements without an id are gathered in one list for each selector.
    """
    gathered: dict[str, list[Any]] = {}
    for text in FIND(page):
        name, element = text.attrname, text.getparent()
        if name in NO_DATA or name.startswith("on") or text.rstrip()[-1:] not in ("}", "]"):
            continue
        effort.spend(ATTRIBUTE_EFFORT)
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


SCRIPTS = etree.XPath("//script")
VALUE_EFFORT = 3_000
"""What a value costs whoever looks at it, whatever it is; see `Effort`."""


def data_in(page: str | etree._Element, effort: Effort | None = None) -> list[PageData]:
    """Return the data that a page carries: of its scripts in their order, then microdata, OpenGraph, attributes.

    Where two have the same name, the later are numbered: `var data (2)`. Nothing is raised, whatever the text is;
    what was left out, `effort` says.
    """
    if isinstance(page, str):
        effort = effort or Effort(len(page))
        if "<" not in page:
            return []
        root = Selector(text=page.encode("utf-8", "replace").decode(), type="html").root
    else:
        root, effort = page, effort or Effort(0)
    # The cheapest first, so that a script that takes all the work there is leaves the others.
    others = [list(_within(effort, read(root, effort))) for read in (microdata, opengraph, attribute_data)]
    scripts = chain.from_iterable(script_data(script, effort) for script in SCRIPTS(root))
    return list(_numbered(chain(_within(effort, scripts), *others)))


def _within(effort: Effort, found: Iterable[PageData]) -> Iterator[PageData]:
    """Yield what is found until the page has had its share of work."""
    try:
        for data in found:
            effort.spend(VALUE_EFFORT)
            yield data
    except EffortSpentError:
        return


def _numbered(found: Iterable[PageData]) -> Iterator[PageData]:
    seen: Counter[str] = Counter()
    for data in found:
        seen[data.where] += 1
        number = seen[data.where]
        yield data if number == 1 else replace(data, where=f"{data.where} ({number})")
