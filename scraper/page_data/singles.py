"""Find the one record that a page is about in its data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scraper.page_data.microdata import LOOSE, MICRODATA, OPENGRAPH

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scraper.page_data.data import PageData

JSON_LD = 'script[type="application/ld+json"]'
NOT_THE_RECORD = frozenset(
    ("AboutPage", "BreadcrumbList", "CollectionPage", "ContactPage", "Corporation", "ImageObject", "ItemList",
     "ListItem", "Organization", "SearchAction", "SearchResultsPage", "SiteNavigationElement", "WPFooter", "WPHeader",
     "WPSideBar", "WebPage", "WebSite", "website")
)  # fmt: skip
"""Types of schema.org and OpenGraph that are about the site or the page, not about what it shows."""

ABOUT = ("mainEntity", "mainEntityOfPage", "about")
LEAST_KEYS = 2
PRICE = ":price:amount"


def single_records(data: PageData) -> list[dict[str, Any]]:
    """Return the dicts that may be the one record of a page: things of JSON-LD, microdata, OpenGraph.

    Properties of microdata without an item are one when no name among them is there twice.
    """
    if data.where == LOOSE and isinstance(data.value, dict):
        is_one = len(data.value) > LEAST_KEYS and not isinstance(data.value.get("name"), list)
        return [data.value] if is_one else []
    if not isinstance(data.value, dict | list):
        return []
    if not data.where.startswith((JSON_LD, MICRODATA, OPENGRAPH)) and not _is_json_ld(data.value):
        return []
    return [thing for thing in _things(data.value) if _may_be_the_record(thing)]


def _is_json_ld(value: Any) -> bool:
    first = value[0] if isinstance(value, list) and value else value
    return isinstance(first, dict) and "@context" in first and ("@type" in first or "@graph" in first)


def _things(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the things of a JSON-LD value: itself, those of a list or graph, and what a page says it is about."""
    for thing in value if isinstance(value, list) else [value]:
        if not isinstance(thing, dict):
            continue
        graph = thing.get("@graph")
        if isinstance(graph, list):
            yield from (part for part in graph if isinstance(part, dict))
        yield thing
        for key in ABOUT:
            if isinstance(thing.get(key), dict) and kinds_of(thing) & NOT_THE_RECORD:
                yield thing[key]


def _may_be_the_record(thing: dict[str, Any]) -> bool:
    own = [key for key in thing if not key.startswith("@")]
    named = bool(kinds_of(thing)) or any(key.endswith(PRICE) for key in own)
    return named and len(own) >= LEAST_KEYS and not kinds_of(thing) & NOT_THE_RECORD


def kinds_of(thing: dict[str, Any]) -> set[str]:
    """Return the types of a thing without their vocabulary.

    >>> kinds_of({"@type": "https://schema.org/Product"})
    {'Product'}
    """
    kinds = thing.get("@type")
    named = kinds if isinstance(kinds, list) else str(kinds or "").split()
    return {str(kind).rstrip("/").rpartition("/")[2].rpartition(":")[2].rpartition("#")[2] for kind in named}
