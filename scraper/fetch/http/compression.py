"""Undo the compression of answers, up to the size that a page may have, and only of whole ones."""

from __future__ import annotations

import gzip
import zlib
from io import BytesIO
from typing import TYPE_CHECKING, Any, ClassVar

import brotli  # type: ignore[import-untyped]
from scrapy.downloadermiddlewares.httpcompression import HttpCompressionMiddleware
from scrapy.downloadermiddlewares.retry import get_retry_request
from scrapy.exceptions import IgnoreRequest

from scraper.core import zst

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
        except IgnoreRequest as error:
            raise TooLargeError(
                "is larger than [crawl] max_page_mb allows, once it is decompressed"
            ) from error.__cause__

    @staticmethod
    def _decode(body: bytes, encoding: bytes, max_size: int) -> bytes:
        unpacked: bytes = HttpCompressionMiddleware._decode(body, encoding, max_size)
        name = encoding.decode("latin-1")
        if is_cut_short(body, name, len(unpacked)):
            raise CutShortError(f"was cut short: its {name} data end too soon")
        return unpacked


CHUNK_BYTES = 2**16

WITH_HEAD, WITHOUT = 15, -15
"""Forms of deflated data, of which servers send either; source: zlib.h, inflateInit2."""


def is_cut_short(packed: bytes, encoding: str, unpacked_bytes: int) -> bool:
    """Return whether packed data end before their end mark; `unpacked_bytes` is how much came of them.

    A checksum that is wrong at the end is a server's mistake that browsers forgive, and no sign that anything is
    missing. `encoding` is one of HTTP's content codings; of another one nothing can be told.
    """
    if not packed:
        return False  # such as of an answer that has no body
    if encoding in ("gzip", "x-gzip"):
        # Its last four bytes say how long it was, which spares nearly every page the second reading.
        stated = int.from_bytes(packed[-4:], "little")
        return stated != unpacked_bytes % 2**32 and not _gzip_ends(packed)
    if encoding == "deflate":
        return not (_deflate_ends(packed, WITH_HEAD) or _deflate_ends(packed, WITHOUT))
    if encoding == "br":
        return not _brotli_ends(packed)
    return encoding == "zstd" and not _zstd_ends(packed)


def _gzip_ends(packed: bytes) -> bool:
    stream = gzip.GzipFile(fileobj=BytesIO(packed))
    try:
        while stream.read1(CHUNK_BYTES):
            pass
    except gzip.BadGzipFile:
        return True  # a wrong checksum at the end, or something else behind it
    except (EOFError, zlib.error):
        return False
    return True


def _deflate_ends(packed: bytes, form: int) -> bool:
    stream = zlib.decompressobj(form)
    try:
        while packed and not stream.eof:
            stream.decompress(packed, CHUNK_BYTES)
            packed = stream.unconsumed_tail
    except zlib.error as error:
        return "incorrect data check" in str(error)
    return stream.eof


def _brotli_ends(packed: bytes) -> bool:
    stream = brotli.Decompressor()
    try:
        stream.process(packed, output_buffer_limit=CHUNK_BYTES)
        while not stream.is_finished() and stream.process(b"", output_buffer_limit=CHUNK_BYTES):
            pass
    except brotli.error:
        return False
    return bool(stream.is_finished())


def _zstd_ends(packed: bytes) -> bool:
    stream = zst.reader(BytesIO(packed))
    try:
        while stream.read(CHUNK_BYTES):
            pass
    except (EOFError, zst.ZstdError):
        return False
    return True
