"""Exports, read back with programs that know nothing of Swathe, and held against what MongoDB has."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import resource
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import openpyxl
import pyarrow.parquet as pq
import pytest
from bson import Decimal128, ObjectId
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape
from support import ROOT, Swathe, until

from models.books import Book
from models.quotes import Author, Quote
from models.record import schema_of
from models.system import Run
from scraper.core import zst
from scraper.core.atomic_file import whole_file
from scraper.core.text import ListStyle, printable
from scraper.errors import FileError, UsageError
from scraper.query.export.as_csv import csv_lines
from scraper.query.export.as_xlsx import check_rows
from scraper.query.export.export import ExportResult, check_target, export
from scraper.query.export.table import Table, columns_of
from scraper.query.history import Selection

if TYPE_CHECKING:
    from pymongo.database import Database

    Mongo = Database[dict[str, Any]]

WHEN = datetime(2026, 11, 21, 9, 30, 0, 123000, tzinfo=UTC)
BOOK = {
    "in_stock": True,
    "currency": "GBP",
    "url": "http://127.0.0.1/",
    "first_seen": WHEN,
    "last_seen": WHEN,
    "changed_at": WHEN,
    "gone_at": None,
    "run": ObjectId("6560f3a1c2d4e5f60718293a"),
}
FORMULAS = [
    "=1+1",
    "+1",
    "-1+cmd|x",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    "\u00a0=1",
    "\uff1d1",
    "\ufeff=1",
    "\u200b@x",
    "\ufe63a",
]
BOOKS = [
    {"upc": "a1", "title": 'The Sea, "blue"\nsecond line', "price": Decimal128("9.50"), "rating": 4},
    {"upc": "b2", "title": "Ünïcödé 😀 \u202eabc", "price": Decimal128("1234567890.12"), "rating": None},
    {"upc": "c3", "title": "a\x00b\x1b[31m _x0041_", "price": Decimal128("0.001"), "stock": 2**53 + 1},
    *({"upc": f"f{n}", "title": text, "price": Decimal128("-1")} for n, text in enumerate(FORMULAS)),
]
HEADER = [*schema_of(Book).content, "url", "first_seen", "last_seen", "changed_at", "gone_at", "run"]


@pytest.fixture
def books(database: Mongo) -> list[dict[str, Any]]:
    """Stored books with what breaks files, in the order of their keys."""
    rows = [{**BOOK, **book} for book in BOOKS]
    database.books.insert_many(rows)
    return sorted(rows, key=lambda row: row["upc"])


def plain(book: dict[str, Any]) -> dict[str, Any]:
    """Return a stored book in the types of JSON, numbers as Decimal."""
    convert = {Decimal128: lambda v: v.to_decimal(), datetime: lambda v: v.isoformat(), ObjectId: str, int: Decimal}
    return {name: convert.get(type(value), lambda v: v)(value) for name, value in book.items() if name != "_id"}


def clean(text: str) -> str:
    return text.replace("\x00", "\ufffd").replace("\x1b", "\ufffd")


def exported(database: Mongo, target: Path, *, document: Any = Book, select: str = "", **options: Any) -> ExportResult:
    """Export in this process, which spares a second a file; the command itself is tested below."""
    columns = columns_of(document, [name for name in select.split(",") if name])
    table = Table(database, Selection(document, {}), columns, [(columns_of(document)[0].path.column, 1)])
    written = export(table, target, **options)
    assert not list(target.parent.glob(".swathe-*")), "a temporary file is left"
    return written


def test_json_lines_hold_every_value_exactly(database: Mongo, books: Any, tmp_path: Path) -> None:
    exported(database, tmp_path / "books.jsonl")
    lines = (tmp_path / "books.jsonl").read_text().splitlines()
    read = [json.loads(line, parse_float=Decimal, parse_int=Decimal) for line in lines]
    assert read == [plain(book) for book in books]
    assert list(read[0]) == [name for name in HEADER if name in books[0]]
    assert '"price": 9.50,' in lines[0]
    assert '"price": 1234567890.12,' in lines[1]


@pytest.mark.parametrize("suffix", [".json", ".jsonl.gz", ".jsonl.zst"])
def test_an_array_and_compressed_lines_hold_the_same(database: Mongo, books: Any, tmp_path: Path, suffix: str) -> None:
    exported(database, tmp_path / f"books{suffix}")
    data = (tmp_path / f"books{suffix}").read_bytes()
    if suffix.endswith(".gz"):
        data = gzip.decompress(data)
    elif suffix.endswith(".zst"):
        data = zst.decompress(data)
    text = data.decode() if suffix == ".json" else f"[{','.join(data.decode().splitlines())}]"
    assert json.loads(text, parse_float=Decimal, parse_int=Decimal) == [plain(book) for book in books]


def test_csv_has_one_header_and_no_formula(database: Mongo, books: Any, tmp_path: Path) -> None:
    exported(database, tmp_path / "books.csv")
    with (tmp_path / "books.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert header == HEADER
    read = [dict(zip(header, row, strict=True)) for row in rows]
    for book, row in zip(books, read, strict=True):
        assert row["title"] in (clean(book["title"]), f"'{book['title']}'"[:-1])
        assert row["title"].startswith("'") == (book["title"] in FORMULAS)
        assert Decimal(row["price"]) == book["price"].to_decimal()
        assert row["first_seen"] == WHEN.isoformat()
        assert (row["in_stock"], row["gone_at"]) == ("true", "")
    assert read[1]["rating"] == ""
    assert read[3]["price"] == "-1", "a number stays a number"


def test_parquet_has_types_and_exact_decimals(database: Mongo, books: Any, tmp_path: Path) -> None:
    exported(database, tmp_path / "books.parquet")
    table = pq.read_table(tmp_path / "books.parquet")
    assert table.column_names == HEADER
    assert str(table.schema.field("price").type) == "decimal128(18, 3)"
    assert str(table.schema.field("first_seen").type) == "timestamp[ms, tz=UTC]"
    for book, row in zip(books, table.to_pylist(), strict=True):
        expected = {name: book.get(name) for name in HEADER}
        expected |= {"price": book["price"].to_decimal(), "run": str(book["run"])}
        assert row == expected


def test_parquet_keeps_lists(database: Mongo, tmp_path: Path) -> None:
    database.quotes.insert_many(
        [{"text": "a", "author": "b", "tags": ["x; y", "z"]}, {"text": "c", "author": "d", "tags": []}, {"text": "e"}]
    )
    exported(database, tmp_path / "q.parquet", document=Quote, select="tags")
    table = pq.read_table(tmp_path / "q.parquet")
    assert str(table.schema.field("tags").type) == "list<element: string>"
    assert table.column("tags").to_pylist() == [["x; y", "z"], [], None]


@pytest.mark.parametrize(("lists", "cell"), [("join", r"x\; \\y; =z"), ("json", '["x; \\\\y", "=z"]')])
def test_a_list_in_a_cell_is_joined_or_json(database: Mongo, tmp_path: Path, lists: str, cell: str) -> None:
    database.quotes.insert_one({"text": "a", "author": "b", "tags": ["x; \\y", "=z"]})
    for suffix in (".csv", ".xlsx"):
        exported(database, tmp_path / f"q{suffix}", document=Quote, select="tags", lists=ListStyle(lists))
    assert list(csv.reader((tmp_path / "q.csv").read_text().splitlines()))[1] == [cell]
    assert openpyxl.load_workbook(tmp_path / "q.xlsx").active["A2"].value == cell


def test_a_workbook_has_dates_numbers_and_texts_but_no_formula(database: Mongo, books: Any, tmp_path: Path) -> None:
    exported(database, tmp_path / "books.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "books.xlsx").active
    header, *rows = sheet.iter_rows()
    assert [cell.value for cell in header] == HEADER
    for book, cells in zip(books, rows, strict=True):
        row = dict(zip(HEADER, cells, strict=True))
        assert unescape(row["title"].value) == clean(book["title"])
        assert row["title"].data_type in ("s", "inlineStr")
        assert row["title"].hyperlink is None
        assert row["url"].hyperlink is None
        assert row["price"].value == pytest.approx(float(str(book["price"])), rel=1e-15)
        assert row["first_seen"].value == WHEN.replace(tzinfo=None)
        assert row["in_stock"].value is True
    assert rows[2][HEADER.index("stock")].value == str(2**53 + 1), "a number with more than 15 digits is a text"


def test_what_excel_has_no_room_for_is_cut_and_reported(database: Mongo, tmp_path: Path) -> None:
    database.authors.insert_many(
        [
            {**BOOK, "name": "a", "born_date": datetime(1775, 12, 16, tzinfo=UTC), "description": "x" * 32_767},
            {**BOOK, "name": "b", "born_date": datetime(1975, 12, 16, tzinfo=UTC), "description": "😀" * 20_000},
        ]
    )
    notes = exported(database, tmp_path / "a.xlsx", document=Author).notes
    assert notes == ["1 cells held more than Excel's 32767 characters and were cut: they end in '… [cut]'"]
    _, old, young = openpyxl.load_workbook(tmp_path / "a.xlsx").active.iter_rows(values_only=True)
    assert old[1] == "1775-12-16T00:00:00+00:00"
    assert old[3] == "x" * 32_767
    assert young[1] == datetime(1975, 12, 16)  # noqa: DTZ001 - Excel knows no zone
    assert young[3].startswith("😀")
    assert young[3].endswith("😀… [cut]")


def test_decimals_beyond_parquet_become_text_with_a_note(swathe: Swathe, database: Mongo, tmp_path: Path) -> None:
    prices = ["1E+30", "1E-30", "NaN"]
    database.books.insert_many([{**BOOK, "upc": str(n), "price": Decimal128(text)} for n, text in enumerate(prices)])
    result = swathe("export", "books", str(tmp_path / "b.parquet"), "--sort", "upc", "--select", "price")
    assert "note: 'price' is written as text: no decimal of 38 digits holds all of its values" in result.err
    assert [Decimal(row) for row in pq.read_table(tmp_path / "b.parquet")["price"].to_pylist()[:2]] == [
        Decimal("1E+30"),
        Decimal("1E-30"),
    ]


def test_a_value_of_another_type_is_named_and_leaves_no_parquet_file(database: Mongo, tmp_path: Path) -> None:
    database.books.insert_one({**BOOK, "upc": "a", "rating": "many"})
    with pytest.raises(FileError, match=r"field 'rating' holds a value that is not a whole number \(found 'many'\)"):
        exported(database, tmp_path / "b.parquet")
    assert not list(tmp_path.iterdir())


def test_filters_times_fields_order_and_limit_choose_what_is_written(
    swathe: Swathe, database: Mongo, books: Any, tmp_path: Path
) -> None:
    database.books.update_one({"upc": "b2"}, {"$set": {"changed_at": datetime(2026, 11, 22, tzinfo=UTC)}})
    target = tmp_path / "b.csv"

    def written(*options: str) -> str:
        swathe("export", "books", str(target), *options, TZ="UTC")
        return target.read_text()

    assert written("price>1", "--select", "upc,price", "--sort", "-price") == "upc,price\nb2,1234567890.12\na1,9.50\n"
    assert written("--select", "upc", "--sort", "-upc", "--limit", "1") == "upc\nf9\n"
    assert written("--select", "upc", "--changed-since", "2026-11-22") == "upc\nb2\n"
    assert written("--select", "upc", "upc=none") == "upc\n"


def test_an_export_as_of_a_time_shows_the_records_as_they_were(
    swathe: Swathe, database: Mongo, books: Any, tmp_path: Path
) -> None:
    later = datetime(2026, 11, 23, tzinfo=UTC)
    book = database.books.find_one_and_update({"upc": "a1"}, {"$set": {"price": Decimal128("8"), "changed_at": later}})
    assert book
    database.changes.insert_one(
        {"_id": "1", "records": "books", "record": book["_id"], "field": "price", "old": Decimal128("9.50"),
         "new": Decimal128("8"), "when": later, "version": WHEN}
    )  # fmt: skip
    for day, price in (("2026-11-22", "9.50"), ("2026-11-23", "8")):
        swathe("export", "books", str(tmp_path / "b.csv"), "upc=a1", "--as-of", day, "--select", "price", TZ="UTC")
        assert (tmp_path / "b.csv").read_text().splitlines() == ["price", price]


def test_system_collections_are_exported_with_their_nested_fields(
    swathe: Swathe, database: Mongo, tmp_path: Path
) -> None:
    run = ObjectId()
    database.runs.insert_one(
        {"_id": run, "spider": "books", "arguments": {"start": "=1"}, "state": "finished", "started_at": WHEN,
         "heartbeat_at": WHEN, "counts": {"pages": 3}, "reasons": ["a", "b"]}
    )  # fmt: skip
    for suffix in (".csv", ".parquet"):
        exported(database, tmp_path / f"r{suffix}", document=Run)
    row = next(csv.DictReader((tmp_path / "r.csv").read_text().splitlines()))
    assert row["id"] == str(run)
    assert row["counts"] == '{"pages": 3}'
    parquet = pq.read_table(tmp_path / "r.parquet").to_pylist()[0]
    assert json.loads(parquet["arguments"]) == {"start": "=1"}
    assert parquet["reasons"] == ["a", "b"]
    swathe("export", "runs", str(tmp_path / "r.csv"), "--select", "spider,counts.pages,arguments.start")
    assert (tmp_path / "r.csv").read_text() == "spider,counts.pages,arguments.start\nbooks,3,'=1\n"


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("books.txt", "the suffix must be one of .csv .json .jsonl .parquet .xlsx, not '.txt'"),
        ("books", "the suffix must be one of .csv .json .jsonl .parquet .xlsx, not ''"),
        ("books.xlsx.gz", "not '.xlsx.gz'; .csv .json .jsonl may be followed by .gz or .zst"),
        ("none/books.csv", "does not exist; create it first"),
        ("folder.csv", "it is a folder, expected the name of a file"),
        ("fifo.csv", "it is no ordinary file"),
    ],
)
def test_a_target_that_cannot_be_is_one_line(tmp_path: Path, file: str, line: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "fifo.csv")
    target = tmp_path / file
    with pytest.raises(UsageError) as fault:
        check_target(target)
    assert str(fault.value).startswith(f"cannot write {target}: ")
    assert line in str(fault.value)


def test_a_wrong_suffix_ends_the_command_before_mongodb_is_asked(swathe: Swathe) -> None:
    line = swathe("export", "books", "books.txt", code=2).error_line
    expected = "the suffix must be one of .csv .json .jsonl .parquet .xlsx, not '.txt'"
    assert line == f"swathe: cannot write books.txt: {expected}"


def test_a_folder_that_may_not_be_written_is_one_line(swathe: Swathe, books: Any) -> None:
    line = swathe("export", "books", "/sys/books.csv", code=1).error_line
    assert line.startswith("swathe: cannot write /sys/books.csv: ")
    assert line.endswith(": choose a folder that you may write to")


@pytest.fixture
def large_books(database: Mongo) -> None:
    """Books that no file of 8 kB holds, however well it is compressed."""
    noise = [token_hex(400) for _ in range(300)]
    database.books.insert_many([{**BOOK, "upc": text[:16], "title": text} for text in noise])


@pytest.mark.parametrize("suffix", [".csv", ".json", ".jsonl.gz", ".jsonl.zst", ".parquet", ".xlsx"])
def test_a_full_disk_leaves_the_old_file_and_no_other(
    database: Mongo, large_books: None, tmp_path: Path, suffix: str
) -> None:
    target = tmp_path / f"books{suffix}"
    target.write_text("old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, limits[1]))
    try:
        with pytest.raises(FileError, match=r"the file would be larger than .* or your limit allows"):
            exported(database, target)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_a_full_disk_is_one_line(swathe: Swathe, large_books: None, tmp_path: Path) -> None:
    command = f"ulimit -f 8; exec {sys.executable} {ROOT}/main.py export books {tmp_path}/books.csv"
    line = swathe.run(["bash", "-c", command], code=1).error_line
    assert line.startswith(f"swathe: cannot write {tmp_path}/books.csv: the file would be larger than {tmp_path} or ")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_stopped_export_leaves_nothing_half(swathe: Swathe, database: Mongo, tmp_path: Path, suffix: str) -> None:
    database.books.insert_many([{**BOOK, "upc": str(n), "title": "x" * 500} for n in range(30_000)])
    target = tmp_path / f"books{suffix}"
    target.write_text("old")
    process = swathe.start("export", "books", str(target))
    until(lambda: list(tmp_path.glob(".swathe-*")) or process.poll() is not None, "the export has begun")
    assert process.poll() is None
    process.terminate()
    process.communicate(timeout=30)
    assert process.returncode == 143
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_a_link_is_followed_and_a_new_file_has_the_usual_mode(swathe: Swathe, books: Any, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link.csv").symlink_to(tmp_path / "real" / "books.csv")
    swathe("export", "books", str(tmp_path / "link.csv"))
    (tmp_path / "other").touch()
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real" / "books.csv").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_more_records_than_a_sheet_holds_are_refused() -> None:
    check_rows(1_048_575)
    with pytest.raises(UsageError, match=r"1048576 records are more than the 1048575 that a sheet of Excel holds"):
        check_rows(1_048_576)


texts = st.builds(
    "{}{}".format,
    st.sampled_from(["", "=", " +", "-", "\t@", "\uff1d"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)
decimals = st.builds(
    lambda digits, exponent: Decimal128(Decimal(digits).scaleb(exponent)),
    st.integers(-(10**15), 10**15),
    st.integers(-15, 3),
)
some_books = st.fixed_dictionaries(
    {
        "title": texts | st.none(),
        "price": decimals,
        "stock": st.integers(-(2**63), 2**63 - 1) | st.none(),
        "in_stock": st.booleans(),
        "changed_at": st.datetimes(datetime(1700, 1, 1), datetime(2900, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    }
)
SELECTED = "upc,title,price,stock,in_stock,changed_at"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(some_books, max_size=12))
def test_whatever_is_stored_is_what_other_programs_read(
    database: Mongo, tmp_path: Path, drawn: list[dict[str, Any]]
) -> None:
    database.books.delete_many({})
    if drawn:
        database.books.insert_many([{"upc": f"{number:03}", **book} for number, book in enumerate(drawn)])
    stored = [plain(book) for book in database.books.find(sort=[("upc", 1)])]
    for suffix in (".jsonl", ".csv", ".parquet", ".xlsx"):
        exported(database, tmp_path / f"b{suffix}", select=SELECTED)
    lines = (tmp_path / "b.jsonl").read_text().split("\n")[:-1]
    assert [json.loads(line, parse_float=Decimal, parse_int=Decimal) for line in lines] == stored
    rows = pq.read_table(tmp_path / "b.parquet").to_pylist()
    assert [{**row, "changed_at": row["changed_at"].isoformat()} for row in rows] == stored
    with (tmp_path / "b.csv").open(encoding="utf-8", newline="") as file:
        cells = list(csv.DictReader(file))
    sheet = openpyxl.load_workbook(tmp_path / "b.xlsx").active
    _, *excel = sheet.iter_rows(values_only=True)
    assert len(cells) == len(excel) == len(stored)
    for record, cell, row in zip(stored, cells, excel, strict=True):
        assert Decimal(cell["price"]) == record["price"]
        assert cell["stock"] == ("" if record["stock"] is None else str(record["stock"]))
        assert cell["changed_at"] == record["changed_at"]
        assert cell["title"].removeprefix("'") == printable(record["title"] or "").removeprefix("'")
        assert not cell["title"].lstrip().startswith(("=", "+", "-", "@"))
        _, _, price, stock, in_stock, _ = row
        assert Decimal(str(price)) == record["price"]
        assert stock is None or Decimal(stock) == record["stock"]
        assert in_stock is record["in_stock"]


@pytest.mark.parametrize("suffix", ["csv", "json", "jsonl"])
def test_query_and_export_write_the_same_bytes(swathe: Swathe, database: Mongo, tmp_path: Path, suffix: str) -> None:
    quotes = [
        {"text": "one; two", "author": '=SUM(1)\t"x"', "tags": ["a;b", "c"], "first_seen": WHEN, "run": BOOK["run"]},
        {"text": "Ünï 😀\nline", "author": "B", "tags": [], "first_seen": WHEN, "run": BOOK["run"]},
    ]
    database.quotes.insert_many([{**quote, "last_seen": WHEN} for quote in quotes])
    database.books.insert_one({**BOOK, **BOOKS[0], "upc": "x0"})
    for records, select in (("quotes", "text,author,tags,first_seen,run"), ("books", "upc,price,in_stock,rating")):
        exported = tmp_path / f"{records}.{suffix}"
        asked = ["--select", select, "--sort", select.partition(",")[0]]
        swathe("export", records, str(exported), *asked)
        command = (
            f"exec {sys.executable} main.py query {records} {' '.join(asked)} --format {suffix} > {tmp_path}/asked"
        )
        swathe.run(["sh", "-c", command])
        assert (tmp_path / "asked").read_bytes() == exported.read_bytes()


@pytest.mark.parametrize("split", [",", ";", "\t"])
def test_a_cell_stays_whole_and_harmless_whatever_a_spreadsheet_splits_at(split: str) -> None:
    cells = ["a;=1+1", "a\t=1+1", 'a"b";=1', "plain", "a,=1", "a\r=1", "", ";=1"]
    text = "".join(csv_lines(["cell"], [[cell] for cell in cells]))
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=split))
    assert rows == [["cell"], *([cell] for cell in cells)]


@pytest.mark.parametrize("mode", [0o600, 0o640])
def test_who_may_read_a_file_stays_so_when_it_is_replaced(tmp_path: Path, mode: int) -> None:
    target = tmp_path / "a.csv"
    target.touch()
    target.chmod(mode)
    with whole_file(target) as file:
        file.write(b"new")
    assert (target.read_bytes(), target.stat().st_mode & 0o777) == (b"new", mode)
    with whole_file(target, 0o600) as file:
        file.write(b"secret")
    assert target.stat().st_mode & 0o777 == 0o600
