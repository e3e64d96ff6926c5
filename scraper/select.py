"""Read values from a page with CSS or XPath, several times faster than `response.css(…).get()` for every field.

A selector is compiled once, and a value is taken straight from the tree, without a Selector object around it. One that
begins with `/`, `./` or `(` is XPath, any other is CSS. One that names the element (`div.quote`) is found several times
as fast as one that does not (`.quote`): the classes of other elements are not looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from cssselect import SelectorError
from lxml import etree
from parsel.csstranslator import HTMLTranslator
from scrapy import Selector
from scrapy.http import TextResponse
from w3lib.url import safe_url_string

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy.http import HtmlResponse, Response

EXSLT = {"re": "http://exslt.org/regular-expressions"}


class Translator(HTMLTranslator):
    """CSS to XPath, with classes found a third faster: cssselect's test that there is such an attribute costs most."""

    def xpath_attrib_includes(self, xpath: Any, name: str, value: str | None) -> Any:
        """Look for the text of the class first, which tells most elements, and then for the word."""
        if not value or value.split() != [value]:
            return super().xpath_attrib_includes(xpath, name, value)
        text, word = self.xpath_literal(value), self.xpath_literal(f" {value} ")
        xpath.add_condition(f"contains({name}, {text}) and contains(concat(' ', normalize-space({name}), ' '), {word})")
        return xpath


@dataclass(slots=True)
class Use:
    """How often a selector was asked for, and how often it then matched nothing."""

    asked: int = 0
    missed: int = 0


uses: dict[str, Use] = {}
"""The selectors that spiders have asked for in this process, which is one crawl's."""


def each(page: Any, selector: str) -> list[Any]:
    """Return the elements that match, of a response or of an element that this function returned.

    >>> from scrapy.http import HtmlResponse
    >>> page = HtmlResponse("http://x/", body=b"<p><b>1</b></p><p><b>2</b><b>3</b></p>")
    >>> [texts(paragraph, "b::text") for paragraph in each(page, "p")]
    [['1'], ['2', '3']]
    >>> texts(page, "//p[2]/b/text()")
    ['2', '3']
    """
    found = _found(page, selector)
    if found and not isinstance(found[0], etree._Element):
        wanted = selector.partition("::")[0]
        raise ValueError(f"select {wanted!r} instead of {selector!r}: this asks for elements, not for texts")
    return list(found)


def texts(page: Any, selector: str) -> list[str]:
    """Return all texts or attributes that match a selector ending in `::text` or `::attr(name)`."""
    return [_text(value, selector) for value in _found(page, selector)]


def address_selector(link: str) -> str:
    """Return the selector of links' addresses, of one that may select the links themselves.

    >>> address_selector("h3 a"), address_selector("h3 a::attr(data-href)")
    ('h3 a::attr(href)', 'h3 a::attr(data-href)')
    """
    return link if "::" in link else f"{link}::attr(href)"


def first(page: Any, selector: str) -> str | None:
    """Return the first text or attribute that matches a selector ending in `::text` or `::attr(name)`, or None."""
    found = _found(page, selector)
    return _text(found[0], selector) if found else None


@cache
def compiled(selector: str) -> Callable[[Any], list[Any]]:
    """Return the function that finds a selector's matches in a tree; raise ValueError for one that is neither."""
    is_xpath = selector.startswith(("/", "./", "("))
    try:
        xpath = selector if is_xpath else Translator().css_to_xpath(selector)
        # To make regular expressions available costs a tenth of a short search, each time.
        regexp = {"namespaces": EXSLT} if "re:" in xpath else {"regexp": False}
        find: Callable[[Any], Any] = etree.XPath(xpath, smart_strings=False, **regexp)
    except (SelectorError, etree.XPathError) as error:
        raise ValueError(f"'{selector}' is not a {'XPath' if is_xpath else 'CSS selector'}: {error}") from None
    return lambda tree: found if isinstance(found := find(tree), list) else [found]


@cache
def _counted(selector: str) -> tuple[Callable[[Any], list[Any]], Use]:
    """Return the function that finds a selector's matches, and where its uses are counted."""
    return compiled(selector), uses.setdefault(selector, Use())


def _found(page: Any, selector: str) -> list[Any]:
    """Return a selector's matches, and count, which takes 0.1 µs."""
    find, use = _counted(selector)
    found = find(_tree(page))
    use.asked += 1
    if not found:
        use.missed += 1
    return found


def _tree(page: Any) -> Any:
    """Return the lxml tree of a response; an element is one already."""
    return page if isinstance(page, etree._Element) else page.selector.root


BASE_WITHIN = 4 * 4096
"""Bytes of the characters in which Scrapy looks for `<base>`."""


def selector_of(page: HtmlResponse) -> Selector | None:
    """Return the selector of a page, made from its bytes; None for a page of which Scrapy's own might be another.

    Scrapy decodes a page, and parsel encodes the text again for the parser: a fifth of what it takes to make the tree.
    Of valid UTF-8 without anything at its ends that is taken off, the parser would be given the same bytes.
    """
    body = page.body.strip()
    is_plain = body.startswith(b"<") and body.endswith(b">") and b"\0" not in body and page.encoding == "utf-8"
    if not is_plain or b"<base" in body[:BASE_WITHIN].lower():
        return None
    try:
        body.decode()
        selector = Selector(body=body, encoding="utf-8", type="html", base_url=safe_url_string(page.url))
    except (UnicodeDecodeError, etree.XMLSyntaxError):
        return None
    selector.response = page
    return selector


def let_go(page: Response | None) -> None:
    """Free the tree of a page that was read: it and its response hold each other, and it is several times as large.

    Hundreds of them would wait for the garbage collector. Whoever wants one yet gets a new one.
    """
    if isinstance(page, TextResponse):
        page._cached_selector = None


def _text(value: Any, selector: str) -> str:
    if isinstance(value, etree._Element):
        raise ValueError(
            f"select '{selector}::text' or '{selector}::attr(name)' instead of {selector!r}: this asks for texts"
        )
    return str(value)
