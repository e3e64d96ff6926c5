"""Who is told, as apprise's JSON or signed: verifies what it gets, and can be slow, down or elsewhere."""

from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import Message

SECRET = b"a secret of 24 characters"
WHSEC = f"whsec_{base64.b64encode(SECRET).decode()}"


class Hook(ThreadingHTTPServer):
    """What takes messages, or answers as `status` says, one byte at a time when it is `slow`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Receiver)
        self.taken: list[dict[str, Any]] = []
        self.status, self.slow, self.asked, self.beats = 200, False, 0, 0
        self.clock: Callable[[], float] = time.time

    @property
    def url(self) -> str:
        """Its address as a signed webhook."""
        return f"http://127.0.0.1:{self.server_port}/hook?token=s3cret"

    @property
    def heartbeat(self) -> str:
        """What a scheduler asks for while it lives; `beats` counts how often."""
        return f"http://127.0.0.1:{self.server_port}/beat"

    @property
    def target(self) -> str:
        """Its address as a target of apprise's."""
        return f"json://bot:s3cret@127.0.0.1:{self.server_port}/t0ken/"

    @property
    def titles(self) -> list[str]:
        return [message["title"] for message in self.taken]


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        hook = self.server
        assert isinstance(hook, Hook)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        hook.asked += 1
        if self.path.startswith("/hook"):
            verify(self.headers, body, hook.clock())
        if hook.slow:
            for _ in range(200):
                time.sleep(0.1)  # a server that drips is made so
                self.wfile.write(b"H")
            return
        if hook.status == 200:
            hook.taken.append(json.loads(body))
        self.send_response(hook.status)
        if hook.status == 302:
            self.send_header("Location", f"http://127.0.0.1:{hook.server_port}/private")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        hook = self.server
        assert isinstance(hook, Hook)
        assert self.path == "/beat", "a redirect was followed"
        hook.beats += 1
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


def verify(headers: Message, body: bytes, now_s: float) -> None:
    """Hold a message against its signature, as Standard Webhooks are."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(SECRET, signed, sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert abs(int(headers["webhook-timestamp"]) - now_s) < 60
    assert json.loads(body)["id"] == headers["webhook-id"]


@contextmanager
def listening() -> Iterator[Hook]:
    with Hook() as hook:
        thread = threading.Thread(target=hook.serve_forever, daemon=True)
        thread.start()
        yield hook
        hook.shutdown()
        thread.join()
