"""Unpack .zst files, and notice one that was cut: zstandard's own reader takes that for its end."""

from __future__ import annotations

import io
from typing import Any, BinaryIO

import zstandard

MAX_WINDOW = 2**27
"""Bytes that unpacking may keep in memory, which is zstd's own limit."""

PACKED_BYTES = 2**10
"""Read at once: four bytes may stand for 128 KB, so that no more than 32 MB come of them."""


class ZstFile(io.RawIOBase):
    """The unpacked bytes of a file of one or several frames; raises ZstdError for damage, EOFError for a cut frame."""

    def __init__(self, packed: BinaryIO) -> None:
        self._packed = packed
        self._unpacker = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW)
        self._frame: zstandard.ZstdDecompressionObj | None = None
        self._rest = b""
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def readinto(self, into: Any) -> int:
        """Fill a buffer as far as there is something; 0 at the end."""
        while not self._ready:
            chunk = self._rest or self._packed.read(PACKED_BYTES)
            self._rest = b""
            if not chunk:
                if self._frame is not None:
                    raise EOFError("it ends in the middle of a frame")
                return 0
            self._frame = self._frame or self._unpacker.decompressobj()
            self._ready = memoryview(self._frame.decompress(chunk))
            if self._frame.eof:
                self._rest, self._frame = self._frame.unused_data, None
        view = memoryview(into).cast("B")
        count = min(len(view), len(self._ready))
        view[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count
