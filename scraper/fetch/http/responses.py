"""Responses whose links lead where a browser would go from them; Scrapy's own look for `<base>` at the beginning only.

Importing this module changes nothing: `register` makes Scrapy use them.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from scrapy.http import HtmlResponse, JsonResponse, Response, TextResponse, XmlResponse
from scrapy.responsetypes import responsetypes

from models.addresses import BaseUrl
from scraper.select import selector_of

if TYPE_CHECKING:
    from scrapy import Request, Selector

WEB = ("http://", "https://")


class _Linked(TextResponse):
    """What the classes below have in common."""

    @cached_property
    def base_url(self) -> BaseUrl:
        """The address that links are relative to, with the encoding of their queries."""
        return BaseUrl(self.url)

    def urljoin(self, url: str) -> str:
        """Return the address that a link leads to, in ASCII; raise ValueError for a broken one."""
        return self.base_url.resolve(url)

    def follow(self, url: Any, *arguments: Any, **keywords: Any) -> Request:
        """Return a request as Scrapy does, but never in the page's encoding: its headers would be written in it."""
        if keywords.get("encoding") is None:
            keywords["encoding"] = "utf-8"
        return super().follow(url, *arguments, **keywords)


class TextPage(_Linked):
    """An answer of text."""


class JsonPage(_Linked, JsonResponse):
    """An answer of JSON."""


class XmlPage(_Linked, XmlResponse):
    """An answer of XML."""


class HtmlPage(_Linked, HtmlResponse):
    """A page; its links are relative to the first `<base href>`, wherever that stands (HTML Standard, 2.4.3)."""

    def _body_declared_encoding(self) -> str | None:
        """Return what `<meta>` states; a page with a tag in ASCII is in no UTF-16 (HTML Standard, 13.2.3.2)."""
        stated = super()._body_declared_encoding()
        return "utf-8" if stated and stated.startswith(("utf-16", "utf-32")) else stated

    @property
    def selector(self) -> Selector:
        """The selector of the whole page, which is Scrapy's, made faster where that can be."""
        if self._cached_selector is None:
            self._cached_selector = selector_of(self)
        return super().selector

    @cached_property
    def base_url(self) -> BaseUrl:
        """The address that links are relative to, with the encoding of their queries."""
        own = BaseUrl(self.url, self.encoding)
        # To look for the word first is far cheaper than to parse a page whose links nobody follows.
        if b"<base" not in self.body.lower() and not self.encoding.startswith("utf-16"):
            return own
        stated = self.selector.root.xpath("//base/@href")
        try:
            url = own.resolve(str(stated[0])) if stated else ""
        except ValueError:
            return own
        return BaseUrl(url, self.encoding) if url.startswith(WEB) else own


_PAGES: dict[type[Response], type[Response]] = {
    HtmlResponse: HtmlPage,
    XmlResponse: XmlPage,
    JsonResponse: JsonPage,
    TextResponse: TextPage,
}


def page_class(kind: type[Response]) -> type[Response]:
    """Return the class above that stands for one of Scrapy's, or the class itself."""
    return _PAGES.get(kind, kind)


def register() -> None:
    """Let Scrapy make pages of the answers that it gets; calling it again changes nothing."""
    for kind, made in responsetypes.classes.items():
        responsetypes.classes[kind] = page_class(made)


def base_of(page: Any) -> BaseUrl:
    """Return what the links of any response of Scrapy's are relative to."""
    found = getattr(page, "base_url", None)
    return found if isinstance(found, BaseUrl) else BaseUrl(page.url)
