"""Read one answer of HTTP/1.1 (RFC 9112) from whatever bytes a server sends; llhttp does the reading."""

from __future__ import annotations

import re
from typing import Protocol

from httptools import HttpParserCallbackError, HttpParserError, HttpParserUpgrade, HttpResponseParser
from scrapy.exceptions import DownloadFailedError

from scraper.fetch.http.head import (
    CODING,
    LENGTH,
    MOST_HEAD_BYTES,
    MOST_HEADERS,
    OF_CONNECTION,
    Head,
    HeadTooLargeError,
    header_name,
    mended,
)

PARTIAL, DATALOSS = "partial", "dataloss"
"""Scrapy's flags: of a body that ended with its connection, as it may, and of one that should have gone on."""

SWITCHES_PROTOCOL = 101
WITHOUT_BODY = (204, 304)

_HEAD_ENDS = re.compile(rb"\n\r?\n")


class NoAnswerError(DownloadFailedError):
    """Report a connection that ended before the first byte of an answer."""

    def __init__(self) -> None:
        super().__init__("the server closed the connection without an answer")


class Exchange(Protocol):
    """A request, and whoever wants its answer. Both `take…` return whether the rest is wanted as well."""

    sent: bytes
    is_head: bool
    """Whether the method is HEAD, whose answer has no body."""
    may_stay: bool
    """Whether the connection may be kept after it."""

    def take_head(self, head: Head) -> bool:
        """Take what stands before the body."""

    def take_body(self, data: bytes) -> bool:
        """Take a part of the body."""

    def end(self, flag: str = "") -> None:
        """Take that there is no more; `flag` is PARTIAL, DATALOSS or nothing."""

    def fail(self, error: BaseException) -> None:
        """Take that there is no answer."""


