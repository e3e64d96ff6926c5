"""The gate that every request passes: which names are answered, who may come in, what they may do, and for how long.

A page of another site must not reach what a browser on this machine can: the Host header is held against a list (so
that no foreign name that is made to mean 127.0.0.1 gets in), whatever changes something needs an Origin of ours, and
the session's cookie goes with requests of our own pages alone. What is not let in is not told more than that.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING

import pymongo
from anyio import to_thread
from pymongo.errors import PyMongoError
from starlette.datastructures import Headers, MutableHeaders

from scraper.errors import DatabaseError
from scraper.web.access import Visitor, visitor
from scraper.web.answers import AWAY, refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from pymongo.database import Database
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEALTH = "/healthz"
"""Answered by whatever name: those that ask whether a container is well have its address alone, and it has no data."""

PUBLIC = ("/login", HEALTH, "/static/")
"""What needs nobody to be known: a path, or all below one that ends in a slash."""

LOOKING = ("GET", "HEAD")
"""Methods that change nothing; every other one needs a visitor who may operate, and an Origin."""

LONG_TIMES = 60
"""A download, or an action, may take so many times as long as a page."""

ENDLESS = "/events"
"""Ends the paths of streams, which bound each of their looks themselves."""

HEADERS = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: browsers would then send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # Browsers ask for the names in links before anybody follows one.
    "X-DNS-Prefetch-Control": "off",
    "Cache-Control": "no-store",
}
"""What every answer says, unless it says something stricter itself."""


@dataclass(frozen=True)
class Door:
    """Where this process is reached, and by which names."""

    origins: frozenset[str]
    """What is answered, as an Origin header has it, in small letters: `http://127.0.0.1:8700`."""
    prefix: str = ""
    cookie: str = "swathe"
    is_secure: bool = False
    """Whether browsers come by HTTPS, so that the cookie is for that alone."""
    limit_s: float = 10

    @cached_property
    def hosts(self) -> frozenset[str]:
        """What is answered, as a Host header has it."""
        return frozenset(origin.partition("://")[2] for origin in self.origins)


class Gate:
    """The app that is served: it lets through to the inner one what may pass."""

    def __init__(
        self,
        inner: ASGIApp,
        door: Door,
        database: Callable[[], Database[dict[str, Any]]],
        answered: Callable[[int, float], None],
    ) -> None:
        self._inner, self._door, self._database = inner, door, database
        self._answered = answered
        """Is told the status of each answer, and after how many seconds it began."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or refuse it in one line."""
        assert scope["type"] == "http", "served without lifespan and web sockets"
        headers = Headers(scope=scope)
        scope = _as_asked(scope, headers, self._door)
        path = scope["path"][len(self._door.prefix) :]
        send = self._heard(_with_headers(send))
        refused = self._refused_address(scope["method"], path, headers)
        if refused is None and not _is_public(path):
            refused = await self._refused_visitor(scope, headers)
        if refused is not None:
            await refusal(scope, *refused)(scope, receive, send)
            return
        with pymongo.timeout(_limit_s(self._door, scope["method"], path)):
            await self._inner(scope, receive, send)

    def _heard(self, send: Send) -> Send:
        asked_at = time.monotonic()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._answered(message["status"], time.monotonic() - asked_at)
            await send(message)

        return sending

    def _refused_address(self, method: str, path: str, headers: Headers) -> tuple[int, str] | None:
        """Return why a request does not come from a page of ours, if so: status and line."""
        host = headers.get("host", "").lower()
        if host not in self._door.hosts and path != HEALTH:
            return 421, "this name is not answered here: use the address that `swathe web` printed, or [web] public_url"
        if method in LOOKING:
            return None
        origin, site = headers.get("origin"), headers.get("sec-fetch-site", "same-origin")
        if origin is None and "authorization" in headers and "cookie" not in headers:
            return None  # a program with a token: no browser sends that by itself
        if not self._is_ours(origin or "", host) or site not in ("same-origin", "none"):
            return 403, "this did not come from a page of this address, expected an Origin header that names it"
        return None

    def _is_ours(self, origin: str, host: str) -> bool:
        """Return whether an Origin is this very address, by the scheme that browsers have for it."""
        return origin.lower() in self._door.origins and origin.lower().partition("://")[2] == host

    async def _refused_visitor(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        """Return why nobody who may do this is known, if so; else note who it is in `scope`."""
        try:
            who = await to_thread.run_sync(self._who, headers)
        except (PyMongoError, DatabaseError):
            return 503, AWAY
        if who is None:
            return 401, "log in first: `swathe web login` prints an address, `swathe web token NAME` a token"
        if scope["method"] not in LOOKING and not _is_logout(scope, self._door) and not who.may_operate:
            return 403, f"'{who.name}' may look only, expected a token that may operate: `swathe web token --operate`"
        scope["visitor"] = who
        return None

    def _who(self, headers: Headers) -> Visitor | None:
        kind, _, token = headers.get("authorization", "").partition(" ")
        with pymongo.timeout(self._door.limit_s):
            if token:
                return visitor(self._database(), "token", token.strip()) if kind.lower() == "bearer" else None
            session = session_of(headers, self._door.cookie)
            return visitor(self._database(), "session", session) if session else None


def session_of(headers: Headers, cookie: str) -> str:
    """Return the session that a browser sends; empty when it sends none."""
    try:
        sent = SimpleCookie(headers.get("cookie", "")).get(cookie)
    except CookieError:
        return ""
    return sent.value if sent else ""


def _is_logout(scope: Scope, door: Door) -> bool:
    return bool(scope["path"] == f"{door.prefix}/logout")


def _is_public(path: str) -> bool:
    return any(path == one or (one.endswith("/") and path.startswith(one)) for one in PUBLIC)


def _limit_s(door: Door, method: str, path: str) -> float | None:
    if path.endswith(ENDLESS):
        return None
    return door.limit_s * (LONG_TIMES if method not in LOOKING or path.endswith("/download") else 1)


def _as_asked(scope: Scope, headers: Headers, door: Door) -> Scope:
    """Return the scope of a request as its browser has it, whatever the proxy in front takes away.

    The path has the prefix, and the scheme, which redirects go to, is HTTPS where browsers come by that.
    """
    path, prefix = scope["path"], door.prefix
    whole = path if not prefix or path == prefix or path.startswith(f"{prefix}/") else prefix + path
    scheme = "https" if f"https://{headers.get('host', '').lower()}" in door.origins else "http"
    # What is asked for by HEAD is made as for GET, and the server sends what stands above it; not what is long.
    method = "GET" if scope["method"] == "HEAD" and not path.endswith((ENDLESS, "/download")) else scope["method"]
    return {**scope, "method": method, "path": whole, "root_path": prefix, "scheme": scheme}


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
