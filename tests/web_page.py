"""What the tests of the page share: it is served in this process, on the session's MongoDB, and asked over sockets."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import requests
from bson import Decimal128, ObjectId
from fastapi.routing import APIRoute
from selenium.webdriver import Chrome, ChromeOptions, ChromeService
from support import configured, until

from scraper.fetch.browser.installed import BROWSERS, DRIVERS, SHELLS, first_of
from scraper.storage.connection import connection_to
from scraper.web import access, audit
from scraper.web.app import app_of
from scraper.web.gate import Door
from scraper.web.server import PageServer
from scraper.web.views import overview

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fastapi import FastAPI
    from pymongo.database import Database
    from selenium.webdriver.remote.webdriver import WebDriver

    Mongo = Database[dict[str, Any]]

NOW = datetime.now(UTC).replace(microsecond=0)
SHA = "0" * 64


@dataclass
class Page:
    """The page, as it is served."""

    app: FastAPI
    port: int
    database: Mongo
    read: str
    """A token."""
    operate: str
    prefix: str = ""

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def ask(self, path: str, method: str = "GET", **headers: str | None) -> requests.Response:
        """Ask with these headers, `_` for `-`; a token that may operate comes along unless there is another one."""
        sent = {"Authorization": f"Bearer {self.operate}", **{name.replace("_", "-"): v for name, v in headers.items()}}
        return requests.request(
            method, f"http://{self.host}{path}", headers={name: value for name, value in sent.items() if value},
            timeout=60, allow_redirects=False,
        )  # fmt: skip

    def json(self, path: str) -> Any:
        answer = self.ask(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def listen(self, path: str, token: str = "") -> requests.Response:
        """Return a stream of the API, which `heard` reads."""
        headers = {"Authorization": f"Bearer {token or self.operate}"}
        return requests.get(f"http://{self.host}/api/v1{path}", headers=headers, stream=True, timeout=60)

    def session(self, role: access.Role = "operate") -> str:
        """Return a Cookie header of a new session."""
        return f"swathe={access.issue(self.database, 'session', role, f'a browser that may {role}')}"

    def routes(self) -> list[tuple[str, str]]:
        """Return every method and path that is served, with something that is there for each part of a path."""
        parts = {"records": "books", "other": str(ObjectId()), "name": "books", "spider": "books", "place": "0"}
        parts |= {"id": str(RUN), "kind": "html"}
        found = []
        for route in every_route(self.app):
            path = route.path
            for name, value in parts.items():
                path = path.replace(f"{{{name}}}", value)
            found += [(method, path) for method in route.methods or ()]
        return found


def every_route(app: Any) -> Iterator[APIRoute]:
    """Yield the routes of an app, those of routers inside it, too."""
    for route in app.routes:
        if isinstance(route, APIRoute):
            yield route
        elif hasattr(inner := getattr(route, "original_router", None), "routes"):
            yield from every_route(inner)


def heard(answer: requests.Response) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the events of a stream; it is closed with this iterator."""
    kind = ""
    for line in answer.iter_lines(chunk_size=1, decode_unicode=True):
        name, _, value = line.partition(": ")
        if name == "event":
            kind = value
        elif name == "data":
            yield kind, json.loads(value)


@contextmanager
def served(prefix: str = "", limit_s: float = 30, origins: Iterable[str] = (), **environ: str) -> Iterator[Page]:
    """Serve the page until the end of the `with`."""
    config = configured(**environ)
    bound = socket.create_server(("127.0.0.1", 0))
    port = bound.getsockname()[1]
    door = Door(frozenset({f"http://127.0.0.1:{port}", *origins}), prefix, limit_s=limit_s)
    connection = connection_to(config.mongodb)
    with connection as database:
        for part in (access, audit, overview):
            part.prepare(database)
        app = app_of(config, connection, door)
        tokens = [access.issue(database, "token", role, f"{role}-{ObjectId()}") for role in ("read", "operate")]
        server = PageServer(app, door, connection, log_level="error")
        thread = threading.Thread(target=server.run, args=([bound],))
        thread.start()
        try:
            until(lambda: server.started, "the page is served")
            yield Page(app, port, database, *tokens, prefix)
        finally:
            server.should_exit = True
            thread.join()
            bound.close()


@contextmanager
def browsing(page: Page) -> Iterator[WebDriver]:
    """Return a real browser that has logged in."""
    # Where it is installed, the one without windows: it draws a page in two thirds of the time.
    chromium, chromedriver = first_of(SHELLS + BROWSERS), first_of(DRIVERS)
    assert chromium, "`make engines` installs it"
    assert chromedriver, "`make engines` installs it"
    options = ChromeOptions()
    options.binary_location = chromium
    for flag in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--js-flags=--expose-gc",
    ):
        options.add_argument(flag)
    options.set_capability("unhandledPromptBehavior", "ignore")
    driver = Chrome(options=options, service=ChromeService(chromedriver))
    try:
        code = access.issue(page.database, "login", "operate", "a browser")
        driver.get(f"http://{page.host}{page.prefix}/login?code={code}")
        yield driver
    finally:
        driver.quit()


