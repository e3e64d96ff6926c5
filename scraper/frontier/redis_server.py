"""The Redis that keeps requests: how it is reached, what it says, and whether it keeps anything at all."""

from __future__ import annotations

import re
import time
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from redis.exceptions import (
    AskError,
    AuthenticationError,
    BusyLoadingError,
    ClusterDownError,
    ConnectionError,
    MasterDownError,
    MovedError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TimeoutError,
    TryAgainError,
)

from scraper.errors import ConfigError, DatabaseError, DatabaseLostError
from scraper.frontier.redis_nodes import EXPECTED, RedisNodes

if TYPE_CHECKING:
    from collections.abc import Callable

    from scraper.core.config.sections import FrontierConfig

T = TypeVar("T")

TRIES, FIRST_WAIT_S, LONGEST_WAIT_S = 6, 0.5, 8
"""How often a piece of work is done when the connection breaks; the wait doubles each time, 15 s in all."""

TRIES_OF_MANY = 9
"""The same where another server may take over, which takes its time: 40 s in all."""

REPLICAS_S = 5
"""How long the replicas of `[frontier] redis_replicas` may take to confirm a write."""

_OUTAGES = (ConnectionError, TimeoutError, BusyLoadingError)
_TAKEN_OVER = (MovedError, AskError, TryAgainError, ClusterDownError, MasterDownError, ReadOnlyError)
_MAY_PASS = (*_OUTAGES, *_TAKEN_OVER)

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
        try:
            self._nodes = RedisNodes.of(self._url)
        except ValueError:
            raise ConfigError(f"[frontier] redis_url '{self.address}' cannot be used: {EXPECTED}") from None
        self._replicas = config.redis_replicas
        self._reached = False

    @property
    def address(self) -> str:
        """The address without a password."""
        return mask(self._url)

    def do(self, work: Callable[[Any], T], key: str = "") -> T:
        """Return what `work` does with a client of the server that has `key`, which answers with texts.

        In a short outage, or when another server takes over, it is done again from its beginning, so it must change
        nothing when it was done before. Raise DatabaseError after the last try, or at once when Redis never answered.
        """
        tries = (TRIES_OF_MANY if self._nodes.kind else TRIES) if self._reached else 1
        for number in range(tries):
            try:
                return self._once(work, key)
            except RedisError as error:
                if number == tries - 1 or not _may_pass(error):
                    raise self._failure(error) from error
                self._nodes.forget()
                time.sleep(min(FIRST_WAIT_S * 2**number, LONGEST_WAIT_S))
        raise AssertionError("the last try returns or raises")

    def _once(self, work: Callable[[Any], T], key: str) -> T:
        client = self._nodes.primary(key)
        if not self._reached:
            client.ping()
            self._reached = True
        try:
            if not self._replicas:
                return work(client)
            # WAIT is about what its own connection has written.
            with client.client() as one:
                done = work(one)
                confirmed = int(one.execute_command("WAIT", self._replicas, REPLICAS_S * 1000))
        except ResponseError as error:
            # What a replica says, such as that it knows nothing of a run or cannot wait, says nothing about the run.
            if self._nodes.kind and client.role()[0] != "master":
                raise ConnectionError("it is no primary any more") from error
            raise
        if confirmed < self._replicas:
            raise ConnectionError(f"{confirmed} of [frontier] redis_replicas = {self._replicas} confirmed a write")
        return done

    def _failure(self, error: RedisError) -> DatabaseError:
        return (DatabaseLostError if self._reached else DatabaseError)(self._explain(error))

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
            alone = bool(self._nodes.kind) and not self._replicas
            return [f"Redis at {self.address} {what}" for what in _doubts(found, takes_over_alone=alone)]

        return self.do(read)

    def _explain(self, error: RedisError) -> str:
        reason = mask(" ".join(str(error).split()))[:300]
        what = f"Redis at {self.address}"
        if FORGOTTEN in reason:
            return (
                f"{what} no longer knows what it had confirmed: it was restarted or emptied, and keeps too little on "
                f"disk; set appendonly yes and appendfsync always, then crawl again"
            )
        if isinstance(error, MovedError) and not self._nodes.kind:
            return f"{what} is a node of a cluster: write redis+cluster://... into SWATHE_FRONTIER_REDIS_URL"
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


def _may_pass(error: RedisError) -> bool:
    """Return whether a fault is one of an outage, or of a server that another one has taken over from."""
    return isinstance(error, _MAY_PASS) and not isinstance(error, AuthenticationError)


def _doubts(found: dict[str, str], *, takes_over_alone: bool = False) -> list[str]:
    doubts = []
    if takes_over_alone:
        doubts.append(
            "may lose the last writes when a replica takes over: set [frontier] redis_replicas to 1, so that a replica "
            "has each write before it counts"
        )
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