class AnswerParser:
    """Reads the answer of one exchange.

    `is_over` says that no more of it is to come, `may_stay` that the connection may then carry another one.
    """

    def __init__(self, exchange: Exchange) -> None:
        self.is_over, self.may_stay = False, exchange.may_stay
        self._exchange = exchange
        self._parser = self._new_parser()
        self._head: Head | None = None
        self._headers: dict[bytes, list[bytes]] = {}
        self._heard: list[bytes] = []
        """What has come of the head, for a second reading."""
        self._odd: bytearray | None = None
        """The same of one that llhttp does not read."""
        self._is_mended = self._is_interim = self._is_chunked = False
        self._headers_seen = self._header_bytes = self._not_body = 0

    def _new_parser(self) -> HttpResponseParser:
        parser = HttpResponseParser(self)
        # Some servers write every size as wide as the largest.
        parser.set_dangerous_leniencies(lenient_spaces_after_chunk_size=True)
        return parser

    def feed(self, data: bytes) -> None:
        """Take what the server sends."""
        self._not_body += len(data)
        if self._odd is not None:
            self._odd += data
            self._mend()
        else:
            if self._head is None:
                self._heard.append(data)
            self._read(data)
        if self._not_body > MOST_HEAD_BYTES:
            self._break_off(HeadTooLargeError())

    def end_connection(self) -> None:
        """Take that the connection has ended, which may be the end of the answer."""
        if self._head is not None and self._head.length is None and not self._is_chunked:
            self._settle(PARTIAL)
        elif self._not_body:
            self._break_off(DownloadFailedError("the server closed the connection before the end of the headers"))
        else:
            self._break_off(NoAnswerError())

    def _settle(self, flag: str = "") -> None:
        if not self.is_over:
            self.is_over = True
            self._exchange.end(flag)

    def _break_off(self, why: BaseException) -> None:
        """End an answer that is not whole; `why` is told of one without a head."""
        if not self.is_over:
            self.may_stay = False
            if self._head is not None:
                self._settle(DATALOSS)
            else:
                self._fail(why)

    def _fail(self, error: BaseException) -> None:
        if not self.is_over:
            self.is_over, self.may_stay = True, False
            self._exchange.fail(error)

    # What llhttp calls. It goes on to the end of the data, whatever has come of the first of them.

    def on_message_begin(self) -> None:
        """Take that an answer begins, which should be the only one."""
        if self.is_over:
            self.may_stay = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or one behind the body, which is only counted."""
        self._headers_seen += 1
        self._header_bytes += len(name) + len(value)
        if self._headers_seen > MOST_HEADERS or self._header_bytes > MOST_HEAD_BYTES:
            self._break_off(HeadTooLargeError())
        elif self._head is None:
            self._headers.setdefault(header_name(name), []).append(value.strip())

    def on_headers_complete(self) -> None:
        """Take the head."""
        if self.is_over:
            return
        status, headers, self._headers = self._parser.get_status_code(), self._headers, {}
        self._is_interim = status < 200
        if status == SWITCHES_PROTOCOL:
            self._fail(DownloadFailedError("the server answered 101, and switches to what nobody asked for"))
        if self._is_interim:
            return
        coding = [value.lower() for value in headers.get(CODING, ())]
        self._is_chunked = bool(coding)
        if self._is_chunked and coding != [b"chunked"]:
            self._fail(DownloadFailedError(f"the answer has Transfer-Encoding {coding[0][:50]!r}, not 'chunked'"))
            return
        stated = headers.pop(LENGTH, None)
        length = int(stated[0]) if stated else None
        if self._exchange.is_head or status in WITHOUT_BODY:
            length = 0
        kept = {name: values for name, values in headers.items() if name not in OF_CONNECTION}
        if length is not None:
            kept = {LENGTH: stated if stated and self._exchange.is_head else [b"%d" % length], **kept}
        self.may_stay = self.may_stay and self._parser.should_keep_alive()
        self._head = Head(status, f"HTTP/{self._parser.get_http_version()}", kept, length)
        if not self._exchange.take_head(self._head):
            self.is_over, self.may_stay = True, False
        elif self._exchange.is_head:
            self.may_stay = False  # llhttp waits for the body, so what comes behind the head is not told from it
            self._settle()

    def on_body(self, data: bytes) -> None:
        """Take a part of the body, or what comes behind an answer that has none."""
        if self.is_over:
            self.may_stay = False
            return
        self._not_body = 0
        if not self._exchange.take_body(data):
            self.is_over, self.may_stay = True, False

    def on_message_complete(self) -> None:
        """Take the end of an answer, or of one that only comes before it (1xx)."""
        if self._is_interim:
            self._is_interim = self._is_mended = False
        else:
            self._settle()

    # Heads that are not written as they should be.

    def _read(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserCallbackError as error:
            self._fail(error.__context__ or error)
        except (HttpParserError, HttpParserUpgrade) as error:
            why = f"the answer is no HTTP that is understood: {error}"
            if self.is_over:
                self.may_stay = False
            elif self._head is not None or self._is_mended:
                self._break_off(DownloadFailedError(why))
            else:
                self._odd, self._looked_at, self._why = bytearray(b"".join(self._heard)), 0, why
                self._mend()

    def _mend(self) -> None:
        """Read a head anew as browsers would, once it is whole."""
        assert self._odd is not None
        end = _HEAD_ENDS.search(self._odd, max(0, self._looked_at - 2))
        self._looked_at = len(self._odd)
        if end is None and self._odd.lstrip(b"\r\n").startswith(b"HTTP/"):
            return
        head = mended(bytes(self._odd[: end.end()])) if end else None
        if head is None or end is None:
            self._fail(DownloadFailedError(self._why))
            return
        rest, self._odd = bytes(self._odd[end.end() :]), None
        # Where one answer is at odds with the rules, nobody knows where the next one would begin.
        self._is_mended, self.may_stay = True, False
        self._parser, self._headers, self._heard = self._new_parser(), {}, [rest]
        self._headers_seen = self._header_bytes = 0
        self._read(head)
        if rest and not self.is_over:
            self._read(rest)
