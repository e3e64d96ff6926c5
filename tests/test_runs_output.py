"""A file of a run's records: all of that run and of no other, exact, and the old file until the new one is whole."""

from __future__ import annotations

import csv
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from bson import Decimal128, ObjectId

from scraper.errors import UsageError
from scraper.runs.output import EXPORTERS, check_output, write_output

if TYPE_CHECKING:
    from pymongo.database import Database

    Mongo = Database[dict[str, Any]]

RUN, OTHER = ObjectId(), ObjectId()
WHEN = datetime(2026, 11, 21, tzinfo=UTC)


def stored(upc: str, run: ObjectId, **fields: Any) -> dict[str, Any]:
    return {"upc": upc, "url": f"http://h/{upc}", "first_seen": WHEN, "last_seen": WHEN, "run": run, **fields}


@pytest.fixture
def records(database: Mongo) -> Mongo:
    database.books.insert_many(
        [
            stored("b", RUN, title="=1+1 <é>", price=Decimal128("9.50"), rating=4),
            stored("a", OTHER, title="of another run", price=Decimal128("1.00")),
            stored("c", RUN, title="two\nlines", price=Decimal128("0.10"), description=None),
        ]
    )
    database.authors.insert_one({"name": "Anna", "url": "http://h/anna", "run": RUN})
    return database


def test_a_file_has_the_run_s_records_exactly_and_nothing_of_bookkeeping(records: Mongo, tmp_path: Path) -> None:
    file = tmp_path / "out.jsonl"
    file.write_text("what was there before")
    assert write_output(records, str(RUN), file) == 3
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    by_url = {row["url"]: row for row in rows}
    assert by_url == {
        "http://h/b": {"upc": "b", "title": "=1+1 <é>", "price": "9.50", "rating": 4, "url": "http://h/b"},
        "http://h/c": {"upc": "c", "title": "two\nlines", "price": "0.10", "description": None, "url": "http://h/c"},
        "http://h/anna": {"name": "Anna", "url": "http://h/anna"},
    }


@pytest.mark.parametrize("suffix", EXPORTERS)
def test_every_format_has_every_record_also_when_there_is_none(records: Mongo, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"out{suffix}"
    assert write_output(records, str(RUN), file) == 3
    text = file.read_text(encoding="utf-8")
    assert "9.50" in text
    assert re.search(r"é|\\u00e9", text)
    assert "of another run" not in text
    assert write_output(records, str(ObjectId()), file) == 0
    assert "9.50" not in file.read_text(encoding="utf-8")


def test_a_table_is_read_back_by_its_columns(records: Mongo, tmp_path: Path) -> None:
    records.authors.delete_many({})
    file = tmp_path / "out.csv"
    write_output(records, str(RUN), file)
    with file.open(newline="", encoding="utf-8") as lines:
        rows = {row["upc"]: row for row in csv.DictReader(lines)}
    assert (rows["c"]["title"], rows["c"]["price"]) == ("two\nlines", "0.10")


def test_a_file_that_cannot_be_made_whole_leaves_the_one_before(records: Mongo, tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    file.write_text("before")
    records.books.update_one({"upc": "c"}, {"$unset": {"url": True}})
    with pytest.raises(KeyError, match="url"):
        write_output(records, str(RUN), file)
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("out.txt", r"the suffix must be one of \.json \.jsonl \.csv \.xml, not '\.txt'"),
        ("out", r"the suffix must be one of .*, not ''"),
        ("json", r"not ''"),
        ("out.JSON", r"not '\.JSON'"),
        ("none/out.json", r"the folder .*/none does not exist; create it first"),
    ],
)
def test_a_file_that_cannot_be_written_is_refused_before_the_crawl(tmp_path: Path, name: str, line: str) -> None:
    with pytest.raises(UsageError, match=line):
        check_output(tmp_path / name)


def test_a_file_beside_the_working_folder_needs_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    check_output(Path("out.json"))
