"""Undo the compression of answers, up to the size that a page may have, and only of whole ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.exceptions import IgnoreRequest

from scraper.fetch.http.cut_short import is_cut_short

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

    from scraper.core.failed_page import Reason

MOST_ENCODINGS = 3
"""Every layer may cost the time of a page of the largest size; no honest server uses more than one."""


class TooLargeError(IgnoreRequest):
    """Report a page that is not decompressed, as it would be larger than is allowed."""

    reason: ClassVar[Reason] = "partly-read"


class CutShortError(IgnoreRequest):
    """Report an answer whose packed body ends too soon."""

    reason: ClassVar[Reason] = "partly-read"


class BoundedCompression(HttpCompressionMiddleware):
    """Scrapy's middleware, which checks the size while it unpacks, with a bound for layers and reasons in words."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler=crawler)
        self._crawler = crawler

    def process_response(self, request: Request, response: Response, spider: Any = None) -> Request | Response:
        """Return the answer unpacked, or the request for another try when it is cut short.

        Raise IgnoreRequest when it stays so, is too large or packed too often.
        """
        encodings = response.headers.getlist("Content-Encoding")
        if not encodings:
            return response
        layers = sum(header.count(b",") + 1 for header in encodings)
        if layers > MOST_ENCODINGS:
            raise TooLargeError(f"is compressed {layers} times over, expected {MOST_ENCODINGS} at most")
        try:
            return super().process_response(request, response)
        except CutShortError:
            assert self._crawler.spider is not None
            again = get_retry_request(request, spider=self._crawler.spider, reason="cut short")
            if again is None:
                raise
            return again
        except IgnoreRequest:
            raise TooLargeError("is larger than [crawl] max_page_mb allows, once it is decompressed") from None

    @staticmethod
    def _decode(body: bytes, encoding: bytes, max_size: int) -> bytes:
        unpacked: bytes = HttpCompressionMiddleware._decode(body, encoding, max_size)
        name = encoding.decode("latin-1")
        if is_cut_short(body, name, len(unpacked)):
            raise CutShortError(f"was cut short: its {name} data end too soon")
        return unpacked
