"""Logins that last: one login for many crawls, encrypted, and with the cookies of a browser."""

from __future__ import annotations

import json
import time
from http.cookiejar import Cookie
from typing import TYPE_CHECKING, Any

import pytest
from practice import PracticeServer
from support import configured

from scraper.errors import UsageError
from scraper.fetch.http.cookie_files import read_cookies
from scraper.fetch.http.set_cookie import cookie_of
from scraper.storage.connection import Connection
from scraper.storage.sessions import KEY_FILE, Sessions

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo.database import Database
    from support import Swathe


def logins(server: PracticeServer) -> int:
    return sum(request.path == "/quotes/login" and request.method == "POST" for request in server.requests)


def test_several_crawls_need_one_login_and_a_lost_session_another(swathe: Swathe, database: Database[Any]) -> None:
    with PracticeServer() as server:
        crawl = ("crawl", "quotes-login", "--start", f"{server.url}quotes/members/")
        for _ in range(2):
            swathe(*crawl)
        assert logins(server) == 1
        kept = database.sessions.find_one()
        assert kept is not None
        assert b"session" not in bytes(kept["cookies"]), "they are encrypted"
        assert swathe("logins", "list").out.count("quotes-login") == 1
        database.sessions.update_one({}, {"$set": {"cookies": b"sealed with another key"}})
        swathe(*crawl)
        assert logins(server) == 2
        assert "1 session forgotten" in swathe("logins", "forget", "quotes-login").out
        swathe(*crawl)
        assert logins(server) == 3
    assert {run["verdict"] for run in database.runs.find()} == {"complete"}


def cookie(header: str = "session=s3cret; Max-Age=99") -> Cookie:
    made = cookie_of(header, "x.org", "/", time.time())
    assert made is not None
    return made


def test_a_session_is_given_back_to_its_own_user_while_it_lasts(
    data_dir: Path, tmp_path: Path, database: Database[Any]
) -> None:
    config = configured(SWATHE_MONGODB_DATA_DIR=str(data_dir), SWATHE_MONGODB_DATABASE=database.name)
    with Connection(config.mongodb):
        sessions = Sessions(tmp_path)
        assert (tmp_path / KEY_FILE).stat().st_mode & 0o777 == 0o600
        sessions.keep("s", "https://x.org", "anna", [cookie(), cookie("old=1; Max-Age=-5")])
        (back,) = sessions.cookies("s", "https://x.org", "anna")
        assert vars(back) == vars(cookie()) | {"expires": back.expires}
        assert sessions.cookies("s", "https://x.org", "bert") == []
        assert sessions.cookies("s", "https://y.org", "anna") == []
        assert Sessions(tmp_path).cookies("s", "https://x.org", "anna"), "the key is kept"
        sessions.keep("s", "https://x.org", "", [cookie()])
        assert sessions.cookies("s", "https://x.org", "bert"), "a browser's session is anybody's"


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
