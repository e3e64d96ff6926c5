"""Undo the compression of answers, up to the size that a page may have, whatever it was packed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.exceptions import IgnoreRequest

if TYPE_CHECKING:
    from scrapy import Request
    from scrapy.http import Response

MOST_ENCODINGS = 3
"""Every layer may cost the time of a page of the largest size; no honest server uses more than one."""


class BoundedCompression(HttpCompressionMiddleware):
    """Scrapy's middleware, which checks the size while it unpacks, with a bound for layers and reasons in words."""

    def process_response(self, request: Request, response: Response, spider: Any = None) -> Request | Response:
        """Return the answer unpacked; raise IgnoreRequest when it is too large or packed too often."""
        encodings = response.headers.getlist("Content-Encoding")
        if not encodings:
            return response
        layers = sum(header.count(b",") + 1 for header in encodings)
        if layers > MOST_ENCODINGS:
            raise IgnoreRequest(f"is compressed {layers} times over, expected {MOST_ENCODINGS} at most")
        try:
            return super().process_response(request, response)
        except IgnoreRequest:
            raise IgnoreRequest("is larger than [crawl] max_page_mb allows, once it is decompressed") from None
