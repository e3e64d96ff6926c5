"""Where the Redis is that keeps a run: one server, the primary that Sentinel names, or a node of a cluster."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from redis import Redis
from redis.backoff import NoBackoff
from redis.crc import key_slot
from redis.exceptions import ConnectionError, RedisError
from redis.retry import Retry

if TYPE_CHECKING:
    from collections.abc import Iterator

CONNECT_S, ANSWER_S = 5, 30

EXPECTED = (
    "expected redis://:password@host:6379/0, rediss://... for TLS, unix:///path/to/socket, "
    "redis+sentinel://:password@host:26379,host:26379/NAME or redis+cluster://:password@host:6379,host:6379"
)

Node = tuple[str, int]


@dataclass
class RedisNodes:
    """The servers of one address: `kind` is "" for one alone, "sentinel" or "cluster"; `seeds` are those that it names.

    A client is made once for each server and has no second try of its own: another server may be the one to ask.
    """

    base: str
    """The address without `+kind`, of the first server."""
    kind: str = ""
    seeds: tuple[Node, ...] = ()
    name: str = ""
    """What Sentinel calls the primary."""
    _clients: dict[Node | None, Redis] = field(default_factory=dict)
    _primaries: dict[int, Node] = field(default_factory=dict)
    """The primary by slot as far as it is known; Sentinel's stands under -1."""

    @classmethod
    def of(cls, url: str) -> Self:
        """Read an address; raise ValueError for one that cannot be used, without saying it."""
        scheme, _, rest = url.partition("://")
        plain, plus, kind = scheme.partition("+")
        if not plus:
            Redis.from_url(url)
            return cls(url)
        account, at, place = rest.rpartition("@")
        hosts, _, path = place.partition("?")[0].partition("/")
        seeds = tuple(_node(host, 26_379 if kind == "sentinel" else 6_379) for host in hosts.split(","))
        name, _, number = path.partition("/") if kind == "sentinel" else ("", "", path)
        if plain not in ("redis", "rediss") or kind not in ("sentinel", "cluster") or (kind == "sentinel" and not name):
            raise ValueError("no such kind of address")
        if number and (kind == "cluster" or not number.isdigit()):
            raise ValueError("no number of a database")
        return cls(f"{plain}://{account}{at}HOST/{number or 0}", kind, seeds, name)

    def primary(self, key: str) -> Any:
        """Return a client of the server that a key belongs to; raise RedisError when there is none at the moment."""
        if not self.kind:
            return self._client(None)
        slot = key_slot(key.encode()) if self.kind == "cluster" else -1
        if slot not in self._primaries:
            self._primaries = self._masters() if self.kind == "cluster" else {-1: self._named_by_sentinel()}
        if slot not in self._primaries:
            raise ConnectionError(f"no node of the cluster has the slot {slot}")
        return self._client(self._primaries[slot])

    def forget(self) -> None:
        """Look for the primaries anew: one did not answer, or is none any more."""
        self._primaries = {}

    def _named_by_sentinel(self) -> Node:
        for sentinel in self._answering(sentinel=True):
            if found := sentinel.execute_command("SENTINEL GET-MASTER-ADDR-BY-NAME", self.name):
                return str(found[0]), int(found[1])
        raise ConnectionError(f"no Sentinel knows a primary called '{self.name}'")

    def _masters(self) -> dict[int, Node]:
        """Return the primary of every slot."""
        for node in self._answering():
            rows = node.execute_command("CLUSTER SLOTS")
            # A node that does not know its own name leaves it out: it is where it was asked.
            asked = node.connection_pool.connection_kwargs["host"]
            masters = [(start, end, (_text(main[0]) or asked, int(main[1]))) for start, end, main, *_ in rows]
            if masters:
                return {slot: master for start, end, master in masters for slot in range(start, end + 1)}
        raise ConnectionError("no node of the cluster knows where the slots are")

    def _answering(self, *, sentinel: bool = False) -> Iterator[Any]:
        """Yield those that can be asked where the primaries are; raise the last one's error when none answers."""
        error: RedisError = ConnectionError("nobody answers")
        answered = False
        for node in dict.fromkeys([*self.seeds, *([] if sentinel else (node for node in self._clients if node))]):
            client = self._client(node)
            try:
                client.ping()
            except RedisError as one:
                error = one
                continue
            answered = True
            yield client
        if not answered:
            raise error

    def _client(self, node: Node | None) -> Any:
        if node not in self._clients:
            where: dict[str, Any] = {"host": node[0], "port": node[1]} if node else {}
            client = Redis.from_url(
                self.base,
                decode_responses=True,
                retry=Retry(NoBackoff(), 0),
                socket_connect_timeout=CONNECT_S,
                socket_timeout=ANSWER_S,
            )
            client.connection_pool.connection_kwargs.update(where)
            self._clients[node] = client
        return self._clients[node]


def _node(text: str, usual: int) -> Node:
    parts = urlsplit(f"//{text}")
    if not parts.hostname or not re.fullmatch(r"[\w.:\[\]-]+", text):
        raise ValueError("no host")
    return parts.hostname, parts.port or usual


def _text(found: object) -> str:
    return found.decode() if isinstance(found, bytes) else str(found or "")
