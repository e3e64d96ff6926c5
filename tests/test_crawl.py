"""Crawls as a user runs them: the truth, the exit codes, and every bad start."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from practice import Fault, PracticeServer
from support import ROOT, last_run, until

from models.registry import record_documents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]

BUNDLED = ["books", "quotes", "quotes-filter", "quotes-login", "quotes-table"]
SCRAPY = [sys.executable, "-m", "scrapy"]


def stored(database: Mongo, collection: str) -> list[dict[str, Any]]:
    """Return the records' own fields, with money as Decimal, in the order of their keys."""
    document = record_documents()[collection]
    names = [
        name
        for name in document._fields
        if name not in ("id", "url", "first_seen", "last_seen", "changed_at", "gone_at", "run")
    ]
    rows = [{name: row.get(name) for name in names} for row in database[collection].find()]
    for row in rows:
        if "price" in row:
            row["price"] = row["price"].to_decimal()
    return in_order(rows)


def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: str(row.get("upc") or row.get("text") or row.get("name")))


def truth(rows: list[dict[str, Any]], like: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the site's true records with the fields that are stored."""
    return in_order([{name: row.get(name) for name in like[0]} for row in rows])


@pytest.fixture
def faulty() -> Iterator[PracticeServer]:
    """A practice site of the test's own, to break."""
    with PracticeServer() as site:
        yield site


@pytest.mark.parametrize(("spider", "collections"), [("quotes", ["quotes", "authors"]), ("books", ["books"])])
def test_a_crawl_stores_exactly_what_the_site_has(
    swathe: Swathe, database: Mongo, site: PracticeServer, spider: str, collections: list[str]
) -> None:
    result = swathe("crawl", spider, "--start", f"{site.url}{spider}/", code=3)
    for collection in collections:
        found = stored(database, collection)
        assert found == truth(getattr(site.site, collection), found)
    refused = [refusal for refusal in site.site.refused if refusal.collection in collections]
    kept = {
        (item["records"], tuple(sorted(fault["field"] for fault in item["faults"])))
        for item in database.rejected.find()
    }
    assert kept == {(refusal.collection, tuple(sorted(refusal.fields))) for refusal in refused}
    run = last_run(database)
    assert (run["state"], run["verdict"], run["exit_code"]) == ("finished", "incomplete", 3)
    assert run["counts"]["items_refused"] == len(refused)
    assert run["counts"]["items_new"] == sum(database[collection].count_documents({}) for collection in collections)
    assert run["counts"]["errors"] == run["counts"]["dead_pages"] == 0
    assert f"{len(refused)} record" in result.err.splitlines()[0]


def test_each_author_is_fetched_once(swathe: Swathe, database: Mongo, faulty: PracticeServer) -> None:
    swathe("crawl", "quotes", "--start", f"{faulty.url}quotes/", code=3)
    paths = [request.path for request in faulty.requests]
    assert len(paths) == len(set(paths))
    assert sum("/author/" in path for path in paths) == len(faulty.site.authors)
    assert last_run(database)["counts"]["pages"] == len(paths) - 1, "all but robots.txt"


def test_crawling_again_finds_every_record_unchanged(swathe: Swathe, database: Mongo, site: PracticeServer) -> None:
    swathe("crawl", "quotes", "--start", f"{site.url}quotes/", code=3)
    before = {row["_id"]: row for row in database.quotes.find({}, {"last_seen": 0, "run": 0, "url": 0})}
    swathe("crawl", "quotes", "--start", f"{site.url}quotes/", code=3)
    counts = last_run(database)["counts"]
    assert (counts["items_new"], counts["items_changed"]) == (0, 0)
    assert counts["items_unchanged"] >= len(before)
    assert {row["_id"]: row for row in database.quotes.find({}, {"last_seen": 0, "run": 0, "url": 0})} == before


def test_a_site_without_faults_is_complete_and_exits_0(swathe: Swathe, database: Mongo, site: PracticeServer) -> None:
    tag = next(tag for tag, quotes in site.site.by_tag.items() if quotes and not any(quote.refused for quote in quotes))
    result = swathe("crawl", "quotes", "--start", f"{site.url}quotes/tag/{tag}/page/1/")
    run = last_run(database)
    assert (run["state"], run["verdict"], run["reasons"], run["exit_code"]) == ("finished", "complete", [], 0)
    assert run["ended_at"] >= run["started_at"]
    assert f"quotes: complete: {run['counts']['pages']} pages" in result.error_line


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("trouble/status/500", "/trouble/status/500 answered 500 (tried 3 times)"),
        ("trouble/status/404", "/trouble/status/404 answered 404"),
        ("trouble/pdf", "/trouble/pdf answered with application/pdf, expected a page of text"),
        ("trouble/large?mb=40", "/trouble/large?mb=40 is larger than [crawl] max_page_mb allows"),
        ("trouble/redirect", "/trouble/redirect redirects without end"),
        ("trouble/offsite", "which is not on the spider's site"),
        ("private/", "/private/ is forbidden by robots.txt"),
    ],
)
def test_a_start_page_that_cannot_be_read_fails_the_run_and_says_why(
    swathe: Swathe, database: Mongo, site: PracticeServer, path: str, reason: str
) -> None:
    result = swathe("crawl", "books", "--start", site.url + path, "--set", "RETRY_TIMES=2", code=1)
    assert reason in result.err.splitlines()[0]
    run = last_run(database)
    assert (run["state"], run["exit_code"], run["counts"]["dead_pages"]) == ("failed", 1, 1)
    assert run["problems"][0]["url"] == site.url + path


