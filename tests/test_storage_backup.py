"""Backups and restores: whole or not at all, whatever stops them; hostile files change nothing."""

from __future__ import annotations

import hashlib
import signal
from datetime import UTC, datetime
from secrets import token_hex
from typing import TYPE_CHECKING, Any

import bson
import pytest
from bson import Decimal128, ObjectId
from support import until

from scraper.core import zst
from scraper.errors import FileError, UsageError
from scraper.storage.backup.archive import FORMAT, VERSION
from scraper.storage.backup.backup import check_archive, check_database, restore

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]

WHEN = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
HEAD = {"format": FORMAT, "version": VERSION, "database": "swathe", "created_at": WHEN}
BOOKS = {"collection": "books", "indexes": []}


def everything(database: Mongo) -> dict[str, Any]:
    """Return all documents and indexes of a database."""
    return {
        name: (list(database[name].find(sort=[("_id", 1)])), database[name].index_information())
        for name in sorted(database.list_collection_names())
    }


@pytest.fixture
def filled(database: Mongo) -> dict[str, Any]:
    """A database with values of many types and a unique index; returns what it holds."""
    database.books.create_index([("upc", 1)], name="record_key", unique=True)
    database.books.create_index([("price", -1), ("title", 1)], name="both", sparse=True)
    values = {"price": Decimal128("9.50"), "when": WHEN, "n": None, "list": [1, {"a": 2.5}], "binary": b"\x00"}
    database.books.insert_many([{"upc": f"{number:05}", **values} for number in range(2_500)])
    database.changes.insert_one({"_id": "books/1", "old": {"$where": "1"}, "new": float("inf")})
    database.runs.insert_one({"_id": ObjectId(), "spider": "books", "state": "finished"})
    database.create_collection("empty")
    return everything(database)


def archive(path: Path, *frames: dict[str, Any], counts: dict[str, int] | None = None) -> Path:
    """Write a backup by hand, with the right end when `counts` are given."""
    parts = [bson.encode(frame) for frame in frames]
    if counts is not None:
        parts.append(bson.encode({"end": counts, "sha256": hashlib.sha256(b"".join(parts)).hexdigest()}))
    path.write_bytes(zst.compress(b"".join(parts)))
    return path


def test_a_restored_database_is_equal(swathe: Swathe, database: Mongo, filled: Any, tmp_path: Path) -> None:
    file = tmp_path / "a.backup"
    result = swathe("db", "backup", str(file))
    assert f"2502 documents (books 2500, empty 0, changes 1, runs 1) in {file}: " in result.out
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["a.backup"]
    database.books.delete_many({"upc": {"$gt": "00100"}})
    database.later.insert_one({})
    before = everything(database)
    line = swathe("db", "restore", str(file), code=2).error_line
    assert line.endswith(
        f"the database '{database.name}' holds 104 documents (books, changes, empty, later, runs): "
        f"--yes replaces them all, or set [mongodb] database to another name"
    )
    assert everything(database) == before
    assert "2502 documents (" in swathe("db", "restore", str(file), "--yes").out
    assert everything(database) == filled


def test_a_restore_into_an_empty_database_needs_no_leave(database: Mongo) -> None:
    check_database(database, replace=False)
    database.create_collection("empty")
    check_database(database, replace=False)


def test_a_live_run_is_not_replaced_under_its_feet(database: Mongo) -> None:
    database.runs.insert_one({"spider": "books", "state": "running", "heartbeat_at": datetime.now(UTC)})
    with pytest.raises(UsageError, match="of books is under way: restore when it has ended"):
        check_database(database, replace=True)


