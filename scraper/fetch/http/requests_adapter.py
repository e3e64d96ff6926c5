"""Connections for `requests` that go to checked addresses only."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any, cast

from requests.adapters import HTTPAdapter
from requests.utils import select_proxy
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError

from scraper.fetch.http.addresses import Server, refusal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from requests import PreparedRequest, Response

    from scraper.fetch.http.addresses import Reach


class UnreachableAddressError(Exception):
    """Report a page on an address that must not be connected to."""


class CheckedAdapter(HTTPAdapter):
    """The adapter of `requests`, whose connections are resolved once, checked, and made to what was checked."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach
        super().__init__()

    def init_poolmanager(self, *arguments: Any, **keywords: Any) -> None:
        """Make the pools of direct connections; those to a proxy, which the user has named, are made as ever."""
        super().init_poolmanager(*arguments, **keywords)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _checked_pool(HTTPConnectionPool, HTTPConnection, self._reach),
            "https": _checked_pool(HTTPSConnectionPool, HTTPSConnection, self._reach),
        }

    def send(
        self, request: PreparedRequest, *_: Any, proxies: Mapping[str, str] | None = None, **rest: Any
    ) -> Response:
        """Send a request; raise AddressRefusedError before anything is sent to a private address."""
        if request.url and select_proxy(request.url, proxies):
            server = Server.of(request.url)
            try:
                found = _addresses(server.host, server.port)
            except OSError:
                found = []  # a name that only the proxy knows is its to look up
            if found and not self._reach.allowed(server.host, server.port, found):
                raise UnreachableAddressError(refusal(server.host, server.port))
        return super().send(request, proxies=proxies, **rest)


def _checked_pool(pool: type[Any], connection: type[Any], reach: Reach) -> type[Any]:
    """Return a class of pools whose connections keep to what is in reach."""

    def connect(self: Any) -> socket.socket:
        host, port = self._dns_host, self.port
        try:
            found = _addresses(host, port)
        except (OSError, UnicodeError) as error:
            raise NameResolutionError(host, self, socket.gaierror(str(error))) from error
        allowed = reach.allowed(host, port, found)
        for further, address in zip(range(len(allowed))[::-1], allowed, strict=True):
            self._dns_host = address
            try:
                return cast("socket.socket", connection._new_conn(self))
            except ConnectTimeoutError:
                if not further:
                    raise
            finally:
                self._dns_host = host
        raise UnreachableAddressError(refusal(host, port))

    kind = type("CheckedConnection", (connection,), {"_new_conn": connect})
    return type("CheckedPool", (pool,), {"ConnectionCls": kind})


def _addresses(host: str, port: int) -> list[str]:
    return list(dict.fromkeys(str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