def test_a_start_page_that_nobody_serves_fails_the_run(swathe: Swathe, database: Mongo) -> None:
    result = swathe("crawl", "quotes", "--start", "http://127.0.0.1:9/", code=1)
    why = "robots.txt of 127.0.0.1:9 could not be read: 127.0.0.1:9 refused the connection"
    assert f"http://127.0.0.1:9/ {why}" in result.err
    assert last_run(database)["state"] == "failed"


def test_an_empty_page_is_unknown_and_not_complete(swathe: Swathe, database: Mongo, site: PracticeServer) -> None:
    result = swathe("crawl", "books", "--start", f"{site.url}trouble/empty", code=3)
    assert "no record was found on 1 page: did the layout change?" in result.err
    assert last_run(database)["verdict"] == "unknown"


def test_a_dead_page_in_mid_crawl_makes_the_run_incomplete_and_is_named(
    swathe: Swathe, database: Mongo, faulty: PracticeServer
) -> None:
    faulty.faults["/quotes/page/3/"] = Fault(status=503)
    result = swathe("crawl", "quotes", "--start", f"{faulty.url}quotes/", code=3)
    assert "1 page could not be read" in result.err
    run = last_run(database)
    assert run["problems"] == [
        {"url": f"{faulty.url}quotes/page/3/", "reason": "server-error", "what": "answered 503 (tried 6 times)"}
    ]
    assert (run["cause"], run["failed"]) == ("server-error", {"server-error": 1})
    assert run["counts"]["retries"] == 5


def test_a_page_that_fails_once_is_tried_again_and_nothing_is_missing(
    swathe: Swathe, database: Mongo, faulty: PracticeServer
) -> None:
    faulty.faults["/quotes/page/2/"] = Fault(status=503, times=1)
    faulty.faults["/quotes/page/3/"] = Fault(drop=True, times=1)
    swathe("crawl", "quotes", "--start", f"{faulty.url}quotes/", code=3)
    found = stored(database, "quotes")
    assert found == truth(faulty.site.quotes, found)
    for page in (2, 3):
        tries = [request.status for request in faulty.requests if request.path == f"/quotes/page/{page}/"]
        assert len(tries) == 2
        assert tries[1] == 200


