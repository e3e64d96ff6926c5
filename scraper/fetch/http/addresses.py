"""Which addresses may be connected to: public ones, and private ones of the servers that the user has named.

The rules are about an address that was resolved already, and the caller connects to that very address: a name that
is looked up again a moment later may lead elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

from scraper.core.ip_address import is_network

if TYPE_CHECKING:
    from collections.abc import Iterable

WEB_PORTS = {"http": 80, "https": 443}

_NAT64 = IPv6Network("64:ff9b::/96")
"""IPv4 addresses in IPv6 form (RFC 6052)."""

_CLOUD = tuple(map(ip_network, ("169.254.0.0/16", "fe80::/10", "fd00:ec2::/32", "192.0.0.192", "168.63.129.16")))
"""The local link, and where clouds keep credentials outside of it."""

_CLOSED = (*_CLOUD, *map(ip_network, ("192.0.0.0/24", "192.88.99.0/24", "fec0::/10", "3fff::/20")))
"""What Python 3.11 takes for public although it is not. Source: IANA's special-purpose address registries."""


@dataclass(frozen=True)
class Server:
    """A program on the web: `host` in lower case, `port` a number."""

    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Self:
        """Return the server of an address; raise ValueError unless it is an http or https address."""
        parts = urlsplit(url)
        if parts.scheme not in WEB_PORTS or not parts.hostname:
            raise ValueError(f"{url[:200]} is no http or https address")
        return cls(_plain(parts.hostname), parts.port or WEB_PORTS[parts.scheme])

    def is_own(self, host: str, port: int) -> bool:
        """Return whether host and port are this server; http and https on their usual ports are one."""
        ports = set(WEB_PORTS.values())
        return _plain(host) == self.host and (port == self.port or {port, self.port} <= ports)

    def allow_document(self, url: str) -> bool:
        """Return whether a page of this server may end up at `url`: on its host or below it, with or without `www`.

        A host that is a bare address or `localhost` keeps its port, because another port there is another program.
        """
        try:
            other = Server.of(url)
        except ValueError:
            return False
        if _as_address(self.host) or self.host == "localhost":
            return self.is_own(other.host, other.port)
        own = self.host.removeprefix("www.")
        return other.host == own or other.host.endswith(f".{own}")


class Reach:
    """What one crawl, or one page, may connect to.

    `named` are addresses of pages that the user has named, such as the start; `allow_private` are hosts and networks
    as in `[crawl] allow_private`.
    """

    def __init__(self, named: Iterable[str] = (), allow_private: Iterable[str] = ()) -> None:
        private = list(allow_private)
        self._networks = tuple(ip_network(text, strict=False) for text in private if is_network(text))
        self._hosts = {_plain(text) for text in private if not is_network(text)}
        self._named: set[Server] = set()
        self._names: set[str] = set(self._hosts)
        self._seen_public: set[str] = set()
        for url in named:
            self.name(url)

    def name(self, url: str) -> None:
        """Take the server of an address for one that the user has named; other text is left alone."""
        try:
            server = Server.of(url)
        except ValueError:
            return
        self._named.add(server)
        self._names.add(server.host)

    def allowed(self, host: str, port: int, addresses: Iterable[str]) -> list[str]:
        """Return those of a host's addresses that may be connected to.

        Public ones are free, and where there are any, private ones are not taken: not beside them, nor in a later
        answer for the same name.
        """
        host, found = _plain(host), list(addresses)
        public = [address for address in found if is_public(_parsed(address))]
        if public:
            if host in self._names:
                self._seen_public.add(host)
            return public
        return [address for address in found if self._allows_private(host, port, _embedded(_parsed(address)))]

    def _allows_private(self, host: str, port: int, address: IPv4Address | IPv6Address) -> bool:
        if any(address in network for network in self._networks):
            return True
        if host in self._seen_public or (_is_in(address, _CLOUD) and _as_address(host) is None):
            return False
        return host in self._hosts or any(server.is_own(host, port) for server in self._named)


def refusal(host: str, port: int) -> str:
    """Say why nothing is fetched from a server, as the end of a line that begins with the page."""
    return (
        f"leads to {host[:200]}:{port}, an address that a page must not reach: private ones are only for the start "
        f"and for [crawl] allow_private"
    )


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Return whether an address is one of the open internet, also when it is an IPv4 one in IPv6 form."""
    address = _embedded(address)
    special = address.is_multicast or address.is_reserved or _is_in(address, _CLOSED)
    return address.is_global and not special


def _is_in(address: IPv4Address | IPv6Address, networks: Iterable[object]) -> bool:
    return any(address in network for network in networks)  # type: ignore[operator]


def _embedded(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        return inner or address
    return address


def _parsed(address: str) -> IPv4Address | IPv6Address:
    return ip_address(address.partition("%")[0])


def _as_address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return _parsed(host)
    except ValueError:
        return None


def _plain(host: str) -> str:
    return host.lower().rstrip(".").strip("[]")
