"""The frontier: what is stored of requests, who has them, and how a crawl goes on with a run that was not finished."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from practice import Fault, PracticeServer
from queued import (
    RUN,
    crawled_with_a_dead_letter,
    hung_page_is_given_up,
    it_counts_for_who_has_it,
    numbers,
    puts,
)
from scrapy import Request
from scrapy.utils.request import RequestFingerprinter
from support import configured, last_run, until

from scraper.core.failed_page import FailedPage
from scraper.fetch.http.continued import Fingerprinter, continue_from
from scraper.frontier import exchange as exchange_module
from scraper.frontier.exchange import PATIENCE_S, Exchange, Writer
from scraper.frontier.mongo_backend import MongoFrontier
from scraper.frontier.mongo_runs import MongoRuns
from scraper.frontier.protocol import Ack, Batch, Put
from scraper.frontier.ready import Ready
from scraper.frontier.requests import fingerprint
from scraper.storage.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]

SCRAPY = [sys.executable, "-m", "scrapy"]

# What tells requests apart


def print_of(url: str = "http://h/a?b=1&c=2", **given: Any) -> bytes:
    return fingerprint(Request(url, **given), RequestFingerprinter())


def test_a_request_is_known_by_what_it_asks_for_and_a_list_s_page_by_its_list_and_number() -> None:
    assert print_of() == print_of("http://h/a?c=2&b=1")
    assert print_of() != print_of(method="POST")

    def page(number: int, url: str = "http://h/x", **meta: Any) -> bytes:
        arguments = {"name": "http://h/list", "number": number, "state": {}}
        return print_of(url, cb_kwargs=arguments, meta={"swathe_list": {}, **meta}, dont_filter=True)

    assert page(2) == page(2, "http://h/other?session=1")
    again = {"swathe_continues": ["a1", "http://h/x"]}
    marks: list[dict[str, Any]] = [{"browser": {}}, {"no_browser": True}, again, {"dead_retries": 1}]
    prints = [page(2), page(3), *(page(2, **mark) for mark in marks if mark != {"browser": {}})]
    assert len(set(prints)) == len(prints)
    assert page(2, browser={"wait_for": ".a"}) != page(2)


def test_a_request_that_is_not_to_be_filtered_is_known_when_it_is_made_again() -> None:
    again = [
        print_of(dont_filter=True, meta={"depth": depth, "dead_retries": times})
        for depth, times in ((1, 0), (1, 1), (2, 0))
    ]
    assert len({print_of(), *again}) == 4
    assert again[1] == print_of(dont_filter=True, meta={"depth": 1, "dead_retries": 1, "download_latency": 0.5})


def test_what_a_middleware_asks_for_instead_is_known_by_what_it_continues() -> None:
    fingerprinter = Fingerprinter()

    def continued(*before: str) -> tuple[bytes, bytes]:
        """Return the fingerprint of a request after others, and that of a link on its page that copies its meta."""
        request = Request(before[0])
        for url in (*before[1:], "http://h/there"):
            request, earlier = Request(url), request
            continue_from(earlier, request, fingerprinter)
        link = Request("http://h/link", meta=request.meta, dont_filter=True)
        return fingerprint(request, fingerprinter), fingerprint(link, fingerprinter)

    found = [continued("http://h/a"), continued("http://h/b"), continued("http://h/a", "http://h/b")]
    assert len({of for of, _ in found}) == 3
    assert {link for _, link in found} == {fingerprint(Request("http://h/link", dont_filter=True), fingerprinter)}
    assert found[0] == continued("http://h/a")


PARTS = [
    *(
        "a",
        "B",
        "7",
        "-",
        "_",
        ".",
        "..",
        "/",
        "/",
        "//",
        "?",
        "=",
        "&",
        "%41",
        "%2f",
        "é",
        ":",
        ":80",
        ":0443",
        "#",
        "#/a",
    ),
    *(
        "~",
        " ",
        ";",
        "+",
        "xn--",
        "127.1",
        "0x7f",
        "[::1]",
        "@",
        "quotes",
        "page=2",
        "index.html",
        "a" * 64,
        "'",
        '"',
        "\\",
    ),
]


@settings(max_examples=1_000, deadline=None)
@given(
    host=st.sampled_from(
        ["h", "a.example", "127.0.0.1:81", "quotes.toscrape.com", "a-b.c", "a--b", "1", "09.1", "x" * 64]
    )
    | st.lists(st.sampled_from(PARTS), max_size=4).map("".join),
    rest=st.lists(st.sampled_from(PARTS), max_size=8).map("".join),
    method=st.sampled_from(["GET", "GET", "POST", "HEAD"]),
    body=st.sampled_from([b"", b"", b"a"]),
)
def test_a_request_has_the_fingerprint_that_it_has_in_scrapy(host: str, rest: str, method: str, body: bytes) -> None:
    for address in (f"http://{host}/{rest}", f"https://{host}{rest}"):
        try:
            request = Request(address, method=method, body=body)
            expected = RequestFingerprinter().fingerprint(request)
        except ValueError:
            continue
        assert Fingerprinter().fingerprint(request) == expected, request.url
        verbatim = request.replace(meta={"verbatim_url": True})
        assert Fingerprinter().fingerprint(verbatim) == RequestFingerprinter().fingerprint(verbatim), request.url


def test_what_a_script_shows_at_a_route_is_a_page_of_its_own_in_the_browser() -> None:
    fingerprinter = Fingerprinter()

    def of(url: str, **meta: Any) -> bytes:
        return fingerprinter.fingerprint(Request(url, meta=meta))

    assert of("http://h/#/a", browser={}) != of("http://h/#/b", browser={})
    assert of("http://h/#/a") == of("http://h/#/b") == of("http://h/")
    assert of("http://h/#a", browser={}) == of("http://h/#b", browser={})


# The store


@pytest.fixture
def connection(data_dir: Path, database: Mongo) -> Iterator[Connection]:
    connection = Connection(
        configured(SWATHE_MONGODB_DATA_DIR=str(data_dir), SWATHE_MONGODB_DATABASE=database.name).mongodb
    )
    connection.open()
    yield connection
    connection.close()


@pytest.fixture
def worker(connection: Connection, database: Mongo) -> Any:
    database.runs.insert_one({"_id": RUN, "state": "running"})

    def join(name: str, lease_s: float = 30) -> MongoFrontier:
        frontier = MongoFrontier(connection, RUN, name, lease_s)
        frontier.join()
        return frontier

    return join


def test_a_batch_can_be_written_at_once(worker: Any, connection: Connection) -> None:
    writer = Writer(worker("me"), connection)
    assert writer.write_at_once(Batch(puts(1, 2))).pending == 2
    writer.close()


def test_a_page_that_a_worker_hangs_on_is_marked_and_the_rest_is_innocent(worker: Any) -> None:
    hung_page_is_given_up(worker)


def test_a_list_whose_pages_follow_one_another_is_kept_in_few_writes_and_no_page_is_done_before_the_next_is_kept(
    worker: Any, connection: Connection, database: Mongo
) -> None:
    me, batches, faults = worker("me"), list[Batch](), list[Exception]()
    write = me.write

    def note(batch: Batch) -> Any:
        batches.append(batch)
        return write(batch)

    async def others() -> None:
        pass

    async def read_the_list(pages: int) -> None:
        me.write = note
        exchange = Exchange(
            Writer(me, connection), 30, 16, load=lambda taken: puts(0)[0], catch_up=others, wake=lambda: None,
            fail=faults.append,
        )  # fmt: skip
        exchange.begin()
        exchange.put(*following(0))
        for number in range(pages):
            while (put := exchange.next()) is None:
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.005)
            if number < pages - 1:
                exchange.put(*following(number + 1))
            exchange.ended(put.id, Ack(put.id, number, {}, event="{}"))
        await exchange.end()

    began = time.monotonic()
    asyncio.run(read_the_list(60))
    took_s = time.monotonic() - began
    assert not faults
    assert database.frontier.count_documents({"state": "done"}) == 60
    # However slow the machine is; on a usual one that is 10 to 20 writes.
    assert len(batches) <= 5 + took_s / (PATIENCE_S / 2)
    kept = set[int]()
    for batch in batches:
        kept |= set(numbers(batch.puts))
        assert {number + 1 for number in numbers(batch.acks)} <= kept | {60}


@pytest.mark.parametrize("shared", [False, True])
def test_while_enough_is_ready_a_request_waits_for_others_unless_other_workers_may_want_it(
    worker: Any, connection: Connection, database: Mongo, monkeypatch: pytest.MonkeyPatch, *, shared: bool
) -> None:
    monkeypatch.setattr(exchange_module, "PATIENCE_S", 3600)
    me, faults = worker("me"), list[Exception]()

    async def others() -> None:
        pass

    async def ready(exchange: Exchange, number: int) -> None:
        while len(exchange.ready) < number:
            await asyncio.sleep(0.001)

    async def crawl() -> None:
        exchange = Exchange(
            Writer(me, connection), 30, 16, load=lambda taken: puts(0)[0], catch_up=others, wake=lambda: None,
            fail=faults.append,
        )  # fmt: skip
        exchange.begin()
        for put in puts(*range(20)):
            exchange.put(put)
        await ready(exchange, 20)
        me.shared = shared
        exchange.put(*puts(20))
        if shared:
            await ready(exchange, 21)
        else:
            await asyncio.gather(*[asyncio.to_thread(database.frontier.find_one) for _ in range(20)])
            assert database.frontier.count_documents({}) == 20
            begun = [exchange.next() for _ in range(13)]
            await ready(exchange, 8)
            assert all(begun)
        assert database.frontier.count_documents({}) == 21
        exchange.put(*puts(21))
        await exchange.end()

    asyncio.run(crawl())
    assert not faults
    assert database.frontier.count_documents({}) == 22


def following(number: int) -> list[Put]:
    (put,) = puts(number)
    put.early = True
    return [put]


def test_adding_is_deduplicating_and_the_latest_of_the_highest_priority_goes_first(worker: Any) -> None:
    me = worker("me")
    assert me.write(Batch(puts(1, 2, 3))).pending == 3
    written = me.write(Batch([*puts(4, 3), *puts(9, priority=-1)], lease=1))
    assert (numbers(written.leased), written.pending, written.duplicates) == ([4], 1, 1)
    assert numbers(me.write(Batch(take=3)).taken) == [3, 2, 1]
    assert numbers(me.write(Batch(take=3)).taken) == [9]
    assert me.write(Batch(take=3)).taken == []


def test_what_one_worker_has_no_other_gets_until_it_is_dead(worker: Any, database: Mongo) -> None:
    me, other = worker("me"), worker("other")
    me.write(Batch(puts(1, 2), lease=2))
    assert other.write(Batch(take=5)).taken == []
    assert other.open_requests()
    assert other.renew() == 0
    other.write(Batch(acks=[Ack(RUN.binary + (1).to_bytes(16), 1, {})]))
    assert database.frontier.count_documents({"state": "leased"}) == 2, "only who has it says that it is done"
    database.runs.update_one({}, {"$set": {"workers.me.seen_at": datetime.now(UTC) - timedelta(seconds=31)}})
    assert other.renew() == 2
    assert sorted(taken.taken for taken in other.write(Batch(take=5)).taken) == [2, 2]
    me.write(Batch(acks=[Ack(id_, 1, {}) for id_ in (RUN.binary + (1).to_bytes(16),)]))
    assert database.frontier.count_documents({"state": "done"}) == 0
    it_counts_for_who_has_it(me, other)


def test_what_a_process_of_this_machine_had_is_free_as_soon_as_it_has_ended(worker: Any, database: Mongo) -> None:
    worker("me").write(Batch(puts(1), lease=1))
    database.runs.update_one({}, {"$set": {"workers.me.process": "another:1"}})
    assert numbers(worker("other").write(Batch(take=1)).taken) == [1]


def test_a_request_whose_answer_was_lost_is_found_again(worker: Any) -> None:
    me = worker("me")
    for _ in range(2):
        me.write(Batch(puts(1), lease=1))  # the first answer is taken for lost
    assert me.open_requests() == 1
    assert numbers(me.write(Batch(take=1)).taken) == [1]
    assert me.open_requests() == 1
    me.write(Batch(take=1, acks=[]))
    me.write(Batch(acks=[Ack(RUN.binary + (1).to_bytes(16), 1, {"swathe/pages": 1})]))


def test_a_request_for_later_waits(worker: Any, database: Mongo) -> None:
    me = worker("me")
    assert me.write(Batch(puts(1, not_before=time.time() + 60), lease=1)).leased == []
    assert me.write(Batch(take=1)).taken == []
    database.frontier.update_one({}, {"$set": {"not_before": datetime.now(UTC)}})
    assert numbers(me.write(Batch(take=1)).taken) == [1]


def test_what_others_did_is_added_up_and_dead_letters_come_back_as_new(worker: Any, connection: Connection) -> None:
    me = worker("me")
    me.write(Batch(puts(1, 2, 3), lease=3))
    ids = [put.id for put in puts(1, 2, 3)]
    acks = [
        Ack(ids[0], 1, {"swathe/pages": 1, "swathe/items_new": 20}),
        Ack(ids[1], 2, {"swathe/pages": 1}, {"off_site": ["http://x/"]}),
        Ack(
            ids[2],
            3,
            {"swathe/dead_pages": 1},
            failed=FailedPage("http://h/3", "answered 500", "server-error", unread=True),
        ),
    ]
    me.write(Batch(acks=acks))
    assert me.others_work().counts == {}
    work = worker("other").others_work()
    assert work.counts == {"swathe/pages": 2, "swathe/items_new": 20, "swathe/dead_pages": 1}
    assert (work.notes, [letter.what for letter in work.dead]) == ({"off_site": ["http://x/"]}, ["answered 500"])
    assert MongoRuns(connection.open()).dead_letters(RUN) == [acks[2].failed]
    before = {"$unset": {"reason": ""}}  # as the version before wrote it
    connection.open().frontier.update_one({"state": "dead"}, before)
    (letter,) = MongoRuns(connection.open()).dead_letters(RUN)
    assert letter == FailedPage("http://h/3", "answered 500", "", unread=True)
    assert MongoRuns(connection.open()).retry_dead(RUN) == 1
    (taken,) = me.write(Batch(take=5)).taken
    assert json.loads(taken.data)["meta"] == {"dead_retries": 1}
    assert "swathe/dead_pages" not in worker("third").others_work().counts


def test_what_may_have_killed_workers_is_begun_alone_and_after_it_was_written_down() -> None:
    ready = Ready()
    suspect, innocent = puts(2)[0], puts(1)[0]
    suspect.deaths = 1
    ready.push(suspect)
    ready.push(innocent)
    assert ready.pop(idle=True) is innocent, "the innocent go first"
    assert ready.pop(idle=False) is None, "others must end first"
    assert (ready.pop(idle=True), ready.to_mark) == (None, suspect.id)
    assert ready.pop(idle=True) is None
    ready.marked(suspect.id)
    assert ready.pop(idle=True) is suspect
    assert ready.pop(idle=False) is None
    ready.ended(suspect.id)
    ready.push(innocent)
    assert ready.pop(idle=True) is innocent


# Going on


@pytest.fixture
def slow() -> Iterator[PracticeServer]:
    with PracticeServer(latency_ms=150) as site:
        yield site


def started(swathe: Swathe, site: PracticeServer, requests: int = 25) -> Any:
    # A page that the browser is still to show is read anew by whoever goes on, and a browser takes its time.
    quick = {"SWATHE_STORE_BATCH_WAIT_MS": "10", "SWATHE_RENDERING_TIERS": "html"}
    crawl = swathe.start("crawl", "books", "--start", f"{site.url}books/", **quick)
    until(lambda: len(site.requests) > requests or crawl.poll() is not None, "the crawl is under way", 60)
    return crawl


def test_ctrl_c_then_crawl_asks_for_no_page_twice_and_ends_as_one_run(
    swathe: Swathe, database: Mongo, slow: PracticeServer
) -> None:
    crawl = started(swathe, slow)
    crawl.send_signal(signal.SIGINT)
    crawl.communicate(timeout=60)
    run = last_run(database)
    before = run["counts"]["pages"]
    assert (run["state"], crawl.returncode) == ("interrupted", 3)
    again = swathe("crawl", "books", "--start", f"{slow.url}books/", code=3)
    assert f"goes on with run {run['_id']}" in again.err
    assert f"{before} pages read before" in again.err
    run = last_run(database)
    assert (database.runs.count_documents({}), run["state"], run["resumed"]) == (1, "finished", 1)
    paths = [request.path for request in slow.requests if request.path != "/robots.txt"]
    assert len(paths) == len(set(paths)) == run["counts"]["pages"]
    assert database.books.count_documents({}) == len(slow.site.books)
    assert {row["run"] for row in database.books.find()} == {run["_id"]}
    assert database.frontier.count_documents({}) == 0, "a clean finish clears it"
    swathe("crawl", "books", "--start", f"{slow.url}books/", code=3)
    assert database.runs.count_documents({}) == 2


def test_ctrl_c_twice_loses_nothing_either_and_fresh_starts_anew(
    swathe: Swathe, database: Mongo, slow: PracticeServer
) -> None:
    crawl = started(swathe, slow)
    crawl.send_signal(signal.SIGINT)
    until(lambda: crawl.poll() is not None or "Received SIGINT" in log_of(swathe), "the first is noticed")
    crawl.send_signal(signal.SIGINT)
    crawl.communicate(timeout=60)
    first = last_run(database)["_id"]
    left = database.frontier.count_documents({})
    assert left
    swathe("crawl", "books", "--start", f"{slow.url}books/", "--fresh", "--max-pages", "99", code=3)
    assert database.frontier.count_documents({}) == left, "other arguments, another run"
    swathe.run([*SCRAPY, "crawl", "books", "-a", f"start={slow.url}books/"], code=3)
    run = database.runs.find_one({"_id": first})
    assert run is not None
    assert (run["state"], run["resumed"]) == ("finished", 1)
    assert database.books.count_documents({}) == len(slow.site.books)


def test_fresh_forgets_the_run_that_was_not_finished(swathe: Swathe, database: Mongo, slow: PracticeServer) -> None:
    crawl = started(swathe, slow, 4)
    crawl.kill()
    crawl.communicate()
    done = swathe.run([*SCRAPY, "crawl", "books", "--fresh", "-a", f"start={slow.url}books/"], code=3)
    assert "goes on" not in done.err
    assert [request.path for request in slow.requests].count("/books/") == 2
    assert last_run(database)["counts"]["pages"] == len({request.path for request in slow.requests}) - 1
    assert [run["state"] for run in database.runs.find()] == ["lost", "finished"]
    assert database.frontier.count_documents({}) == 0


def test_a_second_crawl_of_the_same_is_refused_while_one_is_alive(swathe: Swathe) -> None:
    with PracticeServer(faults={"/books/": Fault(status=None, delay_s=45)}) as held:
        crawl = started(swathe, held, 0)
        refused = swathe("crawl", "books", "--start", f"{held.url}books/", code=2)
        crawl.kill()
        crawl.communicate()
    assert "a crawl of 'books' with the same arguments is under way (run " in refused.error_line
    assert f"process {crawl.pid} on " in refused.error_line


def test_dead_letters_are_shown_and_tried_again_in_the_same_run(swathe: Swathe, database: Mongo) -> None:
    faults = {"/books/catalogue/page-2.html": Fault(status=500)}
    with PracticeServer(faults=faults) as site:
        quick, run = crawled_with_a_dead_letter(swathe, database, site)
        faults.clear()
        site.faults.clear()
        asked = len(site.requests)
        tried = swathe(*quick, "--retry-dead", code=3)
        assert "1 dead letter tried again" in tried.err
        again = last_run(database)
        assert (again["_id"], again["counts"]["dead_pages"], again["dead_letters"]) == (run["_id"], 0, 0)
        assert again["reasons"] == [f"{again['counts']['items_refused']} records were refused"]
        assert database.books.count_documents({}) == len(site.site.books)
        assert len(site.requests) - asked < len(site.site.books) / 2
        assert database.frontier.count_documents({}) == 0
        assert "has no dead letters" in swathe(*quick, "--retry-dead", code=2).error_line


def test_a_frontier_of_another_format_or_another_spider_version_is_noticed(
    swathe: Swathe, database: Mongo, slow: PracticeServer
) -> None:
    crawl = started(swathe, slow)
    crawl.kill()
    crawl.communicate()
    database.runs.update_one({}, {"$set": {"frontier.format": 99, "frontier.code": "other"}})
    refused = swathe("crawl", "books", "--start", f"{slow.url}books/", code=2)
    assert "whose frontier has format 99, expected 1: begin anew with --fresh" in refused.error_line
    gone = database.frontier.find_one({"state": {"$in": ["pending", "leased"]}, "url": {"$regex": "index"}})
    assert gone is not None
    gone["request"] = json.dumps({**json.loads(gone["request"]), "callback": "parse_gone"})
    database.frontier.replace_one({"_id": gone["_id"]}, gone)
    deadly = database.frontier.find_one({"state": {"$in": ["pending", "leased"]}, "_id": {"$ne": gone["_id"]}})
    assert deadly is not None
    database.frontier.update_one({"_id": deadly["_id"]}, {"$set": {"alone": 4, "taken": 7}})
    database.runs.update_one({}, {"$set": {"frontier.format": 1}})
    result = swathe("crawl", "books", "--start", f"{slow.url}books/", code=3)
    assert "note: the spider's code was changed" in result.err
    run = last_run(database)
    whys = [letter.what for letter in MongoRuns(database).dead_letters(run["_id"])]
    assert any(
        "calls 'parse_gone', which the spider 'books' no longer has: begin anew with --fresh" in why for why in whys
    )
    assert any("was begun alone 4 times" in why for why in whys)
    assert run["dead_letters"] == 2


def test_a_request_that_cannot_be_stored_is_named_and_its_page_is_a_dead_letter(
    swathe: Swathe, database: Mongo, site: PracticeServer, tmp_path: Path
) -> None:
    (tmp_path / "lambda_spider.py").write_text(
        "from scrapy import Request\n"
        "from models.quotes import Quote\n"
        "from scraper.spider import SiteSpider\n"
        "class Unstorable(SiteSpider):\n"
        "    '''Has a callback without a name.'''\n"
        "    name, start_url, records, at_least = 'unstorable', 'http://127.0.0.1/quotes/', (Quote,), {Quote: 1}\n"
        "    def parse(self, response):\n"
        "        yield Request(response.urljoin('page/2/'), lambda page: None)\n"
        "        yield Request(response.urljoin('page/3/'), self.parse_next)\n"
        "        yield Quote.found(response, text='One', author='Ann')\n"
        "    def parse_next(self, response):\n"
        "        yield Quote.found(response, text='Two', author='Ann')\n"
    )
    environ = {"PYTHONPATH": str(tmp_path), "SCRAPY_SETTINGS_MODULE": "scraper.settings"}
    command = [*SCRAPY, "crawl", "unstorable", "-a", f"start={site.url}quotes/", "-s", "SPIDER_MODULES=lambda_spider"]
    swathe.run(command, code=3, **environ)
    run = last_run(database)
    assert run["reasons"] == ["1 request could not be kept"]
    (letter,) = MongoRuns(database).dead_letters(run["_id"])
    assert letter.url == f"{site.url}quotes/"
    assert "page/2/ has the callback Unstorable.parse.<locals>.<lambda>, expected a method of the spider" in letter.what
    assert database.quotes.count_documents({}) == 2, "what else the page gave is not lost"


def test_scrapy_s_tools_and_the_memory_backend_leave_the_frontier_alone(
    swathe: Swathe, database: Mongo, site: PracticeServer
) -> None:
    swathe.run([*SCRAPY, "parse", "--spider", "quotes", "--callback", "parse", f"{site.url}quotes/"], code=None)
    swathe("crawl", "quotes", "--start", f"{site.url}quotes/", SWATHE_FRONTIER_BACKEND="memory", code=3)
    assert database.frontier.count_documents({}) == 0
    assert "open" not in database.frontier.index_information()


def log_of(swathe: Swathe) -> str:
    from pathlib import Path

    folder = Path(swathe.environ["SWATHE_MONGODB_DATA_DIR"]) / "logs"
    return max(folder.iterdir(), key=lambda file: file.stat().st_mtime).read_text()