def test_max_pages_is_exact_and_makes_the_run_incomplete(
    swathe: Swathe, database: Mongo, faulty: PracticeServer
) -> None:
    result = swathe("crawl", "quotes", "--start", f"{faulty.url}quotes/", "--max-pages", "4", code=3)
    assert "the limit of 4 pages was reached" in result.err
    assert len([request for request in faulty.requests if request.path != "/robots.txt"]) == 4
    assert last_run(database)["arguments"] == {"start": f"{faulty.url}quotes/", "max_pages": 4}


def test_the_spider_names_itself_and_reads_robots_first(swathe: Swathe, faulty: PracticeServer) -> None:
    swathe(
        "crawl",
        "books",
        "--start",
        f"{faulty.url}books/",
        "--max-pages",
        "1",
        "--set",
        "crawl.contact=https://me.test",
        code=3,
    )
    assert faulty.requests[0].path == "/robots.txt"
    assert {request.user_agent for request in faulty.requests} == {f"Swathe/{version()} (+https://me.test)"}


def test_feed_exports_hold_the_clean_records(
    swathe: Swathe, database: Mongo, site: PracticeServer, tmp_path: Path
) -> None:
    start = f"{site.url}books/"
    swathe("crawl", "books", "--start", start, "--output", str(tmp_path / "ours.jsonl"), code=3)
    swathe.run([*SCRAPY, "crawl", "books", "-a", f"start={start}", "-O", str(tmp_path / "scrapy.csv")], code=3)
    rows = [json.loads(line) for line in (tmp_path / "ours.jsonl").read_text().splitlines()]
    expected = {row["upc"]: row for row in site.site.books}
    assert {row["upc"] for row in rows} == set(expected)
    for row in rows:
        assert Decimal(row["price"]) == expected[row["upc"]]["price"]
        assert row["title"] == expected[row["upc"]]["title"]
    with (tmp_path / "scrapy.csv").open(newline="") as file:
        columns = csv.DictReader(file)
        assert {row["upc"] for row in columns} == set(expected)
        assert list(columns.fieldnames or ()) == [*rows[0]]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["bokos"], "there is no spider 'bokos': did you mean 'books'? Expected one of: books, quotes"),
        (["books", "--start", "ftp://x/"], "start is 'ftp://x/', expected an address such as https://"),
        (["books", "--start", "http://[::1"], "start is 'http://[::1', expected an address such as https://"),
        (["books", "--start", "/etc/passwd"], "start is '/etc/passwd', expected an address such as https://"),
        (["books", "--set", "crawl.delay_s"], "--set crawl.delay_s: expected KEY=VALUE, such as --set crawl.delay_s=2"),
        (["books", "--set", "=2"], "--set =2: expected KEY=VALUE"),
        (["books", "--set", "crawl.delya_s=2"], "'crawl.delya_s' is not an option: did you mean 'crawl.delay_s'?"),
        (
            ["books", "--set", "DOWNLOD_DELAY=2"],
            "'DOWNLOD_DELAY' is not a setting of Scrapy's: did you mean 'DOWNLOAD_DELAY'",
        ),
        (
            ["books", "--set", "crawl.delay_s=soon"],
            "environment variable SWATHE_CRAWL_DELAY_S is 'soon', expected a valid number",
        ),
        (
            ["books", "--output", "x.txt"],
            "cannot write x.txt: the suffix must be one of .json .jsonl .csv .xml, not '.txt'",
        ),
        (["books", "--output", "no/such/x.csv"], "does not exist; create it first"),
    ],
)
def test_a_wrong_word_is_one_clear_line_and_exit_code_2(
    swathe: Swathe, database: Mongo, arguments: list[str], line: str
) -> None:
    failed = swathe("crawl", *arguments, code=2)
    assert line in failed.error_line
    assert database.runs.count_documents({}) == 0


