"""The connections of a crawl: made to checked addresses only, kept open between requests, and ended with the crawl."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from aiohappyeyeballs import AddrInfoType, start_connection
from scrapy.exceptions import DownloadConnectionRefusedError, DownloadFailedError
from scrapy.utils.ssl import _STDLIB_VERSION_MAP, _get_tls_version_limits, _make_ssl_context

from scraper.fetch.http.connection import Connection

if TYPE_CHECKING:
    from scrapy.settings import BaseSettings

    from scraper.fetch.http.resolver import Resolver

IDLE_S = 240
"""How long a connection is kept that nothing is asked by; Twisted's time."""

_NEXT_ADDRESS_S = 0.3
"""After which the next address of a host is tried as well (RFC 8305, section 8)."""

_GOODBYE_S = 1
"""For how long the end of a crawl waits for its connections."""


class Origin(NamedTuple):
    """Where a connection leads to; `bind` is the own address and port that it is made from, if that matters."""

    scheme: str
    host: str
    port: int
    bind: tuple[str, int] | None = None


class ConnectionPool:
    """The connections of one crawl; CONCURRENT_REQUESTS_PER_DOMAIN of them are kept open to each origin.

    Raise ValueError for a setting about TLS that says nothing.
    """

    def __init__(self, resolver: Resolver, settings: BaseSettings) -> None:
        self._resolver, self._settings = resolver, settings
        self._most_idle = settings.getint("CONCURRENT_REQUESTS_PER_DOMAIN")
        self._idle: defaultdict[Origin, list[Connection]] = defaultdict(list)
        self._open: set[Connection] = set()
        self._sweeping: asyncio.TimerHandle | None = None
        self._context: ssl.SSLContext | None = None
        _get_tls_version_limits(settings, _STDLIB_VERSION_MAP.__getitem__)  # which must not fail page by page

    def take(self, origin: Origin) -> Connection | None:
        """Return a connection that is open already, the one that was used last."""
        waiting = self._idle.get(origin)
        while waiting:
            connection = waiting.pop()
            if connection.is_fresh():
                return connection
            connection.abort()
        return None

    async def connect(self, origin: Origin) -> Connection:
        """Return a new connection; raise AddressRefusedError, one of Scrapy's Download…Errors, or TimeoutError."""
        addresses = await self._resolver.look_up(origin.host, origin.port)
        infos = [info for address in addresses for info in _info(address, origin.port)]
        own = _info(*origin.bind) if origin.bind else None
        encrypted = origin.scheme == "https"
        try:
            made = await start_connection(infos, local_addr_infos=own, happy_eyeballs_delay=_NEXT_ADDRESS_S)
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: Connection(self, origin),
                sock=made,
                ssl=self._tls() if encrypted else None,
                server_hostname=origin.host.rstrip(".") if encrypted else None,
            )
        except TimeoutError:
            raise
        except ConnectionRefusedError as error:
            raise DownloadConnectionRefusedError(f"{origin.host}:{origin.port} refused the connection") from error
        except (OSError, ValueError) as error:  # ValueError: of a name that TLS cannot have
            raise DownloadFailedError(f"{origin.host}:{origin.port} cannot be connected to: {error}") from error
        self._open.add(connection)
        return connection

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = tls_context(self._settings)
        return self._context

    def give_back(self, connection: Connection) -> None:
        """Keep a connection for another request."""
        loop, waiting = asyncio.get_running_loop(), self._idle[connection.key]
        if len(waiting) >= self._most_idle:
            connection.abort()
            return
        connection.idle_since = loop.time()
        waiting.append(connection)
        if self._sweeping is None:
            self._sweeping = loop.call_later(IDLE_S, self._sweep)

    def forget(self, connection: Connection) -> None:
        """Take that a connection has ended."""
        self._open.discard(connection)
        waiting = self._idle.get(connection.key)
        if waiting and connection in waiting:
            waiting.remove(connection)

    def _sweep(self) -> None:
        """End the connections that nothing was asked by for long, and look again when the next one may be due."""
        now, kept = asyncio.get_running_loop().time(), []
        for connection in [one for waiting in self._idle.values() for one in waiting]:
            if now - connection.idle_since >= IDLE_S:
                connection.abort()
            else:
                kept.append(connection.idle_since)
        self._idle = defaultdict(list, {origin: waiting for origin, waiting in self._idle.items() if waiting})
        again_s = min(kept) + IDLE_S - now if kept else None
        self._sweeping = asyncio.get_running_loop().call_later(again_s, self._sweep) if again_s is not None else None

    async def close(self) -> None:
        """End all connections, also those that an answer is awaited from."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        ending = list(self._open)
        for connection in ending:
            connection.abort()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE_S):
                for connection in ending:
                    await connection.ended


def _info(address: str, port: int) -> list[AddrInfoType]:
    """Return an address as sockets want it; nothing is looked up for it."""
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return list(socket.getaddrinfo(address, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=flags))


def tls_context(settings: BaseSettings) -> ssl.SSLContext:
    """Return Scrapy's context for asyncio, which takes the servers that its one for Twisted takes."""
    context = _make_ssl_context(settings)
    context.options |= 0x4  # SSL_OP_LEGACY_SERVER_CONNECT, which Python 3.11 has no name for
    return context
