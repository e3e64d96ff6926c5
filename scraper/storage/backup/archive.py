"""The file of a backup: BSON frames in one zstd stream, with counts and a checksum at the end.

    {format, version, database, created_at}     the head
    {collection, indexes}                       begins a collection
    {documents}                                 some of its documents, as MongoDB holds them; as often as needed
    {end, sha256}                               documents by collection, and the checksum of every frame before

There are no paths in it, a frame has a bounded size, and nothing is believed before the end has been seen.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO

import bson

from scraper.core import zst
from scraper.errors import FileError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FORMAT, VERSION = "swathe backup", 1
PACKED: dict[int, int] = {zst.CompressionParameter.compression_level: 6, zst.CompressionParameter.checksum_flag: 1}
MAX_FRAME = 2**25
"""Bytes of a frame: MongoDB's answers have 16 MB and a little at most."""

NAME = re.compile(r"(?!system\.)[A-Za-z_][\w.-]{0,119}")
"""Names of collections that a backup may hold."""


class ArchiveWriter:
    """Write the frames of a backup into a file."""

    def __init__(self, file: BinaryIO, database: str) -> None:
        self._file, self._compressor = file, zst.ZstdCompressor(options=PACKED)
        self._sum = hashlib.sha256()
        self.counts: dict[str, int] = {}
        self._put({"format": FORMAT, "version": VERSION, "database": database, "created_at": datetime.now(UTC)})

    def begin(self, collection: str, indexes: list[dict[str, Any]]) -> None:
        """Begin a collection; what follows is its documents."""
        self._collection = collection
        self.counts[collection] = 0
        self._put({"collection": collection, "indexes": indexes})

    def add(self, documents: bytes) -> None:
        """Add documents, BSON after BSON."""
        self.counts[self._collection] += sum(1 for _ in split(documents))
        self._put({"documents": documents})

    def end(self) -> None:
        """Write the end, without which a backup is none."""
        self._put({"end": self.counts, "sha256": self._sum.hexdigest()})
        self._file.write(self._compressor.flush())

    def _put(self, frame: dict[str, Any]) -> None:
        data = bson.encode(frame)
        self._sum.update(data)
        self._file.write(self._compressor.compress(data))


@dataclass(frozen=True)
class Begin:
    """The beginning of a collection."""

    collection: str
    indexes: list[dict[str, Any]]


class ArchiveReader:
    """Read a backup that somebody else may have written."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.created_at: datetime | None = None
        self.counts: dict[str, int] = {}
        """Documents by collection, as far as they were read."""
        self.size_bytes = 0
        """Unpacked, as far as it was read."""

    def parts(self) -> Iterator[Begin | bytes]:
        """Yield the beginning of each collection and then its documents, some at a time.

        Raise FileError when the file is damaged or is no backup; only when this has come to its end is the whole of it
        as it was written.
        """
        checksum, complete = hashlib.sha256(), False
        for data in self._frames():
            frame = self._decoded(data)
            if self.created_at is None:
                self._read_head(frame)
            elif complete:
                raise self._damaged("something stands after its end")
            elif "end" in frame:
                if frame.get("sha256") != checksum.hexdigest() or frame["end"] != self.counts:
                    raise self._damaged("its checksum or its counts are wrong")
                complete = True
            elif isinstance(frame.get("documents"), bytes) and self.counts:
                self.counts[next(reversed(self.counts))] += sum(1 for _ in self.split(frame["documents"]))
                yield frame["documents"]
            else:
                yield self._begin(frame)
            checksum.update(data)
        if self.created_at is None:
            raise self._foreign()
        if not complete:
            raise self._damaged("its end is missing")

    def split(self, documents: bytes) -> Iterator[bytes]:
        """Yield each of several documents; raise FileError when they are none."""
        try:
            yield from split(documents)
        except ValueError as error:
            raise self._damaged(str(error)) from error

    def _frames(self) -> Iterator[bytes]:
        try:
            with self.path.open("rb") as file:
                unpacked = zst.reader(file)
                while head := unpacked.read(4):
                    size = int.from_bytes(head, "little")
                    if len(head) < 4 or not 5 <= size <= MAX_FRAME:
                        raise self._damaged("a frame has no size that it may have")
                    data = head + unpacked.read(size - 4)
                    self.size_bytes += size
                    yield data
        except (EOFError, zst.ZstdError) as error:
            if not self.size_bytes:
                raise self._foreign() from error
            raise self._damaged("its end is missing" if isinstance(error, EOFError) else str(error)) from error
        except OSError as error:
            raise FileError(
                f"cannot read {self.path}: {error.strerror}; expected a file of `swathe db backup`"
            ) from None

    def _read_head(self, frame: dict[str, Any]) -> None:
        if frame.get("format") != FORMAT or not isinstance(frame.get("created_at"), datetime):
            raise self._foreign()
        if frame.get("version") != VERSION:
            raise FileError(
                f"{self.path} is a backup of version {frame.get('version')!r:.20}, expected {VERSION}: "
                f"use the Swathe that made it"
            )
        self.created_at = frame["created_at"]

    def _begin(self, frame: dict[str, Any]) -> Begin:
        name, indexes = str(frame.get("collection", "")), frame.get("indexes")
        if not isinstance(indexes, list) or not NAME.fullmatch(name) or name in self.counts:
            raise self._damaged("a frame is none of a backup's")
        self.counts[name] = 0
        return Begin(name, indexes)

    def _decoded(self, data: bytes) -> dict[str, Any]:
        try:
            return bson.decode(data)
        except (bson.errors.BSONError, ValueError, OverflowError, RecursionError) as error:
            raise (self._damaged("a frame is no BSON") if self.created_at else self._foreign()) from error

    def _damaged(self, how: str) -> FileError:
        return FileError(f"{self.path} is damaged ({how}): nothing was changed; use another backup")

    def _foreign(self) -> FileError:
        return FileError(
            f"{self.path} is no backup of Swathe, or only its beginning: expected a file of `swathe db backup`"
        )


def split(documents: bytes) -> Iterator[bytes]:
    """Yield each of several BSON documents that stand one after the other; raise ValueError when they do not."""
    start = 0
    while start < len(documents):
        size = int.from_bytes(documents[start : start + 4], "little")
        if not 5 <= size <= len(documents) - start:
            raise ValueError("a document has no size that it may have")
        yield documents[start : start + size]
        start += size
