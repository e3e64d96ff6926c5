"""Do a piece of work with MongoDB through broken connections."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from pymongo.errors import AutoReconnect

if TYPE_CHECKING:
    from collections.abc import Callable

    from scraper.mongo.connection import Connection

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
