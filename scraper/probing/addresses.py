"""Tell public addresses from private ones, so that no site can send a probe into the network it runs in."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

from scraper.errors import ProbeError


def is_public(host: str) -> bool:
    """Say whether every address of a host is one of the public Internet; one without an address is not.

    >>> [is_public(host) for host in ("127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1", "8.8.8.8")]
    [False, False, False, True]
    """
    try:
        found = {str(info[4][0]).partition("%")[0] for info in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return False
    return bool(found) and all(_is_global(text) for text in found)


def check_redirect(source: str, target: str) -> None:
    """Raise ProbeError for a redirect that leaves http, or leads from a public host into a private network."""
    parts = urlsplit(target)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ProbeError(f"{source} redirects to '{target[:200]}', expected an http or https address")
    host = urlsplit(source).hostname or ""
    if parts.hostname != host and is_public(host) and not is_public(parts.hostname):
        raise ProbeError(
            f"{source} redirects to {target[:200]}, an address of a private network: a public site must not lead there"
        )


def _is_global(text: str) -> bool:
    address = ipaddress.ip_address(text)
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_global)
