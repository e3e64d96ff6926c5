"""Pages with numbers, and lists read by offset and limit: any page can be asked for without the ones before it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import parse_qsl, quote_plus, unquote_plus, urlencode, urlsplit

from models.addresses import browser_url
from scraper.paging.ask import Ask, End
from scraper.paging.kind import Pagination

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scraper.paging.kind import ListPage

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class PageNumbers(Pagination):
    """Each page has a number in its address: `PageNumbers("page/{page}/")` or `PageNumbers("?page={page}")`.

    The address is relative to the start page, which is page `start` itself (unless `json` is given: then the first
    page, too, is asked for by number). Pages are read up to the `last` that the site states or its `total` makes; or
    while `more` (a selector, or a JMESPath for JSON) says so; else until two in a row show nothing new. `post` makes
    the request a POST with these form fields; `post_json` one with this JSON.
    """

    address: str = ""
    start: int = 1
    more: str = ""
    post: Mapping[str, str] = field(default_factory=dict)
    post_json: Mapping[str, str] = field(default_factory=dict)
    chained: ClassVar[bool] = False

    def first(self, start: str) -> Ask:
        """Ask for the start page, or for the API's first page."""
        return self._ask(start, 1, {"page": str(self.start)}) if self.json else Ask(start)

    def following(self, page: ListPage) -> Ask | End:
        """Say whether there are more, where the page tells."""
        if not self.more or (self.html and page.number == 1):
            return End("numbered pages")
        if not page.value(self.more):
            return End("the site says that there are no more", sure=True)
        # It is the list's end only where the pages behind it show nothing new.
        return End("numbered pages", doubt=f"page {page.number} says that there are more, and nothing new came")

    def numbered(self, start: str, number: int, page_size: int) -> Ask | None:
        """Ask for the page of that number."""
        return self._ask(start, number, {"page": str(self.start + number - 1)})

    def _ask(self, start: str, number: int, values: dict[str, str]) -> Ask:
        url = joined(start, self.address, values)
        if self.post:
            body = urlencode({name: _filled(text, values) for name, text in self.post.items()})
            return Ask(url, number, method="POST", body=body, headers={"Content-Type": FORM})
        if self.post_json:
            filled = {name: _filled(text, values) for name, text in self.post_json.items()}
            content = {name: int(text) if text.isdecimal() else text for name, text in filled.items()}
            return Ask(
                url, number, method="POST", body=json.dumps(content), headers={"Content-Type": "application/json"}
            )
        return Ask(url, number)


@dataclass(frozen=True)
class Offsets(PageNumbers):
    """Pages are asked for by the number of records before them: `Offsets("?offset={offset}&limit={limit}", limit=50)`.

    The offset counts what the first page really shows, also when the site gives fewer than `limit`. The start page is
    the first page, unless `json` is given.
    """

    limit: int = 100

    def first(self, start: str) -> Ask:
        """Ask for the first records."""
        return self._ask(start, 1, {"offset": "0", "limit": str(self.limit)})

    def numbered(self, start: str, number: int, page_size: int) -> Ask | None:
        """Ask for the records after those of the pages before."""
        if not page_size:
            return None
        return self._ask(start, number, {"offset": str((number - 1) * page_size), "limit": str(self.limit)})


@dataclass(frozen=True)
class Cursor(Pagination):
    """Each answer has the token that asks for the next: `Cursor("next_cursor", query="cursor", json="items")`.

    `token` is a JMESPath (a selector for HTML), or `token_header` the name of a header of the answer. The token goes
    into the `query` parameter of that name, or into the `header` of that name. `address` is the API's, relative to
    the start page.
    """

    token: str = ""
    address: str = ""
    query: str = ""
    header: str = ""
    token_header: str = ""

    def first(self, start: str) -> Ask:
        """Ask for the first page, without a token."""
        return Ask(browser_url(self.address, start))

    def following(self, page: ListPage) -> Ask | End:
        """Ask for the page that the token stands for."""
        if self.token_header:
            found = (page.answer.headers.get(self.token_header) or b"").decode("latin-1").strip()
        else:
            value = page.value(self.token)
            found = "" if value is None or value is False else str(value).strip()
        if not found:
            return End("no further token", sure=True)
        if not found.isprintable():
            return End("a token that cannot be sent", gap="its next token has control characters")
        request = page.answer.request
        base = request.url if request is not None else page.url
        if self.header:
            return Ask(base, page.number + 1, headers={self.header: found})
        return Ask(with_parameters(base, {self.query or "cursor": found}), page.number + 1)


def _filled(template: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: values.get(match[1], match[0]), template)


def joined(start: str, template: str, values: Mapping[str, str]) -> str:
    """Return the address that a template makes, relative to the start page, whose other parameters stay."""
    address = _filled(template, values)
    if address.startswith("?"):
        return with_parameters(start, dict(parse_qsl(urlsplit(address).query, keep_blank_values=True)))
    # A crawl may start at the list's first page under its numbered address, too.
    numbered = "(?<=/)" + re.sub(r"\\\{\w+\\\}", r"\\d+", re.escape(template)) + "$"
    return browser_url(address, re.sub(numbered, "", start))


def with_parameters(url: str, values: Mapping[str, str]) -> str:
    """Return an address with these parameters in its query; the others stay byte by byte, whatever their encoding.

    >>> with_parameters("http://shop.example/?q=caf%E9&page=1", {"page": "2"})
    'http://shop.example/?q=caf%E9&page=2'
    """
    parts, left = urlsplit(url), dict(values)
    query = []
    for part in filter(None, parts.query.split("&")):
        name = unquote_plus(part.partition("=")[0])
        if name not in values:
            query.append(part)
        elif name in left:
            query.append(f"{quote_plus(name)}={quote_plus(left.pop(name))}")
    query += [f"{quote_plus(name)}={quote_plus(value)}" for name, value in left.items()]
    return parts._replace(query="&".join(query)).geturl()
