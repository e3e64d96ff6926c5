"""What counts as one host."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from scraper.fetch.politeness.rules import left_s

if TYPE_CHECKING:
    from datetime import datetime

    from models.hosts import Host


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


def host_facts(host: Host, now: datetime) -> dict[str, Any]:
    """Return what is worth knowing of a host, by its name for people; what there is nothing to say of is left out."""
    left = left_s(host.blocked_until, host.blocked_s, now)
    last = host.problems[-1] if host.problems else None
    facts = {
        "delay": f"{host.delay_s:g} s, {_reason(host)}",
        "left alone until": f"{host.blocked_until:%Y-%m-%d %H:%M:%S} UTC: it {host.blocked_why}" if left else "",
        "breaker": f"{host.breaker}, {host.failures} failures in a row" if host.breaker != "closed" else "closed",
        "robots.txt asks for": f"{host.robots_delay_s:g} s between requests" if host.robots_delay_s else "no delay",
        "requests": f"{host.requests_today} on {host.day} (UTC)" if host.day else "",
        "last problem": f"{last.what}, {last.at:%Y-%m-%d %H:%M:%S} UTC" if last else "",
    }
    return {name: value for name, value in facts.items() if value}


def _reason(host: Host) -> str:
    """Say where the delay comes from."""
    if host.learned_delay_s and host.learned_delay_s >= host.delay_s:
        return "learned from its refusals"
    if host.robots_delay_s and host.robots_delay_s >= host.delay_s:
        return "as its robots.txt asks"
    return "as configured"
