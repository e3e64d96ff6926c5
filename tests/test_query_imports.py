"""Imports: seeds go the way of a page's records, moves keep what was known, bad lines are named."""

from __future__ import annotations

import gzip
import json
import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

import bson
import mongoengine
import pytest
from bson import Decimal128, ObjectId
from support import configured

from models.books import Book
from models.quotes import Quote
from models.record import Record
from scraper.core import zst
from scraper.errors import FileError, SwatheError, UsageError
from scraper.query.export.export import export
from scraper.query.export.table import Table, columns_of
from scraper.query.history import Selection
from scraper.query.imports.lines import SUFFIXES, BadLine, read_lines
from scraper.query.imports.load import Import, unfit
from scraper.storage.connection import Connection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from practice import PracticeServer
    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]

WHEN = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
SEED = {
    "upc": "a1",
    "title": "  The  Sea ",
    "price": "£9.50",
    "currency": "£",
    "in_stock": "In stock",
    "url": "http://a.example/",
}


def written(path: Path, *rows: Any) -> Path:
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))
    return path


def test_a_moved_database_has_equal_records(
    swathe: Swathe, database: Mongo, site: PracticeServer, tmp_path: Path
) -> None:
    swathe("crawl", "quotes", "--start", f"{site.url}quotes/scroll")
    gone = {"gone_at": WHEN, "changed_at": WHEN, "last_seen": datetime(2026, 1, 1, tzinfo=UTC)}
    database.quotes.update_one({}, {"$set": gone, "$unset": {"tags": 1}})
    before = list(database.quotes.find({}, {"_id": 0}, sort=[("_id", 1)]))
    file = tmp_path / "quotes.jsonl.zst"
    export(Table(database, Selection(Quote, {}), columns_of(Quote), [("_id", 1)]), file)
    database.quotes.drop()
    assert f"quotes: {len(before)} new (run " in swathe("import", "quotes", str(file)).out
    assert list(database.quotes.find({}, {"_id": 0}, sort=[("_id", 1)])) == before
    assert "record_key" in database.quotes.index_information()
    run = database.runs.find_one({"spider": "import"})
    assert run
    assert (run["state"], run["verdict"], run["arguments"]) == ("finished", "complete", {"file": "quotes.jsonl.zst"})


def test_a_move_leaves_what_is_there_as_it_is(swathe: Swathe, database: Mongo, tmp_path: Path) -> None:
    book = {
        **SEED,
        "price": Decimal128("9.50"),
        "first_seen": WHEN,
        "last_seen": WHEN,
        "changed_at": WHEN,
        "run": ObjectId(),
    }
    rows = [
        {**book, "title": "The Sea", "currency": "GBP", "in_stock": True, "upc": upc, "gone_at": None} for upc in "ab"
    ]
    database.books.insert_many(rows)
    export(Table(database, Selection(Book, {}), columns_of(Book)), tmp_path / "books.jsonl.gz")
    database.books.delete_one({"upc": "b"})
    database.books.update_one({"upc": "a"}, {"$set": {"title": "Another"}})
    result = swathe("import", "books", str(tmp_path / "books.jsonl.gz"))
    assert "books: 1 new, 1 already there (run " in result.out
    assert [book["title"] for book in database.books.find(sort=[("upc", 1)])] == ["Another", "The Sea"]
    assert database.books.find_one({"upc": "b"}, {"_id": 0}) == {
        name: rows[1][name] for name in rows[1] if name != "_id"
    }


def test_seeds_are_cleaned_and_have_a_history(swathe: Swathe, database: Mongo, tmp_path: Path) -> None:
    swathe("import", "books", str(written(tmp_path / "a.jsonl", SEED)))
    first = database.books.find_one()
    assert first
    assert (first["title"], first["price"], first["in_stock"]) == ("The Sea", Decimal128("9.50"), True)
    assert first["first_seen"] == first["last_seen"] == first["changed_at"]
    result = swathe("import", "books", str(written(tmp_path / "b.jsonl", {**SEED, "price": 10.25})))
    assert "books: 1 changed (run " in result.out
    change = database.changes.find_one()
    assert change
    assert (change["field"], change["old"], change["new"]) == ("price", Decimal128("9.50"), Decimal128("10.25"))
    assert database.books.find_one()["run"] != first["run"]  # type: ignore[index]


