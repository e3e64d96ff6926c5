"""The rules of politeness on their own: delays, pauses, the breaker, budgets, and what sites send to confuse them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from protego import _protego

from models.hosts import Host
from scraper.fetch.politeness import rules
from scraper.fetch.politeness.host import host_of
from scraper.fetch.politeness.middleware import retry_after_s
from scraper.fetch.politeness.robots_file import FIELDS, MOST_BYTES, RobotsFile
from scraper.fetch.politeness.terms import HostAnswer, HostUse, Limits, Terms

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
LIMITS = Limits(max_delay_s=60, max_wait_s=300, backoff_s=1)
SITE = Terms("example.org", delay_s=1.0, concurrency=1)
NEAR = Terms("127.0.0.1:8100", delay_s=0.0, concurrency=16)
WELL, TOO_MANY, BROKEN = HostAnswer(200), HostAnswer(429, "answered 429"), HostAnswer(500, "answered 500")


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def blocked_s(host: Host, now: datetime, terms: Terms = SITE) -> float:
    return rules.pace_of(host, terms, LIMITS, "me", now).blocked_s


def test_turns_are_spaced_by_the_delay_give_or_take_half() -> None:
    host = Host(host="example.org")
    starts = [start for _ in range(20) for start in rules.reserve(host, NOW, SITE, LIMITS, 5)]
    gaps = [after - before for before, after in pairwise(starts)]
    assert starts[0] == 0
    assert 0.5 <= min(gaps) <= max(gaps) <= 1.5
    assert len({round(gap, 3) for gap in gaps}) > 50


def test_a_clock_that_jumps_back_lengthens_no_wait() -> None:
    host = Host(host="example.org")
    rules.reserve(host, NOW, SITE, LIMITS, 3)
    rules.note(host, NOW, SITE, LIMITS, HostAnswer(503, "answered 503", asked_s=20))
    assert blocked_s(host, later(-3600)) == pytest.approx(20, abs=0.1)
    host.blocked_until = None
    assert rules.reserve(host, later(-3600), SITE, LIMITS, 1)[0] <= 4.5


def test_sixteen_refusals_at_once_are_one_complaint() -> None:
    host = Host(host=NEAR.host)
    for number in range(16):
        rules.note(host, later(number / 100), NEAR, LIMITS, TOO_MANY, age_s=0.2)
    assert (host.throttled, host.learned_delay_s) == (1, rules.FIRST_DELAY_S)
    rules.note(host, later(5), NEAR, LIMITS, TOO_MANY)
    assert (host.throttled, host.learned_delay_s) == (2, rules.FIRST_DELAY_S * rules.SLOWER)


def test_the_delay_of_a_host_that_keeps_complaining_stays_below_the_limit() -> None:
    host = Host(host="example.org")
    for number in range(50):
        rules.note(host, later(1000 * number), SITE, LIMITS, TOO_MANY)
    assert host.learned_delay_s == LIMITS.max_delay_s
    assert blocked_s(host, later(1000 * 49)) <= LIMITS.max_wait_s
    assert len(host.problems) == rules.KEPT


def test_the_delay_recovers_slowly_and_not_to_what_was_too_short() -> None:
    host = Host(host=NEAR.host)
    rules.note(host, NOW, NEAR, LIMITS, TOO_MANY)
    rules.settle(host, later(1), NEAR, HostUse(well=1000))
    assert host.learned_delay_s == rules.FIRST_DELAY_S, "not at once"
    seen = []
    for minute in range(60):
        rules.settle(host, later(60 * minute + 60), NEAR, HostUse(well=40))
        seen.append(host.learned_delay_s)
    assert seen[0] == pytest.approx(rules.FIRST_DELAY_S * 0.9)
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] == host.bad_delay_s * rules.MARGIN > 0.2
    for minute in range(60):
        rules.settle(host, later(86_400 + 60 * minute), NEAR, HostUse(well=40))
    assert host.learned_delay_s == 0, "a day later it may be tried again"


def test_a_pause_that_the_site_asks_for_is_kept_whatever_else_it_says() -> None:
    host = Host(host="example.org")
    rules.note(host, NOW, SITE, LIMITS, HostAnswer(429, "answered 429", asked_s=120))
    rules.note(host, NOW, SITE, LIMITS, HostAnswer(429, "answered 429", asked_s=5))
    assert blocked_s(host, NOW) == pytest.approx(120, abs=0.1)
    assert rules.reserve(host, later(119), SITE, LIMITS, 1) == []
    assert rules.reserve(host, later(121), SITE, LIMITS, 1) == [0]
    rules.note(host, later(200), SITE, LIMITS, HostAnswer(429, "answered 429", asked_s=999999999))
    assert blocked_s(host, later(200)) == rules.LONGEST_BLOCK_S
    assert "asked to wait 999999999 s" in rules.pace_of(host, SITE, LIMITS, "me", later(201)).blocked_why


def test_a_host_that_fails_is_left_alone_and_then_tried_with_one_request() -> None:
    host, now = Host(host="example.org"), NOW
    for _ in range(rules.BREAKER_AFTER - 1):
        rules.note(host, now, SITE, LIMITS, BROKEN)
    assert host.breaker == "closed"
    for opening in range(1, 4):
        rules.note(host, now, SITE, LIMITS, HostAnswer(0, "gave no answer: refused"))
        assert (host.breaker, host.openings) == ("open", opening)
        open_s = blocked_s(host, now)
        assert open_s == rules.FIRST_OPENING * 2 ** (opening - 1)
        now += timedelta(seconds=open_s + 1)
        assert len(rules.reserve(host, now, SITE, LIMITS, 5)) == 1
        assert rules.reserve(host, now, SITE, LIMITS, 5) == [], "until it is known how that went"
    rules.note(host, now, SITE, LIMITS, HostAnswer(404))
    assert (host.breaker, host.failures, host.openings, blocked_s(host, now)) == ("closed", 0, 0, 0)


def test_a_request_that_tries_a_failed_host_and_is_never_heard_of_again_is_followed_by_another() -> None:
    host = Host(host="example.org", breaker="open", openings=2)
    assert len(rules.reserve(host, NOW, SITE, LIMITS, 1)) == 1
    assert len(rules.reserve(host, later(rules.TRIAL.total_seconds() + 1), SITE, LIMITS, 1)) == 1


def test_no_more_requests_than_the_budget_are_given_and_the_next_day_has_its_own() -> None:
    host, limits = Host(host="example.org"), Limits(60, 300, 1, daily_requests=7)
    given = [len(rules.reserve(host, NOW, SITE, limits, 3)) for _ in range(4)]
    assert given == [3, 3, 1, 0]
    assert rules.pace_of(host, SITE, limits, "me", NOW).used_up
    assert not rules.pace_of(host, SITE, limits, "me", later(86_400)).used_up
    assert len(rules.reserve(host, later(86_400), SITE, limits, 3)) == 3


def test_processes_share_what_may_be_under_way_and_one_that_is_gone_has_no_share() -> None:
    host = Host(host=NEAR.host, processes={"a": NOW, "b": NOW, "c": NOW, "gone": later(-6)})
    assert [rules.share_of(host, NEAR, name, NOW) for name in "abc"] == [6, 5, 5]
    assert rules.share_of(host, SITE, "b", NOW) == 1, "everyone has one"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0), ("7", 7), (" 120 ", 120), ("999999999", 999_999_999), ("9" * 400, 999_999_999_999),
        ("Sat, 21 Nov 2026 12:00:30 GMT", 30), ("Saturday, 21-Nov-26 12:00:30 GMT", 30),
        ("Sat Nov 21 12:00:30 2026", 30), ("Sat, 21 Nov 2020 12:00:00 GMT", 0),
        ("-1", None), ("tomorrow", None), ("", None), ("1.5", None), ("٣", None), ("Sat, 99 Foo 2026", None),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date_and_anything_else_says_nothing(header: str, seconds: float | None) -> None:
    assert retry_after_s(header, NOW) == seconds


@pytest.mark.parametrize(
    ("lines", "delay_s"),
    [
        ("Crawl-delay: 3", 3), ("Crawl-delay: 0.5", 0.5), ("Crawl-delay: abc", 0), ("Crawl-delay: -5", 0),
        ("Crawl-delay: 1e9", 1e9), ("Crawl-delay: nan", 0), ("Request-rate: 1/5", 5), ("Request-rate: 30/1m", 2),
        ("Request-rate: 0/5", 0),
        (f"Request-rate: 1/{'9' * 1000}", 0), (f"Request-rate: {'9' * 1000}/1", 0),
        (f"Request-rate: 1/{'9' * 5000}", 0),
        (f"Crawl-delay: {'9' * 1000}", 0), ("Crawl-delay: 1\nRequest-rate: 1/10s", 10), ("Disallow: /private/", 0),
    ],
)  # fmt: skip
def test_the_delay_of_a_robots_txt_is_the_longer_one_it_asks_for(lines: str, delay_s: float) -> None:
    file = RobotsFile.read(f"User-agent: other\nCrawl-delay: 99\n\nUser-agent: *\n{lines}\n".encode())
    assert file.delay_s("Swathe/1 (+https://me.test)") == delay_s


def test_a_robots_txt_of_10_mb_is_read_to_500_kib_and_no_rule_is_cut_in_half() -> None:
    head = b"\xef\xbb\xbfUser-agent: *\nDisallow: /private/\n"
    line = b"Disallow: /a/very/long/path\n"
    body = head + line * (MOST_BYTES // len(line) + 1) + b"Disallow: /\n" + line * 350_000
    file = RobotsFile.read(body)
    assert not file.allowed("http://example.org/private/x", "Swathe")
    assert file.allowed("http://example.org/a/very/", "Swathe")
    assert "has 10" in file.remark


@pytest.mark.parametrize("page", [b"<!doctype html>\nDisallow: /", b"\xef\xbb\xbf\n <html>User-agent: *\nDisallow: /"])
def test_a_robots_txt_that_is_html_has_no_rules_and_a_remark(page: bytes) -> None:
    file = RobotsFile.read(page)
    assert file.allowed("http://example.org/", "Swathe")
    assert "HTML" in file.remark


@pytest.mark.parametrize("first", ["<!-- rules -->", "# <html>", "<html>", "<"])
def test_a_robots_txt_that_begins_oddly_but_names_an_agent_is_one(first: str) -> None:
    file = RobotsFile.read(f"{first}\nUser-agent: *\nDisallow: /private/\n".encode())
    assert not file.allowed("http://example.org/private/x", "Swathe")
    assert file.remark == ""


@pytest.mark.parametrize(
    "line", ["Noindex: /x", "Foo: bar", "Clean-param: ref /", "http://example.org: x", "<b>", "Foo:"]
)
def test_an_unknown_line_in_a_robots_txt_does_not_close_a_group(line: str) -> None:
    file = RobotsFile.read(
        f"User-agent: swathe\n{line}\nUser-agent: other\n{line}\nDisallow: /x\n{line}\nDisallow: /y".encode()
    )
    for agent in ("Swathe/1", "other"):
        assert [file.allowed(f"http://example.org/{path}", agent) for path in "xyz"] == [False, False, True]


def test_every_line_that_protego_knows_is_handed_to_it() -> None:
    assert set(FIELDS) == _protego._ALL_DIRECTIVES


@pytest.mark.parametrize("status", [429, 500, 503, 599])
def test_an_answer_that_leaves_the_rules_open_allows_nothing(status: int) -> None:
    file = RobotsFile.of_answer(status, b"User-agent: *\nAllow: /")
    assert not file.allowed("http://example.org/", "Swathe")
    assert RobotsFile.of_answer(404, b"User-agent: *\nDisallow: /").allowed("http://example.org/", "Swathe")
    assert not RobotsFile.of_answer(206, b"User-agent: *\nDisallow: /").allowed("http://example.org/", "Swathe")


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Example.org/a", "example.org"), ("http://example.org:80/", "example.org"),
        ("https://example.org:80/", "example.org:80"), ("http://u:p@127.0.0.1:8100/x", "127.0.0.1:8100"),
        ("http://[::1]/", "[::1]"), ("http://a:99999/", ""),
    ],
)  # fmt: skip
def test_a_host_has_its_port_when_that_is_not_the_usual_one(url: str, host: str) -> None:
    assert host_of(url) == host
