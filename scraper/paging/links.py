"""The next link: the commonest pagination, and "load more" buttons that carry an address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urldefrag, urlsplit

from models.addresses import is_route
from scraper.fetch.http.responses import base_of
from scraper.paging.ask import Ask, End
from scraper.paging.kind import Pagination
from scraper.paging.numbering import Numbering
from scraper.select import compiled

if TYPE_CHECKING:
    from scrapy.http import Response

    from scraper.paging.kind import ListPage

LINK_HEADER = re.compile(r"<([^<>]*)>([^<]*)")
RELATION = re.compile(r"""\brel\s*=\s*["']?([^"';]*)""", re.IGNORECASE)
REL_NEXT = "//*[self::a or self::link][contains(concat(' ', normalize-space(@rel), ' '), ' next ')]"
MOST_WORDS = 1_000
"""Characters that are read of a link's text: links may stand within links, around all that a page has."""


@dataclass(frozen=True)
class NextLink(Pagination):
    """The page has a link to the next one: `NextLink("li.next a")`.

    `link` is a selector (CSS or XPath) of the link, or of the attribute that holds its address
    (`"button.more::attr(data-url)"`); with `json`, a JMESPath. Without it, `rel=next` and `Link:` headers are found.
    """

    link: str = ""

    def following(self, page: ListPage) -> Ask | End:
        """Return the page that the next link leads to."""
        found = self._found(page)
        urls, odd = [], ""
        for raw in found:
            url, fault = absolute(page.response, raw)
            if url and url != urldefrag(page.url)[0]:
                urls.append(url)
            odd = odd or fault
        urls = list(dict.fromkeys(urls))
        if len(urls) > 1:
            return self._choose(page, urls)
        if urls:
            return Ask(urls[0], page.number + 1)
        if odd and page.number == 1:
            return End(odd, doubt=f"{odd}: the pages behind it need the request that its script makes")
        return End("no next link" if self.link else "no rel=next link")

    def _found(self, page: ListPage) -> list[str]:
        if self.json and self.link:
            value = page.value(self.link)
            return [str(value)] if value else []
        if self.link:
            return addresses(page.response, self.link)
        return header_links(page.answer) or ([] if page.is_data else addresses(page.response, REL_NEXT))

    def _choose(self, page: ListPage, urls: list[str]) -> Ask | End:
        """Take the one link of several that has the next page's number."""
        numbered = [url for url in urls if Numbering.learn(url, page.number + 1)]
        if len(numbered) == 1:
            return Ask(numbered[0], page.number + 1)
        what = f"'{self.link or 'rel=next'}' found {len(urls)} links, expected one"
        return End(what, doubt=f"{what}: none was followed; name the next link alone")


def addresses(page: Response, selector: str) -> list[str]:
    """Return the addresses that a selector finds: attributes or texts as they are, of elements their `href`."""
    found = compiled(selector)(page.selector.root)  # type: ignore[attr-defined]
    raw = [value.get("href") if hasattr(value, "get") else str(value) for value in found]
    return [text.strip() for text in raw if text and text.strip()]


def absolute(page: Response, raw: str) -> tuple[str | None, str]:
    """Return a link's absolute address without fragment, or None and what is odd about it."""
    if raw.startswith("#") and not is_route(raw):
        return None, ""
    try:
        url, fragment = urldefrag(base_of(page).resolve(raw))
        parts = urlsplit(url)
    except ValueError:
        return None, f"the next link is '{raw[:60]}', expected an address"
    if parts.scheme == "javascript":
        return None, f"the next link is a script ({raw[:60]})"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return None, f"the next link is '{raw[:60]}', expected an http address"
    if is_route(f"#{fragment}") and url == urldefrag(page.url)[0]:
        return None, f"the next link is a route of the page's script ({raw[:60]})"
    return url, ""


def header_links(answer: Response) -> list[str]:
    """Return the addresses that `Link: <…>; rel="next"` headers name (RFC 8288)."""
    lines = [line.decode("latin-1") for line in answer.headers.getlist("Link")]
    return [
        target.strip()
        for line in lines
        for target, parameters in LINK_HEADER.findall(line)
        if any("next" in relation.lower().split() for relation in RELATION.findall(parameters))
    ]


def words_of(link: Any) -> str:
    """Return what a link says, with white space collapsed, of its first `MOST_WORDS` characters."""
    pieces, left = [], MOST_WORDS
    for piece in link.itertext():
        pieces.append(piece[:left])
        left -= len(pieces[-1])
        if not left:
            break
    return " ".join("".join(pieces).split())
