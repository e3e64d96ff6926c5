"""Read the data of a whole page, in time that its length bounds, whatever it contains."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from itertools import chain, islice
from typing import TYPE_CHECKING

from bs4 import BeautifulSoup
from bs4.exceptions import ParserRejectedMarkup
from bs4.filter import SoupStrainer

from scraper.page_data.attributes import attribute_data, may_be_data
from scraper.page_data.data import MOST_VALUES, Effort, PageData
from scraper.page_data.microdata import microdata
from scraper.page_data.scripts import script_data

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_TAGS = 60_000
"""Of a page with more, the scripts alone are read: building so many elements takes seconds."""

MOST_SCRIPTS = 2_000
PROLOG = re.compile(r"\s{0,1000}<\?xml[^>]{0,1000}>")


class _Carriers(SoupStrainer):
    """Let BeautifulSoup build only the elements that may carry data, and what is inside them."""

    def __init__(self) -> None:
        super().__init__("script")

    def allow_tag_creation(self, nsprefix: str | None, name: str, attrs: dict[str, str] | None) -> bool:  # type: ignore[override]
        """Keep scripts, items of microdata, and elements with JSON in an attribute."""
        if name == "script":
            return True
        return attrs is not None and ("itemscope" in attrs or any(may_be_data(*pair) for pair in attrs.items()))

    def allow_string_creation(self, _string: str) -> bool:
        """Leave out the texts between the elements that are kept."""
        return False


def data_in(html: str, url: str = "") -> list[PageData]:
    """Return the data that a page carries: of its scripts in their order, then microdata, then attributes.

    Where two have the same name, the later are numbered: `var data (2)`. Nothing is raised, whatever the text is.
    """
    page = _carriers(html)
    if page is None:
        return []
    effort = Effort(len(html))
    found = chain(
        chain.from_iterable(script_data(script, effort) for script in page.find_all("script", limit=MOST_SCRIPTS)),
        microdata(page),
        attribute_data(page, effort),
    )
    return list(_numbered(islice(found, MOST_VALUES)))


def _numbered(found: Iterator[PageData]) -> Iterator[PageData]:
    seen: Counter[str] = Counter()
    for data in found:
        seen[data.where] += 1
        number = seen[data.where]
        yield data if number == 1 else replace(data, where=f"{data.where} ({number})")


def _carriers(html: str) -> BeautifulSoup | None:
    """Return what may carry data in a page, or None when nothing can."""
    if "<" not in html:
        return None
    if html.count("<") > MOST_TAGS or html.count("<script") > MOST_SCRIPTS:
        html = "".join(_scripts(html))
    html = html.encode("utf-8", "replace").decode()
    if prolog := PROLOG.match(html):
        html = html[prolog.end() :]
    try:
        return BeautifulSoup(html, "lxml", parse_only=_Carriers(), huge_tree=True)
    except (ParserRejectedMarkup, AssertionError, ValueError):
        return None


def _scripts(html: str) -> Iterator[str]:
    """Yield the script elements of a page that is too large for more."""
    lower, at = html.lower(), 0
    if len(lower) != len(html):
        return
    for _ in range(MOST_SCRIPTS):
        start = lower.find("<script", at)
        end = lower.find("</script", start)
        if start < 0 or end < 0:
            return
        at = end + len("</script>")
        yield html[start:at]
