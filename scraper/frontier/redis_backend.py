"""The frontier in Redis: what is leased is a stream with a consumer group, what waits a sorted set beside it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TypeVar

from scraper.core.processes import is_gone, this_process
from scraper.frontier.protocol import Taken, Written
from scraper.frontier.redis_runs import KEPT_S, keys_of, script, work_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from bson import ObjectId

    from scraper.core.supervision import HeldPage
    from scraper.crawl.request_stats import Work
    from scraper.frontier.protocol import Ack, Batch, Put
    from scraper.frontier.redis_server import RedisServer

T = TypeVar("T")

RUN_BYTES = 12
"""What an id begins with, which Redis has in the key's name instead."""


class RedisFrontier:
    """The requests of one run, for one worker. The consumer group has the leases and counts the deliveries."""

    def __init__(self, server: RedisServer, database: str, run: ObjectId, worker: str, lease_s: float) -> None:
        self._server, self._worker, self._lease_s, self._prefix = server, worker, lease_s, run.binary
        self._keys = keys_of(database, run)
        self.shared = False
        self._company: tuple[int, bool] | None = None
        self._number = 0
        """Of the last batch that was confirmed: Redis must know it when the next one comes."""

    def join(self) -> None:
        """Become a worker of the run, and give back what dead workers had."""
        self.renew()

    def renew(self) -> int:
        """Show a sign of life; return how many requests of dead workers were given back. It need not have joined."""
        return self._do(self._renew)

    def leave(self) -> None:
        """Give back every request that this worker has, and be none any more."""
        self._do(lambda client: self._live(client, gone=[self._worker]))

    def leave_hung(self, page: HeldPage, what: str) -> None:
        """Leave in the place of a process that hangs on a page: nobody is to begin that page again."""
        request = self._stored(page, page.url) if page.data else ""
        arguments: list[str | int] = [
            self._worker,
            self._name(page.id),
            request,
            page.priority,
            self._member(page),
            what,
        ]
        keys = list(self._keys.values())
        self._do(lambda client: script(client, "hung")(keys, arguments))
        self.leave()

    def write(self, batch: Batch) -> Written:
        """Add, acknowledge, release and take; written again after a lost answer, it changes nothing."""
        data = json.dumps(
            {
                "worker": self._worker,
                "number": self._number + 1,
                "puts": [self._put(put) for put in batch.puts],
                "acks": [self._ack(ack) for ack in batch.acks],
                "releases": [self._name(id_) for id_ in batch.releases],
                "alone": self._name(batch.alone) if batch.alone else "",
                "lease": batch.lease,
                "take": batch.take,
                "lease_ms": int(self._lease_s * 1000),
            }
        )
        keys = list(self._keys.values())
        answer = json.loads(self._do(lambda client: script(client, "write")(keys, [data])))
        self._number += 1
        return Written(
            [batch.puts[place] for place in answer["leased"]],
            answer["pending"],
            answer["duplicates"],
            [self._taken(*taken) for taken in answer["taken"]],
        )

    def open_requests(self) -> int:
        """Return how many requests are pending or with another worker.

        For a worker that knows of none of its own: what is still in its name, after a lost answer, goes back.
        """
        return self._do(lambda client: self._live(client, gone=[self._worker], sign=self._sign(client))[1])

    def own_work(self) -> Work | None:
        """Return what came of the acknowledgements that were taken of this worker."""
        return self._do(lambda client: work_of(client, self._keys, only=self._worker))

    def others_changed(self) -> bool:
        """Return whether others may have done work since this was last asked."""
        _, _, joined, workers = self._do(lambda client: self._live(client))
        earlier = self._company
        self._company = now = (joined, workers > 1)
        return now != earlier or now[1]

    def others_work(self) -> Work:
        """Return what other workers have done for the run so far."""
        return self._do(lambda client: work_of(client, self._keys, but=self._worker))

    def _do(self, work: Callable[[Any], T]) -> T:
        return self._server.do(work, self._keys["begun"])

    def _renew(self, client: Any) -> int:
        now = _now(client)
        places = {name: json.loads(place) for name, place in client.hgetall(self._keys["workers"]).items()}
        gone = [name for name, place in places.items() if now - place["seen_at"] > self._lease_s or is_gone(place)]
        others = [name for name in gone if name != self._worker]
        freed, _, joined, _ = self._live(client, gone=others, sign=self._sign(client))
        self.shared = joined > 1
        return freed

    def _sign(self, client: Any) -> str:
        return json.dumps({"seen_at": _now(client), **this_process()})

    def _live(self, client: Any, *, gone: list[str] | None = None, sign: str = "") -> list[int]:
        """Return what was freed, what is open, how many workers ever joined and how many there are."""
        arguments: list[str | int] = [self._worker, sign, KEPT_S, json.dumps(gone or [])]
        answer: list[int] = script(client, "live")(list(self._keys.values()), arguments)
        return answer

    def _name(self, id_: bytes) -> str:
        return id_[RUN_BYTES:].hex()

    def _put(self, put: Put) -> list[Any]:
        request = self._stored(put, put.request.url)
        return [self._name(put.id), request, put.priority, self._member(put), put.not_before]

    def _stored(self, put: Put | HeldPage, url: str) -> str:
        return json.dumps({"url": url, "data": put.data, "priority": put.priority, "seq": put.seq})

    def _member(self, put: Put | HeldPage) -> str:
        # Of one priority the sorted set gives the greatest member: the latest.
        return f"{put.seq:016x}{self._name(put.id)}{put.priority}"

    def _ack(self, ack: Ack) -> list[Any]:
        outcome = {
            "worker": self._worker,
            "order": ack.order,
            "notes": {name: list(texts) for name, texts in ack.notes.items()},
            "event": ack.event,
            "depth": ack.depth,
        }
        letter = ""
        if ack.failed:
            why = {"error": ack.failed.what, "reason": ack.failed.reason}
            letter = json.dumps({**outcome, **why, "counts": dict(ack.counts)})
        event = "" if ack.is_plain or letter else json.dumps(outcome)
        return [self._name(ack.id), dict(ack.counts), event, letter]

    def _taken(self, name: str, request: str, times: int, alone: int, hung: str) -> Taken:
        stored = json.loads(request)
        id_ = self._prefix + bytes.fromhex(name)
        return Taken(id_, stored["data"], stored["priority"], stored["seq"], times, alone, hung)


def _now(client: Any) -> float:
    """Return Redis' time, in UNIX seconds: the clocks of workers may differ."""
    seconds, microseconds = client.time()
    return float(seconds + microseconds / 1e6)
