"""Signals reach a process that watches others one by one, and do afterwards what they did before."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING

import pytest

from scraper.runs.signals import STOPS, Signals

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG_S = 60


@pytest.fixture
def signals() -> Iterator[Signals]:
    signals = Signals()
    yield signals
    signals.restore()


def test_a_signal_is_told_at_once_and_once(signals: Signals) -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    began = time.monotonic()
    assert signals.wait(LONG_S) == [signal.SIGTERM]
    assert time.monotonic() - began < LONG_S / 2
    assert signals.wait(0) == []


def test_signals_that_come_before_the_next_look_are_all_told_in_their_order(signals: Signals) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT, signal.SIGTSTP):
        os.kill(os.getpid(), number)
    assert signals.wait(LONG_S) == [signal.SIGINT, signal.SIGTERM, signal.SIGINT, signal.SIGTSTP]


def test_more_signals_than_the_pipe_is_read_for_do_not_keep_it_from_waiting(signals: Signals) -> None:
    for _ in range(1500):
        os.kill(os.getpid(), signal.SIGCHLD)
    told = len(signals.wait(LONG_S))
    while signals.wait(0):
        told += 1
    assert told == 1500
    signals.wait(0)
    began = time.monotonic()
    assert signals.wait(0.05) == []
    assert time.monotonic() - began >= 0.04, "what woke it before is forgotten"


def test_a_signal_while_it_waits_ends_the_wait(signals: Signals) -> None:
    began = time.monotonic()
    sender = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGHUP))
    sender.start()
    assert signals.wait(LONG_S) == [signal.SIGHUP]
    assert time.monotonic() - began < LONG_S / 2
    sender.join()


def test_what_was_ignored_stays_ignored_and_all_is_as_before_in_the_end() -> None:
    kinds = (*STOPS, signal.SIGTSTP, signal.SIGCHLD)
    hangup = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        before = {number: signal.getsignal(number) for number in kinds}
        signals = Signals()
        assert signal.getsignal(signal.SIGTERM) != before[signal.SIGTERM]
        os.kill(os.getpid(), signal.SIGHUP)
        assert signals.wait(0) == [], "as under nohup"
        signals.restore()
        assert {number: signal.getsignal(number) for number in kinds} == before
        assert signal.set_wakeup_fd(-1) == -1
    finally:
        signal.signal(signal.SIGHUP, hangup)
