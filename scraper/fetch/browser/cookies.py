"""Cookies between Scrapy's jar and the browser's: as a Cookie header one way, as Set-Cookie headers the other."""

from __future__ import annotations

from email.utils import formatdate
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def read_header(header: str) -> tuple[tuple[str, str], ...]:
    """Return the names and values of a Cookie header.

    >>> read_header("a=1; b=x=y")
    (('a', '1'), ('b', 'x=y'))
    """
    pairs = (part.strip().partition("=") for part in header.split(";") if part.strip())
    return tuple((name, value) for name, sign, value in pairs if sign)


def for_browser(url: str, cookies: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    """Return what CDP's Network.setCookies takes: cookies of the page's own host."""
    secure = url.startswith("https:")
    return [{"name": name, "value": value, "url": url, "path": "/", "secure": secure} for name, value in cookies]


def to_headers(found: Iterable[Mapping[str, Any]], url: str, given: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return Set-Cookie headers for cookies of CDP's Network.getCookies that are new or changed.

    Only those that the host of `url` may set: Scrapy's jar takes them for its answer.
    """
    host = (urlsplit(url).hostname or "").lower()
    known = set(given)
    return tuple(
        _header(cookie)
        for cookie in found
        if (cookie["name"], cookie["value"]) not in known and _belongs(str(cookie["domain"]).lower(), host)
    )


def _belongs(domain: str, host: str) -> bool:
    return host == domain.lstrip(".") or (domain.startswith(".") and host.endswith(domain))


def _header(cookie: Mapping[str, Any]) -> str:
    parts = [f"{cookie['name']}={cookie['value']}", f"Path={cookie.get('path') or '/'}"]
    # A domain with a dot in front is one that the site named; one without is the host itself.
    if str(cookie["domain"]).startswith("."):
        parts.append(f"Domain={cookie['domain']}")
    if not cookie.get("session") and float(cookie.get("expires") or 0) > 0:
        parts.append(f"Expires={formatdate(float(cookie['expires']), usegmt=True)}")
    parts += [name for name, key in (("Secure", "secure"), ("HttpOnly", "httpOnly")) if cookie.get(key)]
    return "; ".join(parts)
