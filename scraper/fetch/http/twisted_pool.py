# ruff: noqa: N802, N803 - Twisted's names
"""Connections for Twisted's HTTP client that go to checked addresses only.

The pool resolves, checks and connects to what it has checked, so that there is no second lookup in between. A
connection that is kept open costs nothing more.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

from scrapy.core.downloader.handlers.http11 import TunnelError
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeoutError
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.error import ConnectError, DNSLookupError
from twisted.internet.error import ConnectionRefusedError as TxConnectionRefusedError
from twisted.internet.error import TimeoutError as TxTimeoutError
from twisted.internet.interfaces import IHostnameResolver, IReactorPluggableNameResolver
from twisted.web.client import HTTPConnectionPool
from zope.interface import implementer  # type: ignore[import-untyped]

from scraper.fetch.http.upstream import CONNECT_TIMEOUT_S, ProxyFailedError, no_answer, not_connected, refused

if TYPE_CHECKING:
    from twisted.python.failure import Failure

    from scraper.fetch.http.resolver import Resolver

Key = tuple[Any, ...]
_DIRECT = (b"http", b"https")
_STATUS = re.compile(r"'status': (\d{1,3})\b")
"""In the text of Scrapy's TunnelError, which has it nowhere else."""


class CheckedPool(HTTPConnectionPool):
    """Scrapy's pool of connections; those to a proxy, which the user has named, are made as ever."""

    def __init__(self, reactor: Any, resolver: Resolver, contexts: Any, timeout_s: float) -> None:
        super().__init__(reactor, persistent=True)  # type: ignore[no-untyped-call]
        self._resolver, self._contexts, self._timeout_s = resolver, contexts, timeout_s

    def _newConnection(self, key: Key, endpoint: Any) -> Deferred[Any]:  # type: ignore[override]
        # Scrapy's agents make the key: scheme, host, port and the local address; through a tunnel also the proxy.
        if key[0] not in _DIRECT or len(key) != 4:
            return self._to_proxy(key, endpoint)
        host, port = key[1].decode("ascii", "replace"), key[2]
        found = self._resolver.at_hand(host, port)
        if found is not None:
            return super()._newConnection(key, self._endpoint(key, found))
        looking_up = asyncio.ensure_future(self._resolver.look_up(host, port))
        return Deferred.fromFuture(looking_up).addCallback(lambda _: self._newConnection(key, endpoint))

    def _to_proxy(self, key: Key, endpoint: Any) -> Deferred[Any]:
        """Connect to a proxy, and through it for a tunnel; the result raises ProxyFailedError."""
        host, port = key[1:3] if key[0] not in _DIRECT else key[3:5]
        host = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

        def failed(failure: Failure) -> Any:
            # Scrapy's endpoint leaves the connection open that it wanted to tunnel through.
            transport = getattr(getattr(endpoint, "_protocol", None), "transport", None)
            if transport is not None:
                transport.abortConnection()
            said = _proxy_failure(address, failure, is_connected=transport is not None)
            if said is not None:
                raise said
            return failure

        connecting = super()._newConnection(key, endpoint)
        return connecting.addTimeout(CONNECT_TIMEOUT_S, self._reactor).addErrback(failed)

    def _endpoint(self, key: Key, addresses: list[str]) -> Any:
        scheme, host, port, bind = key
        endpoint: Any = HostnameEndpoint(_Answered(self._reactor, addresses), host, port, self._timeout_s, bind)
        if scheme == b"http":
            return endpoint
        return wrapClientTLS(self._contexts.creatorForNetloc(host, port), endpoint)


def _proxy_failure(address: str, failure: Failure, *, is_connected: bool) -> ProxyFailedError | None:
    """Return what a proxy did, or None for what says nothing about it, such as a page that had its time."""
    error = failure.value
    if isinstance(error, TunnelError):
        status = _STATUS.search(str(error))
        return refused(address, int(status[1]) if status else 0)
    if isinstance(error, DeferredTimeoutError) and is_connected:
        return ProxyFailedError(no_answer(address), towards_host=True)
    kinds: dict[type[BaseException], BaseException] = {
        DeferredTimeoutError: TimeoutError(),
        TxTimeoutError: TimeoutError(),
        TxConnectionRefusedError: ConnectionRefusedError(),
        ConnectError: OSError(),
        DNSLookupError: OSError(),
    }
    same = next((same for kind, same in kinds.items() if isinstance(error, kind)), None)
    return ProxyFailedError(not_connected(address, same)) if same is not None else None


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
