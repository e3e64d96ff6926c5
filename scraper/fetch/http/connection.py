"""One connection to a server, which carries one request and its answer at a time."""

from __future__ import annotations

import asyncio
import select
from functools import cached_property
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Protocol

from scraper.fetch.http.answer_parser import AnswerParser, NoAnswerError

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

    from twisted.internet.ssl import Certificate

    from scraper.fetch.http.answer_parser import Exchange


class Pool(Protocol):
    """What a connection belongs to."""

    def give_back(self, connection: Connection) -> None:
        """Take a connection that may carry another request."""

    def forget(self, connection: Connection) -> None:
        """Take that a connection has ended."""


class Connection(asyncio.Protocol):
    """A connection of a pool; `key` is the pool's name for where it leads to."""

    def __init__(self, pool: Pool, key: Any) -> None:
        self.key, self.idle_since = key, 0.0
        self.ended = asyncio.get_running_loop().create_future()
        self._pool = pool
        self._answer: AnswerParser | None = None

    def send(self, exchange: Exchange) -> AnswerParser:
        """Send a request, and let it have its answer; raise NoAnswerError when the connection has ended meanwhile."""
        if self._transport.is_closing() or self.ended.done():
            raise NoAnswerError
        self._answer = AnswerParser(exchange)
        self._transport.write(exchange.sent)
        return self._answer

    def leave(self, answer: AnswerParser) -> None:
        """End the connection if that answer still comes over it."""
        if self._answer is answer:
            self._answer = None
            self.abort()

    def abort(self) -> None:
        """End the connection now; whoever waits for an answer hears that it has ended."""
        self._transport.abort()

    def is_fresh(self) -> bool:
        """Return whether the server has neither closed the connection nor sent what nobody asked for."""
        return not self._transport.is_closing() and not self._poll.poll(0)

    @cached_property
    def address(self) -> IPv4Address | IPv6Address | None:
        """The address of the server, None if it has gone at once."""
        return ip_address(self._peer[0].partition("%")[0]) if self._peer else None

    @cached_property
    def certificate(self) -> Certificate | None:
        """The certificate of the server, None without TLS."""
        if self._encrypted is None:
            return None
        from OpenSSL.crypto import FILETYPE_ASN1
        from twisted.internet.ssl import Certificate

        return Certificate.load(self._encrypted.getpeercert(binary_form=True), FILETYPE_ASN1)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, of which the handshake of TLS is over."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._peer = transport.get_extra_info("peername")
        self._encrypted = transport.get_extra_info("ssl_object")
        self._poll = select.poll()
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def data_received(self, data: bytes) -> None:
        """Take what the server sends."""
        answer = self._answer
        if answer is None:
            self.abort()  # nobody has asked for it, and it would be taken for the next answer
            return
        answer.feed(data)
        if answer.is_over:
            self._answer = None
            if answer.may_stay:
                self._pool.give_back(self)
            else:
                self.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end of the connection, which may be the end of an answer."""
        answer, self._answer = self._answer, None
        self._pool.forget(self)
        self.ended.set_result(None)
        if answer is not None:
            answer.end_connection()
