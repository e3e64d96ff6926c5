"""Addresses as browsers make them of the links of a page (URL Standard, https://url.spec.whatwg.org/)."""

from __future__ import annotations

import re

import ada_url

UTF8 = "utf-8"

_QUERY = re.compile(r"\?[^#]*")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
_DOT = re.compile(r"(https?://[^/?#]*?)\.+(?=(?::\d*)?(?:[/?#]|$))")
_ROUTE = re.compile(r"[^#]*#[!/]")


class BaseUrl(str):
    """The address that a page's links are relative to, and the encoding of their queries."""

    __slots__ = ("encoding",)

    encoding: str

    def __new__(cls, url: str, encoding: str = UTF8) -> BaseUrl:
        """Take an absolute address; a page in UTF-16 sends its queries in UTF-8 (URL Standard, 4.3)."""
        base = super().__new__(cls, url)
        base.encoding = UTF8 if encoding.replace("_", "-").startswith(("utf-16", "utf-32", "utf-7")) else encoding
        return base

    def __reduce__(self) -> tuple[type[BaseUrl], tuple[str, str]]:
        """Say how it is copied."""
        return BaseUrl, (str(self), self.encoding)

    def resolve(self, link: str) -> str:
        """Return the address that a link leads to, in ASCII; see `browser_url`."""
        return browser_url(link, self, self.encoding)


def browser_url(link: str, base: str, encoding: str = UTF8) -> str:
    r"""Return the absolute address that a link leads to, in ASCII; raise ValueError when it is broken.

    As in a browser a backslash is a slash, names of hosts are written by IDNA 2008, and a query is written in the
    encoding of its page. Unlike there a dot behind the host is left out: it is the same server.

    >>> browser_url(r"\item\1?q=caf" + chr(233), "https://shop.example./list/", "latin-1")
    'https://shop.example/item/1?q=caf%E9'
    >>> browser_url("//straße.example", "https://shop.example/")
    'https://xn--strae-oqa.example/'
    """
    if encoding != UTF8 and not link.isascii():
        link = _QUERY.sub(lambda query: _BEYOND_ASCII.sub(lambda part: _percent(part[0], encoding), query[0]), link, 1)
    url = ada_url.join_url(base, link)
    return _DOT.sub(r"\1", url, count=1) if "./" in url or ".:" in url else url


def is_route(link: str) -> bool:
    """Return whether a link's fragment is no place on the page but one of the pages that its script shows.

    >>> [is_route(link) for link in ("/shop#/item/1", "#!item/1", "/item/1#reviews", "/#")]
    [True, True, False, False]
    """
    return _ROUTE.match(link) is not None


def _percent(text: str, encoding: str) -> str:
    """Write what is beyond ASCII in percent; what the encoding lacks as a reference, as forms do."""
    return "".join(f"%{byte:02X}" for byte in _encoded(text, encoding))


def _encoded(text: str, encoding: str) -> bytes:
    try:
        return text.encode(encoding, "xmlcharrefreplace")
    except (LookupError, UnicodeError):
        return text.encode(UTF8, "replace")
