"""Tell packed data that end too soon: Scrapy unpacks what there is and takes it for the whole page."""

from __future__ import annotations

import zlib
from io import BytesIO

import brotli  # type: ignore[import-untyped]
from zstandard import ZstdError

from scraper.zst import ZstFile

CHUNK_BYTES = 2**16

GZIP, ZLIB, RAW = 31, 15, -15
"""Forms of zlib's data; source: zlib.h, inflateInit2."""


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
        return stated != unpacked_bytes % 2**32 and not _ends(packed, GZIP)
    if encoding == "deflate":
        return not (_ends(packed, ZLIB) or _ends(packed, RAW))
    if encoding == "br":
        return not _brotli_ends(packed)
    return encoding == "zstd" and not _zstd_ends(packed)


def _ends(packed: bytes, form: int) -> bool:
    while True:
        stream = zlib.decompressobj(form)
        rest = packed
        try:
            while rest and not stream.eof:
                stream.decompress(rest, CHUNK_BYTES)
                rest = stream.unconsumed_tail
        except zlib.error as error:
            return "incorrect" in str(error) and "check" in str(error) and "header" not in str(error)
        packed = stream.unused_data
        if not stream.eof or form != GZIP or packed[:2] != b"\x1f\x8b":
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
    stream, into = ZstFile(BytesIO(packed)), bytearray(CHUNK_BYTES)
    try:
        while stream.readinto(into):
            pass
    except (EOFError, ZstdError):
        return False
    return True
