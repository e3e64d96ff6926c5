"""Work with MongoDB through broken connections, and what becomes of it when MongoDB stays away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pymongo.errors import AutoReconnect, OperationFailure
from support import configured

from scraper.errors import DatabaseError, DatabaseLostError
from scraper.storage import outage
from scraper.storage.connection import Connection
from scraper.storage.outage import FIRST_WAIT_S, TRIES, UntilLost, through_breaks

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock:
    """Waits of a process, in seconds, that take no time."""

    def __init__(self) -> None:
        self.waited: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Note a wait."""
        self.waited.append(seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(outage, "time", clock)
    return clock


@pytest.fixture
def connection(server: Any, data_dir: Any) -> Connection:
    return Connection(configured(SWATHE_MONGODB_DATA_DIR=str(data_dir)).mongodb)


def breaks(times: int, error: Exception | None = None) -> tuple[Callable[[], str], list[int]]:
    """Return work that does not succeed so many times, and the list of its tries."""
    tries: list[int] = []

    def work() -> str:
        tries.append(len(tries))
        if len(tries) <= times:
            raise error or AutoReconnect("broken")
        return "done"

    return work, tries


@pytest.mark.parametrize("times", [0, 1, TRIES - 1])
def test_work_is_tried_again_and_each_wait_is_twice_as_long(connection: Connection, clock: Clock, times: int) -> None:
    work, tries = breaks(times)
    assert through_breaks(connection, work) == "done"
    assert len(tries) == times + 1
    assert clock.waited == [FIRST_WAIT_S * 2**number for number in range(times)]
    assert sum(clock.waited) <= 15.5


def test_a_connection_that_stays_broken_is_given_up(connection: Connection, clock: Clock) -> None:
    work, tries = breaks(99)
    with pytest.raises(AutoReconnect):
        through_breaks(connection, work)
    assert len(tries) == TRIES


def test_what_mongodb_refuses_is_not_asked_for_again(connection: Connection, clock: Clock) -> None:
    work, tries = breaks(1, OperationFailure("not authorized", 13))
    with pytest.raises(OperationFailure):
        through_breaks(connection, work)
    assert (len(tries), clock.waited) == (1, [])


def test_once_mongodb_is_lost_nothing_waits_for_it_again(connection: Connection, clock: Clock) -> None:
    until_lost = UntilLost(connection, "the batch is not stored")
    assert until_lost.do(breaks(2)[0]) == "done"
    work, tries = breaks(99)
    with pytest.raises(DatabaseLostError, match="the batch is not stored: MongoDB at ") as lost:
        until_lost.do(work)
    assert isinstance(lost.value.__cause__, AutoReconnect)
    assert len(tries) == TRIES
    later, asked = breaks(0)
    with pytest.raises(DatabaseLostError) as again:
        until_lost.do(later)
    assert again.value is lost.value
    assert asked == []


def test_an_error_that_is_explained_already_is_the_one_that_counts(connection: Connection, clock: Clock) -> None:
    until_lost, why = UntilLost(connection, "nothing is stored"), DatabaseError("the embedded server does not start")
    with pytest.raises(DatabaseError) as first:
        until_lost.do(breaks(1, why)[0])
    with pytest.raises(DatabaseError) as second:
        until_lost.do(breaks(0)[0])
    assert first.value is second.value is why


def test_another_error_is_the_caller_s_and_loses_nothing(connection: Connection, clock: Clock) -> None:
    until_lost = UntilLost(connection, "nothing is stored")
    with pytest.raises(LookupError):
        until_lost.do(breaks(1, LookupError())[0])
    assert until_lost.do(breaks(0)[0]) == "done"
