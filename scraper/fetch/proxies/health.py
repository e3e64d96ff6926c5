"""Keep the health of proxies in MongoDB, where the workers of a crawl share it with each other and the next crawl."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.proxies import ProxyHealth
from models.record import schema_of
from scraper.storage.outage import UntilLost

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scraper.storage.connection import Connection

FIRST_COOL_DOWN = 5
"""The first cool-down as a multiple of `[politeness] backoff_s`; each further one in a row is twice as long."""

_LONGEST_WHY = 200


@dataclass(frozen=True)
class Standing:
    """How a proxy is, as a whole or towards one host."""

    failures: int = 0
    why: str = ""
    cools_until_s: float = 0.0
    """By `time.monotonic()`."""

    @property
    def cooling_s(self) -> float:
        """How long others are still preferred, in seconds; 0 for one that may be used."""
        return max(self.cools_until_s - time.monotonic(), 0.0)


class HealthStore:
    """The documents of proxies. Every method blocks, and raises DatabaseError when MongoDB is lost."""

    def __init__(self, connection: Connection, backoff_s: float, max_wait_s: float) -> None:
        self._connection = connection
        self._first_s, self._most_s = FIRST_COOL_DOWN * backoff_s, max_wait_s
        self._until_lost = UntilLost(connection, "the health of proxies cannot be kept")

    def read(self, keys: Iterable[str]) -> Mapping[str, Standing]:
        """Return how proxies are, by key; what has not failed is left out."""
        stages = [
            {"$match": {"_id": {"$in": list(keys)}, "failures": {"$gt": 0}}},
            {"$set": {"left_ms": {"$subtract": ["$cools_until", "$$NOW"]}}},
        ]
        rows = self._until_lost.do(lambda: list(self._proxies().aggregate(stages)))
        now_s = time.monotonic()
        return {row["_id"]: Standing(row["failures"], row["why"], now_s + row["left_ms"] / 1000) for row in rows}

    def fail(self, key: str, why: str) -> None:
        """Note that a proxy failed. What comes in while it cools down was sent before, and counts as one failure."""
        doubled = {"$multiply": [1000 * self._first_s, {"$pow": [2, {"$min": ["$failures", 30]}]}]}
        until = {"$add": ["$$NOW", {"$toLong": {"$min": [doubled, 1000 * self._most_s]}}]}
        fresh = {"$or": [{"$eq": [{"$ifNull": ["$failures", 0]}, 0]}, {"$lte": ["$cools_until", "$$NOW"]}]}
        counted = [
            {"$set": {"failures": {"$ifNull": ["$failures", 0]}, "is_new": fresh}},
            {"$set": {"cools_until": {"$cond": ["$is_new", until, "$cools_until"]}}},
            {
                "$set": {
                    "failures": {"$add": ["$failures", {"$cond": ["$is_new", 1, 0]}]},
                    "why": {"$literal": why[:_LONGEST_WHY]},
                    "failed_at": "$$NOW",
                }
            },
            {"$unset": "is_new"},
        ]
        self._until_lost.do(lambda: self._proxies().update_one({"_id": key}, counted, upsert=True))

    def well(self, keys: Iterable[str]) -> None:
        """Note that proxies passed a request on again."""
        better = [{"$set": {"failures": 0, "cools_until": None, "well_at": "$$NOW"}}]
        failed = {"_id": {"$in": list(keys)}, "failures": {"$gt": 0}}
        self._until_lost.do(lambda: self._proxies().update_many(failed, better))

    def _proxies(self) -> Any:
        return self._connection.open()[schema_of(ProxyHealth).collection]
