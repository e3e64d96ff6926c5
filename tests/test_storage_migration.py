"""Migration: stored records come to what their document says today; nothing is lost, and a kill does no harm."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import mongoengine
import pytest
from bson import Decimal128, ObjectId
from migrated_things import Before, Now
from support import ROOT, configured, until

from models import cleaners
from models.record import Record
from pipelines.clean import clean
from pipelines.validate import validate
from scraper.errors import DatabaseError, UsageError
from scraper.query.filters import mongo_filter
from scraper.query.history import Selection
from scraper.storage.connection import Connection
from scraper.storage.migration.migration import Migration
from scraper.storage.migration.stored import refuse_older_schema
from scraper.storage.records.plan import Outcome
from scraper.storage.records.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from practice import PracticeServer
    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]

WHEN = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Page:
    def __init__(self, url: str = "http://127.0.0.1/1") -> None:
        self.url = url


@pytest.fixture
def connection(data_dir: Path, database: Mongo, server: Any) -> Iterator[Connection]:
    config = configured(SWATHE_MONGODB_DATA_DIR=str(data_dir), SWATHE_MONGODB_DATABASE=database.name)
    with (connection := Connection(config.mongodb)):
        yield connection


def store(connection: Connection, document: type[Record], *rows: dict[str, Any]) -> list[Outcome]:
    founds = [document.found(Page(), **row) for row in rows]
    for found in founds:
        clean(found)
        validate(found)
        assert not found.faults
    return Store(connection, ObjectId(), "things").write(founds)


def things(database: Mongo) -> list[dict[str, Any]]:
    return list(database.things.find(sort=[("_id", 1)]))


def everything(database: Mongo) -> dict[str, list[dict[str, Any]]]:
    names = sorted(database.list_collection_names())
    return {name: list(database[name].find(sort=[("_id", 1)])) for name in names} | {
        "indexes": [dict(database.things.index_information())]
    }


def whats(database: Mongo, document: type[Record]) -> list[str]:
    return [finding.what for finding in Migration(database, document).find()]


def migrate(database: Mongo, document: type[Record]) -> None:
    """Migrate, and see that there is nothing left to do and that doing it again does nothing."""
    Migration(database, document).apply()
    assert whats(database, document) == []
    done = everything(database)
    Migration(database, document).apply()
    assert everything(database) == done
    refuse_older_schema(database, [document])


def test_a_field_that_is_added_needs_nothing_and_a_default_is_filled_in(
    connection: Connection, database: Mongo
) -> None:
    class More(Record):
        meta = {"collection": "things"}  # noqa: RUF012
        code = mongoengine.StringField(required=True, key=True)
        label = mongoengine.StringField()
        price = mongoengine.StringField()
        shop = mongoengine.StringField(default="main")
        notes = mongoengine.ListField(mongoengine.StringField())

    store(connection, Before, {"code": "a", "label": "A", "price": "£1"})
    assert whats(database, More) == ["set `shop` to its default 'main' in 1 records"]
    migrate(database, More)
    assert things(database)[0]["shop"] == "main"
    assert "notes" not in things(database)[0]
    assert store(connection, More, {"code": "a", "label": "A", "price": "£1"}) == [Outcome.UNCHANGED]


def test_a_renamed_field_takes_its_history_and_its_index_along(
    connection: Connection, database: Mongo, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Renamed(Record):
        meta = {"collection": "things"}  # noqa: RUF012
        code = mongoengine.StringField(required=True, key=True)
        title = mongoengine.StringField(index=True, was="label")
        price = mongoengine.StringField(was="cost")

    times = iter([WHEN, WHEN + 2 * HOUR, WHEN + 4 * HOUR])
    monkeypatch.setattr("scraper.storage.records.store._now", lambda: next(times))
    store(connection, Before, {"code": "a", "label": "old", "price": "£1"})
    store(connection, Before, {"code": "a", "label": "new", "price": "£2"})
    before = things(database)[0]
    rename, index = whats(database, Renamed)
    assert rename.startswith("rename `label` to `title` in 1 records, ")
    assert index == "drop the indexes of old names: label"
    with pytest.raises(DatabaseError, match=r"the stored things are of an older schema \(they have `label`, expected"):
        refuse_older_schema(database, [Renamed])
    migrate(database, Renamed)
    after = things(database)[0]
    assert after.pop("title") == before.pop("label")
    assert after == before, "a rename is no change of the record"
    assert sorted((row["field"], row["old"], row["new"]) for row in database.changes.find()) == [
        ("price", "£1", "£2"),
        ("title", "old", "new"),
    ]
    then = Selection(Renamed, mongo_filter(Renamed, ["title=old"]), until=WHEN + HOUR)
    assert [row["title"] for row in then.rows(database, ["title"])] == ["old"]
    assert "title" in database.things.index_information()
    assert "label" not in database.things.index_information()
    assert store(connection, Renamed, {"code": "a", "title": "new", "price": "£2"}) == [Outcome.UNCHANGED]


def test_a_record_with_the_old_and_the_new_name_keeps_the_new_value_and_the_other_one_is_kept(
    connection: Connection, database: Mongo
) -> None:
    store(connection, Before, {"code": "a", "label": "old"}, {"code": "b", "label": "same"})
    database.things.update_one({"code": "a"}, {"$set": {"title": "new"}})
    database.things.update_one({"code": "b"}, {"$set": {"title": "same"}})
    migrate(database, Now)
    assert [row["title"] for row in things(database)] == ["new", "same"]
    (kept,) = database.rejected.find()
    assert kept["raw"] == {"sku": "a", "title": "old"}
    assert kept["faults"] == [{"field": "title", "found": "old", "problem": "the record had `label` and `title`"}]


def test_a_retyped_field_is_converted_and_what_cannot_be_is_kept_with_its_reason(
    connection: Connection, database: Mongo, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Retyped(Record):
        meta = {"collection": "things"}  # noqa: RUF012
        code = mongoengine.StringField(required=True, key=True)
        label = mongoengine.StringField(index=True)
        price = mongoengine.Decimal128Field(clean=cleaners.amount)

    times = iter([WHEN, WHEN + 2 * HOUR, WHEN + 4 * HOUR, WHEN + 5 * HOUR])
    monkeypatch.setattr("scraper.storage.records.store._now", lambda: next(times))
    store(connection, Before, {"code": "a", "price": "£1.50"}, {"code": "b", "price": "on request"})
    store(connection, Before, {"code": "a", "price": "£2.50"})
    before = things(database)
    with pytest.raises(DatabaseError, match="`price` is a str, expected a Decimal128Field"):
        refuse_older_schema(database, [Retyped])
    (good, bad, history) = Migration(database, Retyped).find()
    assert good.what == "convert `price` to Decimal128Field in 1 records"
    assert good.examples == ("'£2.50' → Decimal128('2.50')",)
    assert (
        bad.what == "set aside `price` as `price_unconverted` in 1 records: it cannot be converted to Decimal128Field"
    )
    assert bad.examples[0].startswith("'on request': ")
    assert history.what == "convert `price` to Decimal128Field in 1 changes"
    migrate(database, Retyped)
    first, second = things(database)
    assert first == {**before[0], "price": Decimal128("2.50")}, "a retype is no change of the record"
    assert second.pop("price_unconverted") == before[1].pop("price") == "on request"
    assert second == before[1]
    (kept,) = database.rejected.find()
    assert (kept["records"], kept["raw"], kept["spider"]) == ("things", {"code": "b", "price": "on request"}, "migrate")
    assert kept["faults"][0]["problem"].startswith("it cannot be converted: ")
    then = Selection(Retyped, mongo_filter(Retyped, ["price<2"]), until=WHEN + HOUR)
    assert [row["price"] for row in then.rows(database, ["price"])] == [Decimal128("1.50")]
    assert store(connection, Retyped, {"code": "a", "price": "£2.50"}) == [Outcome.UNCHANGED]
    assert Retyped.objects(code="b").first().price is None, "what was set aside is no obstacle"


def test_a_key_that_makes_records_equal_keeps_the_newest_and_the_others_are_kept(
    connection: Connection, database: Mongo, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Rekeyed(Record):
        meta = {"collection": "things"}  # noqa: RUF012
        code = mongoengine.StringField()
        label = mongoengine.StringField(required=True, key=True)
        price = mongoengine.StringField()

    times = iter([WHEN, WHEN + HOUR, WHEN + 2 * HOUR, WHEN + 3 * HOUR])
    monkeypatch.setattr("scraper.storage.records.store._now", lambda: next(times))
    store(connection, Before, {"code": "a", "label": "same", "price": "£1"})
    store(connection, Before, {"code": "b", "label": "same"}, {"code": "c", "label": "other"})
    with pytest.raises(DatabaseError, match="their key is code, expected label"):
        refuse_older_schema(database, [Rekeyed])
    assert whats(database, Rekeyed) == [
        "keep 1 records in `rejected`: a newer one has the same label",
        "make the unique index over label, instead of that over code",
    ]
    migrate(database, Rekeyed)
    assert [(row["code"], row["label"], row.get("price"), row["first_seen"]) for row in things(database)] == [
        ("b", "same", "£1", WHEN),
        ("c", "other", None, WHEN + HOUR),
    ]
    (kept,) = database.rejected.find()
    assert kept["raw"] == {"code": "a", "label": "same", "price": "£1"}
    assert kept["faults"][0]["problem"] == "another record has the same label and was seen later"
    assert database.things.index_information()["record_key"]["key"] == [("label", 1)]
    assert store(connection, Rekeyed, {"code": "b", "label": "same"}) == [Outcome.UNCHANGED]


def test_a_key_that_stored_records_do_not_have_is_refused_until_it_has_a_default(
    connection: Connection, database: Mongo
) -> None:
    class Wider(Record):
        meta = {"collection": "things"}  # noqa: RUF012
        code = mongoengine.StringField(required=True, key=True)
        label = mongoengine.StringField()
        price = mongoengine.StringField()
        shop = mongoengine.StringField(required=True, key=True)

    store(connection, Before, {"code": "a"}, {"code": "b"})
    with pytest.raises(UsageError, match=r"2 of 'things' have no `shop`, which is part of the key: give it `default=`"):
        Migration(database, Wider).find()

    class Filled(Record):
        meta = {"collection": "things"}  # noqa: RUF012
        code = mongoengine.StringField(required=True, key=True)
        label = mongoengine.StringField()
        price = mongoengine.StringField()
        shop = mongoengine.StringField(required=True, key=True, default="main")

    migrate(database, Filled)
    assert store(connection, Filled, {"code": "a", "shop": "main"}) == [Outcome.UNCHANGED]


def test_a_key_value_that_cannot_be_converted_moves_the_whole_record(connection: Connection, database: Mongo) -> None:
    class Numbered(Record):
        meta = {"collection": "things"}  # noqa: RUF012
        code = mongoengine.IntField(required=True, key=True)
        label = mongoengine.StringField()
        price = mongoengine.StringField()

    store(connection, Before, {"code": "7", "label": "A"}, {"code": "07", "label": "B"}, {"code": "x", "label": "C"})
    migrate(database, Numbered)
    assert [row["code"] for row in things(database)] == [7]
    kept = {
        row["raw"]["label"]: row["faults"][0]["problem"] for row in database.rejected.find({"raw.label": {"$ne": None}})
    }
    assert kept["C"] == "it is part of the key and cannot be converted"
    assert len(kept) == 2


def test_a_dry_run_changes_nothing_and_a_migration_prints_what_it_did(
    swathe: Swathe, database: Mongo, site: PracticeServer
) -> None:
    def looks() -> Any:
        return list(database.books.find()), database.books.index_information(), list(database.rejected.find())

    swathe("crawl", "books", "--start", f"{site.url}books/", "--max-pages", "9", code=3)
    count = database.books.count_documents({})
    database.books.update_many(
        {}, [{"$set": {"stock": {"$concat": ["In stock (", {"$toString": "$stock"}, " available)"]}}}]
    )
    database.books.drop_index("record_key")
    database.books.create_index([("title", 1)], name="record_key", unique=True)
    database.books.update_one({}, {"$set": {"shelf": 3}})
    before = looks()
    out = swathe("migrate", "books", "--dry-run").out
    assert f"convert `stock` to IntField in {count} records" in out
    assert "make the unique index over upc, instead of that over title" in out
    assert "note: `shelf` is stored and no field: it is left as it is" in out
    assert "'In stock (" in out
    assert "say --yes to migrate" in swathe("migrate", "books", code=2).error_line
    result = swathe("crawl", "books", "--start", f"{site.url}books/", code=1)
    assert (
        "the stored books are of an older schema (their key is title, expected upc): `swathe migrate books"
        in result.err
    )
    assert looks() == before
    assert "books: migrated" in swathe("migrate", "--yes").out
    assert all(type(row["stock"]) is int for row in database.books.find())
    assert "books: nothing to change" in swathe("migrate", "books").out
    assert "there are no records 'boks'" in swathe("migrate", "boks", code=2).error_line


def test_a_migration_that_is_killed_is_begun_again_and_ends_as_if_undisturbed(
    connection: Connection, database: Mongo, data_dir: Path
) -> None:
    rows = [{"code": f"c{n}", "label": f"L{n}", "price": f"£{n}" if n % 10 else "ask"} for n in range(1200)]
    store(connection, Before, *rows)
    store(connection, Before, *({**row, "label": f"{row['label']}!"} for row in rows[:300]))
    original = things(database)
    kills = 0
    for done in ({"sku": {"$exists": True}}, {"title": {"$exists": True}}, {"price": {"$type": "decimal"}}):
        process = migrating(data_dir, database)
        until(partial(has_begun, database, done, process), "the first batch")
        process.kill()
        process.wait()
        kills += database.things.count_documents({}) != database.things.count_documents(done)
    assert kills, "each migration was over before it was killed"
    assert migrating(data_dir, database).wait() == 0
    assert whats(database, Now) == []
    for old, new in zip(original, things(database), strict=True):
        expected = {**old, "sku": old["code"], "title": old["label"]}
        number = old["code"][1:]
        expected["price" if int(number) % 10 else "price_unconverted"] = (
            Decimal128(number) if int(number) % 10 else "ask"
        )
        del expected["code"], expected["label"]
        if not int(number) % 10:
            del expected["price"]
        assert new == expected
    assert database.rejected.count_documents({"spider": "migrate"}) == 120
    assert database.changes.distinct("field") == ["title"]
    indexes = database.things.index_information()
    assert {"record_key", "title"} <= set(indexes)
    assert "label" not in indexes


def has_begun(database: Mongo, done: dict[str, Any], process: subprocess.Popen[bytes]) -> bool:
    return database.things.count_documents(done) > 0 or process.poll() is not None


def migrating(data_dir: Path, database: Mongo) -> subprocess.Popen[bytes]:
    environ = {**os.environ, "PYTHONPATH": f"{ROOT / 'tests'}:{ROOT}"}
    script = str(ROOT / "tests/migrated_things.py")
    return subprocess.Popen([sys.executable, script, str(data_dir), database.name], env=environ, cwd=ROOT)


def test_a_migration_waits_for_the_end_of_a_crawl(connection: Connection, database: Mongo) -> None:
    store(connection, Before, {"code": "a"})
    now = datetime.now(UTC)
    database.runs.insert_one({"spider": "shop", "state": "running", "started_at": now, "heartbeat_at": now})
    with pytest.raises(UsageError, match="a crawl of shop is running: migrate when it has ended"):
        Migration(database, Now).apply()
