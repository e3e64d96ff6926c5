"""Read a page as a browser's parser does: the tree that the HTML Standard prescribes for broken markup, for lxml.

libxml2, which reads pages 200 times as fast, builds another tree where tags are unclosed, misnested, or stand where a
table cannot have them. BeautifulSoup with html5lib builds the standard's; here it is made one of lxml's elements, so
that selectors work on it as on any other. To write it as HTML and let libxml2 read that would break it again.
"""

from __future__ import annotations

import re
import time
from io import StringIO
from typing import TYPE_CHECKING, Any

import lxml.html
from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_TEXT = 500_000
"""Characters of a page that is read so; each takes about five microseconds."""

MOST_CPU_S = 3.0
"""Time of one page. What hostile pages repeat grows with the square in html5lib."""

MOST_DEPTH = 400
"""Elements inside each other; each token is held against all that are open."""

UNFIT = re.compile("[\x00-\x08\x0b\x0e-\x1f\ud800-\udfff\ufffe\uffff]+")
"""What no text of lxml's may have."""

UNFIT_IN_NAMES = re.compile(r"[^\w.:-]+")


class TooCostlyError(ValueError):
    """A page that is too long, too deep, or takes too long to be read so."""


def html5_tree(text: str) -> Any:
    """Return the root element, lxml's, of a page; raise TooCostlyError. Takes long: call it in a thread."""
    if len(text) > LONGEST_TEXT:
        raise TooCostlyError(f"it has {len(text)} characters, of which {LONGEST_TEXT} at most are read so")
    return _as_lxml(_soup(text).html)


def _soup(text: str) -> Any:
    """Return the page's soup. What it needs is loaded here, for the few pages that need it."""
    from bs4 import BeautifulSoup
    from bs4.builder import HTML5TreeBuilder  # type: ignore[attr-defined]  # it is registered there
    from html5lib import HTMLParser

    class Parser(HTMLParser):
        """Stops where a page takes too long or is too deep, which is looked after at each character that it reads."""

        def reset(self) -> None:
            super().reset()
            stream, ends_at = self.tokenizer.stream, time.thread_time() + MOST_CPU_S
            read = stream.char

            def char() -> Any:
                if time.thread_time() > ends_at:
                    raise TooCostlyError(f"it takes more than {MOST_CPU_S:g} s to be read so")
                if len(self.tree.openElements) > MOST_DEPTH:
                    raise TooCostlyError(f"its elements are nested more than {MOST_DEPTH} deep")
                return read()

            stream.char = char

    class Builder(HTML5TreeBuilder):
        """Reads with the parser above."""

        def feed(self, markup: Any) -> None:
            parser = Parser(tree=self.create_treebuilder)
            assert self.underlying_builder is not None
            self.underlying_builder.parser = parser
            parser.parse(markup)

        def prepare_markup(self, markup: Any, *_: Any, **__: Any) -> Iterator[Any]:
            yield markup, None, None, False

    # From a stream, since a short text may be taken for a file's name by mistake, which is warned of.
    return BeautifulSoup(StringIO(text), builder=Builder(multi_valued_attributes=None))


def _as_lxml(html: Any) -> Any:
    """Return lxml's element for one of BeautifulSoup's, with all that it holds."""
    from bs4 import Comment, Tag
    from bs4.element import PreformattedString

    root = lxml.html.HTMLParser().makeelement("html", _attributes(html))
    open_tags = [(html, root)]
    while open_tags:
        tag, element = open_tags.pop()
        pieces: list[str] = []
        last = None
        for child in tag.children:
            if isinstance(child, PreformattedString) and not isinstance(child, Comment):
                continue
            if not isinstance(child, Comment | Tag):
                pieces.append(UNFIT.sub("", child).replace("\f", " "))
                continue
            _put(element, last, pieces)
            pieces = []
            if isinstance(child, Comment):
                last = etree.Comment(UNFIT.sub("", child).replace("--", "- -") + " " * child.endswith("-"))
                element.append(last)
            else:
                last = etree.SubElement(element, UNFIT_IN_NAMES.sub("_", child.name), _attributes(child))
                open_tags.append((child, last))
        _put(element, last, pieces)
    return root


def _put(element: Any, last: Any, pieces: list[str]) -> None:
    """Write a text behind the last child that an element has so far."""
    if last is None:
        element.text = "".join(pieces) or None
    else:
        last.tail = "".join(pieces) or None


def _attributes(tag: Any) -> dict[str, str]:
    named = {
        UNFIT_IN_NAMES.sub("_", name): UNFIT.sub("", value).replace("\f", " ") for name, value in tag.attrs.items()
    }
    return {name: value for name, value in named.items() if name}
