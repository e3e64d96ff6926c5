"""Serve the page: bind where it is allowed, say how to log in, and serve until told to stop."""

from __future__ import annotations

import os
import signal
import socket
import stat
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import uvicorn
from pymongo.errors import PyMongoError

from models.web import WebServer
from scraper.core import metrics
from scraper.core.processes import is_gone, this_process
from scraper.errors import UsageError
from scraper.web import access, audit
from scraper.web.app import app_of
from scraper.web.gate import Door, Gate
from scraper.web.metrics import WebMetrics
from scraper.web.views import overview

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fastapi import FastAPI
    from pymongo.database import Database

    from scraper.core.config import Config
    from scraper.core.ip_address import Address
    from scraper.storage.connection import Connection
    from scraper.web.live import Live

SERVERS = WebServer._get_collection_name()
STOP_WITHIN_S = 5
OPTIONS: dict[str, Any] = {
    "log_level": "warning", "access_log": False, "lifespan": "off", "ws": "none", "server_header": False,
    "proxy_headers": False, "timeout_graceful_shutdown": STOP_WITHIN_S,
}  # fmt: skip
"""Of uvicorn. No line for each request, as the address of a login is a secret; no header says who somebody is."""

CONSOLE = "(console)"
"""Who somebody is that came by an address that was printed."""


def serve(config: Config, connection: Connection, place: Address | Path, say: Callable[[str], None]) -> None:
    """Serve at an address or a Unix socket until SIGINT or SIGTERM; raise UsageError when that is not allowed."""
    database = connection.open()
    for part in (access, audit, overview):
        part.prepare(database)
    overview.overview(database, config)  # imports Scrapy and the project: seconds that the first page should not take
    with _bound(config, database, place) as bound:
        bound.listen()  # whoever reads the line below may come at once
        door = _door(config, bound)
        say(f"Swathe is at {_shown(config, bound)}")
        if _is_near(bound):
            say(f"Log in, once, within 15 minutes: {login_address(database, _shown(config, bound))}")
        server = PageServer(app_of(config, connection, door), door, connection)
        if config.metrics.address is not None:
            metrics.serve(config.metrics.address, server.metrics)
        # uvicorn sends itself the signal again once it has stopped: a page that was told to end has not failed.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        with _noted(database, _shown(config, bound)):
            server.run(sockets=[bound])


class PageServer(uvicorn.Server):
    """uvicorn's server, of an app behind its gate; when it stops it ends the streams, which would go on."""

    def __init__(self, app: FastAPI, door: Door, connection: Connection, **options: Any) -> None:
        self._live: Live = app.state.live
        self.metrics = WebMetrics(connection, self._live)
        gate = Gate(app, door, connection.open, self.metrics.answered)
        super().__init__(uvicorn.Config(gate, **{**OPTIONS, **options}))

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop serving."""
        self._live.end()
        await super().shutdown(sockets)


def served_at(database: Database[dict[str, Any]]) -> str | None:
    """Return the address of the page that this machine serves, the latest of several; None where it serves none."""
    rows = database[SERVERS].find({"host": socket.gethostname()}, sort=[("started_at", -1)])
    return next((row["address"] for row in rows if not is_gone(row)), None)


@contextmanager
def _noted(database: Database[dict[str, Any]], address: str) -> Iterator[None]:
    """Let others find this page for as long as it is served; one that was killed is found no more, either."""
    known = database[SERVERS]
    gone = [row["_id"] for row in known.find({"host": socket.gethostname()}) if is_gone(row)]
    known.delete_many({"_id": {"$in": gone}})
    noted = known.insert_one({"address": address, "started_at": datetime.now(UTC), **this_process()}).inserted_id
    try:
        yield
    finally:
        with suppress(PyMongoError):
            known.delete_one({"_id": noted})


def login_address(database: Database[dict[str, Any]], base: str) -> str:
    """Return an address that lets one browser in, once."""
    return f"{base}/login?code={access.issue(database, 'login', 'operate', CONSOLE)}"


def _bound(config: Config, database: Database[dict[str, Any]], place: Address | Path) -> socket.socket:
    """Return the socket that is served; raise UsageError when it may not, or cannot, be had."""
    if not isinstance(place, tuple):
        return _unix_socket(place)
    if not place.is_loopback:
        if not config.web.public_url:
            raise UsageError(
                f"[web] address {place} can be reached from other machines, expected [web] public_url beside it: the "
                f"only name that is answered then"
            )
        if not access.tokens(database):
            raise UsageError(
                f"[web] address {place} can be reached from other machines, and there is no token to come in with: "
                f"`swathe web token NAME` makes one"
            )
    family = socket.AF_INET6 if ":" in place.host else socket.AF_INET
    # With its protocol: asyncio sets TCP_NODELAY for such alone, without which each answer waits 40 ms.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(place)
    except OSError as error:
        bound.close()
        raise UsageError(
            f"[web] address {place} cannot be had ({error.strerror}): end what is there, or give another --port"
        ) from None
    return bound


def _unix_socket(path: Path) -> socket.socket:
    """Return a socket at a path, for this user alone; what an ended server left there is taken away."""
    bound = socket.socket(socket.AF_UNIX)
    try:
        if path.exists() and stat.S_ISSOCK(path.stat().st_mode) and not _answers(path):
            path.unlink()
        before = os.umask(0o177)
        try:
            bound.bind(str(path))
        finally:
            os.umask(before)
    except OSError as error:
        bound.close()
        raise UsageError(f"--socket {path} cannot be had ({error.strerror}), expected a path that is free") from None
    return bound


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as trial:
        return trial.connect_ex(str(path)) == 0


def _door(config: Config, bound: socket.socket) -> Door:
    """Return by which names the socket is reached."""
    web, hosts, name = config.web, set[str](), "unix"
    if bound.family == socket.AF_UNIX:
        hosts = {"localhost"}
    else:
        host, port = bound.getsockname()[:2]
        name = str(port)
        own = [f"[{host}]" if ":" in host else host] if host not in ("0.0.0.0", "::") else []  # noqa: S104
        hosts = {f"{one}:{port}" for one in (*own, *(["localhost", "127.0.0.1"] if _is_near(bound) else []))}
    origins = {f"http://{one}" for one in hosts} | ({web.public_origin} - {""})
    return Door(frozenset(origins), web.prefix, f"swathe_{name}", is_secure=web.is_secure, limit_s=web.query_limit_s)


def _is_near(bound: socket.socket) -> bool:
    """Return whether nobody beyond this machine can reach a socket."""
    return bound.family == socket.AF_UNIX or bound.getsockname()[0] in ("127.0.0.1", "::1")


def _shown(config: Config, bound: socket.socket) -> str:
    if config.web.public_url:
        return config.web.public_url
    if bound.family == socket.AF_UNIX:
        return "http://localhost"
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
