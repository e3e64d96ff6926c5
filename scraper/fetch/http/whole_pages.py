"""Notice a page whose connection ended before the page did, where no length was announced that would tell."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Self

from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.http import HtmlResponse, JsonResponse, TextResponse, XmlResponse

from scraper.fetch.http.compression import CutShortError

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

PARTIAL = "partial"
"""Scrapy's flag of an answer that ended with its connection: it may be whole."""

_FRAMED = re.compile(r"<(?:html|body)\b", re.IGNORECASE)
_FRAME_ENDS = re.compile(r"</(?:html|body)\s*>", re.IGNORECASE)
# Elements whose end tag may not be left out (HTML Standard, 13.1.2.4), as far as they stand around others.
_ELEMENT = re.compile(
    r"<(/?)(div|ul|ol|dl|table|section|article|main|nav|header|footer|form|select|script|style|h[1-6]|a|span)\b"
    r"[^<>]*>",
    re.IGNORECASE,
)
_SKIPPED = re.compile(
    r"<!--.*?(?:-->|\Z)|(<(script|style|textarea)\b[^<>]*>).*?(</\2\s*>|\Z)", re.IGNORECASE | re.DOTALL
)
_XML_ROOT = re.compile(r"<([A-Za-z_][\w.:-]*)[^<>]*?(/?)>")


class WholePages:
    """Downloader middleware that asks again for a page that broke off, and gives it up when it stays so."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the middleware for a crawl."""
        return cls(crawler)

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """Return the page, or a request for another try; raise CutShortError."""
        if PARTIAL not in response.flags or response.status != 200 or not breaks_off(response):
            return response
        assert self._crawler.spider is not None
        again = get_retry_request(request, spider=self._crawler.spider, reason="broke off")
        if again is None:
            raise CutShortError("broke off: its connection ended before the page did")
        return again


def breaks_off(page: Response) -> bool:
    """Return whether a page ends before its end; False where nothing can be told from its text.

    >>> breaks_off(HtmlResponse("http://h/", body=b"<html><body><p>One", encoding="utf-8"))
    True
    >>> breaks_off(HtmlResponse("http://h/", body=b"<h1>One</h1> <p>Two", encoding="utf-8"))
    False
    """
    if not isinstance(page, TextResponse):
        return False
    text = page.text.strip()
    if isinstance(page, HtmlResponse):
        return not text or _html_breaks_off(text)
    if isinstance(page, XmlResponse):
        root = _XML_ROOT.search(text)
        return root is None or not (root[2] or f"</{root[1]}" in text[root.end() :])
    if isinstance(page, JsonResponse):
        try:
            json.loads(text)
        except (ValueError, RecursionError):
            return True
    return False


def _html_breaks_off(text: str) -> bool:
    if _FRAMED.search(text):
        return not _FRAME_ENDS.search(text)
    if text.rfind("<") > text.rfind(">"):
        return True
    open_elements = 0
    for element in _ELEMENT.finditer(_SKIPPED.sub(_unclosed, text)):
        open_elements += -1 if element[1] else 1
    return open_elements > 0


def _unclosed(found: re.Match[str]) -> str:
    """Return what is left of a comment, or of an element with text of its own: a beginning, if it never ends."""
    ends = found[3] if found[1] else found[0].endswith("-->")
    return "" if ends else found[1] or "<div>"
