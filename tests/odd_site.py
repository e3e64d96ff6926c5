"""Small sites with one oddity each: a function from what was asked for to the answer, on a real socket."""

from __future__ import annotations

import socketserver
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlsplit

from support import ROOT, head_of, last_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]

PYTHONPATH = f"{ROOT / 'tests'}:{ROOT}"


@dataclass(frozen=True)
class Asked:
    """A request."""

    method: str
    target: str
    cookie: str
    body: str
    agent: str = ""
    etag: str = ""
    """What it sends as If-None-Match."""

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.target).query).items()}


@dataclass(frozen=True)
class Answer:
    """An answer; a length is announced unless it `ends_with_connection`."""

    body: str | bytes = b""
    status: int = 200
    kind: str = "text/html; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    """Lines of the head that no library would write."""
    ends_with_connection: bool = False

    def to_bytes(self) -> bytes:
        body = self.body.encode() if isinstance(self.body, str) else self.body
        head = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase if self.status < 512 else 'Odd'}"]
        head += [f"Content-Type: {self.kind}", *(f"{name}: {value}" for name, value in self.headers.items())]
        head += [] if self.ends_with_connection else [f"Content-Length: {len(body)}"]
        return "\r\n".join([*head, *self.lines, "Connection: close", "", ""]).encode("latin-1") + body


class OddSite:
    """The site; `asked` are all requests but those for robots.txt, which there is none of."""

    def __init__(self, answer: Callable[[Asked], Answer | str]) -> None:
        self.asked: list[Asked] = []
        site = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                first, *lines = head_of(self.rfile).split("\r\n")
                if not first:
                    return
                head = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in lines}
                body = self.rfile.read(int(head.get("content-length", "0"))).decode("latin-1")
                method, target, *_ = first.split(" ")
                asked = Asked(method, target, head.get("cookie", ""), body, head.get("user-agent", ""),
                              head.get("if-none-match", ""))  # fmt: skip
                if asked.path == "/robots.txt":
                    self.wfile.write(Answer(status=404).to_bytes())
                    return
                site.asked.append(asked)
                given = answer(asked)
                self.wfile.write((Answer(given) if isinstance(given, str) else given).to_bytes())

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            block_on_close = False

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def paths(self) -> list[str]:
        """The paths that were asked for."""
        return [asked.path for asked in self.asked]


def names(first: int, last: int) -> list[str]:
    """Return the names of so many things."""
    return [f"Thing {number:02d}" for number in range(first, last + 1)]


def rows(things: Iterable[str], link: str = "#", more: str = "", head: str = "") -> str:
    """Return a list page, whose entries link to `link` with the thing's number in place of `{}`."""
    shown = "".join(f'<li class=item><a class=t href="{link.format(name[-2:])}">{name}</a></li>' for name in things)
    return f"<html><head>{head}</head><body><ul>{shown}</ul>{more}</body></html>"


def thing(path: str, more: str = "") -> str:
    """Return the page of the thing whose number ends a path."""
    return f"<html><body><h1>Thing {path[-2:]}</h1>{more}</body></html>"


def command_of(spider: str, start: str) -> list[str]:
    """Return the command that crawls with a spider of `odd_spiders`."""
    command = [sys.executable, "-m", "scrapy", "crawl", spider, "-a", f"start={start}", "-s", "LOG_ENABLED=0"]
    return [*command, "-s", "SPIDER_MODULES=odd_spiders", "-s", "RETRY_TIMES=1"]


def started(swathe: Swathe, spider: str, start: str, **environ: str) -> subprocess.Popen[str]:
    """Begin to crawl with a spider of `odd_spiders`, and return at once."""
    env = swathe.all_environ(**environ, PYTHONPATH=PYTHONPATH)
    return subprocess.Popen(
        command_of(spider, start), cwd=ROOT, env=env,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def crawled(
    swathe: Swathe, database: Mongo, spider: str, start: str, code: int = 0, **environ: str
) -> tuple[list[str], str, list[str]]:
    """Crawl with a spider of `odd_spiders`; return the things found, the verdict and its reasons."""
    swathe.run(command_of(spider, start), code, ROOT, PYTHONPATH=PYTHONPATH, **environ)
    run = last_run(database)
    return sorted(row["text"] for row in database.quotes.find()), run["verdict"], run["reasons"]
