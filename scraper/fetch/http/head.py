"""The head of an answer: what it may take, what it says, and how one is read that is not written as it should be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, ClassVar

from scrapy.exceptions import IgnoreRequest

if TYPE_CHECKING:
    from scraper.core.failed_page import Reason

MOST_HEAD_BYTES = 2**18
"""What browsers take for the head of an answer."""

MOST_HEADERS = 500

TOKEN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""Source: RFC 9110, section 5.6.2."""

LENGTH, CODING = b"Content-Length", b"Transfer-Encoding"
OF_CONNECTION = frozenset({CODING, b"Connection", b"Keep-Alive", b"Te", b"Trailers", b"Upgrade", b"Proxy-Connection"})
"""Headers that are about the connection and not the page; Twisted keeps the same ones from Scrapy."""

_STATUS = re.compile(rb"HTTP/(\d+)\.(\d+)[ \t]+(\d{3})(?!\d)")
_NO_TEXT = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


class HeadTooLargeError(IgnoreRequest):
    """Report an answer whose head does not end."""

    reason: ClassVar[Reason] = "partly-read"

    def __init__(self) -> None:
        super().__init__(f"answered with more than {MOST_HEADERS} headers or {MOST_HEAD_BYTES // 1024} KB of them")


@dataclass(slots=True)
class Head:
    """What an answer says before its body: `headers` by their names as Scrapy writes them, without the connection's."""

    status: int
    protocol: str
    headers: dict[bytes, list[bytes]]
    length: int | None
    """Bytes of the body, None where only its end will tell."""


@lru_cache(1000)
def header_name(name: bytes) -> bytes:
    """Return a header's name as Scrapy writes it.

    >>> header_name(b"set-cookie")
    b'Set-Cookie'
    """
    return name.title()


def mended(head: bytes) -> bytes | None:
    r"""Return a head that llhttp refuses as browsers read it, or None where no status can be made out.

    They pass over lines that are no header, take a line that begins with a space for a part of the one before, and let
    a header of length count once however often it is there, and not at all beside chunks (RFC 9112, 6.3).

    >>> mended(b"HTTP/1.1  200 OK\nContent-Length: 3\nContent-Length: 3\nNo header\nX:a\n b\n\n")
    b'HTTP/1.1 200 \r\nContent-Length: 3\r\nX: a b\r\n\r\n'
    """
    first, *lines = head.strip(b"\r\n").split(b"\n")
    status = _STATUS.match(first)
    if status is None:
        return None
    fields: list[tuple[bytes, bytes]] = []
    for line in lines:
        if line[:1] in (b" ", b"\t") and fields:
            name, value = fields.pop()
            fields.append((name, value + line))
        else:
            name, colon, value = line.partition(b":")
            fields.append((header_name(name.rstrip(b" \t")) if colon else b"", value))
    fields = [(name, _NO_TEXT.sub(b" ", value).strip()) for name, value in fields if TOKEN.fullmatch(name)]
    lengths = {part.strip() for name, value in fields if name == LENGTH for part in value.split(b",")}
    if any(name == CODING for name, _ in fields):
        fields = [field for field in fields if field[0] != LENGTH]
    elif len(lengths) == 1:
        fields = [(LENGTH, lengths.pop()), *(field for field in fields if field[0] != LENGTH)]
    version = b"1.0" if status[1] == b"1" and status[2] == b"0" else b"1.1"
    written = (b"HTTP/%b %b " % (version, status[3]), *(b"%b: %b" % field for field in fields), b"", b"")
    return b"\r\n".join(written)
