"""What counts as one host."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_USUAL = {"http": 80, "https": 443}


@lru_cache(maxsize=4096)
def host_of(url: str) -> str:
    """Return the host of an address, with its port when that is not the usual one; empty when there is none.

    >>> host_of("https://Example.org:443/a"), host_of("http://[::1]:8100/")
    ('example.org', '[::1]:8100')
    """
    try:
        parts = urlsplit(url)
        name, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    name = f"[{name}]" if ":" in name else name
    return name if port in (None, _USUAL.get(parts.scheme)) else f"{name}:{port}"


def is_loopback(host: str) -> bool:
    """Return whether a host, as `host_of` writes it, is this machine.

    >>> is_loopback("[::1]:8100"), is_loopback("example.org")
    (True, False)
    """
    name = host[1 : host.index("]")] if host.startswith("[") else host.partition(":")[0]
    return name in LOOPBACK
