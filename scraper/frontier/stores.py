"""Which store keeps the requests of a crawl: the one that the configuration names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scraper.frontier.mongo_backend import MongoFrontier
from scraper.frontier.mongo_runs import MongoRuns

if TYPE_CHECKING:
    from bson import ObjectId
    from pymongo.database import Database

    from scraper.core.config import Config
    from scraper.frontier.protocol import Backend, StoredRuns
    from scraper.storage.connection import Connection

REDIS = "redis"


def stored_runs(config: Config, database: Database[dict[str, Any]], backend: str = "") -> StoredRuns:
    """Return what is kept of runs in the store of that name, by default the configured one; raise DatabaseError."""
    if (backend or config.frontier.backend) == REDIS:
        # Only who keeps requests in Redis pays for the import of its client.
        from scraper.frontier.redis_runs import RedisRuns
        from scraper.frontier.redis_server import redis_server

        return RedisRuns(redis_server(config.frontier), config.mongodb.database)
    return MongoRuns(database)


def frontier_of(config: Config, connection: Connection, run: ObjectId, worker: str) -> Backend:
    """Return the requests of a run for one worker; raise ConfigError."""
    lease_s = config.frontier.lease_s
    if config.frontier.backend == REDIS:
        from scraper.frontier.redis_backend import RedisFrontier
        from scraper.frontier.redis_server import redis_server

        return RedisFrontier(redis_server(config.frontier), config.mongodb.database, run, worker, lease_s)
    return MongoFrontier(connection, run, worker, lease_s)


def doubts(config: Config) -> list[str]:
    """Return what speaks against the configured store keeping what it is given; raise DatabaseError without it."""
    if config.frontier.backend == REDIS:
        from scraper.frontier.redis_server import redis_server

        return redis_server(config.frontier).doubts()
    return []