def test_bad_lines_are_named_and_the_others_stored(swathe: Swathe, database: Mongo, tmp_path: Path) -> None:
    file = written(
        tmp_path / "a.jsonl",
        SEED,
        "{not json",
        "",
        {**SEED, "upc": "b", "price": "call us", "rating": "seven"},
        [1],
        {**SEED, "prize": 1},
        {**SEED, "upc": "c", "first_seen": "soon"},
        {**SEED, "upc": None, "first_seen": "2026-11-21T00:00:00+00:00"},
        {"upc": "d", "title": "no page", "price": 1, "currency": "GBP", "in_stock": True},
        {**SEED, "upc": "e", "title": "\x1b[31mred", "price": float("nan")},
    )
    result = swathe("import", "books", str(file), code=3)
    assert "books: 1 new; 8 lines were not stored (run " in result.out
    named = dict(line.split(": ", 1) for line in result.err.splitlines())
    assert list(named) == [f"{file}:{number}" for number in (2, 4, 5, 6, 7, 8, 9, 10)]
    assert named[f"{file}:2"].startswith("it is no JSON in UTF-8")
    assert "price: 'call us' holds no amount" in named[f"{file}:4"]
    assert "rating: " in named[f"{file}:4"]
    assert named[f"{file}:6"].startswith("'prize' is not a field of books: did you mean 'price'?")
    assert "\x1b" not in result.err
    assert sorted(item["raw"].get("upc") or "" for item in database.rejected.find()) == ["", "b", "d"]
    run = database.runs.find_one()
    assert run
    assert (run["verdict"], run["reasons"]) == ("incomplete", ["8 lines were not stored"])


