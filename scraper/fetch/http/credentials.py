"""A user and password inside an address, `http://user:password@host/`: never stored, shown or sent."""

from __future__ import annotations

from urllib.parse import urlsplit

from scraper.fetch.http.addresses import Server


def without_account(url: str) -> str:
    """Return an address without the user and password in it.

    >>> without_account("http://user:secret@shop.example:8080/a@b")
    'http://shop.example:8080/a@b'
    """
    if "@" not in url:
        return url
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl() if "@" in parts.netloc else url


def origin_of(url: str) -> str:
    """Return scheme, host and port of an address.

    >>> origin_of("https://user:secret@shop.example:8443/a?b#c")
    'https://shop.example:8443'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def may_have_secret(source: str, target: str) -> bool:
    """Return whether what is secret to the page at `source` may be sent to `target`: the same server, not in clear.

    >>> may_have_secret("https://shop.example/login", "http://shop.example/session")
    False
    """
    try:
        here, there = Server.of(source), Server.of(target)
    except ValueError:
        return False
    in_clear = source.startswith("https:") and not target.startswith("https:")
    return not in_clear and Server(here.host.removeprefix("www."), here.port).is_own(
        there.host.removeprefix("www."), there.port
    )
