"""What Redis keeps of runs: what came of their requests, the dead letters, and how they are put back."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from redis.exceptions import ResponseError

from scraper.core import statistics
from scraper.core.failed_page import FailedPage
from scraper.crawl.request_stats import Work
from scraper.frontier.mongo_runs import DEAD_KEPT, retried
from scraper.paging.facts import ListEvent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bson import ObjectId
    from redis import Redis
    from redis.commands.core import Script

    from scraper.frontier.redis_server import RedisServer

    Keys = dict[str, str]

T = TypeVar("T")

NAMES = (
    *("known", "requests", "waiting", "later", "leases", "entries", "alone", "workers", "events", "dead", "tally"),
    *("numbers", "begun", "hung"),
)
"""The keys of a run, in the order in which the scripts take them."""

KEPT_S, OVER_S = 30 * 86_400, 3_600
"""How long a run is kept after its last sign of life, and how long it is known that one is over."""

OPEN, OVER = "open", "over"


def keys_of(database: str, run: ObjectId) -> Keys:
    """Return the keys of a run by their last part."""
    tag = tag_of(database, run)
    return {name: f"swathe:{tag}:{name}" for name in NAMES}


def tag_of(database: str, run: ObjectId) -> str:
    """Return what all keys of a run have in braces, so that they lie on one node of a cluster."""
    return f"{{{database.replace('}', '%7D')}:{run}}}"


def script(client: Redis, name: str) -> Script:
    """Return a script of this folder; Redis is given it when it does not know it."""
    return client.register_script(_source(name))


@cache
def _source(name: str) -> str:
    return (Path(__file__).parent / f"{name}.lua").read_text()


class RedisRuns:
    """The runs of one database, as the commands see them. All of it blocks and raises DatabaseError."""

    name = "redis"

    def __init__(self, server: RedisServer, database: str) -> None:
        self._server, self._database = server, database

    def begin(self, run: ObjectId) -> None:
        """Get ready to keep the requests of a new run."""

        def work(client: Any, keys: Keys) -> None:
            client.set(keys["begun"], OPEN, ex=KEPT_S, nx=True)
            # An answer may have been lost, and this be done for the second time.
            with contextlib.suppress(ResponseError):
                client.xgroup_create(keys["leases"], "workers", "0", mkstream=True)
            client.expire(keys["leases"], KEPT_S)

        self._do(run, work)

    def is_there(self, run: ObjectId) -> bool:
        """Return whether what was kept of a run is still there."""
        state: str | None = self._do(run, lambda client, keys: client.get(keys["begun"]))
        return state == OPEN

    def counts(self, run: ObjectId) -> Counter[str]:
        """Return what the requests of a run that have ended add up to, by statistic."""
        return self._do(run, work_of).counts

    def dead_letters(self, run: ObjectId, limit: int = 0) -> list[FailedPage]:
        """Return the requests of a run that came to nothing; `limit` 0: all."""
        return self._do(run, lambda client, keys: _letters(client, keys, limit))

    def waiting_for(self, run: ObjectId, url: str) -> list[tuple[str, str]]:
        """Return the state, and the error of the dead, of what is kept of a URL and is not done."""

        def work(client: Any, keys: Keys) -> Iterator[tuple[str, str]]:
            for name, row in client.hscan_iter(keys["requests"], count=1000):
                if json.loads(row)["url"] == url:
                    letter = client.hget(keys["dead"], name)
                    leased = "leased" if client.hexists(keys["entries"], name) else "pending"
                    yield ("dead", json.loads(letter)["error"]) if letter else (leased, "")

        return self._do(run, lambda client, keys: list(work(client, keys)))

    def clear(self, run: ObjectId) -> None:
        """Remove everything that is kept of a run; whoever still works on it finds nothing left to do."""

        def work(client: Any, keys: Keys) -> None:
            pipeline = client.pipeline(transaction=True)
            pipeline.set(keys["begun"], OVER, ex=OVER_S)
            pipeline.unlink(*(key for name, key in keys.items() if name != "begun"))
            pipeline.execute()

        self._do(run, work)

    def clear_unless_dead(self, run: ObjectId) -> int:
        """Remove what is kept of a run that has ended, unless it has dead letters; return how many it has."""
        letters = self._do(run, lambda client, keys: client.hlen(keys["dead"]))
        if not letters:
            self.clear(run)
        return int(letters)

    def retry_dead(self, run: ObjectId) -> int:
        """Put the dead letters of a run back as if they had never been tried; return how many."""
        return self._do(run, _retry_dead)

    def _do(self, run: ObjectId, work: Callable[[Any, Keys], T]) -> T:
        """Do work with the keys of a run, where they are."""
        keys = keys_of(self._database, run)
        return self._server.do(lambda client: work(client, keys), keys["begun"])


def work_of(client: Any, keys: Keys, but: str = "", only: str = "") -> Work:
    """Return what came of a run's requests that one worker has ended, or all the others have. Blocks."""
    work = Work(Counter())
    for name, by in client.hgetall(keys["tally"]).items():
        worker, _, statistic = name.partition("|")
        if _is_of(worker, but, only):
            work.counts[statistic] += int(by)
    rows = [json.loads(row) for row in client.lrange(keys["events"], 0, -1)]
    dead = [json.loads(row) for row in client.hgetall(keys["dead"]).values()]
    wanted = [row for row in [*rows, *dead] if _is_of(row["worker"], but, only)]
    for row in sorted(wanted, key=lambda row: int(row["order"])):
        work.counts.update(row.get("counts", {}))
        if row["event"]:
            work.events.append((ListEvent.from_json(json.loads(row["event"])), row["depth"]))
        for what, texts in row["notes"].items():
            work.notes.setdefault(what, []).extend(texts)
    work.dead = _letters(client, keys, DEAD_KEPT, but, only)
    return work


def _is_of(worker: str, but: str, only: str) -> bool:
    return worker == only if only else worker != but


def _letters(client: Any, keys: Keys, limit: int, but: str = "", only: str = "") -> list[FailedPage]:
    rows: dict[str, dict[str, Any]] = {name: json.loads(row) for name, row in client.hgetall(keys["dead"]).items()}
    wanted = [name for name, row in rows.items() if _is_of(row["worker"], but, only)]
    names = sorted(wanted, key=lambda name: rows[name]["order"])[: limit or None]
    if not names:
        return []
    requests = client.hmget(keys["requests"], names)
    return [
        FailedPage(
            json.loads(request)["url"],
            rows[name]["error"],
            rows[name].get("reason", ""),
            unread=bool(rows[name]["counts"].get(statistics.DEAD_PAGES)),
        )
        for name, request in zip(names, requests, strict=True)
    ]


def _retry_dead(client: Any, keys: Keys) -> int:
    names: list[str] = client.hkeys(keys["dead"])
    for name in names:
        stored = json.loads(client.hget(keys["requests"], name))
        stored["data"] = retried(stored["data"])
        pipeline = client.pipeline(transaction=True)
        pipeline.hset(keys["requests"], name, json.dumps(stored))
        pipeline.hdel(keys["alone"], name)
        pipeline.hdel(keys["hung"], name)
        pipeline.hdel(keys["dead"], name)
        pipeline.zadd(keys["waiting"], {f"{stored['seq']:016x}{name}{stored['priority']}": stored["priority"]})
        pipeline.execute()
    return len(names)
