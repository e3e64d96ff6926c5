"""Do a piece of work with MongoDB through broken connections."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from pymongo.errors import AutoReconnect, PyMongoError

from scraper.errors import DatabaseError, DatabaseLostError
from scraper.storage.connection import explain

if TYPE_CHECKING:
    from collections.abc import Callable

    from scraper.storage.connection import Connection

T = TypeVar("T")

TRIES, FIRST_WAIT_S = 6, 0.5
"""How often the work is tried when the connection breaks; the wait doubles each time, 15 s in all."""


def through_breaks(connection: Connection, work: Callable[[], T]) -> T:
    """Return what `work` returns, trying it again when the connection breaks and reviving the embedded server.

    Raise what `work` raises: AutoReconnect after the last try. Blocks.
    """
    for attempt in range(TRIES - 1):
        try:
            return work()
        except AutoReconnect:
            time.sleep(FIRST_WAIT_S * 2**attempt)
            connection.revive()
    return work()


class UntilLost:
    """Work with MongoDB through broken connections until it stays away; then whatever comes fails at once.

    For a crawl that is being ended: not everything that is under way is to wait again.
    """

    def __init__(self, connection: Connection, consequence: str) -> None:
        self._connection, self._consequence = connection, consequence
        self._lost: DatabaseError | None = None

    def do(self, work: Callable[[], T]) -> T:
        """Return what `work` returns; raise DatabaseError, saying the consequence, when MongoDB is lost. Blocks."""
        if self._lost is not None:
            raise self._lost
        try:
            return through_breaks(self._connection, work)
        except PyMongoError as error:
            what = explain(error, self._connection.address)
            self._lost = DatabaseLostError(f"{self._consequence}: {what}")
            raise self._lost from error
        except DatabaseError as error:
            self._lost = error
            raise
