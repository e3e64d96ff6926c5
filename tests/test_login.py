"""Logins that last: one login for many crawls, encrypted, and with the cookies of a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from practice import PracticeServer

if TYPE_CHECKING:
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
