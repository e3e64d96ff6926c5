"""Zstandard: from Python's own library as of 3.14, before that from its backport; files are read and written by it."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

if sys.version_info >= (3, 14):
    from compression.zstd import CompressionParameter, ZstdCompressor, ZstdError, ZstdFile, compress, decompress
else:
    from backports.zstd import CompressionParameter, ZstdCompressor, ZstdError, ZstdFile, compress, decompress

if TYPE_CHECKING:
    from typing import Any, BinaryIO

__all__ = ["CompressionParameter", "ZstdCompressor", "ZstdError", "compress", "decompress", "reader", "writer"]

BUFFER_BYTES = 2**17
"""ZstdFile is written in Python: without a buffer around it, short lines take twice as long."""


class _Eager(ZstdFile):
    """Hand over what there is, so that whatever stands before a fault is read before the fault is."""

    def readinto(self, into: Any) -> int:
        """Fill a buffer as far as one step of unpacking does."""
        return self.readinto1(into)


def reader(packed: BinaryIO) -> io.BufferedReader:
    """Unpack a file of one or several frames as it is read.

    Reading raises ZstdError for damage, also for a frame that needs more memory than zstd's own limit of 128 MB, and
    EOFError for a frame that was cut.
    """
    return io.BufferedReader(_Eager(packed), BUFFER_BYTES)


def writer(file: BinaryIO) -> io.BufferedWriter:
    """Compress what is written into a file, which stays open when this is closed."""
    return io.BufferedWriter(ZstdFile(file, "wb"), BUFFER_BYTES)