def documents(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"documents": b"".join(bson.encode(row) for row in rows)}


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (lambda path: path.write_bytes(b""), "is no backup of Swathe"),
        (lambda path: path.write_bytes(b"PK\x03\x04" * 99), "is no backup of Swathe"),
        (lambda path: archive(path, {"a": 1}, counts={}), "is no backup of Swathe"),
        (lambda path: archive(path, {**HEAD, "version": 2}, counts={}), "is a backup of version 2, expected 1"),
        (lambda path: archive(path, HEAD), "is damaged (its end is missing)"),
        (lambda path: archive(path, HEAD, BOOKS, documents({}), counts={"books": 2}), "its checksum or its counts"),
        (lambda path: archive(path, HEAD, {"end": {}, "sha256": "0"}), "its checksum or its counts are wrong"),
        (lambda path: archive(path, HEAD, {**BOOKS, "collection": "../x"}, counts={"../x": 0}), "a frame is none of"),
        (lambda path: archive(path, HEAD, {**BOOKS, "collection": "system.js"}, counts={}), "a frame is none of"),
        (lambda path: archive(path, HEAD, BOOKS, BOOKS, counts={"books": 0}), "a frame is none of a backup's"),
        (lambda path: archive(path, HEAD, documents({}), counts={}), "a frame is none of a backup's"),
        (lambda path: archive(path, HEAD, BOOKS, {"documents": b"\xff\xff"}, counts={"books": 1}), "no size that"),
        (lambda path: archive(path, HEAD, {**BOOKS, "indexes": [{"key": 1}]}, counts={"books": 0}), "cannot be re"),
        (
            lambda path: archive(path, HEAD, BOOKS, documents({"_id": 1}, {"_id": 1}), counts={"books": 2}),
            "cannot be restored (",
        ),
        (
            lambda path: path.write_bytes(zst.compress((2**31 - 1).to_bytes(4, "little"))),
            "is damaged (a frame has no size that it may have)",
        ),
    ],
)  # fmt: skip
def test_a_foreign_or_damaged_file_changes_nothing(
    database: Mongo, tmp_path: Path, make: Callable[[Path], Any], line: str
) -> None:
    database.books.insert_one({"upc": "a"})
    before = everything(database)
    make(tmp_path / "a.backup")
    with pytest.raises(FileError) as fault:
        restore(database, check_archive(tmp_path / "a.backup").path, lambda *_: None)
    assert str(fault.value).startswith(f"{tmp_path}/a.backup ")
    assert line in str(fault.value)
    assert "\n" not in str(fault.value)
    assert everything(database) == before


TTL = {"key": {"last_seen": 1}, "name": "last_seen_1", "expireAfterSeconds": 0}


@pytest.mark.parametrize(
    ("begin", "document", "what"),
    [
        ({**BOOKS, "indexes": [TTL]}, {"upc": "1"}, "an index of 'books' would remove documents by their age"),
        (BOOKS, {"upc": "1", "first_seen": "2026-01-01"}, "first_seen is '2026-01-01', expected a time"),
        (BOOKS, {"upc": "1", "url": {"$gt": ""}}, "url is {'$gt': ''}, expected another value"),
        ({**BOOKS, "collection": "runs"}, {"state": 5}, "state is 5, expected another value"),
        ({**BOOKS, "collection": "runs"}, {"counts": {"pages": "many"}}, "counts is {'pages': 'many'}, expected"),
    ],
)
def test_what_a_backup_brings_is_what_it_is_to_be(
    database: Mongo, filled: Any, tmp_path: Path, begin: Any, document: Any, what: str
) -> None:
    documents = bson.encode({"_id": ObjectId(), **document})
    bad = archive(tmp_path / "bad.swathe", HEAD, begin, {"documents": documents}, counts={begin["collection"]: 1})
    with pytest.raises(FileError, match="cannot be restored") as refused:
        restore(database, bad, lambda *_: None)
    assert what in str(refused.value)
    assert everything(database) == filled


def test_a_damaged_file_is_one_line(swathe: Swathe, filled: Any, database: Mongo, tmp_path: Path) -> None:
    archive(tmp_path / "a.backup", HEAD)
    line = swathe("db", "restore", str(tmp_path / "a.backup"), "--yes", code=1).error_line
    assert line.endswith("a.backup is damaged (its end is missing): nothing was changed; use another backup")
    assert everything(database) == filled


