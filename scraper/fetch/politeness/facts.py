"""Say in words how a host is treated at the moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scraper.fetch.politeness.rules import left_s

if TYPE_CHECKING:
    from datetime import datetime

    from models.hosts import Host


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
