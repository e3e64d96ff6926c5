"""Cookies as browsers take them (RFC 6265)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from odd_site import Answer, Asked, OddSite, crawled, names, rows
from scrapy import Request
from scrapy.http import Response

from scraper.fetch.http.cookies import BrowserJar
from scraper.fetch.http.set_cookie import cookie_date_s

if TYPE_CHECKING:
    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]

NOON_S = 1_623_233_894
"""9 June 2021, 10:18:14 UTC."""


def sent(headers: list[str], url: str = "http://www.shop.example/a/b?c", there: str = "") -> str:
    """Return the Cookie header that goes to an address after an answer set cookies."""
    jar, request = BrowserJar(), Request(url)
    for cookie in jar.make_cookies(Response(url, headers={"Set-Cookie": headers}), request):
        jar.set_cookie_if_ok(cookie, request)
    after = Request(there or url)
    jar.add_cookie_header(after)
    return (after.headers.get("Cookie") or b"").decode()


@pytest.mark.parametrize(
    "attributes",
    [
        *(
            "Max-Age=",
            "Max-Age=x",
            "Max-Age=1.5",
            "Max-Age=+5",
            "Domain=",
            "Path=foo",
            "Path=",
            "Expires=",
            "Expires=soon",
        ),
        *(
            "Expires",
            "Secured",
            "SameSite=Whatever",
            ";;",
            "Domain=www.shop.example",
            "domain=.Shop.Example",
            "path=/a",
        ),
        *(
            "Max-Age=0; max-age=60",
            "Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=60",
            "Domain=other.example; Domain=",
        ),
        *("Version=1", "Expires=Wed, 09 Jun 2094 10:18:14", "Max-Age=99999999999999999999"),
    ],
)
def test_an_attribute_that_says_nothing_is_ignored_and_the_cookie_kept(attributes: str) -> None:
    expected = "" if "other" in attributes else "sid=abc"
    assert sent([f"sid=abc; {attributes}"]) == expected


@pytest.mark.parametrize(
    "header",
    [
        *("", "sid", "=abc", " = ", "; Path=/", "sid=abc; Domain=other.example", "sid=abc; Domain=op.example"),
        *(
            "sid=abc; Max-Age=0",
            "sid=abc; Max-Age=-1",
            "sid=abc; Expires=Thu, 01-Jan-70 00:00:00 GMT",
            "sid=abc; Secure",
        ),
        "sid=abc; Path=/other",
    ],
)
def test_what_sets_no_cookie_for_a_page_sends_none(header: str) -> None:
    assert sent([header]) == ""


@pytest.mark.parametrize(
    ("header", "url", "there", "expected"),
    [
        ('sid="a b,c"; HttpOnly', "http://h.example/", "", 'sid="a b,c"'),
        ("sid=a=b==", "http://h.example/", "", "sid=a=b=="),
        ("sid=1", "http://h.example/a/b", "http://h.example/a/c", "sid=1"),
        ("sid=1", "http://h.example/a/b", "http://h.example/c", ""),
        ("sid=1; Domain=h.example", "http://www.h.example/", "http://h.example/", "sid=1"),
        ("sid=1", "http://h.example/", "http://www.h.example/", ""),
        ("sid=1; Domain=", "http://h.example/", "http://www.h.example/", ""),
        ("sid=1; Domain=127.0.0.1", "http://127.0.0.1:81/", "http://127.0.0.1:82/", "sid=1"),
        ("sid=1; Domain=0.0.1", "http://127.0.0.1/", "", ""),
        ("sid=1; Domain=localhost; Path=/", "http://localhost/", "", "sid=1"),
        ("sid=1; Secure", "https://h.example/", "", "sid=1"),
        ("sid=1; Secure", "https://h.example/", "http://h.example/", ""),
    ],
)
def test_a_cookie_goes_where_a_browser_sends_it(header: str, url: str, there: str, expected: str) -> None:
    assert sent([header], url, there) == expected


def test_a_cookie_that_has_ended_takes_the_one_before_away() -> None:
    assert sent(["a=1", "b=2", "a=; Max-Age=0"]) == "b=2"
    jar, request = BrowserJar(), Request("http://h.example/")
    for header in ("a=1; Path=/", "a=deleted; Path=/; Expires=Thu, 01 Jan 1970 00:00:01 GMT"):
        for cookie in jar.make_cookies(Response(request.url, headers={"Set-Cookie": header}), request):
            jar.set_cookie_if_ok(cookie, request)
    assert len(jar) == 0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *((date, NOON_S) for date in ("Wed, 09 Jun 2021 10:18:14 GMT", "Wednesday, 09-Jun-21 10:18:14 GMT")),
        *((date, NOON_S) for date in ("Wed Jun  9 10:18:14 2021", "10:18:14 2021 june 9", "9 Jun 2021 10:18:14 +0200")),
        *((date, None) for date in ("9 Jun 2021", "Wed, 32 Jun 2021 10:18:14", "09 Jun 1500 10:18:14", "", "0")),
        *((date, None) for date in ("31 Feb 2021 10:18:14", "09 Foo 2021 10:18:14", "9 Jun 2021 25:18:14")),
    ],
)
def test_a_cookie_s_date_is_read_in_every_form(text: str, seconds: int | None) -> None:
    assert cookie_date_s(text) == seconds


@pytest.mark.parametrize(
    "lines", [("Set-Cookie: sid=abc; Max-Age=; Path=/",), ("Bad Name: x", "no colon", "Set-Cookie : sid=abc")]
)
def test_a_session_lasts_through_a_list_whatever_stands_around_its_cookie(
    swathe: Swathe, database: Mongo, lines: tuple[str, ...]
) -> None:
    def answer(asked: Asked) -> Answer | str:
        number = int(asked.query.get("page", "1"))
        if number > 1 and "sid=abc" not in asked.cookie:
            return "<html><body>Please enable cookies</body></html>"
        more = f'<a class=next href="/?page={number + 1}">Next</a>' if number < 3 else ""
        if number > 3:
            return Answer(status=404)
        return Answer(rows(names(5 * number - 4, 5 * number), more=more), lines=("\x01odd: x", *lines, ": y"))

    with OddSite(answer) as site:
        assert crawled(swathe, database, "rows", site.url) == (names(1, 15), "complete", [])
