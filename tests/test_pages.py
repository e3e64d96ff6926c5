"""Stored pages: what is kept and for how long, and that today's code reads them as a crawl reads the site."""

from __future__ import annotations

import base64
import random
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId
from scrapy import Request
from scrapy.http import HtmlResponse, Response, TextResponse
from stored_pages import connected, healthy_tag, last_run, project, replayed
from test_paging import crawl

from scraper.pages import archive
from scraper.pages import trim as page_trim
from scraper.pages.document import CannotReadAgainError, as_document, as_response
from scraper.pages.reread import OfflineCrawl, TodaysSpiders
from scraper.pages.trim import stored_bytes, trim
from scraper.spider.loader import project_settings
from spiders.quotes import QuotesSpider

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from practice import PracticeServer
    from pymongo.database import Database
    from support import Swathe

    from scraper.storage.connection import Connection

    Mongo = Database[dict[str, Any]]

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
FOREVER = timedelta(days=36_500)
NO_LIMIT = 2**60


@pytest.fixture
def connection(data_dir: Path, database: Mongo, server: Any) -> Iterator[Connection]:
    with connected(data_dir, database) as connection:
        yield connection


@pytest.fixture(scope="module")
def spider() -> QuotesSpider:
    return QuotesSpider.from_crawler(OfflineCrawl(QuotesSpider, project_settings()))


def keep(
    database: Mongo, *bodies: bytes, when: datetime = NOW, url: str = "http://127.0.0.1/", **page: Any
) -> list[bool]:
    """Keep a page for each body, an hour apart."""
    archive.ensure_page_indexes(database)
    captures = [
        archive.Capture(
            {"url": url, "spider": "quotes", "run": ObjectId(), "when": when + timedelta(hours=number), **page}, body
        )
        for number, body in enumerate(bodies)
    ]
    return archive.write(database, captures)


