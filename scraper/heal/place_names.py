"""What a place on a page, or in a spider, is called: the words of labels, classes and selectors that name a field."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from scraper.probe.outline import class_names

if TYPE_CHECKING:
    from scraper.heal.field_places import FieldPlace
    from scraper.probe.leaves import Aligned
    from scraper.probe.outline import Element

STRUCK = frozenset({"del", "s", "strike"})
VAGUE = frozenset(
    re.findall(
        r"\w+",
        "text div span class data col item row list value field first last child nth type href src content alt "
        "datetime normalize space starts with following sibling contains concat page main product",
    )
)
"""Words of selectors and classes that say nothing of a field."""


def words_of(place: FieldPlace) -> set[str]:
    """Return the words that a spider has for a field: of its name, its selector, and a label that it looks for."""
    return words_in(place.name, *place.texts)


def words_at(column: Aligned) -> set[str]:
    """Return the words that name a place: of its label, its attribute, its classes and those around it.

    The label is that of the key: the heading before it, such as "Old lamp", is none where each record has another.
    """
    leaf = column.first
    holders = [leaf.element, *([parent] if (parent := leaf.element.getparent()) is not None else [])]
    names = [
        name
        for holder in holders
        for name in (*class_names(holder), holder.get("itemprop") or "", holder.get("id") or "")
    ]
    return words_in(column.key[-1], leaf.attribute.removeprefix("title"), *names)


def words_in(*texts: str) -> set[str]:
    """Return the words of names, selectors and labels, those that say nothing left out.

    >>> sorted(words_in("in_stock", ".product_main .starRating::attr(class)", "Price (incl. tax)"))
    ['incl', 'price', 'rating', 'star', 'stock', 'tax']
    """
    plain_texts = (re.sub(r"::\w+(?:\(title\))?", " ", text) for text in texts)
    apart = (re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).lower() for text in plain_texts)
    found = {word for text in apart for word in re.findall(r"[^\W\d_]{3,}", text)}
    return {word.removesuffix("s") if len(word) > 4 else word for word in found - VAGUE}


OLD = words_in("old was previous former original strike rrp msrp uvp statt")
"""Words that call a price one that is not asked any more."""

ASKED = words_in("now sale special deal discount reduced current today")
"""Words that call a price the one that is asked, so that another one beside it is not."""


def is_named(selector: str) -> bool:
    """Say whether a selector finds its element by what it is called, rather than by its tag or place.

    >>> [is_named(text) for text in ("div.card b::text", "b.price::text", "./p[2]/text()", ".//dt[.='Price']/text()")]
    [False, True, False, True]
    """
    if selector.startswith(("/", "./", "(")):
        return "'" in selector or '"' in selector
    last = selector.partition("::")[0].split()[-1:]
    return bool(last) and any(sign in last[0] for sign in ".#[")


def is_struck(element: Element, root: Element) -> bool:
    """Say whether an element stands in one that is struck out, up to a root."""
    while element is not None:
        if element.tag in STRUCK:
            return True
        if element is root:
            return False
        element = element.getparent()
    return False
