"""Cookies of a browser, from the file that it or an extension of it writes."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from scraper.errors import UsageError
from scraper.fetch.http.cookie_files import read_cookies

if TYPE_CHECKING:
    from pathlib import Path

    from support import Swathe


LATER = int(time.time()) + 86_400


LINES = f"""# Netscape HTTP Cookie File
#HttpOnly_.x.org\tTRUE\t/\tTRUE\t{LATER}\tsession\ts3cret
shop.x.org\tFALSE\t/\tFALSE\t0\town\t1
x.org\tFALSE\t/\tFALSE\t{LATER}\tnot-below\t1
.y.org\tTRUE\t/\tFALSE\t{LATER}\tother\t1
.x.org\tTRUE\t/\tFALSE\t5\told\t1
"""


ROWS: list[dict[str, Any]] = [
    {"name": "session", "value": "s3cret", "domain": ".x.org", "expirationDate": LATER, "secure": True},
    {"name": "own", "value": "1", "domain": "shop.x.org", "session": True},
    {"name": "other", "value": "1", "domain": ".y.org"},
]


@pytest.mark.parametrize(
    "text", [LINES, json.dumps(ROWS), json.dumps({"cookies": ROWS})], ids=["txt", "json", "object"]
)
def test_the_cookies_that_a_browser_would_send_are_taken_from_its_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "c").write_text(text)
    found = {cookie.name: cookie for cookie in read_cookies(tmp_path / "c", "shop.x.org")}
    assert set(found) == {"session", "own"}
    assert (found["session"].domain, found["session"].secure, found["own"].domain) == (".x.org", True, "shop.x.org")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "holds 0 cookies, and none for x.org"),
        ("a\tb\ts3cret", "line 1 has 3 fields"),
        ("[1]", "is another JSON"),
        ("{", "is no JSON"),
        (LINES.replace("x.org", "z.org"), "holds 5 cookies, and none for x.org that is still good"),
        ("\udcff", "cannot be read"),
    ],
)
def test_a_file_without_cookies_for_the_site_is_one_clear_line(tmp_path: Path, text: str, line: str) -> None:
    (tmp_path / "c").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(UsageError) as fault:
        read_cookies(tmp_path / "c", "x.org")
    assert line in str(fault.value)
    assert "s3cret" not in str(fault.value)


def test_cookies_of_a_browser_are_imported_for_a_spider_that_keeps_its_login(swathe: Swathe, tmp_path: Path) -> None:
    file = tmp_path / "cookies.txt"
    file.write_text(LINES)
    done = swathe("logins", "import", "quotes-login", str(file), "--start", "https://shop.x.org/quotes/")
    assert "2 cookies for https://shop.x.org kept, encrypted" in done.out
    assert "spider 'books' does not log in" in swathe("logins", "import", "books", str(file), code=2).error_line
