"""A server that answers with whatever bytes a test gives it, and says what it was asked; no honest one is so odd."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, Self

END, HOLD = "end", "hold"
"""Instead of bytes: close the connection, and say nothing more on it."""

Answer = tuple[bytes | str, ...]


class RawServer:
    """Answers each request with the next of `answers`, piece by piece; used as an asynchronous context manager.

    `requests` is what it was asked, `peers` from where; of connections `connections` were made, and `open` still are.
    """

    def __init__(self, *answers: Answer, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.peers: list[str] = []
        self.connections = self.open = 0
        self.waits = asyncio.Event()
        """Set once an answer is held back."""
        self._answers, self._context = list(answers), context
        self._serving: dict[asyncio.Task[Any], asyncio.StreamWriter] = {}

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)
        self.port = self._server.sockets[0].getsockname()[1]
        scheme = "https" if self._context else "http"
        self.url = f"{scheme}://127.0.0.1:{self.port}/"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self._serving.values():
            writer.transport.abort()
        await asyncio.gather(*self._serving)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._serving[task] = writer
        self.connections += 1
        self.peers.append(writer.get_extra_info("peername")[0])
        self.open += 1
        try:
            while await self._answer(reader, writer):
                pass
        except (OSError, EOFError):
            pass  # the client has had enough
        finally:
            self.open -= 1
            del self._serving[task]
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((line[15:] for line in head.split(b"\r\n") if line.lower()[:15] == b"content-length:"), b"0")
        self.requests.append(head + await reader.readexactly(int(length)))
        for piece in self._answers.pop(0):
            if piece == END:
                return False
            if piece == HOLD:
                self.waits.set()
                await reader.read()
                return False
            assert isinstance(piece, bytes)
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)  # the client reads before the next piece
        return True
