"""A RabbitMQ of the test's own on loopback, that can be killed and started again with what it has on disk."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import aio_pika
from support import until

if TYPE_CHECKING:
    from collections.abc import Callable

BIN = Path("/usr/lib/rabbitmq/bin")
STARTS_S = 120
"""Erlang takes some seconds to start, and many on a busy machine."""


class RabbitMQProcess:
    """A rabbitmq-server with ports, an Erlang port mapper and a data folder of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder, self._pid_file = folder, folder / "pid"
        self.port, dist, epmd = _free_ports(3)
        self.url = f"amqp://guest:guest@127.0.0.1:{self.port}/"
        (folder / "rabbitmq.conf").write_text("log.console = false\nvm_memory_high_watermark.absolute = 512MB\n")
        (folder / "plugins").write_text("[].\n")
        self.environ = {
            "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": str(folder), "ERL_EPMD_PORT": str(epmd),
            "ERL_EPMD_ADDRESS": "127.0.0.1", "RABBITMQ_NODENAME": f"swathe{self.port}@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1", "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(dist), "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"), "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"), "RABBITMQ_PID_FILE": str(self._pid_file),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 1:1",
            "RABBITMQ_CTL_ERL_ARGS": "+S 1:1",
        }  # fmt: skip
        self._epmd: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and return when it takes connections."""
        silent: dict[str, Any] = {"env": self.environ, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        if self._epmd is None:
            self._epmd = subprocess.Popen(["epmd", "-port", self.environ["ERL_EPMD_PORT"]], **silent)
        self._pid_file.unlink(missing_ok=True)
        self._server = subprocess.Popen([str(BIN / "rabbitmq-server")], start_new_session=True, **silent)
        until(self._answers, "RabbitMQ answers", STARTS_S)

    def kill(self) -> None:
        """End it without a word."""
        pid = int(self._pid_file.read_text()) if self._pid_file.exists() else self._server.pid
        if self._server.poll() is None:
            os.kill(pid, signal.SIGKILL)
        self._server.wait(timeout=30)  # the script that started it ends with it
        until(lambda: not self._answers(), "RabbitMQ is gone")

    def control(self, *arguments: str) -> str:
        """Run rabbitmqctl and return what it says."""
        command = [str(BIN / "rabbitmqctl"), "--quiet", *arguments]
        return subprocess.run(command, env=self.environ, capture_output=True, text=True, check=True, timeout=120).stdout

    def do(self, work: Callable[[Any], Any]) -> Any:
        """Return what a coroutine function does with a channel."""

        async def connected() -> Any:
            async with await aio_pika.connect(self.url) as connection:
                return await work(await connection.channel())

        return asyncio.run(connected())

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        if self._epmd is not None:
            self._epmd.kill()
            self._epmd.wait()

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as asking:
                asking.settimeout(5)
                asking.sendall(b"AMQP\x00\x00\x09\x01")
                return bool(asking.recv(1))
        except OSError:
            return False


class Listener:
    """A durable queue that takes everything of an exchange; `messages` reads what is in it."""

    def __init__(self, broker: RabbitMQProcess, exchange: str = "swathe", queue: str = "listener") -> None:
        self._broker, self._exchange, self._queue = broker, exchange, queue
        broker.do(self._bind)

    async def _bind(self, channel: Any) -> None:
        exchange = await channel.declare_exchange(self._exchange, aio_pika.ExchangeType.TOPIC, durable=True)
        queue = await channel.declare_queue(self._queue, durable=True)
        await queue.bind(exchange, "#")

    def messages(self) -> list[tuple[str, bytes]]:
        """Take what is in the queue: routing keys and bodies."""
        return list(self._broker.do(self._take))

    async def _take(self, channel: Any) -> list[tuple[str, bytes]]:
        queue = await channel.declare_queue(self._queue, durable=True)
        taken = []
        while (message := await queue.get(fail=False)) is not None:
            taken.append((message.routing_key, message.body))
            await message.ack()
        return taken


def _free_ports(count: int) -> list[int]:
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in taken]
    for one in taken:
        one.close()
    return ports
