"""Nobody comes in by a way that was not opened for them: every route is tried, and each refusal is one line."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import psutil
import pymongo
import pytest
import requests
from pymongo.errors import PyMongoError
from starlette.exceptions import HTTPException
from support import ROOT, configured, until
from web_page import ITEM, NOW, PAGE, RECORD, RUN, Page, fill, heard, served

from scraper.core.zst import compress
from scraper.errors import ConfigError, UsageError
from scraper.storage.connection import connection_to
from scraper.storage.embedded.server import EmbeddedServer
from scraper.web import access, audit
from scraper.web.access import Visitor
from scraper.web.app import TOO_LONG
from scraper.web.gate import LOOKING, PUBLIC, _is_public
from scraper.web.server import CONSOLE, login_address, serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo import MongoClient
    from pymongo.database import Database
    from starlette.types import Message
    from support import Swathe

DATABASE = "test_web_access"
PUBLIC_ORIGIN = "https://swathe.example"
WRONG_ORIGINS = (
    None, "", "null", "http://evil.example", "http://{next}", "http://[", "https://{here}", "file://{here}", "://{here}",
    "http://{here}.evil.example", "http://x@{here}", PUBLIC_ORIGIN,
)  # fmt: skip


@pytest.fixture(scope="module")
def page(data_dir: Path, client: MongoClient[dict[str, Any]]) -> Iterator[Page]:
    """The page, with something to show."""
    environ = {"SWATHE_MONGODB_DATA_DIR": str(data_dir), "SWATHE_MONGODB_DATABASE": DATABASE}
    with served(origins=[PUBLIC_ORIGIN], **environ) as page:
        fill(page.database)
        page.database.page_bodies.insert_one({"_id": "0" * 64, "zstd": compress(b"<h1>Kept</h1>", 3), "size": 9})
        yield page
    client.drop_database(DATABASE)


def test_it_serves_this_machine_and_nothing_else_unless_it_is_protected(
    data_dir: Path, database: Database[Any], swathe: Swathe, tmp_path: Path
) -> None:
    # Before the page of this module is served: MongoEngine has one connection a process.
    environ = {"SWATHE_MONGODB_DATA_DIR": str(data_dir), "SWATHE_MONGODB_DATABASE": database.name}
    with pytest.raises(ConfigError, match="PUBLIC_URL is 'x', expected an address such as"):
        configured(SWATHE_WEB_PUBLIC_URL="x")
    beyond = {**environ, "SWATHE_WEB_ADDRESS": "0.0.0.0:0"}
    for more, why in (
        ({}, "expected .web. public_url"),
        ({"SWATHE_WEB_PUBLIC_URL": "https://x.example/a"}, "no token"),
    ):
        config = configured(**beyond, **more)
        connection = connection_to(config.mongodb)
        with connection, pytest.raises(UsageError, match=why):
            serve(config, connection, config.web.address, print)
    (tmp_path / "file").touch()
    with connection, pytest.raises(UsageError, match="cannot be had"):
        serve(config, connection, tmp_path / "file", print)
    started = swathe.start("web", "--port", "0", PYTHONUNBUFFERED="1", SWATHE_METRICS_ADDRESS="127.0.0.1:0")
    assert started.stdout
    at = started.stdout.readline().split()[-1]
    login = started.stdout.readline().split()[-1]
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", at)
    browser = requests.Session()
    assert browser.get(login, timeout=60).status_code == 200
    assert browser.get(at, timeout=60).status_code == 200
    port = int(at.rsplit(":", 1)[1])
    assert swathe("web", "login").out.strip().startswith(f"{at}/login?code="), "the page that is served"
    listens = [one.laddr for one in psutil.Process(started.pid).net_connections() if one.status == psutil.CONN_LISTEN]
    assert {one.ip for one in listens} == {"127.0.0.1"}
    (metrics,) = {one.port for one in listens} - {port}
    numbers = requests.get(f"http://127.0.0.1:{metrics}/metrics", timeout=60).text
    assert 'swathe_web_answers_total{status="2xx"} 2.0' in numbers
    served_names = set(re.findall(r"^(swathe_\w+)", numbers, re.MULTILINE))
    manual = (ROOT / "docs/reference/observing.md").read_text().partition("Of the page:")[2]
    assert {name for name in re.findall(r"`(swathe_\w+)`", manual) if "web" in name} <= served_names
    assert {name for name in served_names if not name.endswith("_created")} <= set(
        re.findall(r"`(swathe_\w+)`", manual)
    )
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", port), timeout=10)
    started.send_signal(signal.SIGTERM)
    out, err = started.communicate(timeout=60)
    assert (started.returncode, out, err) == (0, "", "")
    assert swathe("web", "login").out.startswith("http://127.0.0.1:8700/"), "none is served"


def test_what_takes_too_long_and_a_database_that_is_away_get_one_line_until_they_are_over(tmp_path: Path) -> None:
    server = EmbeddedServer(configured(SWATHE_MONGODB_DATA_DIR=str(tmp_path)).mongodb)
    server.join()
    away = {"SWATHE_MONGODB_URI": server.uri, "SWATHE_MONGODB_CONNECT_TIMEOUT_S": "1"}
    try:
        with served(limit_s=4, **away) as page, ExitStack() as stack:
            slow = {"$function": {"body": "function() { sleep(600000); }", "args": [], "lang": "js"}}
            page.database.asked.insert_one({"title": "x"})
            page.database.create_collection("books", viewOn="asked", pipeline=[{"$set": {"title": slow}}])
            answer = page.ask("/records/books.json?filter=title~x")
            assert (answer.status_code, answer.json()) == (422, {"error": TOO_LONG})
            assert page.ask("/runs").status_code == 200
            page.app.state.live.every_s = 0.05
            told = heard(stack.enter_context(page.listen("/events")))
            assert next(told)[0] == "runs"
            server.leave()
            server.stop()
            assert next(told)[0] == "away"
            for path in ("/", "/runs.json", f"/login?code={page.read}"):
                answer = page.ask(path)
                assert answer.status_code == 503, path
                assert "the database does not answer" in answer.text
                assert str(tmp_path) not in answer.text
            server.join()
            until(lambda: page.ask("/runs").status_code == 200, "the page is there again")
            assert next(told)[0] == "runs", "an open page goes on by itself"
    finally:
        server.leave()
        server.stop()


def test_every_route_refuses_whoever_may_not(page: Page) -> None:
    routes = page.routes()
    assert {"/", "/api/v1/runs", "/runs.json", "/login"} <= {path for _, path in routes}
    assert len([one for one in routes if one[0] == "POST"]) >= 18
    origin = {"Origin": f"http://{page.host}"}
    session, looking = page.session(), page.session("read")
    for method, path in routes:

        def status(method: str = method, path: str = path, **headers: str | None) -> int:
            return page.ask(path, method, **headers).status_code

        for host in ("evil.example", f"evil.example:{page.port}", f"{page.host}.evil.example"):
            assert (status(Host=host, **origin) == 421) == (path != "/healthz"), (path, host)
        if not _is_public(path):
            assert status(Authorization=None, **origin) == 401, path
            assert status(Authorization="Bearer x", **origin) == 401, path
            assert status(Authorization="Basic x", Cookie=session, **origin) == 401, path
        if method not in LOOKING:
            for wrong in WRONG_ORIGINS:
                wrong = wrong and wrong.format(here=page.host, next=f"127.0.0.1:{page.port + 1}")
                assert status(Authorization=None, Cookie=session, Origin=wrong) == 403, (path, wrong)
            assert status(Authorization=None, Cookie=session, Sec_Fetch_Site="cross-site", **origin) == 403, path
            assert status(Origin="http://evil.example") == 403, path
        if method not in LOOKING and path not in ("/login", "/logout"):
            assert status(Authorization=f"Bearer {page.read}") == 403, path
            assert status(Authorization=None, Cookie=looking, **origin) == 403, path
        if method in LOOKING:
            # Who may look is let in everywhere: else none of the above would say a thing.
            assert status(Authorization=f"Bearer {page.read}") not in (401, 403, 421, 500), path
            assert status(Authorization=None, Cookie=looking) not in (401, 403, 421, 500), path
    assert page.database.web_actions.count_documents({}) == 0, "an action that was refused got as far as the audit"


def test_every_answer_forbids_scripts_and_frames_and_other_kinds(page: Page) -> None:
    for _, path in [*((m, p) for m, p in page.routes() if m == "GET"), ("GET", "/static/style.css"), ("GET", "/no")]:
        headers = page.ask(path).headers
        policy = headers["Content-Security-Policy"]
        assert "unsafe" not in policy.replace("style-src 'unsafe-inline'", "") or "sandbox" in policy, path
        assert "frame-ancestors 'none'" in policy or "sandbox" in policy, path
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["Referrer-Policy"] == "same-origin", path
        assert headers["Cache-Control"] == "no-store", path


def test_pages_have_no_script_and_no_style_of_their_own(page: Page) -> None:
    paths = [path for method, path in page.routes() if method == "GET" and "/api/" not in path and ".json" not in path]
    for path in [*paths, f"/records/books/{RECORD}", f"/rejected/{ITEM}", f"/pages/{PAGE}"]:
        answer = page.ask(path)
        if not answer.headers["Content-Type"].startswith("text/html") or path.endswith("/content"):
            continue
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", answer.text), path
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//(?!shop\.example)', answer.text), path


def test_a_login_address_is_good_once_and_its_session_is_for_this_page_alone(page: Page) -> None:
    code = access.issue(page.database, "login", "operate", "somebody")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: page.ask(f"/login?code={code}", Authorization=None), range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 403, 403, 403]
    cookie = next(answer for answer in answers if answer.status_code == 200).headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    session = {"Authorization": None, "Cookie": cookie.split(";")[0]}
    assert page.ask("/", **session).status_code == 200
    assert page.ask("/logout", "POST", Origin=f"http://{page.host}", **session).status_code == 303
    assert page.ask("/", **session).status_code == 401
    old = access.issue(page.database, "login", "operate", "somebody")
    page.database.web_access.update_one(
        {"_id": access._digest(old)}, {"$set": {"expires_at": NOW - timedelta(minutes=1)}}
    )
    assert page.ask(f"/login?code={old}", Authorization=None).status_code == 403
    for wrong in ("", "x", "x" * 10_000, "\0", session["Cookie"].split("=")[1]):
        assert "Set-Cookie" not in page.ask(f"/login?code={requests.utils.quote(wrong)}", Authorization=None).headers


def test_a_token_opens_a_session_with_its_rights_until_it_is_revoked(page: Page) -> None:
    token = access.issue(page.database, "token", "read", "visitor")
    with pytest.raises(UsageError, match="there is a token 'visitor' already"):
        access.issue(page.database, "token", "operate", "visitor")
    at, origin = f"http://{page.host}/login", {"Origin": f"http://{page.host}"}
    assert requests.post(at, {"token": "wrong"}, headers=origin, timeout=60).status_code == 403
    assert requests.post(at, b"x" * 9999, headers=origin, timeout=60).status_code == 413
    answer = requests.post(at, {"token": token}, headers=origin, timeout=60, allow_redirects=False)
    assert answer.status_code == 303
    session = {"Authorization": None, "Cookie": answer.headers["Set-Cookie"].split(";")[0]}
    assert page.ask("/schedules", **session).status_code == 200
    assert "Run now" not in page.ask("/schedules", **session).text
    assert page.ask(f"/runs/{RUN}/stop", "POST", **origin, **session).status_code == 403
    stored = str(list(page.database.web_access.find()))
    assert token not in stored
    assert session["Cookie"].split("=")[1] not in stored
    access.revoke(page.database, "visitor")
    assert page.ask("/", **session).status_code == 401
    assert page.database.web_access.count_documents({"name": "visitor"}) == 0
    assert page.ask("/", Authorization=f"Bearer {token}").status_code == 401
    with pytest.raises(UsageError, match="there is no token 'visitor'"):
        access.revoke(page.database, "visitor")


def test_a_session_that_is_begun_while_its_token_is_revoked_is_none(
    database: Database[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    token, issue = access.issue(database, "token", "operate", "visitor"), access.issue

    def revoked_first(database: Database[Any], kind: access.Kind, role: access.Role, name: str) -> str:
        access.revoke(database, name)
        return issue(database, kind, role, name)

    monkeypatch.setattr(access, "issue", revoked_first)
    assert access.begin_session(database, "token", token) is None
    assert database.web_access.count_documents({}) == 0


def test_browsers_that_came_by_a_printed_address_are_turned_away(database: Database[Any]) -> None:
    session = access.begin_session(database, "login", login_address(database, "").rpartition("=")[2])
    unused = login_address(database, "").rpartition("=")[2]
    assert session
    assert access.visitor(database, "session", session)
    access.revoke(database, CONSOLE)
    assert access.visitor(database, "session", session) is None
    assert access.begin_session(database, "login", unused) is None


def test_a_login_that_is_cut_off_leaves_no_traceback(page: Page) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    asked = {"type": "http", "method": "POST", "path": "/login", "root_path": "", "query_string": b"", "headers": []}
    asyncio.run(page.app(asked, receive, send))
    assert sent[0]["status"] == 400


def test_a_redirect_stays_where_the_browser_is(page: Page) -> None:
    proxied = page.ask("/runs/", Host="swathe.example", X_Forwarded_Host="evil.example", X_Forwarded_Proto="http")
    assert (proxied.status_code, proxied.headers["Location"]) == (307, f"{PUBLIC_ORIGIN}/runs")
    near = page.ask("/runs/", X_Forwarded_Host="evil.example", X_Forwarded_Proto="https")
    assert near.headers["Location"] == f"http://{page.host}/runs"


@pytest.mark.parametrize(
    ("public_url", "origin"),
    [
        ("", ""),
        ("https://Swathe.example/a/", "https://swathe.example"),
        ("https://swathe.example:443", "https://swathe.example"),
        ("http://127.0.0.1:80/", "http://127.0.0.1"),
        ("http://127.0.0.1:8700", "http://127.0.0.1:8700"),
    ],
)
def test_the_origin_of_the_public_address_is_as_browsers_have_it(public_url: str, origin: str) -> None:
    assert configured(SWATHE_WEB_PUBLIC_URL=public_url).web.public_origin == origin


def test_a_stored_page_is_shown_where_it_can_do_nothing_and_no_other_file_is(page: Page) -> None:
    answer = page.ask(f"/pages/{PAGE}/content")
    assert (answer.text, answer.status_code) == ("<h1>Kept</h1>", 200)
    policy = answer.headers["Content-Security-Policy"].split("; ")
    assert {"sandbox", "default-src 'none'", "frame-ancestors 'self'"} <= set(policy)
    assert re.search(r"<iframe sandbox [^>]*src=", page.ask(f"/pages/{PAGE}").text)
    hostile = "<LINK rel=preconnect href=//evil.example><iframe srcdoc='&lt;link rel=preconnect>'></iframe>\xe9"
    page.database.page_bodies.update_one({"_id": "0" * 64}, {"$set": {"zstd": compress(hostile.encode(), 3)}})
    for encoding in ("idna", "punycode", "utf-8", "no such", "rot13", None):
        page.database.pages.update_one({"_id": PAGE}, {"$set": {"encoding": encoding}})
        answer = page.ask(f"/pages/{PAGE}/content")
        assert answer.status_code == 200, encoding
        assert answer.content.decode().endswith("\xe9"), encoding
        assert not re.search("<link|<iframe", answer.text, re.IGNORECASE), "nothing that may connect elsewhere"
    for kind in ("html", "screenshot"):  # the run names /etc/passwd
        refused = page.ask(f"/runs/{RUN}/evidence/0/{kind}")
        assert refused.status_code == 404
        assert "root:" not in refused.text
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/records/..%2f..%2fetc"):
        with socket.create_connection(("127.0.0.1", page.port)) as raw:
            raw.sendall(
                f"GET {path} HTTP/1.1\r\nHost: {page.host}\r\nConnection: close\r\n"
                f"Authorization: Bearer {page.read}\r\n\r\n".encode()
            )
            assert raw.makefile("rb").readline().split()[1] == b"404", path


def test_the_same_action_is_under_way_once_and_one_that_died_does_not_bar_it(database: Database[Any]) -> None:
    audit.prepare(database)
    who = Visitor("somebody", "operate")
    with (
        audit.audited(database, who, "stop", "run"),
        pytest.raises(HTTPException, match="it is being done already"),
        audit.audited(database, who, "stop", "run"),
    ):
        pytest.fail("it was done twice at once")
    with pytest.raises(ZeroDivisionError), audit.audited(database, who, "stop", "run"):
        _ = 1 / 0
    died = {"action": "stop", "target": "run", "who": "x", "at": NOW - timedelta(days=1), "under_way": True}
    database.web_actions.insert_one(died)
    with audit.audited(database, who, "stop", "run") as said:
        said["outcome"] = "it was done"
    outcomes = [row["outcome"] for row in database.web_actions.find(sort=[("_id", 1)])]
    assert outcomes == [
        "done",
        "stop run: it is being done already",
        "refused: division by zero",
        "lost",
        "it was done",
    ]
    sleeping = {"$project": {"x": {"$function": {"body": "function() { sleep(600000); }", "args": [], "lang": "js"}}}}
    with pytest.raises(PyMongoError), pymongo.timeout(1), audit.audited(database, who, "stop", "run"):
        list(database.web_actions.aggregate([{"$limit": 1}, sleeping]))
    assert not database.web_actions.count_documents({"under_way": True}), "what took too long bars the next"


def test_the_paths_that_need_nobody_are_these() -> None:
    assert PUBLIC == ("/login", "/healthz", "/static/")
    assert [_is_public(path) for path in ("/login", "/loginx", "/static/a", "/staticx", "/", "/login/../runs")] == [
        True, False, True, False, False, False,
    ]  # fmt: skip
