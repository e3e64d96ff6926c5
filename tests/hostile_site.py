"""A server that does what no honest one does; each path is an attack, and every request is noted."""

from __future__ import annotations

import base64
import gzip
import socketserver
import threading
import zlib
from functools import cache
from itertools import repeat
from typing import TYPE_CHECKING, Self
from urllib.parse import unquote, urlsplit

import brotli
from support import head_of

from scraper.core import zst

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CUT = "".join(f"<p>{number * 7919 % 9973}</p>" for number in range(3000)).encode()


@cache
def member() -> bytes:
    """Return a hundred megabytes in a hundred kilobytes; gzip takes any number of them one after the other."""
    return gzip.compress(bytes(100 * 2**20), 6)


@cache
def packed() -> dict[str, tuple[str, bytes]]:
    """Return the coding and the bytes of what is packed, by path."""
    zeros = bytes(24 * 2**20)
    return {
        "/gzip-gzip": ("gzip, gzip", gzip.compress(gzip.compress(zeros, 6))),
        "/deflate": ("deflate", zlib.compress(zeros)),
        "/br": ("br", brotli.compress(zeros, quality=1)),
        "/zstd": ("zstd", zst.compress(zeros)),
        "/layers": ("gzip," * 40 + "gzip", b"x"),
        "/cut-gzip": ("gzip", gzip.compress(CUT)[:-200]),
        "/cut-deflate": ("deflate", zlib.compress(CUT)[:-200]),
        "/cut-br": ("br", brotli.compress(CUT)[:-200]),
        "/cut-zstd": ("zstd", zst.compress(CUT)[:-200]),
    }


PAGE = "<html><body id=in>text</body></html>"


class HostileSite:
    """The server, on any loopback address and port; `hits` are the heads of all requests with their bodies."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        self.hits: list[str] = []
        self._closing = threading.Event()
        site = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                head = head_of(self.rfile)
                if not head:
                    return
                length = next((line[15:] for line in head.split("\r\n") if line.lower()[:15] == "content-length:"), "0")
                site.hits.append(head + self.rfile.read(int(length)).decode("latin-1"))
                try:
                    for part in site.answer(head.split(" ")[1] if " " in head else "/", head):
                        self.wfile.write(part)
                except OSError:
                    return  # the client has had enough

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = daemon_threads = True
            block_on_close = False

        self._server = Server((host, port), Handler)
        self.host, self.port = host, self._server.server_address[1]
        self.url = f"http://{host}:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, target: str, head: str) -> Iterable[bytes]:
        """Return an answer piece by piece, some of them without end."""
        path, _, query = target.partition("?")
        if path.startswith("http:"):  # asked as a proxy
            path = urlsplit(target).path
        match path:
            case "/to":
                return [_head("302 Found", f"Location: {unquote(query)}")]
            case "/keep-to":
                return [_head("307 Temporary Redirect", f"Location: {unquote(query)}")]
            case "/meta":
                return _page(f"<meta http-equiv=refresh content='0;url={unquote(query)}'>")
            case "/echo":
                return _page(f"<pre>{head}</pre>")
            case "/login":
                return _page(f"<form method=post action='{unquote(query)}'><input name=username><input name=password>")
            case "/gzip":
                return self._packed("gzip", repeat(member(), 100))
            case _ if path in packed():
                return self._packed(packed()[path][0], [packed()[path][1]])
            case "/headers":
                return self._endless(b"HTTP/1.1 200 OK\r\n", b"X-More: and more\r\n" * 50)
            case "/one-header":
                return self._endless(b"HTTP/1.1 200 OK\r\nX-More: ", b"x" * 10_000)
            case "/early":
                return self._endless(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 20)
            case "/large":
                return self._endless(_head("200 OK", "Content-Type: text/html"), b"x" * 100_000)
            case "/slow":
                return self._endless(_head("200 OK", "Content-Type: text/html", "Content-Length: 999"), b"x", 0.05)
            case "/slow-head":
                return self._endless(b"HTTP/1.1 200 OK\r\nX: ", b"x", 0.05)
            case "/cookies":
                return _page("", *(f"Set-Cookie: n{number}={'x' * 1500}" for number in range(150)))
            case "/large-cookie":
                return _page("", f"Set-Cookie: large={'x' * 5000}", "Set-Cookie: small=1")
            case "/suffix-cookie":
                return _page("", "Set-Cookie: wide=1; Domain=co.uk", "Set-Cookie: own=1")
            case _:
                return _page(PAGE)

    def _packed(self, encoding: str, parts: Iterable[bytes]) -> Iterator[bytes]:
        yield _head("200 OK", "Content-Type: text/html", f"Content-Encoding: {encoding}")
        yield from parts

    def _endless(self, head: bytes, part: bytes, pause_s: float = 0) -> Iterator[bytes]:
        yield head
        while not self._closing.wait(pause_s):
            yield part


def _head(status: str, *headers: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "Connection: close", "", ""]).encode()


def _page(text: str, *headers: str) -> Iterable[bytes]:
    body = text.encode()
    return [_head("200 OK", "Content-Type: text/html", f"Content-Length: {len(body)}", *headers), body]


def authorization_of(account: str) -> str:
    """Return the header of HTTP's basic authentication."""
    return "Basic " + base64.b64encode(account.encode()).decode()
