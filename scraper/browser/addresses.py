"""Where a rendered page may lead: which documents belong to it, and which addresses nothing in it may reach."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Self
from urllib.parse import urlsplit

_WEB_PORTS = {"http": 80, "https": 443}
_NAT64 = IPv6Network("64:ff9b::/96")
"""IPv4 addresses in IPv6 form (RFC 6052)."""


@dataclass(frozen=True)
class PageRules:
    """What the page at one address may do: `host` in lower case, `port` a number."""

    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Self:
        """Make the rules of the page at `url`; raise ValueError unless that is an http or https address."""
        parts = urlsplit(url)
        if parts.scheme not in _WEB_PORTS or not parts.hostname:
            raise ValueError(f"{url} is no http or https address")
        return cls(_plain(parts.hostname), parts.port or _WEB_PORTS[parts.scheme])

    def allow_document(self, url: str) -> bool:
        """Return whether the page may end up at `url`: on its own host or below it, with or without `www`.

        A host that is a bare address or `localhost` keeps its port, because another port there is another program.
        """
        try:
            other = PageRules.of(url)
        except ValueError:
            return False
        if _as_address(self.host) or self.host == "localhost":
            return self.is_own(other.host, other.port)
        own = self.host.removeprefix("www.")
        return other.host == own or other.host.endswith(f".{own}")

    def is_own(self, host: str, port: int) -> bool:
        """Return whether this is the page's own server; http and https on their usual ports are one."""
        ports = set(_WEB_PORTS.values())
        return _plain(host) == self.host and (port == self.port or {port, self.port} <= ports)

    def allow_address(self, host: str, port: int, address: str) -> bool:
        """Return whether something in the page may reach `address`, which `host` stands for.

        Public addresses are free. A private one is reached only as the page's own server, and one of the local link,
        where clouds keep credentials, only when the page's address names it as a number.
        """
        found = ip_address(address.partition("%")[0])
        if is_public(found):
            return True
        return self.is_own(host, port) and (not _embedded(found).is_link_local or _as_address(host) is not None)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Return whether an address is one of the open internet, also when it is an IPv4 one in IPv6 form."""
    address = _embedded(address)
    return address.is_global and not address.is_multicast and not address.is_reserved


def _embedded(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        return inner or address
    return address


def _as_address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _plain(host: str) -> str:
    return host.lower().rstrip(".").strip("[]")
