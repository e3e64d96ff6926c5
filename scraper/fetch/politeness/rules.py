"""The rules of politeness, as functions that change a host's document. No clock and no database: both are given."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from models.hosts import HostProblem
from scraper.fetch.politeness.terms import Pace

if TYPE_CHECKING:
    from models.hosts import Host
    from scraper.fetch.politeness.terms import HostAnswer, HostUse, Limits, Terms

JITTER = 0.5
"""A delay is this share shorter or longer, at random."""

FIRST_DELAY_S = 0.5
"""The delay after the first 429 of a host that had none."""

SLOWER = 2.0
"""How many times as long the delay is after a 429."""

MARGIN = 1.25
"""A delay that was too short is kept away from by this factor, for REMEMBERED."""

REMEMBERED = timedelta(days=1)
EASED_EVERY, EASED_AFTER = timedelta(seconds=30), 30
"""The delay becomes a step shorter after this time and this many good answers, whichever is later."""

BREAKER_AFTER = 10
"""Failures in a row that open the breaker."""

FIRST_OPENING = 5
"""How many times `backoff_s` the breaker is open first."""

TRIAL = timedelta(seconds=90)
"""How long the one request of a half-open breaker may take before another is let through."""

LONGEST_BLOCK_S = 86_400.0
CLOCK_S = 0.05
"""By how much a process may mistake the server's time."""

KEPT = 5
ALIVE = timedelta(seconds=5)
"""A process that was not seen for this long has no share."""


def left_s(until: datetime | None, length_s: float, now: datetime) -> float:
    """Return the seconds until a time that was set `length_s` before it: never more, whatever the clock did."""
    return 0.0 if until is None else min(max((until - now).total_seconds(), 0.0), length_s)


def delay_of(host: Host, terms: Terms) -> float:
    """Return the seconds between two requests."""
    learned_s: float = host.learned_delay_s
    return max(terms.delay_s, terms.robots_delay_s or 0.0, learned_s)


def share_of(host: Host, terms: Terms, process: str, now: datetime) -> int:
    """Return how many requests a process may have under way: its part of all, and at least one."""
    alive = sorted({process} | {name for name, seen_at in host.processes.items() if now - seen_at < ALIVE})
    each, over = divmod(terms.concurrency, len(alive))
    return max(each + (alive.index(process) < over), 1)


def pace_of(host: Host, terms: Terms, limits: Limits, process: str, now: datetime) -> Pace:
    """Return how a process may crawl the host now."""
    blocked_s = left_s(host.blocked_until, host.blocked_s, now)
    return Pace(
        delay_of(host, terms),
        share_of(host, terms, process, now),
        blocked_s,
        (host.blocked_why or "") if blocked_s else "",
        host.breaker,
        host.failures,
        host.openings,
        host.throttled,
        host.problems[-1].what if host.problems else "",
        bool(limits.daily_requests),
        bool(limits.daily_requests) and host.day == _day(now) and host.requests_today >= limits.daily_requests,
    )


def reserve(host: Host, now: datetime, terms: Terms, limits: Limits, wanted: int) -> list[float]:
    """Give up to `wanted` requests their turn; return the seconds from now at which each may start, in order.

    None while the host is left alone, and one when the breaker is to be tried.
    """
    _begin_day(host, now)
    if left_s(host.blocked_until, host.blocked_s, now):
        return []
    if limits.daily_requests:
        wanted = min(wanted, limits.daily_requests - host.requests_today)
    if host.breaker != "closed":
        wanted = min(wanted, 1)
        host.breaker = "half-open"
        _block(host, now, TRIAL.total_seconds(), "is being tried again with one request")
    starts, ahead_s = [], left_s(host.next_at, host.booked_s, now)
    for _ in range(wanted):
        starts.append(ahead_s)
        ahead_s += delay_of(host, terms) * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311
    host.next_at, host.booked_s = now + timedelta(seconds=ahead_s), ahead_s
    host.requests_today += len(starts)
    return starts


def settle(host: Host, now: datetime, terms: Terms, tally: HostUse) -> None:
    """Write down what a process did and on what terms, and make a learned delay shorter when it is time."""
    _begin_day(host, now)
    host.requests_today += tally.asked
    host.successes += tally.well
    if easing_due(host, now):
        floor_s = _floor_s(host, now)
        step_s = max(host.bad_delay_s / 10, FIRST_DELAY_S / 10)
        host.learned_delay_s = max(host.learned_delay_s - step_s, floor_s)
        host.eased_at, host.successes = now, 0
    host.delay_s, host.robots_delay_s = delay_of(host, terms), terms.robots_delay_s
    host.concurrency = terms.concurrency