def ids(number: int) -> list[ObjectId]:
    """Return the ids of the run, record, refused item, kept page and incident that are filled in as one of a number."""
    return [ObjectId(f"{number:012x}{which:012x}") for which in range(1, 6)]


RUN, RECORD, ITEM, PAGE, INCIDENT = ids(0)


def fill(database: Mongo, text: str = "Usual", number: int = 0) -> None:
    """Store one of each thing that pages show; `text` is in all that a site, a file or an error can say.

    Whoever fills more than once numbers them; the books beside that of `text` are there once.
    """
    run_id, record, item, page, incident = ids(number)
    seen = {"first_seen": NOW - timedelta(days=3), "last_seen": NOW, "changed_at": NOW, "gone_at": None, "run": run_id}
    named = text.replace("\0", "")  # as a key
    url = text if ":" in text else f"http://shop.example/{text}"
    database.books.insert_one(
        {"_id": record, "upc": text, "title": text, "price": Decimal128("9.50"), "currency": "GBP", "in_stock": True,
         "category": text, "description": text, "url": url, **seen}
    )  # fmt: skip
    if not number:
        database.books.insert_many([{"upc": f"u{one}", "title": f"Book {one}", **seen} for one in range(60)])
    price = {
        "_id": f"c1-{number}",
        "records": "books",
        "record": record,
        "key": text,
        "field": "price",
        "when": NOW,
        "url": url,
    }
    database.changes.insert_many(
        [
            {**price, "old": Decimal128("8.00"), "new": Decimal128("9.50"), "run": run_id},
            {**price, "_id": f"c2-{number}", "field": text, "old": text, "new": text, "when": NOW - timedelta(hours=1)},
        ]
    )
    quality = {"records": [{"collection": text, "found": 4, "filled": {named: 3}}], "selectors": [
        {"selector": text, "asked": 3, "missed": 3}]}  # fmt: skip
    run = {
        "kind": "crawl", "arguments": {"start": url, named.replace(".", "-").replace("$", "-"): text},
        "started_at": NOW - timedelta(hours=1), "heartbeat_at": NOW, "ended_at": NOW, "records": {"books": 61},
        "counts": {"pages": 3, "items_new": 61, "dead_pages": 1}, "reasons": [text], "notes": [text],
        "problems": [{"url": url, "reason": text, "what": text}], "lists": [
            {"start": url, "pages": 1, "entries": 2, "end": text, "against": text}], "cause": text,
        "evidence": [{"url": url, "html": "/etc/passwd", "screenshot": "/etc/passwd"}], "quality": quality,
        "state": "finished", "verdict": "incomplete", "suspect": False,
    }  # fmt: skip
    database.runs.insert_one({**run, "_id": run_id, "spider": "books"})
    database.runs.insert_one({**run, "spider": text, "started_at": NOW})
    earlier = {"started_at": NOW - timedelta(days=1), "verdict": "complete", "reasons": []}
    database.runs.insert_one({**run, "spider": "books", **earlier})
    database.rejected.insert_one(
        {"_id": item, "fingerprint": text, "records": text, "url": url, "spider": text,
         "run": run_id, "raw": {"price": text, "x": text},
         "faults": [{"field": "price", "problem": text, "found": text}], "first_seen": NOW, "last_seen": NOW}
    )  # fmt: skip
    database.hosts.insert_one(
        {"_id": text, "seen_at": NOW, "delay_s": 1.0, "problems": [{"at": NOW, "what": text}], "blocked_s": 9000.0,
         "blocked_until": NOW + timedelta(hours=1), "blocked_why": text, "breaker": "open"}
    )  # fmt: skip
    database.incidents.insert_one(
        {"_id": incident, "key": f"books {number}", "spider": "books", "kind": text, "why": text, "open": True,
         "times": 2, "opened_at": NOW, "last_at": NOW, "next_try_at": NOW, "to_tell": []}
    )  # fmt: skip
    database.firings.insert_one(
        {"_id": text, "schedule": text, "spider": text, "key": text, "due": NOW, "start_at": NOW, "state": "done",
         "result": text, "why": text, "policy": "skip", "tries": 1}
    )  # fmt: skip
    database.pages.insert_one(
        {"_id": page, "url": url, "spider": text, "run": run_id, "when": NOW, "why": "refused", "status": 200,
         "size": 9, "kind": "HtmlResponse", "encoding": "utf-8", "body": SHA}
    )  # fmt: skip
