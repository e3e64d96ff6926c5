"""Read the data of a whole page, in time that its length bounds, whatever it contains."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from lxml import etree
from parsel import Selector

from scraper.page_data.attributes import attribute_data
from scraper.page_data.data import Effort, EffortSpentError, PageData
from scraper.page_data.microdata import microdata, opengraph
from scraper.page_data.scripts import script_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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
