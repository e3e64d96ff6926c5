"""Carry database work through a broken connection: a mongod that restarts, a network that stutters."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

from pymongo.errors import AutoReconnect

if TYPE_CHECKING:
    from collections.abc import Callable

    from scraper.mongo.connection import Connection

T = TypeVar("T")

TRIES, FIRST_WAIT_S = 6, 0.5
"""How often work is tried when the connection breaks; the wait doubles each time, 15 s in all."""


def through_breaks(connection: Connection, work: Callable[[], T]) -> T:
    """Do work that may be done twice, and again when the connection breaks, up to `TRIES` times in all. Blocks."""
    for attempt in range(TRIES - 1):
        try:
            return work()
        except AutoReconnect:
            time.sleep(FIRST_WAIT_S * 2**attempt)
            connection.revive()
    return work()
