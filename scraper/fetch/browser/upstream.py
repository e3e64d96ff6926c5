"""The user's own proxy (`http_proxy`, or `meta["proxy"]`), which the gate then goes through."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Upstream:
    """An http proxy; `authorization` is the value of the header Proxy-Authorization, or nothing."""

    host: str
    port: int
    authorization: str = ""

    @classmethod
    def of(cls, url: str, authorization: str = "") -> Self:
        """Read a proxy's address; raise ValueError unless it is an http one."""
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError(f"the proxy is {parts.scheme}://{parts.hostname}, expected http://HOST:PORT")
        return cls(parts.hostname, parts.port or 80, authorization)

    async def connect(self, host: str, port: int, *, tunnel: bool) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to the proxy, and through it when a tunnel is wanted; raise OSError when it will not."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        if not tunnel:
            return reader, writer
        name = f"[{host}]" if ":" in host else host
        asked = f"CONNECT {name}:{port} HTTP/1.1\r\nHost: {name}:{port}\r\n"
        writer.write(asked.encode("latin-1") + self.header() + b"\r\n")
        try:
            answer = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            answer = b""
        if answer.split(b" ", 2)[1:2] != [b"200"]:
            writer.close()
            raise OSError("the proxy opens no tunnel")
        return reader, writer

    def header(self) -> bytes:
        """Return the line that tells the proxy who asks, if it wants to know."""
        return f"Proxy-Authorization: {self.authorization}\r\n".encode("latin-1") if self.authorization else b""