def noise(size: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(size)


# What a crawl keeps


@pytest.mark.parametrize(("mode", "whys"), [("none", {}), ("rejected", {"refused": 1}), ("all", {"all": 22})])
def test_a_crawl_keeps_the_pages_that_the_configuration_says(
    swathe: Swathe, database: Mongo, site: PracticeServer, mode: str, whys: dict[str, int]
) -> None:
    swathe("crawl", "quotes", "--start", f"{site.url}quotes/", "--set", f"pages.keep={mode}", code=3)
    kept = list(database.pages.find())
    assert {why: sum(page["why"] == why for page in kept) for why in {page["why"] for page in kept}} == whys
    run = last_run(database)
    assert all(page["run"] == run["_id"] for page in kept)
    assert all(page["status"] == 200 for page in kept), "an answer that is an error is not given to the spider"
    assert {page["url"] for page in kept} >= {item["url"] for item in database.rejected.find()} or mode == "none"
    assert database.page_bodies.count_documents({}) == len({page["body"] for page in kept})


def test_a_page_that_is_not_modified_is_one_of_the_later_run(
    swathe: Swathe, database: Mongo, site: PracticeServer
) -> None:
    for _ in range(2):
        swathe("crawl", "quotes", "--start", healthy_tag(site), "--set", "pages.keep=all")
    run = last_run(database)
    kept = database.pages.count_documents({"run": run["_id"]})
    assert run["counts"]["not_modified"] == kept == database.pages.count_documents({})
    assert database.pages.count_documents({"when": {"$lt": run["started_at"]}}) == 0


def test_the_same_content_is_kept_once_however_often_it_is_seen(
    swathe: Swathe, database: Mongo, site: PracticeServer
) -> None:
    for _ in range(2):
        options = ["--set", "pages.keep=all", "--set", "crawl.revalidate=false"]
        swathe("crawl", "quotes", "--start", healthy_tag(site), *options)
    bodies = database.page_bodies.count_documents({})
    assert database.pages.count_documents({}) == 2 * bodies > 0
    keep(database, b"one", b"two", b"one", url="http://127.0.0.1/1")
    keep(database, b"one", url="http://127.0.0.1/2")
    assert database.page_bodies.count_documents({}) == bodies + 2


def test_pages_on_which_the_spider_raises_or_finds_nothing_are_kept_too(
    swathe: Swathe, database: Mongo, site: PracticeServer, tmp_path: Path
) -> None:
    crawl(swathe, "no-data", f"{site.url}js/xhr/", code=3, environ={"SWATHE_RENDERING_TIERS": "html"})
    (page,) = database.pages.find()
    assert (page["why"], page["url"]) == ("nothing", f"{site.url}js/xhr/")
    tried = project(tmp_path, swathe)
    tried.change("spiders/quotes.py", "yield Author.found(", "raise KeyError('moved')\n        yield Author.found(")
    tried("crawl", "quotes", "--start", healthy_tag(site), code=3)
    errors = list(database.pages.find({"why": "error"}))
    assert {page["request"]["callback"] for page in errors} == {"parse_author"}
    assert "raised in the spider: KeyError: 'moved'" in tried("pages", "replay", "quotes", code=3).out


class Answer(BaseHTTPRequestHandler):
    """A list with one quote and a load of noise behind it."""

    def do_GET(self) -> None:
        filler = base64.b64encode(noise(17 * 2**20)) if self.path == "/noise" else b"x" * 20 * 2**20
        quote = b"<div class=quote><span class=text>So</span><small class=author>Ann</small></div><!--"
        body = quote + filler + b"-->"
        self.send_response(404 if self.path == "/robots.txt" else 200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def test_a_page_of_20_mb_is_kept_and_one_too_large_to_compress_is_left_out_with_a_note(
    swathe: Swathe, database: Mongo
) -> None:
    assert keep(database, noise(archive.MAX_BODY_BYTES + 1), b"x" * 20 * 2**20) == [False, True]
    assert [len(archive.body_of(database, page) or b"") for page in database.pages.find()] == [20 * 2**20]
    database.pages.drop()
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for path, kept, notes in (
            ("wide", 1, []),
            ("noise", 1, ["1 page could not be kept to be read again: 16 MB cannot hold them even when compressed"]),
        ):
            environ = {"SWATHE_PAGES_KEEP": "all"}
            crawl(swathe, "next", f"http://127.0.0.1:{server.server_port}/{path}", environ=environ)
            assert database.pages.count_documents({"size": {"$gt": 2**20}}) == kept
            assert [note for note in last_run(database)["notes"] if "kept" in note] == notes
        server.shutdown()
    assert database.quotes.count_documents({}) == 1


# A page and its answer


@pytest.mark.parametrize(
    "response",
    [
        HtmlResponse("http://127.0.0.1/", body="<p>naïve €</p>".encode("cp1252"), encoding="cp1252"),
        HtmlResponse("http://127.0.0.1/", body=b"\xef\xbb\xbf<p>\xc3\xa9</p>", headers={"Content-Type": "text/html"}),
        TextResponse("http://127.0.0.1/?a=%00", status=404, body=noise(5000), flags=["browser", "shown"]),
        Response("http://127.0.0.1/map.gz", body=noise(100), headers={"Content-Type": "application/gzip"}),
    ],
    ids=["cp1252", "bom", "garbage", "binary"],
)
def test_an_answer_is_the_same_again_whatever_it_is(
    spider: QuotesSpider, database: Mongo, connection: Connection, response: Response
) -> None:
    response.request = Request(
        "http://127.0.0.1/a?b=1",
        spider.on_list_page,
        method="POST",
        body=b"q=\xff",
        headers={"Content-Type": "a/b", "Cookie": "secret=1", "Authorization": "secret", "X-Api-Key": "secret"},
        cb_kwargs={"name": "n", "number": 2, "state": {"since": "2026-01-01", "seen": [1, None]}},
        meta={"depth": 2, "no_browser": True, "proxy": "http://user:secret@127.0.0.1/", "object": object()},
    )
    document = as_document(response, spider, b"\x01")
    assert "secret" not in repr(document)
    archive.write(database, [archive.Capture({**document, "run": ObjectId(), "when": NOW}, response.body)])
    page = database.pages.find_one()
    assert page is not None
    again = as_response(page, archive.body_of(database, page) or b"", spider)
    assert isinstance(again, type(response))
    for name in ("url", "status", "body", "flags"):
        assert getattr(again, name) == getattr(response, name)
    if isinstance(response, TextResponse):
        assert isinstance(again, TextResponse)
        assert (again.text, again.encoding) == (response.text, response.encoding)
    request = again.request
    assert request is not None
    assert (request.method, request.body, request.callback) == ("POST", b"q=\xff", spider.on_list_page)
    assert request.cb_kwargs == response.request.cb_kwargs
    assert request.meta == {"depth": 2, "no_browser": True}


def test_a_page_whose_callback_cannot_be_found_again_says_so(spider: QuotesSpider) -> None:
    for callback, arguments, why in [
        (lambda _: None, {}, "was no method"),
        (spider.parse_author, {"a": object()}, "were no JSON"),
    ]:
        request = Request("http://127.0.0.1/", callback, cb_kwargs=arguments)
        document = as_document(Response("http://127.0.0.1/", request=request), spider, b"")
        with pytest.raises(CannotReadAgainError, match=why):
            as_response(document, b"", spider)


# How long


def test_the_oldest_pages_go_first_until_the_bodies_fit(database: Mongo) -> None:
    keep(database, *(noise(100_000, seed) for seed in range(10)))
    assert trim(database, 450_000, FOREVER) == 6
    assert stored_bytes(database) <= 450_000
    assert [page["when"] for page in database.pages.find(sort=[("when", 1)])] == [
        NOW + timedelta(hours=number) for number in range(6, 10)
    ]
    assert database.page_bodies.count_documents({}) == 4


def test_pages_older_than_their_days_go_and_a_body_stays_while_a_page_refers_to_it(database: Mongo) -> None:
    today = datetime.now(UTC)
    keep(database, b"shared", b"old", when=today - timedelta(days=40))
    keep(database, b"shared", when=today)
    assert trim(database, NO_LIMIT, timedelta(days=30)) == 2
    (page,) = database.pages.find()
    assert archive.body_of(database, page) == b"shared"
    assert database.page_bodies.count_documents({}) == 1
    assert trim(database, 1, FOREVER) == 1
    assert database.page_bodies.count_documents({}) == 0
    assert trim(database, 1, FOREVER) == 0


def test_the_end_of_a_crawl_keeps_to_the_cap(swathe: Swathe, database: Mongo, site: PracticeServer) -> None:
    keep(database, *(noise(300_000, seed) for seed in range(5)))
    start = ("crawl", "quotes", "--start", healthy_tag(site))
    swathe(*start, "--set", "pages.keep=all", "--set", "pages.max_mb=1")
    assert stored_bytes(database) <= 2**20
    assert database.pages.count_documents({"run": last_run(database)["_id"]}) > 1
    assert database.pages.count_documents({"when": {"$lt": NOW + timedelta(hours=1)}}) == 0


@pytest.mark.parametrize("moment", ["before the look", "after the look"])
def test_a_body_that_a_crawl_refers_to_while_another_removes_it_is_not_lost(
    database: Mongo, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    keep(database, b"wanted")
    look = page_trim._unused
    written: list[int] = []

    def look_while_a_page_is_kept(database: Mongo, names: Any) -> list[str]:
        unused = look(database, names) if moment == "after the look" else []
        if names and not written:
            written.append(1)
            keep(database, b"wanted", when=NOW + timedelta(days=1))
        return unused if moment == "after the look" else look(database, names)

    monkeypatch.setattr(page_trim, "_unused", look_while_a_page_is_kept)
    trim(database, NO_LIMIT, datetime.now(UTC) - NOW - timedelta(hours=1))
    assert written
    (page,) = database.pages.find()
    assert archive.body_of(database, page) == b"wanted"


def test_a_body_that_was_there_and_is_removed_before_its_page_is_written_comes_back(
    database: Mongo, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(database, b"wanted")
    compress = archive.zst.compress

    def compress_while_another_removes(*arguments: Any) -> bytes:
        trim(database, 1, FOREVER)
        return compress(*arguments)

    monkeypatch.setattr(archive.zst, "compress", compress_while_another_removes)
    keep(database, b"wanted", b"new")
    assert {archive.body_of(database, page) for page in database.pages.find()} == {b"wanted", b"new"}


def test_what_a_killed_removal_left_is_taken_up_by_the_next(database: Mongo) -> None:
    keep(database, b"left", b"needed")
    database.page_bodies.update_many({}, {"$set": {"doomed": "killed"}})
    left = database.pages.find_one(sort=[("when", 1)])
    assert left is not None
    database.pages.delete_one({"_id": left["_id"]})
    trim(database, NO_LIMIT, FOREVER)
    (body,) = database.page_bodies.find()
    assert "doomed" not in body
    (page,) = database.pages.find()
    assert archive.body_of(database, page) == b"needed"


def test_many_crawls_may_keep_and_remove_at_once(database: Mongo) -> None:
    bodies = [noise(2000, seed) for seed in range(12)]
    stop = threading.Event()

    def write(seed: int) -> None:
        chance = random.Random(seed)
        for number in range(40):
            keep(database, *chance.sample(bodies, 3), when=NOW + timedelta(minutes=number))

    def remove() -> None:
        while not stop.is_set():
            trim(database, 8_000, FOREVER)

    writers = [threading.Thread(target=write, args=(seed,)) for seed in range(3)]
    removers = [threading.Thread(target=remove) for _ in range(2)]
    for thread in (*writers, *removers):
        thread.start()
    for thread in writers:
        thread.join()
    stop.set()
    for thread in removers:
        thread.join()
    assert all(archive.body_of(database, page) in bodies for page in database.pages.find())
    keep(database, b"the last", when=NOW + timedelta(days=1))
    trim(database, 8_000, FOREVER)
    assert set(database.pages.distinct("body")) == set(database.page_bodies.distinct("_id"))
    assert stored_bytes(database) <= 8_000


# Reading again


@pytest.mark.parametrize(
    ("spider", "path"),
    [
        ("tags", "lists/tags/"),
        ("postback", "lists/postback/"),
        ("api-cursor", "lists/api/cursor"),
        ("load-more", "lists/load-more/"),
        ("next", "js/next-data/"),
        ("sitemap-authors", ""),
        ("in-browser", "js/xhr/"),
    ],
)
def test_pages_of_every_kind_give_the_same_records_again(
    swathe: Swathe, database: Mongo, connection: Connection, site: PracticeServer, spider: str, path: str
) -> None:
    crawl(swathe, spider, site.url + path, environ={"SWATHE_PAGES_KEEP": "all"})
    stored = database.quotes.count_documents({}) or database.authors.count_documents({})
    result = replayed(connection, spider, "paged_spiders")
    assert stored > 10
    assert dict(result.counts()) == {"same": stored}
    assert result.problems == []
    database.pages.delete_many({"request.cb_kwargs": {"$regex": '"number": 1,'}})
    later = replayed(connection, spider, "paged_spiders")
    assert set(later.counts()) <= {"same"}, "a page in the middle of a list does not need the one before it"


def test_a_replay_shows_exactly_what_a_changed_selector_alters_and_writes_only_when_told(
    swathe: Swathe, database: Mongo, site: PracticeServer, tmp_path: Path
) -> None:
    tried = project(tmp_path, swathe)
    tried("crawl", "quotes", "--start", healthy_tag(site), "--set", "pages.keep=all")
    assert "0 different" in tried("pages", "replay", "quotes").out
    before = {name: list(database[name].find()) for name in ("quotes", "authors", "changes", "runs", "rejected")}
    tried.change("spiders/quotes.py", '".author-born-location::text"', '".author-born-date::text"')
    told = tried("pages", "replay", "quotes").out
    authors = len(before["authors"])
    assert told.count("born_location") == authors + 1, "a line each, and one of coverage"
    assert "0 new, 0 seen later, 0 refused now, 0 refused as before, 0 not found any more" in told
    assert f"{authors} different" in told
    assert {name: list(database[name].find()) for name in before} == before
    tried("pages", "replay", "quotes", "--write")
    assert database.changes.count_documents({}) == authors
    assert set(database.changes.distinct("field")) == {"born_location"}
    (run,) = database.runs.find({"kind": "replay"})
    assert (run["state"], run["counts"]["items_changed"]) == ("finished", authors)
    for row in before["authors"]:
        now = database.authors.find_one({"_id": row["_id"]})
        assert now is not None
        change = database.changes.find_one({"record": row["_id"]})
        assert change is not None
        assert (change["old"], change["new"]) == (row["born_location"], now["born_location"])
        assert (change["run"], now["run"]) == (run["_id"], row["run"])
        assert now["changed_at"] == change["when"] > row["changed_at"]
        assert now["first_seen"] == row["first_seen"]
        assert now["last_seen"] < run["started_at"], "the page was not fetched again"
    assert "0 different" in tried("pages", "replay", "quotes").out


def test_a_replay_says_what_would_be_refused_or_lost_and_exits_3(
    swathe: Swathe, database: Mongo, site: PracticeServer, tmp_path: Path
) -> None:
    tried = project(tmp_path, swathe)
    tried("crawl", "quotes", "--start", healthy_tag(site), "--set", "pages.keep=all")
    quotes, authors = database.quotes.count_documents({}), database.authors.count_documents({})
    tried.change("spiders/quotes.py", 'name=first(response, ".author-title::text")', 'name=first(response, "h9::text")')
    told = tried("pages", "replay", "quotes", "--write", code=3).out
    assert f"{quotes} same, 0 different, 0 new, 0 seen later, {authors} refused now" in told
    assert f"{authors} not found any more" in told
    assert (database.rejected.count_documents({}), database.authors.count_documents({})) == (0, authors)
    tried.change("spiders/quotes.py", 'items = "div.quote"', 'items = "div.quot"')
    assert f"{quotes + authors} not found any more" in tried("pages", "replay", "quotes", code=3).out
    tried.change("spiders/quotes.py", "def parse_author", "def parse_person")
    assert "the spider has no method 'parse_author'" in tried("pages", "replay", "quotes", code=3).out


def test_an_old_page_does_not_overwrite_what_was_seen_later(
    swathe: Swathe, database: Mongo, connection: Connection, site: PracticeServer
) -> None:
    for _ in range(2):
        options = ["--set", "pages.keep=all", "--set", "crawl.revalidate=false"]
        swathe("crawl", "quotes", "--start", healthy_tag(site), *options)
    pages = database.pages.count_documents({})
    result = replayed(connection, "quotes")
    assert result.pages == pages // 2, "the latest page of each request"
    assert set(result.counts()) == {"same"}
    database.pages.delete_many({"run": last_run(database)["_id"]})
    assert set(replayed(connection, "quotes").counts()) == {"seen later"}
    database.quotes.update_many({}, {"$set": {"tags": ["later"]}})
    swathe("pages", "replay", "quotes", "--write")
    assert database.quotes.count_documents({"tags": ["later"]}) == database.quotes.count_documents({})


def test_nothing_that_a_kept_page_holds_reaches_the_terminal_as_a_command(
    swathe: Swathe, database: Mongo, connection: Connection, tmp_path: Path, spider: QuotesSpider
) -> None:
    evil = "\x1b[31m\u202eevil\x07"
    html = f"<div class=quote><span class=text>{evil} one</span><small class=author>{evil}</small></div>"
    request = Request("http://127.0.0.1/", spider.on_list_page, cb_kwargs={"name": evil, "number": 1, "state": {}})
    response = HtmlResponse("http://127.0.0.1/", body=html.encode(), encoding="utf-8", flags=[evil], request=request)
    document = {**as_document(response, spider, b"\x01"), "run": ObjectId(), "when": NOW, "why": "all"}
    archive.write(database, [archive.Capture(document, response.body)])
    body = tmp_path / "../body.html"
    for command in (["list"], ["show", "http://127.0.0.1/", "--body", str(body)], ["replay", "quotes"]):
        told = swathe("pages", *command)
        assert not set(told.out + told.err) & set("\x1b\u202e\x07")
    assert "1 new" in told.out
    assert body.resolve().read_bytes() == html.encode()
    assert [file.name for file in tmp_path.parent.glob(".swathe-*")] == []


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (["replay", "quotes"], "no page of 'quotes' is kept"),
        (["list", "--since", "soon"], "the time is 'soon', expected"),
        (["show", "http://127.0.0.1/none"], "no page 'http://127.0.0.1/none' is kept"),
        (["show", "12ab"], "no pages have the id '12ab'"),
    ],
)
def test_a_wrong_command_is_one_clear_line(swathe: Swathe, command: list[str], error: str) -> None:
    assert error in swathe("pages", *command, code=2).error_line


def test_a_file_that_cannot_be_written_is_left_as_it_was(swathe: Swathe, database: Mongo, tmp_path: Path) -> None:
    keep(database, b"body", request={}, flags=[])
    nowhere = tmp_path / "none" / "body.html"
    assert "cannot write" in swathe("pages", "show", "http://127.0.0.1/", "--body", str(nowhere), code=2).error_line
    assert list(tmp_path.iterdir()) == []


def test_garbage_is_read_without_an_end(database: Mongo, connection: Connection, spider: QuotesSpider) -> None:
    spiders = TodaysSpiders(database, project_settings())
    for response in (
        HtmlResponse("http://127.0.0.1/", body=noise(50_000), encoding="utf-8"),
        TextResponse("http://127.0.0.1/", body=b"\x00" * 1000, encoding="utf-8"),
        Response("http://127.0.0.1/", body=noise(1000), headers={"Content-Type": "image/png"}),
    ):
        response.request = Request("http://127.0.0.1/", spider.parse_author)
        page = {**as_document(response, spider, b""), "run": ObjectId(), "when": NOW}
        reading = spiders.read(page, response.body)
        assert reading.error or all(found.faults for found in reading.found)
