# ruff: noqa: N802, N803 - Twisted's names
"""Connections for Twisted's HTTP client that go to checked addresses only.

The pool resolves, checks and connects to what it has checked, so that there is no second lookup in between. A
connection that is kept open costs nothing more.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import IHostnameResolver, IReactorPluggableNameResolver
from twisted.web.client import HTTPConnectionPool
from zope.interface import implementer  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from scraper.fetch.http.resolver import Resolver

Key = tuple[Any, ...]
_DIRECT = (b"http", b"https")


class CheckedPool(HTTPConnectionPool):
    """Scrapy's pool of connections; those to a proxy, which the user has named, are made as ever."""

    def __init__(self, reactor: Any, resolver: Resolver, contexts: Any, timeout_s: float) -> None:
        super().__init__(reactor, persistent=True)  # type: ignore[no-untyped-call]
        self._resolver, self._contexts, self._timeout_s = resolver, contexts, timeout_s

    def _newConnection(self, key: Key, endpoint: Any) -> Deferred[Any]:  # type: ignore[override]
        # Scrapy's agents make the key: scheme, host, port and the local address; through a tunnel also the proxy.
        if key[0] not in _DIRECT or len(key) != 4:
            return super()._newConnection(key, endpoint)
        host, port = key[1].decode("ascii", "replace"), key[2]
        found = self._resolver.at_hand(host, port)
        if found is not None:
            return super()._newConnection(key, self._endpoint(key, found))
        looking_up = asyncio.ensure_future(self._resolver.look_up(host, port))
        return Deferred.fromFuture(looking_up).addCallback(lambda _: self._newConnection(key, endpoint))

    def _endpoint(self, key: Key, addresses: list[str]) -> Any:
        scheme, host, port, bind = key
        endpoint: Any = HostnameEndpoint(_Answered(self._reactor, addresses), host, port, self._timeout_s, bind)
        if scheme == b"http":
            return endpoint
        return wrapClientTLS(self._contexts.creatorForNetloc(host, port), endpoint)


@implementer(IReactorPluggableNameResolver, IHostnameResolver)
class _Answered:
    """The reactor, as an endpoint needs it, except that every name has the addresses that were checked."""

    def __init__(self, reactor: Any, addresses: list[str]) -> None:
        self._reactor, self._addresses = reactor, addresses

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    @property
    def nameResolver(self) -> _Answered:
        """Itself."""
        return self

    def resolveHostName(self, receiver: Any, name: str, portNumber: int = 0, **_: Any) -> None:
        """Hand out the addresses."""
        for address in self._addresses:
            kind = IPv6Address if ":" in address else IPv4Address
            receiver.addressResolved(kind("TCP", address, portNumber))
        receiver.resolutionComplete()
