"""The command line: help with examples, queries in four formats, and nothing hostile on the terminal."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from bson import Decimal128, ObjectId
from practice import load_site
from scheduling import NOON

from models.books import Book
from scraper.cli.app import COMMANDS
from scraper.cli.manual import command_names
from scraper.cli.output import visible
from scraper.errors import UsageError
from scraper.query.filters import mongo_filter

if TYPE_CHECKING:
    from pathlib import Path

    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]

WHEN = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)


@pytest.fixture
def books(database: Mongo) -> list[dict[str, Any]]:
    """Three stored books, one of them hostile."""
    rows = [
        {"upc": "a1", "title": "The Sea", "price": Decimal128("9.50"), "rating": 4, "in_stock": True, "tags": []},
        {"upc": "b2", "title": "the sea wall", "price": Decimal128("10.00"), "rating": 2, "in_stock": False},
        {"upc": "c3", "title": "=HYPERLINK(1)\x1b[31m\u202e", "price": Decimal128("100.00"), "description": None},
    ]
    for row in rows:
        row.update(
            url="http://127.0.0.1/", first_seen=WHEN, last_seen=WHEN, changed_at=WHEN, gone_at=None, run=ObjectId()
        )
    database.books.insert_many(rows)
    return rows


@pytest.mark.parametrize("command", list(command_names()), ids=" ".join)
def test_every_command_has_help_that_ends_in_an_example(swathe: Swathe, command: tuple[str, ...]) -> None:
    last_paragraph = " ".join(swathe(*command, "--help").out.strip().split("\n\n")[-1].split())
    assert last_paragraph.startswith("Example: "), last_paragraph
    assert any(word in last_paragraph for word in ("swathe", "mongosh"))


def test_without_a_command_the_commands_are_shown(swathe: Swathe) -> None:
    result = swathe(code=None)
    shown = result.out + result.err
    for command in COMMANDS:
        assert command in shown


def test_the_version_is_the_package_s(swathe: Swathe) -> None:
    assert swathe("--version").out.startswith("swathe 0.")


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ([], "a1 b2 c3"),
        (["price<10"], "a1"),
        (["price<=10"], "a1 b2"),
        (["price>10"], "c3"),
        (["price>=10"], "b2 c3"),
        (["price=10"], "b2"),
        (["price!=10"], "a1 c3"),
        (["title~SEA"], "a1 b2"),
        (["title~."], ""),
        (["title~("], "c3"),
        (["title=The Sea"], "a1"),
        (["upc:a1,c3"], "a1 c3"),
        (["upc!:a1,c3"], "b2"),
        (["title!~sea"], "c3"),
        (["title!=The Sea"], "b2 c3"),
        (["title=T\u200bhe Sea\ufeff"], "a1"),
        (["first_seen=2026-11-20..2026-11-21"], "a1 b2 c3"),
        (["first_seen=2026-11-22.."], ""),
        (["first_seen=..2026-11-20"], ""),
        (["first_seen!=..2026-11-20"], "a1 b2 c3"),
        (["rating"], "a1 b2"),
        (["!rating"], "c3"),
        (["in_stock=true"], "a1"),
        (["in_stock=no"], "b2"),
        (["!gone_at", "price<100", "title~wall"], "b2"),
        (["first_seen=2026-11-21"], "a1 b2 c3"),
        (["first_seen<2026-11-21"], ""),
        (["first_seen<=2026-11-21"], "a1 b2 c3"),
        (["first_seen>2026-11-20"], "a1 b2 c3"),
        (["first_seen>2026-11-21"], ""),
        (["first_seen!=2026-11-21"], ""),
        (["first_seen>=2026-11-21T09:30:00+00:00"], "a1 b2 c3"),
        (["first_seen>=2026-11-21T10:31:00+01:00"], ""),
        (["title={'$ne': 1}"], ""),
        (["title=$where"], ""),
        (["upc=a1; return true"], ""),
    ],
)
def test_a_filter_finds_what_it_says(database: Mongo, books: Any, filters: list[str], found: str) -> None:
    rows = database.books.find(mongo_filter(Book, filters), sort=[("upc", 1)])
    assert " ".join(row["upc"] for row in rows) == found


def test_filters_are_all_held_against_a_record(swathe: Swathe, books: Any) -> None:
    filters = ["price<100", "title~SEA", "!gone_at"]
    assert swathe("query", "books", *filters, "--count").out == "2\n"
    assert swathe("query", "books", *filters, "in_stock=true", "--count").out == "1\n"


@pytest.mark.parametrize(
    ("filters", "line"),
    [
        (["prize<10"], "'prize' is not a field of books: did you mean 'price'?"),
        (["price<cheap"], "filter 'price<cheap': 'price' is compared with 'cheap', expected a number"),
        (["price<NaN"], "expected a number"),
        (["rating=4.5"], "expected a whole number"),
        (["rating=99999999999999999999"], "expected a whole number"),
        (["in_stock=maybe"], "expected true or false"),
        (["changed_at>soon"], "expected a time such as 2026-11-21"),
        (["changed_at>2026-02-31"], "expected a time such as 2026-11-21"),
        (["run=xyz"], "expected an id of 24 hexadecimal digits"),
        (["rating~4"], "~ looks into text, and 'rating' is no text"),
        (["$where=1"], "'$where' is not a field of books: the fields of books are upc"),
        (["$where"], "'$where' is not a field of books"),
        (["title.$gt=1"], "is not"),
        (["title.sub=1"], "'title.sub' is not a field of books: 'title' has no fields of its own"),
        (["=5"], "filter '=5' is not understood, expected one of field=value"),
        (["price\\"], "is not understood"),
        (["title==x"], "== is no operator, write title=…, or title:=… for a text that begins so"),
        (["title!==x"], "!== is no operator, write title!=…, or title!:=… for a text that begins so"),
        (["price=>5"], "=> is no operator, write price>=…; the fields"),
        (["price<>5"], "<> is no operator, write price!=…; the fields"),
        (["title~"], "the text after ~ has 0 characters, expected 1 to 5000"),
        (["rating!~4"], "!~ looks into text, and 'rating' is no text"),
        (["price=5..1"], "the range of 'price' ends before it begins, expected 1..5"),
        (["price=.."], "the range of 'price' has no end, expected one such as 1..5, 1.. or ..5"),
        (["rating=1..4.5"], "'rating' is compared with '4.5', expected a whole number"),
        (["first_seen=today..yesterday"], "the range of 'first_seen' ends before it begins"),
        ([""], "is not understood"),
    ],
)
def test_a_filter_that_makes_no_sense_is_one_clear_line(filters: list[str], line: str) -> None:
    with pytest.raises(UsageError) as fault:
        mongo_filter(Book, filters)
    assert line in str(fault.value)
    assert "\n" not in str(fault.value)


@pytest.mark.parametrize("filters", [["$where=1"], ["prize<10"]])
def test_a_wrong_filter_ends_the_command_with_exit_code_2(swathe: Swathe, filters: list[str]) -> None:
    assert swathe("query", "books", *filters, code=2).error_line.startswith("swathe: ")


def test_unknown_records_or_fields_are_named(swathe: Swathe) -> None:
    assert "there are no records 'bocks': did you mean 'books'?" in swathe("query", "bocks", code=2).error_line
    assert "'prize' is not a field" in swathe("query", "books", "--select", "prize", code=2).error_line
    assert "'prize' is not a field" in swathe("query", "books", "--sort", "-prize", code=2).error_line


def test_sort_limit_and_select_do_what_they_say(swathe: Swathe, books: Any) -> None:
    out = swathe("query", "books", "--sort", "-price", "--limit", "2", "--select", "upc,price", "--format", "jsonl").out
    assert out == '{"upc": "c3", "price": 100.00}\n{"upc": "b2", "price": 10.00}\n'


def test_json_is_one_array_and_holds_exact_values(swathe: Swathe, books: Any) -> None:
    rows = json.loads(
        swathe("query", "books", "upc=a1", "--select", "price,first_seen,run,rating", "--format", "json").out,
        parse_float=str,
    )
    assert rows == [
        {"price": "9.50", "first_seen": "2026-11-21T09:30:00+00:00", "run": str(books[0]["run"]), "rating": 4}
    ]
    assert json.loads(swathe("query", "books", "upc=none", "--format", "json").out) == []


def test_csv_is_read_back_and_cannot_run_a_formula(swathe: Swathe, books: Any) -> None:
    out = swathe("query", "books", "--sort", "upc", "--select", "upc,title,price,rating", "--format", "csv").out
    rows = list(csv.reader(io.StringIO(out)))
    assert rows[0] == ["upc", "title", "price", "rating"]
    assert rows[1] == ["a1", "The Sea", "9.50", "4"]
    assert rows[3] == ["c3", "'=HYPERLINK(1)[31m", "100.00", ""]


@pytest.mark.parametrize("format_", ["table", "json", "jsonl", "csv"])
def test_stored_text_cannot_steer_the_terminal(swathe: Swathe, books: Any, format_: str) -> None:
    out = swathe("query", "books", "--select", "title", "--format", format_).out
    assert "HYPERLINK" in out
    assert "\x1b" not in out
    assert "\u202e" not in out


@pytest.mark.parametrize("width", [30, 60, 120])
def test_a_table_shows_everything_at_any_width(swathe: Swathe, books: Any, width: int) -> None:
    out = swathe("query", "books", COLUMNS=str(width)).out
    table, _ = out.split("3 books")
    assert max(map(len, table.splitlines())) <= width
    together = "".join(table.split())
    for shown in ("upc", "a1", "b2", "c3", "stock", "rating", "100.00", "in_stock"):
        assert shown in together


def test_piped_output_is_never_cut(swathe: Swathe, database: Mongo) -> None:
    long = " ".join(f"word{number}" for number in range(300))
    run = {"kind": "crawl", "spider": "books", "state": "finished", "verdict": "unknown", "started_at": NOON}
    counts = {"items_new": 4, "items_changed": 0, "items_unchanged": 2, "items_refused": 3}
    database["runs"].insert_one({**run, "reasons": [long], "counts": counts, "records": {"books": 5}})
    (line,) = (line for line in swathe("runs", "--spider", "books", COLUMNS="").out.splitlines() if "books" in line)
    assert long in line
    assert line.split()[5:9] == ["4", "0", "1", "3"], "each record and refusal counts once"
    narrow = swathe("runs", "--limit", "1", COLUMNS="70").out
    assert "… ends 1 long text, which piped output has whole" in narrow
    assert "times in UTC" in narrow.replace("Etc/", "")
    assert max(map(len, narrow.splitlines())) <= 70


def test_the_log_of_a_run_is_shown_and_can_steer_no_terminal(swathe: Swathe, database: Mongo, tmp_path: Path) -> None:
    assert "no run has a log yet" in swathe("logs", code=2).error_line
    log = tmp_path / "books.log"
    log.write_text("one\n\x1b[31mtwo\nthree\n")
    run = {"spider": "books", "state": "finished", "started_at": NOON, "logs": [str(tmp_path / "gone.log"), str(log)]}
    number = database["runs"].insert_one(run).inserted_id
    assert swathe("logs").out == "one\n[31mtwo\nthree\n"
    assert swathe("logs", str(number), "--tail", "1", "--follow").out == "three\n"
    log.unlink()
    assert f"the log of run {number} is gone" in swathe("logs", code=2).error_line


def test_a_reader_that_stops_early_is_no_error(swathe: Swathe, database: Mongo, books: Any) -> None:
    database.books.insert_many([{"upc": f"x{number}", "title": "x" * 500} for number in range(2000)])
    piped = swathe.run(["sh", "-c", "python main.py query books --format jsonl | head -n 1"], PATH=python_first())
    assert len(piped.out.splitlines()) == 1
    assert piped.err == ""


def test_runs_and_rejected_are_listed_and_shown(swathe: Swathe, site: Any) -> None:
    swathe("crawl", "books", "--start", f"{site.url}books/", code=3)
    run_id = swathe("query", "runs", "--select", "id", "--format", "csv").out.split()[1]
    for arguments in (["runs"], ["runs", "list"]):
        assert run_id[-8:] in swathe(*arguments).out
    shown = swathe("runs", "show", run_id[-8:]).out
    assert run_id in shown
    assert "3 records were refused" in shown
    assert "items_refused    3" in shown
    listed = swathe("rejected").out
    assert "3 refused items" in listed
    assert listed.count("books") >= 3
    item = swathe("query", "rejected", "--select", "id", "--format", "csv").out.split()[1]
    shown = swathe("rejected", "show", item).out
    assert "Faults" in shown
    assert "Raw values" in shown
    assert "no runs have the id 'ffff'" in swathe("runs", "show", "ffff", code=2).error_line


@pytest.mark.parametrize(
    ("environ", "fault"),
    [
        ({"SWATHE_SCHEDULE_BOKS": "0 6 * * *"}, "FAULT schedule       [schedule] boks: there is no spider 'boks'"),
        ({"SWATHE_SCHEDULE_BOOKS": "0 6 * * *"}, "FAULT scheduler      none lives"),
        ({"SWATHE_ALERTS_TARGETS": "nonsense://s3cret"}, "FAULT alerts         [alerts] targets: address 1 is none"),
        ({"SWATHE_CRAWL_CONTACT": "me"}, "FAULT contact        'me' is no web page and no mailbox"),
        (
            {"SWATHE_CRAWL_CONTACT": "https://shop.example.com/"},
            "FAULT contact        'https://shop.example.com/' is no",
        ),
    ],
)
def test_doctor_finds_what_only_a_night_would_show(swathe: Swathe, environ: dict[str, str], fault: str) -> None:
    out = swathe("doctor", code=1, **environ).out
    assert fault in out
    assert "s3cret" not in out


def test_doctor_finds_everything_in_order_or_names_the_repair(swathe: Swathe, tmp_path: Any) -> None:
    well = swathe("doctor").out
    for what in ("Python", "configuration", "mongod", "MongoDB", "contact", "browser"):
        assert what in well
    assert "FAULT" not in well
    ill = swathe("doctor", code=1, SWATHE_MONGODB_MONGOD="/no/such/mongod").out
    assert ill.count("FAULT") == 2
    assert "expected the path of an executable file" in ill
    assert "SWATHE_CRAWL_DELAY_S is 'x'" in swathe("doctor", code=1, SWATHE_CRAWL_DELAY_S="x").out


def test_spiders_are_listed_with_what_they_store(swathe: Swathe) -> None:
    out = swathe("spiders").out
    assert "https://quotes.toscrape.com/" in out
    assert "quotes, authors" in out


def test_the_demo_stores_the_practice_site_and_its_three_queries_find_something(swathe: Swathe) -> None:
    out = swathe("demo").out
    site = load_site()
    assert f"{len(site.quotes)} quotes" in out
    assert f"{len(site.authors)} authors" in out
    assert f"{len(site.books)} books" in out
    assert f"{len(site.refused)} refused items" in out
    queries = [line.strip() for line in out.split("Three queries to try:")[1].strip().splitlines()]
    assert len(queries) == 3
    for query in queries:
        found = swathe.run(["sh", "-c", query], PATH=python_first()).out
        assert len(found.strip().splitlines()) > 4, f"{query} found nothing:\n{found}"


def test_db_uri_hides_a_password_unless_asked(swathe: Swathe) -> None:
    environ = {"SWATHE_MONGODB_URI": "mongodb://ann:s3cret@127.0.0.1:9/"}
    assert swathe("db", "uri", **environ).out == "mongodb://ann:***@127.0.0.1:9/\n"
    assert swathe("db", "uri", "--reveal", **environ).out == "mongodb://ann:s3cret@127.0.0.1:9/\n"


def test_starting_and_stopping_one_s_own_mongodb_is_left_to_its_owner(swathe: Swathe) -> None:
    failed = swathe("db", "stop", code=2, SWATHE_MONGODB_URI="mongodb://127.0.0.1:9/")
    assert "[mongodb] uri names your own MongoDB, expected the embedded one" in failed.error_line


def test_visible_text_has_one_line_and_no_control_characters() -> None:
    assert visible("a\x1b]0;title\x07b\n\tc\x9b31m\u202e") == "a ]0;title b c 31m"
    assert visible(None) == ""
    assert visible(["a", 1, {"b": Decimal128("1.0")}]) == 'a, 1, {"b": 1.0}'


def python_first() -> str:
    import os
    import sys
    from pathlib import Path

    return f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("crawl quotes-t", ["quotes-table"]),
        ("query bo", ["books"]),
        ("history au", ["authors"]),
        ("query books pri", ["price"]),
        ("query books in_stock=t", ["in_stock=true"]),
        ("query books in_stock = t", ["true"]),  # as bash hands it over
        ("query books title=The", ["title=The Sea"]),
        ("query nonsense a", []),
        ("runs --spider quotes-t", ["quotes-table"]),
    ],
)
def test_the_shell_completes_spiders_records_fields_and_values(
    swathe: Swathe, books: Any, typed: str, offered: list[str]
) -> None:
    words = {"COMP_WORDS": f"swathe {typed}", "COMP_CWORD": str(len(typed.split()))}
    out = swathe(code=None, _SWATHE_COMPLETE="complete_bash", **words).out
    assert [line for line in out.splitlines() if line] == offered
