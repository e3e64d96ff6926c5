"""A proxy to practise with: it passes requests on to local servers, and fails as a test asks it to."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from base64 import b64encode
from typing import Literal, NamedTuple, Self
from urllib.parse import urlsplit

Mode = Literal["well", "hang", "drop"] | int
"""What it does: pass on, take the connection and say nothing, close it without an answer, or answer with a status."""


class Passed(NamedTuple):
    """A request that came in: what was asked for, `time.monotonic()`, and whether it was passed on."""

    method: str
    target: str
    at_s: float
    passed: bool


class ForwardProxy:
    """A running proxy for plain http and CONNECT, used as a context manager.

    `names` has the local port that stands for a host of the internet. With an `account`, `user:password`, who does not
    show it is answered with 407. `mode` may be changed while it runs; `stop` kills it, and `start` begins it anew on
    the same port.
    """

    def __init__(self, names: dict[str, int] | None = None, *, account: str = "", mode: Mode = "well") -> None:
        self.names, self.account, self.mode = names or {}, account, mode
        self.port = 0
        self.log: list[Passed] = []
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="practice-proxy", daemon=True)

    @property
    def url(self) -> str:
        """Its address, without the account."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def passed(self) -> list[Passed]:
        """What it passed on."""
        return [one for one in self.log if one.passed]

    def __enter__(self) -> Self:
        self._thread.start()
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def start(self) -> None:
        """Listen."""
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result()

    def stop(self) -> None:
        """End at once, with all connections."""
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result()

    async def _start(self) -> None:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        if self._server:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with contextlib.suppress(OSError, EOFError, asyncio.CancelledError):
                await self._serve(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.decode("latin-1").split(" ", 2)
        wanted = f"proxy-authorization: basic {b64encode(self.account.encode()).decode()}\r\n".lower().encode()
        mode: Mode = 407 if self.account and wanted not in head.lower() else self.mode
        self.log.append(Passed(method, target, time.monotonic(), mode == "well"))
        if mode == "drop":
            return
        if mode == "hang":
            await reader.read()
        elif mode != "well":
            writer.write(f"HTTP/1.1 {mode} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            await writer.drain()
        else:
            await self._pass_on(method, target, head, reader, writer)

    async def _pass_on(
        self, method: str, target: str, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        tunnel = method == "CONNECT"
        parts = urlsplit(f"//{target}" if tunnel else target)
        host, port = parts.hostname or "", parts.port or 80
        server = ("127.0.0.1", self.names[host]) if host in self.names else (host, port)
        try:
            up_reader, up_writer = await asyncio.open_connection(*server)
        except OSError:
            writer.write(b"HTTP/1.1 503 No way\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            return
        try:
            if tunnel:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                path = parts.path + (f"?{parts.query}" if parts.query else "")
                own = (b"proxy-", b"connection:")
                lines = [line for line in head.split(b"\r\n")[1:-2] if not line.lower().startswith(own)]
                first = f"{method} {path or '/'} HTTP/1.1".encode("latin-1")
                up_writer.write(b"\r\n".join([first, *lines, b"Connection: close", b"", b""]))
            copying = {asyncio.create_task(_copy(reader, up_writer)), asyncio.create_task(_copy(up_reader, writer))}
            await asyncio.wait(copying, return_when=asyncio.FIRST_COMPLETED)
            for task in copying:
                task.cancel()
        finally:
            up_writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(2**16):
        writer.write(data)
        await writer.drain()
