"""The Redis that keeps requests: how it is reached, what it says, and whether it keeps anything at all."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from redis import Redis
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.exceptions import AuthenticationError, ConnectionError, RedisError, ResponseError, TimeoutError
from redis.retry import Retry

from scraper.errors import ConfigError, DatabaseError, DatabaseLostError

if TYPE_CHECKING:
    from collections.abc import Callable

    from scraper.core.config.sections import FrontierConfig

T = TypeVar("T")

TRIES, FIRST_WAIT_S, LONGEST_WAIT_S = 5, 0.5, 8
"""How often a command is sent again when the connection breaks; the wait doubles each time, 15 s in all."""

CONNECT_S, ANSWER_S = 5, 30

FORGOTTEN = "FORGOTTEN"
"""What the scripts answer when Redis does not know what it had confirmed."""


class RedisServer:
    """One Redis; what goes wrong there becomes a DatabaseError of one line, without a password."""

    def __init__(self, config: FrontierConfig) -> None:
        self._url = config.redis_url.get_secret_value()
        if not self._url:
            raise ConfigError(
                "[frontier] backend is redis and redis_url is empty: "
                "set SWATHE_FRONTIER_REDIS_URL, for example to redis://127.0.0.1:6379/0"
            )
        patient = Retry(ExponentialBackoff(LONGEST_WAIT_S, FIRST_WAIT_S), TRIES)
        self._client, self._impatient = self._made(patient), self._made(Retry(NoBackoff(), 0))
        self._reached = False

    @property
    def address(self) -> str:
        """The address without a password."""
        return mask(self._url)

    def do(self, work: Callable[[Any], T]) -> T:
        """Return what `work` does with a client, which answers with texts, through short outages.

        Raise DatabaseError after them, or at once when Redis has never answered.
        """
        try:
            if not self._reached:
                self._impatient.ping()
                self._reached = True
            return work(self._client)
        except RedisError as error:
            kind = DatabaseLostError if self._reached else DatabaseError
            raise kind(self._explain(error)) from error

    def doubts(self) -> list[str]:
        """Return what is wrong with how Redis keeps its data, one line each."""

        def read(client: Any) -> list[str]:
            try:
                found = client.config_get("appendonly", "appendfsync", "maxmemory-policy")
            except ResponseError as error:
                why = str(error).split(" ")[0]
                return [
                    f"whether Redis at {self.address} keeps its data could not be checked: CONFIG is refused ({why})"
                ]
            return [f"Redis at {self.address} {what}" for what in _doubts(found)]

        return self.do(read)

    def _made(self, retry: Retry) -> Redis:
        try:
            return Redis.from_url(
                self._url, decode_responses=True, retry=retry, socket_connect_timeout=CONNECT_S, socket_timeout=ANSWER_S
            )
        except ValueError:
            raise ConfigError(
                f"[frontier] redis_url '{self.address}' cannot be used: expected redis://:password@host:6379/0, "
                f"rediss://... for TLS, or unix:///path/to/socket"
            ) from None

    def _explain(self, error: RedisError) -> str:
        reason = mask(" ".join(str(error).split()))[:300]
        what = f"Redis at {self.address}"
        if FORGOTTEN in reason:
            return (
                f"{what} no longer knows what it had confirmed: it was restarted or emptied, and keeps too little on "
                f"disk; set appendonly yes and appendfsync always, then crawl again"
            )
        if isinstance(error, AuthenticationError):
            return f"{what} refused the user or the password: correct them in SWATHE_FRONTIER_REDIS_URL"
        if isinstance(error, ConnectionError | TimeoutError):
            return f"{what} does not answer ({reason}): start it, or correct SWATHE_FRONTIER_REDIS_URL"
        return f"{what} answered: {reason}"


@cache
def redis_server(config: FrontierConfig) -> RedisServer:
    """Return this process's Redis for a configuration."""
    return RedisServer(config)


def mask(text: str) -> str:
    """Hide the passwords of addresses in a text.

    >>> mask("redis://ann:s3cr@t@db.example:6379/0")
    'redis://ann:***@db.example:6379/0'
    """
    hidden = re.sub(r"(\w+://[^:/@\s]*):\S*@", r"\1:***@", text)
    return re.sub(r"(password=)[^&\s]*", r"\1***", hidden)


def _doubts(found: dict[str, str]) -> list[str]:
    doubts = []
    if found.get("appendonly") != "yes":
        doubts.append("does not keep its data (appendonly is no): when it restarts, the crawl must begin anew")
    elif found.get("appendfsync") != "always":
        doubts.append(
            f"may forget the last seconds with its machine (appendfsync is {found.get('appendfsync')}): "
            f"the crawl would then stop and go on from before; appendfsync always does not"
        )
    if (policy := found.get("maxmemory-policy", "noeviction")) != "noeviction":
        doubts.append(f"may throw requests away when its memory is full: set maxmemory-policy noeviction, not {policy}")
    return doubts
