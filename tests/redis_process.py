"""A Redis of the test's own, on a Unix socket, that can be killed and started again with what it has on disk."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self

from redis import Redis
from redis.exceptions import RedisError
from support import until

if TYPE_CHECKING:
    from pathlib import Path


DURABLE = ("--appendonly", "yes", "--appendfsync", "always")


class RedisProcess:
    """A redis-server on a Unix socket, and with a `port` on the loopback address; `options` are of its command line."""

    def __init__(self, folder: Path, *options: str, port: int = 0) -> None:
        folder.mkdir()
        self._folder, self._options, self.port = folder, options or DURABLE, port
        self.url = f"unix://{folder}/s"
        self.client: Any = Redis(unix_socket_path=f"{folder}/s", decode_responses=True)

    @property
    def environ(self) -> dict[str, str]:
        """What makes Swathe use it."""
        return {"SWATHE_FRONTIER_BACKEND": "redis", "SWATHE_FRONTIER_REDIS_URL": self.url}

    def start(self, *more: str) -> None:
        """Start it, with `more` options, and return when it answers."""
        where = [
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--unixsocket",
            f"{self._folder}/s",
            "--dir",
            str(self._folder),
            "--save",
            "",
        ]
        command = ["redis-server", *where, *self._options, *more]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(self._answers, "redis-server answers")

    def kill(self) -> None:
        """End it without a word."""
        self._process.kill()
        self._process.wait()

    def stand_still(self, seconds: float) -> None:
        """Answer nothing for so long."""
        self._process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        self._process.send_signal(signal.SIGCONT)

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


class RedisCluster:
    """A cluster of three nodes, each on a port of the loopback address."""

    def __init__(self, folder: Path) -> None:
        options = (*DURABLE, "--cluster-enabled", "yes", "--cluster-node-timeout", "2000")
        self.nodes = [RedisProcess(folder / f"n{port}", *options, port=port) for port in free_ports(3)]
        self._stack = ExitStack()

    @property
    def environ(self) -> dict[str, str]:
        """What makes Swathe use it."""
        seeds = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes[:2])
        return {"SWATHE_FRONTIER_BACKEND": "redis", "SWATHE_FRONTIER_REDIS_URL": f"redis+cluster://{seeds}"}

    def __enter__(self) -> Self:
        first = 0
        for node, last in zip(self.nodes, (5460, 10922, 16383), strict=True):
            self._stack.enter_context(node)
            node.client.execute_command("CLUSTER ADDSLOTSRANGE", first, last)
            first = last + 1
            node.client.execute_command("CLUSTER MEET", "127.0.0.1", self.nodes[0].port)
        until(lambda: all(map(self._is_up, self.nodes)), "the cluster is up")
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @staticmethod
    def _is_up(node: RedisProcess) -> bool:
        info = node.client.execute_command("CLUSTER INFO")
        return (info["cluster_state"], info["cluster_known_nodes"]) == ("ok", "3")


class WatchedRedis:
    """A primary and its replica, which a Sentinel puts in its place; whoever was killed comes back as the replica."""

    def __init__(self, folder: Path) -> None:
        first, second, watch = free_ports(3)
        self.primary, self.replica = (RedisProcess(folder / f"r{port}", port=port) for port in (first, second))
        self._conf, self._watch, self._stack = folder / "sentinel.conf", watch, ExitStack()
        self.sentinel: Any = Redis(port=watch, decode_responses=True)

    @property
    def environ(self) -> dict[str, str]:
        """What makes Swathe use it."""
        url = f"redis+sentinel://127.0.0.1:{self._watch}/main"
        waits = {"SWATHE_FRONTIER_REDIS_REPLICAS": "1"}
        return {"SWATHE_FRONTIER_BACKEND": "redis", "SWATHE_FRONTIER_REDIS_URL": url, **waits}

    def __enter__(self) -> Self:
        self.primary.start()
        self._stack.callback(lambda: self.primary.__exit__())
        self.replica.start("--replicaof", f"127.0.0.1 {self.primary.port}")
        self._stack.callback(lambda: self.replica.__exit__())
        self._conf.write_text(
            f"port {self._watch}\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 {self.primary.port} 1\n"
            "sentinel down-after-milliseconds main 1000\nsentinel failover-timeout main 3000\n"
        )
        process = subprocess.Popen(["redis-server", str(self._conf), "--sentinel"], stdout=subprocess.DEVNULL)
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        self._wait_for_replica()
        return self

    def __exit__(self, *_: object) -> None:
        self.sentinel.close()
        self._stack.close()

    def kill_primary(self) -> None:
        """Kill the primary without a word; return once the replica has its place, and the killed one is its replica."""
        self.primary.kill()
        until(lambda: self._named() == self.replica.port, "Sentinel names the replica", 60)
        self.primary, self.replica = self.replica, self.primary
        self.replica.start("--replicaof", f"127.0.0.1 {self.primary.port}")
        self._wait_for_replica()

    def _wait_for_replica(self) -> None:
        def is_in_step() -> bool:
            # On a busy machine the Sentinel may take one for dead that is only slow.
            if self._named() == self.replica.port:
                self.primary, self.replica = self.replica, self.primary
            info = self.replica.client.info("replication")
            known = self._named() == self.primary.port and self._replicas() >= 1
            return known and info["role"] == "slave" and info["master_link_status"] == "up"

        until(is_in_step, "the replica is in step, and Sentinel knows it", 60)

    def _named(self) -> int:
        try:
            return int(self.sentinel.execute_command("SENTINEL GET-MASTER-ADDR-BY-NAME", "main")[1])
        except RedisError:
            return 0

    def _replicas(self) -> int:
        rows = self.sentinel.execute_command("SENTINEL REPLICAS", "main")
        return sum(not {"s_down", "disconnected"} & set(row["flags"].split(",")) for row in rows)


def free_ports(count: int) -> list[int]:
    """Return ports of the loopback address that nobody has, nor those 10,000 above, which a cluster's nodes take."""
    found: list[int] = []
    while len(found) < count:
        with socket.socket() as one, socket.socket() as bus:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            try:
                bus.bind(("127.0.0.1", (port + 10_000) if port < 55_000 else port - 1))
            except OSError:
                continue
            if port < 55_000 and port not in found:
                found.append(port)
    return found
