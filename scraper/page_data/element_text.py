"""The text of an element, broken where its elements are: `<span>3</span><span>24 results</span>` is not 324."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Container

BLOCKS = frozenset(
    ("address", "article", "aside", "blockquote", "br", "dd", "details", "div", "dl", "dt", "fieldset", "figcaption",
     "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol",
     "option", "p", "pre", "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul")
)  # fmt: skip
"""Elements that a browser shows apart from what is around them; source: the HTML standard's style sheet (15.3)."""

UNSEEN = frozenset({"script", "style", "template"})


def pieces_of(element: etree._Element, borders: Container[str] | None = None, most: int | None = None) -> list[str]:
    """Return the texts between the borders of some elements, or of all, white space collapsed and empty ones left out.

    Elements within each other may all be asked for what they say: it ends behind `most` characters and elements.

    >>> page = etree.HTML("<p>The <b>S</b>ea<br>by<!-- --> me</p>")
    >>> pieces_of(page, BLOCKS), pieces_of(page)
    (['The Sea', 'by me'], ['The', 'S', 'ea', 'by me'])
    """
    found: list[list[str]] = [[]]
    seen = 0
    walk = etree.iterwalk(element, events=("start", "end", "comment", "pi"))
    for event, node in walk:
        if event in ("start", "end") and (borders is None or node.tag in borders):
            found.append([])
        if event == "start":
            if node.tag in UNSEEN:
                walk.skip_subtree()
            elif node.text:
                found[-1].append(node.text[:most])
                seen += len(node.text)
        elif node is not element and node.tail:
            found[-1].append(node.tail[:most])
            seen += len(node.tail)
        seen += 1
        if most is not None and seen > most:
            break
    return [piece for parts in found if (piece := " ".join("".join(parts).split()))]