def test_every_cut_and_every_flipped_bit_of_a_backup_is_found(tmp_path: Path) -> None:
    whole = archive(tmp_path / "a.backup", HEAD, BOOKS, documents({"a": 1}), counts={"books": 1}).read_bytes()
    assert check_archive(tmp_path / "a.backup").counts == {"books": 1}
    for size in range(len(whole)):
        (tmp_path / "b.backup").write_bytes(whole[:size])
        with pytest.raises(FileError):
            check_archive(tmp_path / "b.backup")
    undetected = 0
    for place in range(len(whole)):
        (tmp_path / "b.backup").write_bytes(whole[:place] + bytes([whole[place] ^ 16]) + whole[place + 1 :])
        try:
            undetected += check_archive(tmp_path / "b.backup").counts != {"books": 1}
        except FileError:
            continue
    assert not undetected


def test_what_stands_behind_the_end_of_a_backup_is_damage(tmp_path: Path) -> None:
    whole = archive(tmp_path / "a.backup", HEAD, BOOKS, documents({"a": 1}), counts={"books": 1}).read_bytes()
    for behind, how in ((b"garbage", "Unable to decompress"), (zst.compress(bson.encode({"a": 1})), "after its end")):
        (tmp_path / "b.backup").write_bytes(whole + behind)
        with pytest.raises(FileError, match=how):
            check_archive(tmp_path / "b.backup")


def test_a_bomb_is_given_up_when_the_disk_has_no_room_for_it(tmp_path: Path) -> None:
    bomb = [{"documents": bson.encode({"x": b"\x00" * 2**22})}] * 8
    archive(tmp_path / "a.backup", HEAD, BOOKS, *bomb, counts={"books": 8})
    assert (tmp_path / "a.backup").stat().st_size < 10_000
    with pytest.raises(FileError, match=r"unpacks to more than the 10 MB that the database's disk has left"):
        check_archive(tmp_path / "a.backup", 10 * 2**20)


def test_a_killed_backup_leaves_the_old_one(swathe: Swathe, database: Mongo, tmp_path: Path) -> None:
    database.books.insert_many([{"noise": token_hex(5_000)} for _ in range(4_000)])
    file = tmp_path / "a.backup"
    file.write_text("old")
    process = swathe.start("db", "backup", str(file))
    until(lambda: list(tmp_path.glob(".swathe-*")), "the backup has begun")
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert file.read_text() == "old"


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_restore_that_is_stopped_leaves_the_old_data_and_the_next_one_works(
    swathe: Swathe, database: Mongo, tmp_path: Path, how: signal.Signals
) -> None:
    database.books.insert_many([{"_id": number, "noise": token_hex(2_000)} for number in range(4_000)])
    full = everything(database)
    file = tmp_path / "a.backup"
    swathe("db", "backup", str(file))
    database.books.delete_many({"_id": {"$gt": 9}})
    before = everything(database)
    process = swathe.start("db", "restore", str(file), "--yes")
    until(lambda: "restoring.books" in database.list_collection_names(), "the restore has begun")
    process.send_signal(how)
    process.communicate()
    after = everything(database)
    if how is signal.SIGKILL:
        after.pop("restoring.books")
    assert after == before, "what a process can tidy up itself is not left to the next one"
    swathe("db", "restore", str(file), "--yes")
    assert everything(database) == full


def test_a_restore_that_is_killed_while_it_replaces_is_finished_by_the_next_command(
    swathe: Swathe, database: Mongo
) -> None:
    database["restoring.books"].insert_one({"upc": "new"})
    database.quotes.insert_one({"text": "new"})  # renamed already
    database.books.insert_one({"upc": "old"})
    database.gone.insert_one({})
    database.restored_and_ready.insert_one({"names": ["books", "quotes"], "gone": ["gone"]})
    assert swathe("query", "books", "--format", "csv", "--select", "upc").out == "upc\nnew\n"
    assert sorted(database.list_collection_names()) == ["books", "quotes"]
