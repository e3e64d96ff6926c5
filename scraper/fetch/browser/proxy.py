"""The filtering proxy: a browser's only way to the network, which refuses private addresses whatever a page asks for.

A proxy in a thread of this process, one port for each driver. It looks names up itself and connects to the address it
has checked, so that a name cannot lead elsewhere a moment later. What is encrypted stays so: of https it sees the host.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Self
from urllib.parse import urlsplit

from scraper.fetch.browser.blocklist import is_tracker
from scraper.fetch.http.upstream import CONNECT_TIMEOUT_S, ProxyFailedError

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from scraper.fetch.http.addresses import Reach
    from scraper.fetch.http.upstream import Upstream

HEAD_BYTES = 2**18
Refusal = Literal["refused", "unknown", "unreachable"]

_HOP = re.compile(rb"\r\n(?:proxy-[a-z-]+|connection|keep-alive):[^\r\n]*", re.IGNORECASE)
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)


class ShutError(Exception):
    """Say why the proxy lets nothing through."""

    def __init__(self, fault: Refusal) -> None:
        super().__init__(fault)
        self.fault: Refusal = fault


@dataclass
class PageAccess:
    """What one page may reach, what it did not, and the connections it has."""

    reach: Reach
    upstream: Upstream | None = None
    faults: dict[tuple[str, int], Refusal] = field(default_factory=dict)
    proxy_faults: dict[tuple[str, int], ProxyFailedError] = field(default_factory=dict)
    """Why the user's proxy did not let a host and port be reached."""
    tasks: set[asyncio.Task[None]] = field(default_factory=set)


class ProxyPort:
    """One driver's way out: a port on the loopback address. Without a page nothing passes."""

    def __init__(self, gate: FilteringProxy) -> None:
        self._gate = gate
        self.port = 0
        self.current: PageAccess | None = None

    @property
    def faults(self) -> dict[tuple[str, int], Refusal]:
        """Why a host and port were not reached by the page that is there."""
        return self.current.faults if self.current else {}

    def proxy_fault(self, host: str, port: int) -> ProxyFailedError | None:
        """Return what the user's proxy did instead of reaching a server for the page that is there."""
        return self.current.proxy_faults.get((host, port)) if self.current else None

    def remove(self) -> None:
        """Close the port for good; safe to call twice."""
        self._gate.remove_door(self)

    def open(self, reach: Reach, upstream: Upstream | None = None) -> None:
        """Let through what is in reach of a page, by way of the user's proxy if there is one."""
        self.current = PageAccess(reach, upstream)

    def shut(self) -> None:
        """Let nothing through, and cut what is open: the next page must not find a way that was not its own."""
        if self.current:
            self._gate.cut(self.current)
        self.current = None


class FilteringProxy:
    """A thread with an event loop that serves every door."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._servers: dict[ProxyPort, asyncio.Server] = {}
        self._thread = threading.Thread(target=self._loop.run_forever, name="swathe-gate", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add_door(self) -> ProxyPort:
        """Open a port for one driver."""
        return asyncio.run_coroutine_threadsafe(self._add_door(), self._loop).result()

    def remove_door(self, door: ProxyPort) -> None:
        """Close the port of a driver that has ended; safe to call twice."""
        door.shut()
        server = self._servers.pop(door, None)
        if server and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(server.close)

    def cut(self, page: PageAccess) -> None:
        """End the connections of a page."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(lambda: [task.cancel() for task in list(page.tasks)])

    def close(self) -> None:
        """End every connection and the thread; safe to call twice."""
        if self._loop.is_closed():
            return
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _add_door(self) -> ProxyPort:
        door = ProxyPort(self)

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task, page = asyncio.current_task(), door.current
            assert task is not None
            tasks = page.tasks if page else self._tasks
            self._tasks.add(task)
            tasks.add(task)
            try:
                # A connection that breaks off is the browser's to notice; a cancelled one was cut by the gate.
                with contextlib.suppress(
                    OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.CancelledError
                ):
                    if page:
                        await _serve(page, reader, writer)
            finally:
                self._tasks.discard(task)
                tasks.discard(task)
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=HEAD_BYTES)
        door.port = server.sockets[0].getsockname()[1]
        self._servers[door] = server
        return door

    async def _end(self) -> None:
        for server in self._servers.values():
            server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _serve(page: PageAccess, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one request of the browser: a tunnel (CONNECT), or one plain http request."""
    head = await reader.readuntil(b"\r\n\r\n")
    method, target, _version = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
    tunnel = method == "CONNECT"
    parts = urlsplit(f"//{target}" if tunnel else target)
    host, port = parts.hostname or "", parts.port or 80
    try:
        up_reader, up_writer = await _connect(page, host, port, tunnel=tunnel)
    except (ShutError, ProxyFailedError) as error:
        if isinstance(error, ShutError):
            page.faults[host, port] = error.fault
        else:
            page.proxy_faults[host, port] = error
        # For a tunnel the browser wants an answer; for a page none, lest it be taken for the site's.
        if tunnel:
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
        return
    try:
        if tunnel:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            sending = _pass_on(reader, up_writer)
        else:
            up_writer.write(_for_proxy(head, page.upstream) if page.upstream else _for_server(head, target))
            length = _LENGTH.search(head)
            # Exactly one request: a second on this connection could be meant for another host.
            sending = _pass_on(reader, up_writer, int(length[1]) if length else 0)
        await _both(sending, _pass_on(up_reader, writer))
    finally:
        up_writer.close()


def _for_server(head: bytes, target: str) -> bytes:
    """Turn the head of a request to a proxy into one for the server, which is told to close afterwards."""
    method, rest = head.split(b" ", 1)
    path = b"/" + target.split("://", 1)[1].partition("/")[2].encode("latin-1")
    after = rest.split(b" ", 1)[1]
    return method + b" " + path + b" " + _HOP.sub(b"", after)[:-2] + b"Connection: close\r\n\r\n"


def _for_proxy(head: bytes, upstream: Upstream) -> bytes:
    return _HOP.sub(b"", head)[:-2] + upstream.header() + b"Connection: close\r\n\r\n"


async def _connect(
    page: PageAccess, host: str, port: int, *, tunnel: bool
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if is_tracker(host):
        raise ShutError("refused")
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        # Behind a proxy a name of the internet may be unknown on this machine; the proxy knows it.
        if page.upstream is None:
            raise ShutError("unknown") from None
        found = []
    addresses = [str(entry[4][0]) for entry in found]
    allowed = page.reach.allowed(host, port, addresses)
    if addresses and not allowed:
        raise ShutError("refused")
    if page.upstream:
        return await page.upstream.connect(host, port, tunnel=tunnel)
    for address in dict.fromkeys(allowed):
        with contextlib.suppress(OSError, TimeoutError):  # the next address of the name may answer
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                return await asyncio.open_connection(address, port)
    raise ShutError("unreachable")


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, most: int | None = None) -> bool:
    """Copy what arrives, at most `most` bytes; return whether the other direction must end as well."""
    while most is None or most > 0:
        data = await reader.read(2**16 if most is None else min(2**16, most))
        if not data:
            return True
        writer.write(data)
        await writer.drain()
        most = None if most is None else most - len(data)
    return bool(await reader.read(1)) or True


async def _both(sending: Coroutine[None, None, bool], receiving: Coroutine[None, None, bool]) -> None:
    """Run both directions until one has ended."""
    tasks = [asyncio.ensure_future(sending), asyncio.ensure_future(receiving)]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