@pytest.mark.parametrize(
    ("name", "content", "error", "line"),
    [
        ("a.csv", b"", UsageError, "the suffix must be one of .jsonl .jsonl.gz .jsonl.zst, not '.csv'"),
        ("none.jsonl", None, UsageError, "No such file or directory; expected a file with one JSON object a line"),
        ("a.jsonl.gz", b"no gzip", FileError, "is damaged (Not a gzipped file"),
        ("a.jsonl.gz", gzip.compress(b"{}\n" * 99, mtime=0)[:-9], FileError, "is damaged"),
        ("a.jsonl.zst", b"no zstd at all", FileError, "is damaged"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line(
    tmp_path: Path, name: str, content: bytes | None, error: type[SwatheError], line: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(error) as fault:
        list(read_lines(tmp_path / name, Book))
    assert line in str(fault.value)
    assert str(tmp_path / name) in str(fault.value)


@pytest.mark.parametrize("whole", [0, 1])
def test_a_compressed_file_that_was_cut_is_no_whole_one(tmp_path: Path, whole: int) -> None:
    line = b'{"upc": "%d", "title": "' + random.Random(1).randbytes(300).hex().encode() + b'"}\n'
    frames = [zst.compress(b"".join(line % number for number in range(start, start + 50))) for start in (0, 50)]
    file = tmp_path / "books.jsonl.zst"
    file.write_bytes(b"".join(frames))
    assert [found.number for found in read_lines(file, Book)] == list(range(1, 101))
    file.write_bytes(b"".join(frames[:whole]) + frames[whole][:-20])
    with pytest.raises(FileError, match=r"is damaged \(Compressed file ended before the end-of-stream marker"):
        list(read_lines(file, Book))


def test_an_empty_file_ends_the_command(swathe: Swathe, tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").touch()
    line = swathe("import", "books", str(tmp_path / "a.jsonl"), code=2).error_line
    assert line == f"swathe: {tmp_path}/a.jsonl holds no line, expected one JSON object a line"


def test_what_mongodb_cannot_hold_is_told_before_it_is_sent() -> None:
    assert unfit({"title": "Sea"}) == ""
    assert "has 17825" in unfit({"title": "x" * 17 * 2**20})
    assert "8-byte ints" in unfit({"stock": 10**30})
    assert unfit({"title": "half \ud83d"})


def test_a_moved_line_with_a_wrong_value_is_refused_and_the_next_keeps_its_times(
    swathe: Swathe, database: Mongo, tmp_path: Path
) -> None:
    move = {**SEED, "first_seen": WHEN.isoformat()}
    result = swathe("import", "books", str(written(tmp_path / "a.jsonl", {**move, "stock": 10**30}, move)), code=3)
    assert "books: 1 new; 1 lines were not stored (run " in result.out
    assert f"{tmp_path}/a.jsonl:1: stock: 1" in result.err
    stored = database.books.find_one()
    assert stored
    assert stored["first_seen"] == stored["changed_at"] == WHEN


def test_hostile_lines_are_bad_lines(tmp_path: Path) -> None:
    rows = [b"[" * 100_000, b'{"upc": ' + b"9" * 5000 + b"}", b'{"a\xff": 1}', b'{"upc": Infinity}']
    (tmp_path / "a.jsonl").write_bytes(b"\n".join(rows))
    found = list(read_lines(tmp_path / "a.jsonl", Book))
    assert [type(line) for line in found] == [BadLine] * 4


def test_a_line_without_an_end_takes_no_memory(tmp_path: Path) -> None:
    with (tmp_path / "a.jsonl.zst").open("wb") as file, zst.writer(file) as packed:
        for _ in range(100):
            packed.write(b" " * 2**20)
    (bad,) = read_lines(tmp_path / "a.jsonl.zst", Book)
    assert isinstance(bad, BadLine)
    assert bad.problem == "it has more than 67108864 bytes; what follows was not read"


class Part(mongoengine.EmbeddedDocument):
    """A part of a thing."""

    weight = mongoengine.FloatField()
    cost = mongoengine.Decimal128Field(db_field="c")


class Thing(Record):
    """Fields of every type that holds others."""

    meta: ClassVar = {"collection": "things"}

    sku = mongoengine.StringField(required=True, key=True)
    ratio = mongoengine.FloatField()
    about = mongoengine.DictField()
    any = mongoengine.DynamicField()
    some = mongoengine.ListField()
    prices = mongoengine.MapField(mongoengine.Decimal128Field())
    sizes = mongoengine.MapField(mongoengine.FloatField())
    part = mongoengine.EmbeddedDocumentField(Part)
    parts = mongoengine.EmbeddedDocumentListField(Part)


@pytest.fixture
def importing(database: Mongo, data_dir: Path) -> Iterator[Import]:
    """An import of things."""
    environ = {"SWATHE_MONGODB_DATA_DIR": str(data_dir), "SWATHE_MONGODB_DATABASE": database.name}
    connection = Connection(configured(**environ).mongodb)
    with connection:
        yield Import(connection, Thing, ["pipelines.clean.CleanPipeline", "pipelines.validate.ValidatePipeline"])


FRACTIONS = [1.5, 3.0, -0.0, 1e16, 1e-7, 5e-324, 0.1, Decimal128("9.50"), Decimal128("0.10000000000000000001"), 7, True]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_fractions_in_fields_of_any_type_come_back_as_they_were(
    database: Mongo, importing: Import, tmp_path: Path, suffix: str
) -> None:
    part = {"weight": 2.0, "c": Decimal128("3.10")}
    thing = {
        "sku": "a", "ratio": 2.0, "about": {"w": FRACTIONS, "a.b": {"c": 0.25}}, "any": 0.5, "some": FRACTIONS,
        "prices": {"de": Decimal128("9")}, "sizes": {"m": 2.0}, "part": part, "parts": [part, part],
        "url": "http://a.example/", **dict.fromkeys(("first_seen", "last_seen", "changed_at"), WHEN),
        "gone_at": None, "run": ObjectId(),
    }  # fmt: skip
    database.things.insert_one(dict(thing))
    file = tmp_path / f"things{suffix}"
    export(Table(database, Selection(Thing, {}), columns_of(Thing)), file)
    database.things.drop()
    taken = importing.take(file, read_lines(file, Thing), lambda _: None)
    assert taken.bad == []
    (back,) = database.things.find({}, {"_id": 0})
    assert bson.encode({name: back[name] for name in sorted(back)}) == bson.encode(
        {name: thing[name] for name in sorted(thing)}
    )


def test_a_number_that_mongodb_cannot_hold_in_a_field_of_any_type_is_a_bad_line(
    database: Mongo, importing: Import, tmp_path: Path
) -> None:
    rows = [f'{{"sku": "{n}", "url": "http://a.example/", "any": {n}}}' for n in ("1." + "1" * 40, "1" * 40, "1e9999")]
    file = written(tmp_path / "a.jsonl", *rows, '{"sku": "b", "url": "http://a.example/", "any": 0.5}')
    taken = importing.take(file, read_lines(file, Thing), lambda _: None)
    assert [line.number for line in taken.bad] == [1, 2, 3]
    assert [row["any"] for row in database.things.find()] == [0.5]
