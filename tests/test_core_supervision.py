"""What a crawl and its supervisor share: who has the main thread, since when, and what is told of it."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from scraper.core.supervision import MOST_DATA, MOST_URL, HeldPage, SharedMemory, SharedRun, nobody_to_blame, supervised

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def memory() -> Iterator[SharedMemory]:
    memory = SharedMemory()
    yield memory
    memory._memory.close()


PAGE = HeldPage(b"\x01\xff", "http://h/1", '{"url": "http://h/1"}', priority=-3, seq=7)


def test_a_page_is_held_from_when_it_is_said_until_it_is_let_go(memory: SharedMemory) -> None:
    assert memory.held() is None
    before = time.monotonic()
    memory.hold(PAGE)
    held = memory.held()
    assert held is not None
    assert before <= held.since <= time.monotonic()
    assert (held.id, held.url, held.data, held.priority, held.seq) == (PAGE.id, PAGE.url, PAGE.data, -3, 7)
    memory.let_go()
    assert memory.held() is None


def test_the_next_page_takes_the_place_of_a_longer_one_before_it(memory: SharedMemory) -> None:
    memory.hold(HeldPage(b"\x01", "http://h/" + "long" * 99))
    memory.hold(HeldPage(b"\x02", "http://h/2"))
    held = memory.held()
    assert held is not None
    assert (held.id, held.url) == (b"\x02", "http://h/2")


def test_a_page_that_let_go_meanwhile_is_not_still_held(memory: SharedMemory) -> None:
    memory.hold(PAGE)
    seen = memory.held()
    assert seen is not None
    assert memory.is_still_held(seen)
    memory.let_go()
    assert not memory.is_still_held(seen)
    memory.hold(PAGE)
    assert not memory.is_still_held(seen), "the same page has begun anew"


def test_waiting_for_the_database_is_no_page_s_doing_and_its_time_begins_anew(memory: SharedMemory) -> None:
    memory.hold(PAGE)
    before = memory.held()
    with suppress(LookupError), memory.unheld():
        assert memory.held() is None
        raise LookupError
    after = memory.held()
    assert before is not None
    assert after is not None
    assert after.since > before.since
    memory.let_go()
    with memory.unheld():
        pass
    assert memory.held() is None, "who held nothing holds nothing after it"


def test_the_longest_page_has_room_and_a_request_without_room_is_left_out(memory: SharedMemory) -> None:
    longest = HeldPage(b"\xff" * 28, "\x01" * (MOST_URL + 1), '"' * (MOST_DATA - 1))
    memory.hold(longest)
    held = memory.held()
    assert held is not None
    assert (held.url, held.data) == (longest.url[:MOST_URL], longest.data)
    memory.hold(HeldPage(b"\xff", "http://h/", "x" * MOST_DATA))
    held = memory.held()
    assert held is not None
    assert held.data == ""


def test_a_page_that_is_just_being_written_is_not_told(memory: SharedMemory) -> None:
    memory.hold(PAGE)
    memory._memory[4096:4100] = b"\x00" * 4  # PAGE: how `_write` begins
    assert memory.held() is None


def test_the_next_process_finds_the_run_and_nothing_of_the_page(memory: SharedMemory) -> None:
    assert memory.run is None
    run = SharedRun("5f", "worker", durable=True, joined=False)
    memory.begin_run(run)
    memory.hold(PAGE)
    memory.count_end()
    memory.count_end()
    assert (memory.run, memory.ended) == (run, 2)
    memory.clear()
    assert (memory.run, memory.ended, memory.held(), memory.stack()) == (run, 0, None, "")


def test_who_is_not_supervised_waits_for_the_database_all_the_same() -> None:
    assert supervised() is None
    done = []
    with nobody_to_blame():
        done.append(1)
    assert done