def is_settled(host: Host, now: datetime, terms: Terms) -> bool:
    """Return whether `settle` would change nothing but counts."""
    shown = (host.delay_s, host.robots_delay_s, host.concurrency)
    return shown == (delay_of(host, terms), terms.robots_delay_s, terms.concurrency) and not easing_due(host, now)


def easing_due(host: Host, now: datetime) -> bool:
    """Return whether the learned delay is to become shorter."""
    since = max((at for at in (host.slowed_at, host.eased_at) if at), default=None)
    return (
        host.learned_delay_s > _floor_s(host, now)
        and host.successes >= EASED_AFTER
        and (since is None or now - since >= EASED_EVERY)
    )


def note(host: Host, now: datetime, terms: Terms, limits: Limits, outcome: HostAnswer, age_s: float = 0.0) -> None:
    """Draw the consequences of one outcome, of a request that was sent `age_s` ago."""
    sent_at = now - timedelta(seconds=age_s)
    if outcome.asks_for_a_break:
        _throttle(host, now, terms, limits, outcome, sent_at)
    elif outcome.failed:
        _fail(host, now, limits, outcome)
    else:
        _close_breaker(host)
        if host.slowed_at is None or sent_at > host.slowed_at:
            host.throttled = 0
        return
    problem = HostProblem(at=now, what=outcome.what)
    host.problems = [*host.problems, problem][-KEPT:]


def _throttle(host: Host, now: datetime, terms: Terms, limits: Limits, outcome: HostAnswer, sent_at: datetime) -> None:
    _close_breaker(host)
    if host.slowed_at is None or sent_at > host.slowed_at:
        # What was sent before the host was slowed down says nothing new: sixteen refusals at once are one complaint.
        host.throttled += 1
        if outcome.status == 429:
            delay_s = delay_of(host, terms)
            host.bad_delay_s = max(delay_s, FIRST_DELAY_S / SLOWER)
            host.learned_delay_s = max(min(delay_s * SLOWER, limits.max_delay_s), FIRST_DELAY_S, delay_s)
        host.slowed_at, host.successes = now, 0
        # A pause of 0 s is no answer to the question when.
        wait_s = 0.0 if outcome.asked_s else min(limits.backoff_s * 2 ** (host.throttled - 1), limits.max_wait_s)
        _block(host, now, wait_s * random.uniform(1 - JITTER, 1), outcome.what)  # noqa: S311
    if outcome.asked_s:
        _block(host, now, outcome.asked_s + CLOCK_S, f"{outcome.what} and asked to wait {outcome.asked_s:.0f} s")


def _fail(host: Host, now: datetime, limits: Limits, outcome: HostAnswer) -> None:
    host.failures += 1
    if host.breaker == "half-open" or (host.breaker == "closed" and host.failures >= BREAKER_AFTER):
        host.breaker, host.openings = "open", host.openings + 1
        host.blocked_until = None
        open_s = min(limits.backoff_s * FIRST_OPENING * 2 ** (host.openings - 1), limits.max_wait_s)
        _block(host, now, open_s, f"failed {host.failures} times in a row, the last time it {outcome.what}")


def _close_breaker(host: Host) -> None:
    """Take the host for well again: it answers."""
    if host.breaker != "closed":
        host.blocked_until = None
    host.breaker, host.failures, host.openings = "closed", 0, 0


def _block(host: Host, now: datetime, length_s: float, why: str) -> None:
    """Leave the host alone for a while, unless it already is for longer."""
    length_s = min(length_s, LONGEST_BLOCK_S)
    if length_s > left_s(host.blocked_until, host.blocked_s, now):
        host.blocked_until, host.blocked_s, host.blocked_why = now + timedelta(seconds=length_s), length_s, why


def _floor_s(host: Host, now: datetime) -> float:
    """Return what the learned delay does not fall below."""
    remembered = host.slowed_at is not None and now - host.slowed_at < REMEMBERED
    return min(host.bad_delay_s * MARGIN, host.learned_delay_s) if remembered else 0.0


def _begin_day(host: Host, now: datetime) -> None:
    if host.day != _day(now):
        host.day, host.requests_today = _day(now), 0


def _day(now: datetime) -> str:
    return now.date().isoformat()
