"""Tell packed data that end too soon: Scrapy unpacks what there is and takes it for the whole page."""

from __future__ import annotations

import gzip
import zlib
from io import BytesIO

import brotli  # type: ignore[import-untyped]

from scraper.core import zst

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
