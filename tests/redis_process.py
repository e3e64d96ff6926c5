"""A Redis of the test's own, on a Unix socket, that can be killed and started again with what it has on disk."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any, Self

from redis import Redis
from redis.exceptions import RedisError
from support import until

if TYPE_CHECKING:
    from pathlib import Path


class RedisProcess:
    """A redis-server; `options` are those of its command line."""

    def __init__(self, folder: Path, *options: str) -> None:
        folder.mkdir()
        self._folder, self._options = folder, options or ("--appendonly", "yes", "--appendfsync", "always")
        self.url = f"unix://{folder}/s"
        self.client: Any = Redis(unix_socket_path=f"{folder}/s", decode_responses=True)

    @property
    def environ(self) -> dict[str, str]:
        """What makes Swathe use it."""
        return {"SWATHE_FRONTIER_BACKEND": "redis", "SWATHE_FRONTIER_REDIS_URL": self.url}

    def start(self) -> None:
        """Start it, and return when it answers."""
        where = ["--port", "0", "--unixsocket", f"{self._folder}/s", "--dir", str(self._folder), "--save", ""]
        command = ["redis-server", *where, *self._options]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(self._answers, "redis-server answers")

    def kill(self) -> None:
        """End it without a word."""
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.kill()

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except RedisError:
            return False