def test_an_unwritable_data_folder_is_one_clear_line(swathe: Swathe, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    failed = swathe(
        "crawl", "books", code=1, SWATHE_MONGODB_DATA_DIR=str(tmp_path / "file" / "data"), SWATHE_CRAWL_CONTACT="me"
    )
    assert (
        "file/data cannot be written (Not a directory): make it writable or set [mongodb] data_dir" in failed.error_line
    )


def test_a_foreign_site_without_a_contact_is_warned_about(swathe: Swathe) -> None:
    failed = swathe("crawl", "books", "--start", "http://no-such-host.invalid/", "--set", "RETRY_TIMES=0", code=1)
    assert "warning: [crawl] contact is not set" in failed.err


def test_two_crawls_of_one_spider_at_once_store_every_record_once(
    swathe: Swathe, database: Mongo, site: PracticeServer
) -> None:
    crawls = [
        swathe.start("crawl", "quotes", "--start", f"{site.url}quotes/", *deep) for deep in ([], ["--max-depth", "99"])
    ]
    assert [crawl.wait(timeout=60) for crawl in crawls] == [3, 3], [crawl.communicate() for crawl in crawls]
    for crawl in crawls:
        crawl.communicate()
    found = stored(database, "quotes")
    assert found == truth(site.site.quotes, found)
    counts = [run["counts"] for run in database.runs.find()]
    assert sum(count["items_new"] for count in counts) == len(found) + database.authors.count_documents({})


def started_crawl(swathe: Swathe, database: Mongo, site: PracticeServer, **environ: str) -> Any:
    """Start a slow crawl and return it once records are being stored."""
    slow = {"SWATHE_STORE_BATCH_WAIT_MS": "10", **environ}
    crawl = swathe.start("crawl", "books", "--start", f"{site.url}books/", **slow)
    until(lambda: database.books.count_documents({}), "records are being stored")
    return crawl


@pytest.fixture
def slow() -> Iterator[PracticeServer]:
    with PracticeServer(latency_ms=400) as site:
        yield site


def test_ctrl_c_stops_cleanly_and_stores_what_was_read(swathe: Swathe, database: Mongo, slow: PracticeServer) -> None:
    crawl = started_crawl(swathe, database, slow)
    crawl.send_signal(signal.SIGINT)
    _, err = crawl.communicate(timeout=60)
    assert crawl.returncode == 3, err
    run = last_run(database)
    assert (run["state"], run["verdict"]) == ("interrupted", "incomplete")
    assert run["reasons"][0] == "stopped before its end"
    assert database.books.count_documents({}) == run["counts"]["items_new"] < len(slow.site.books)


def test_ctrl_c_twice_stops_at_once_and_still_tells_the_truth(
    swathe: Swathe, database: Mongo, slow: PracticeServer
) -> None:
    crawl = started_crawl(swathe, database, slow)
    crawl.send_signal(signal.SIGINT)
    until(lambda: "Received SIGINT" in log_of(swathe), "the first Ctrl-C is noticed")
    crawl.send_signal(signal.SIGINT)
    _, err = crawl.communicate(timeout=60)
    assert crawl.returncode == 3, err
    run = last_run(database)
    assert run["state"] == "interrupted"
    assert run["reasons"][0] == "stopped at once, records in flight are not stored"


def test_a_killed_crawl_is_called_lost_and_the_next_one_ends_with_every_record(
    swathe: Swathe, database: Mongo, slow: PracticeServer, site: PracticeServer
) -> None:
    crawl = started_crawl(swathe, database, slow)
    crawl.kill()
    crawl.communicate()
    assert last_run(database)["state"] == "running"
    database.runs.update_one({}, [{"$set": {"heartbeat_at": {"$subtract": ["$heartbeat_at", 61_000]}}}])
    assert "lost" in swathe("runs").out
    swathe("crawl", "books", "--start", f"{site.url}books/", code=3)
    found = stored(database, "books")
    assert found == truth(site.site.books, found)


def test_a_crawl_goes_on_when_its_mongod_is_killed(swathe: Swathe, database: Mongo, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    environ = {"SWATHE_MONGODB_DATA_DIR": str(folder), "SWATHE_MONGODB_IDLE_STOP_S": "0"}
    with PracticeServer(latency_ms=100) as site:
        crawl = swathe.start(
            "crawl", "books", "--start", f"{site.url}books/", "--set", "crawl.concurrency=2", **environ
        )
        until(lambda: len(site.requests) > 20, "the crawl is under way")
        os.kill(int((folder / "mongodb" / "mongod.lock").read_text()), signal.SIGKILL)
        _, err = crawl.communicate(timeout=90)
        assert crawl.returncode == 3, err
        assert "0 changed" in err
        count = swathe("query", "books", "--count", **environ).out
        assert int(count) == len(site.site.books)


def test_a_failing_callback_makes_the_run_incomplete(
    swathe: Swathe, database: Mongo, site: PracticeServer, tmp_path: Path
) -> None:
    spider = tmp_path / "broken_spider.py"
    spider.write_text(
        "from models.quotes import Quote\n"
        "from scraper.spider import SiteSpider\n"
        "class Broken(SiteSpider):\n"
        "    '''Breaks.'''\n"
        "    name, start_url, records = 'broken', 'http://127.0.0.1/', (Quote,)\n"
        "    def parse(self, response):\n"
        "        yield Quote.found(response, text='One', author='Ann')\n"
        "        yield {'text': 'a dict'}\n"
        "        yield Quote.found(response, prize='x')\n"
    )
    environ = {"PYTHONPATH": str(tmp_path), "SCRAPY_SETTINGS_MODULE": "scraper.settings"}
    command = [*SCRAPY, "crawl", "broken", "-a", f"start={site.url}quotes/", "-s", "SPIDER_MODULES=broken_spider"]
    result = swathe.run(command, code=3, **environ)
    run = last_run(database)
    assert run["reasons"][:2] == ["1 page raised an error in the spider", "1 record could not be stored"]
    assert any("Quote has no field 'prize'" in problem["what"] for problem in run["problems"])
    assert any("a spider yielded a dict, expected a record" in problem["what"] for problem in run["problems"])
    assert "run " in result.err


def log_of(swathe: Swathe) -> str:
    from pathlib import Path

    folder = Path(swathe.environ["SWATHE_MONGODB_DATA_DIR"]) / "logs"
    return max(folder.iterdir(), key=lambda file: file.stat().st_mtime).read_text()


def version() -> str:
    from scraper.core.project import VERSION

    return VERSION


def test_the_project_runs_from_any_folder_below_its_root(swathe: Swathe) -> None:
    assert swathe.run([*SCRAPY, "list"], cwd=ROOT / "docs").out.split() == BUNDLED
    assert "quotes" in swathe("spiders", cwd=ROOT / "docs").out


def has_terminals() -> bool:
    """Return whether this machine can make a pseudo-terminal; a bare chroot cannot."""
    try:
        for end in os.openpty():
            os.close(end)
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_terminals(), reason="this machine has no pseudo-terminals")
def test_a_terminal_gets_a_live_line_that_goes_on_after_a_resume_and_a_pipe_gets_none(
    swathe: Swathe, slow: PracticeServer
) -> None:
    start = ["crawl", "books", "--start", f"{slow.url}books/"]
    crawl = swathe.start(*start)
    until(lambda: len(slow.requests) > 25 or crawl.poll() is not None, "the crawl is under way", 60)
    crawl.send_signal(signal.SIGINT)
    assert "pages/s" not in crawl.communicate(timeout=60)[1]
    command = " ".join([sys.executable, str(ROOT / "main.py"), *start])
    shown = swathe.run(["script", "--quiet", "--return", "--command", command, "/dev/null"], code=3, TERM="xterm")
    began = re.search(r"goes on with run \w+ of .*: (\d+) pages read before", shown.out)
    assert began, shown.out
    first = re.search(r"books  (\d+) pages  [\d.]+ pages/s  \d+ of (\d+) records.*queue", shown.out)
    assert first, shown.out
    assert int(first[1]) >= int(began[1]) > 0, "the line begins with what was read before"
    assert int(first[2]) == len(slow.site.all_books), "and knows how many there are"
    assert "3 records were refused" in shown.out
