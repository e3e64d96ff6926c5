"""History: every change with its old and new value, nothing without its change, what is gone, and how it was."""

from __future__ import annotations

import json
import signal
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count, pairwise
from typing import TYPE_CHECKING, Any

import mongoengine
import pytest
from bson import Decimal128, ObjectId
from mirror import SITE, Mirror, books_of, with_books
from practice import Fault, PracticeServer
from support import ROOT, configured

from models.noise import Percent, noise_rule
from models.record import Found, Record, schema_of
from pipelines.clean import clean
from pipelines.validate import validate
from scraper.cli.chart import draw_chart
from scraper.errors import UsageError
from scraper.query.history import Selection, changes_of, find_record
from scraper.storage.connection import Connection
from scraper.storage.records.gone import RunRecords, mark_gone, records_of
from scraper.storage.records.plan import Outcome
from scraper.storage.records.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database
    from support import Swathe

    Mongo = Database[dict[str, Any]]

NEW, CHANGED, UNCHANGED, REFUSED, _ = Outcome
WHEN = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


class PageOf:
    def __init__(self, url: str = "http://127.0.0.1/1") -> None:
        self.url = url


class Thing(Record):
    """A record with every rule of a history."""

    meta = {"collection": "things"}  # noqa: RUF012
    name = mongoengine.StringField(required=True, key=True)
    price = mongoengine.Decimal128Field()
    weight = mongoengine.FloatField(ignore=Percent(1))
    tags = mongoengine.ListField(mongoengine.StringField(), ignore="order")
    text = mongoengine.StringField(ignore="space")
    labels = mongoengine.ListField(mongoengine.StringField(), ignore=("order", "space"))
    views = mongoengine.IntField(track=False)
    note = mongoengine.StringField()


def thing(name: str = "a", url: str = "http://127.0.0.1/1", **raw: Any) -> Found:
    found = Thing.found(PageOf(url), name=name, **raw)
    clean(found)
    validate(found)
    assert not found.faults
    return found


@pytest.fixture
def connection(data_dir: Path, database: Mongo, server: Any) -> Iterator[Connection]:
    config = configured(SWATHE_MONGODB_DATA_DIR=str(data_dir), SWATHE_MONGODB_DATABASE=database.name)
    connection = Connection(config.mongodb)
    with connection:
        yield connection


@pytest.fixture
def store(connection: Connection) -> Store:
    return Store(connection, ObjectId(), "things")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> count[int]:
    """Let each batch be stored an hour after the one before, the first at WHEN."""
    hours = count()
    monkeypatch.setattr("scraper.storage.records.store._now", lambda: WHEN + next(hours) * HOUR)
    return hours


def told(database: Mongo) -> list[tuple[str, str, Any, Any]]:
    """Return every change as key, field, old and new, in the order of time."""
    rows = database.changes.find(sort=[("when", 1), ("_id", 1)])
    return [(row["key"], row["field"], row["old"], row["new"]) for row in rows]


def assert_history_agrees(database: Mongo, collection: str = "things") -> int:
    """Hold every record against its changes: an unbroken chain up to what it is now; return how many changes hold."""
    total = 0
    for record in database[collection].find():
        chains: dict[str, list[dict[str, Any]]] = {}
        for row in database.changes.find({"record": record["_id"]}, sort=[("when", 1)]):
            if row["when"] <= record["changed_at"]:
                chains.setdefault(row["field"], []).append(row)
                total += 1
            else:
                assert row["version"] == record["changed_at"], "a change that is to come is not of this state"
        for name, rows in chains.items():
            for before, after in pairwise(rows):
                assert before["new"] == after["old"], (record["_id"], name)
            assert rows[-1]["new"] == record[name], (record["_id"], name)
        latest = [rows[-1]["when"] for rows in chains.values()]
        assert record["changed_at"] == (max(latest) if latest else record["first_seen"]), "changed without a change"
    return total


def test_a_change_is_kept_with_everything_that_is_known_of_it(store: Store, database: Mongo, clock: Any) -> None:
    assert store.write([thing(price=Decimal("5.00"), note="old")]) == [NEW]
    assert database.changes.count_documents({}) == 0
    assert store.write([thing(url="http://127.0.0.1/2", price=Decimal("6.00"), note="old")]) == [CHANGED]
    record = database.things.find_one()
    assert record is not None
    change = database.changes.find_one()
    assert change is not None
    change.pop("_id")
    assert change == {
        "records": "things",
        "record": record["_id"],
        "key": "a",
        "field": "price",
        "old": Decimal128("5.00"),
        "new": Decimal128("6.00"),
        "when": WHEN + HOUR,
        "run": store._run,
        "url": "http://127.0.0.1/2",
        "version": WHEN,
    }
    assert (record["first_seen"], record["changed_at"], record["last_seen"]) == (WHEN, WHEN + HOUR, WHEN + HOUR)
    assert database.changes.count_documents({}) == 1


def test_each_field_of_an_update_is_a_change_of_its_own(store: Store, database: Mongo) -> None:
    store.write([thing(price=Decimal(5), note="x"), thing("b", price=Decimal(1))])
    assert store.write([thing(price=Decimal(6), note=None), thing("b", price=Decimal(2))]) == [CHANGED, CHANGED]
    assert sorted(told(database), key=str) == [
        ("a", "note", "x", None),
        ("a", "price", Decimal128("5"), Decimal128("6")),
        ("b", "price", Decimal128("1"), Decimal128("2")),
    ]
    assert assert_history_agrees(database) == 3


def test_storing_again_changes_nothing(store: Store, connection: Connection, database: Mongo) -> None:
    store.write([thing(price=Decimal(5), note="x")])
    store.write([thing(price=Decimal(6), note="y")])
    before = list(database.changes.find())
    record = database.things.find_one()
    assert Store(connection, ObjectId(), "things").write([thing(price=Decimal(6), note="y")] * 3) == [UNCHANGED] * 3
    assert list(database.changes.find()) == before
    again = database.things.find_one()
    assert record is not None
    assert again is not None
    for fields in (record, again):
        del fields["last_seen"], fields["run"]
    assert again == record


def test_nothing_is_asked_for_or_written_more_when_nothing_changed(
    store: Store, connection: Connection, database: Mongo
) -> None:
    batch = [thing(str(number), price=Decimal(number)) for number in range(50)]
    store.write(batch)
    assert commands_of(connection, store, [thing("new", price=Decimal(1))]) == ["insert"]
    store.write(batch)
    assert commands_of(connection, store, batch) == ["find", "update"]
    changed = [thing(str(number), price=Decimal(number + 1)) for number in range(50)]
    assert commands_of(connection, store, changed) == ["find", "insert", "update"]
    twice = [thing(str(number), price=Decimal(number), note="n") for number in range(50)]
    assert commands_of(connection, store, twice) == ["find", "insert", "update", "update"]


def commands_of(connection: Connection, store: Store, batch: list[Found]) -> list[str]:
    """Return the commands that storing a batch sends to MongoDB."""
    database = connection.open()
    database.command("profile", 2)
    store.write(batch)
    database.command("profile", 0)
    rows = list(database["system.profile"].find({"ns": {"$not": {"$regex": "system"}}}, sort=[("ts", 1)]))
    database.drop_collection("system.profile")
    names = []
    for row in rows:
        name = next(iter(row["command"]), "") if row["op"] == "command" else row["op"]
        name = {"query": "find"}.get(name, name)
        if name in ("find", "insert", "update") and (not names or names[-1] != (name, row["ns"])):
            names.append((name, row["ns"]))
    return [name for name, _ in names]


@pytest.mark.parametrize(
    ("first", "second", "outcome"),
    [
        ({"weight": 100.0}, {"weight": 100.9}, UNCHANGED),
        ({"weight": 100.0}, {"weight": 99.1}, UNCHANGED),
        ({"weight": 100.0}, {"weight": 101.0}, CHANGED),
        ({"weight": 0.0}, {"weight": 0.001}, CHANGED),
        ({"weight": 100.0}, {"weight": None}, CHANGED),
        ({"tags": ["a", "b"]}, {"tags": ["b", "a"]}, UNCHANGED),
        ({"tags": ["a", "b"]}, {"tags": ["b", "c"]}, CHANGED),
        ({"tags": ["a"]}, {"tags": [" a"]}, CHANGED),
        ({"text": "a b"}, {"text": " a \n b"}, UNCHANGED),
        ({"text": "a b"}, {"text": "ab"}, CHANGED),
        ({"labels": ["a b", "c"]}, {"labels": ["c", "a  b"]}, UNCHANGED),
        ({"labels": ["a b", "c"]}, {"labels": ["c", "a"]}, CHANGED),
        ({"note": "a b"}, {"note": "a  b"}, CHANGED),
        ({}, {"note": None}, UNCHANGED),
        ({}, {"note": "now"}, CHANGED),
    ],
)
def test_noise_is_neither_a_change_nor_written(
    store: Store, database: Mongo, first: dict[str, Any], second: dict[str, Any], outcome: Outcome
) -> None:
    store.write([thing(**first)])
    stored = database.things.find_one()
    assert store.write([thing(**second)]) == [outcome]
    now = database.things.find_one()
    assert stored is not None
    assert now is not None
    assert database.changes.count_documents({}) == (outcome is CHANGED)
    assert (now["changed_at"] > stored["changed_at"]) == (outcome is CHANGED)
    if outcome is UNCHANGED:
        assert {name: repr(now[name]) for name in first} == {name: repr(stored[name]) for name in first}


def test_many_small_steps_are_a_change_once_they_add_up(store: Store, database: Mongo) -> None:
    outcomes = [store.write([thing(weight=100 + step / 2)])[0] for step in range(5)]
    assert outcomes == [NEW, UNCHANGED, CHANGED, UNCHANGED, UNCHANGED]
    assert told(database) == [("a", "weight", 100.0, 101.0)]


def test_an_untracked_field_is_kept_up_to_date_and_is_no_change(store: Store, database: Mongo) -> None:
    store.write([thing(views=1, note="x")])
    assert store.write([thing(views=2, note="x")]) == [UNCHANGED]
    record = database.things.find_one()
    assert record is not None
    assert record["views"] == 2
    assert record["changed_at"] == record["first_seen"]
    assert store.write([thing(views=3, note="y")]) == [CHANGED]
    assert told(database) == [("a", "note", "x", "y")]
    assert database.things.find_one({}, {"_id": 0, "views": 1}) == {"views": 3}


def test_a_rule_that_makes_no_sense_is_named() -> None:
    with pytest.raises(TypeError, match="ignore='oder': expected 'order', 'space', Percent"):
        noise_rule("oder")
    with pytest.raises(ValueError, match="expected more than 0 and less than 100"):
        Percent(0)

    class Keyed(Record):
        meta = {"collection": "keyed"}  # noqa: RUF012
        name = mongoengine.StringField(required=True, key=True, track=False)

    with pytest.raises(TypeError, match=r"Keyed\.name is part of the key and never changes"):
        schema_of(Keyed)


def test_values_too_large_to_keep_both_are_refused_with_the_repair(store: Store, database: Mongo) -> None:
    store.write([thing(note="x" * 5_000_000), thing("b", note="x" * 9_000_000)])
    outcomes = store.write([thing(note="y" * 5_000_000), thing("b", note="y" * 9_000_000), thing("c")])
    assert outcomes == [CHANGED, REFUSED, NEW]
    kept = database.rejected.find_one()
    assert kept is not None
    assert kept["faults"][0]["field"] == "note"
    assert "give the field `track=False`" in kept["faults"][0]["problem"]
    assert assert_history_agrees(database) == 1


def test_writers_at_once_leave_one_unbroken_history_and_count_each_change_once(
    connection: Connection, database: Mongo
) -> None:
    Store(connection, ObjectId(), "things").write([thing(str(n), price=Decimal(0), note="") for n in range(30)])
    outcomes: list[Outcome] = []

    def write(price: int) -> None:
        store = Store(connection, ObjectId(), "things")
        for turn in range(4):
            found = [thing(str(n), price=Decimal(price + turn % 2), note=str(price % 2)) for n in range(30)]
            outcomes.extend(store.write(found))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 6 * 4 * 30
    assert assert_history_agrees(database) == database.changes.count_documents({}), "a change that was not made is left"
    updates = {(row["record"], row["when"]) for row in database.changes.find()}
    assert outcomes.count(CHANGED) == len(updates)


KILLED = """
import os, signal, sys
sys.path[:0] = [{root!r}, {root!r} + "/tests"]
from support import configured
from test_query_history import *
from scraper.storage.records import change_log, upsert

def killed(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

config = configured(SWATHE_MONGODB_DATA_DIR={data_dir!r}, SWATHE_MONGODB_DATABASE={database!r})
connection = Connection(config.mongodb)
with connection:
    store = Store(connection, ObjectId(), "things")
    {place} = killed
    store.write([thing(price=Decimal(6), note="y")])
"""
BETWEEN = {
    "the changes and the record": "upsert.Upsert._execute",
    "the first change and the others": "change_log.ChangeLog._write_others",
}


@pytest.mark.parametrize("place", BETWEEN.values(), ids=BETWEEN)
@pytest.mark.parametrize("then", ["the same", "another", "the old"])
def test_a_writer_killed_between_its_writes_leaves_nothing_that_the_next_store_does_not_repair(
    swathe: Swathe, store: Store, database: Mongo, data_dir: Path, place: str, then: str
) -> None:
    store.write([thing(price=Decimal(5), note="x")])
    before = database.things.find_one()
    assert before is not None
    code = KILLED.format(root=str(ROOT), data_dir=str(data_dir), database=database.name, place=place)
    assert swathe.run([sys.executable, "-c", code], code=None, PYTHONWARNINGS="").code == -signal.SIGKILL
    assert database.things.find_one() == before, "the record was written"
    assert database.changes.count_documents({}) > 0, "the change was not claimed"
    assert list(changes_of(database, before)) == [], "a change shows that the record does not have"
    assert_history_agrees(database)

    price, note = {"the same": (6, "y"), "another": (7, "y"), "the old": (5, "x")}[then]
    outcome = store.write([thing(price=Decimal(price), note=note)])
    record = database.things.find_one()
    assert record is not None
    assert (record["price"], record["note"]) == (Decimal128(str(price)), note)
    first = [("a", "note", "x", "y"), ("a", "price", Decimal128("5"), Decimal128("6"))]
    shown = [(row["key"], row["field"], row["old"], row["new"]) for row in changes_of(database, record)]
    if then == "the old":
        assert (outcome, shown) == ([UNCHANGED], [])
        # The one after that finds the claim in its way, carries it out, and goes on from there.
        assert store.write([thing(price=Decimal(8), note="x")]) == [CHANGED]
    elif then == "the same":
        assert (outcome, sorted(shown, key=str)) == ([UNCHANGED], first)
    else:
        assert outcome == [CHANGED]
        assert sorted(shown, key=str) == [*first, ("a", "price", Decimal128("6"), Decimal128("7"))]
    assert assert_history_agrees(database) == database.changes.count_documents({})


def test_a_batch_whose_answer_was_lost_is_written_again_and_counts_its_changes(
    store: Store, database: Mongo, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pymongo.errors import AutoReconnect

    from scraper.storage.records import upsert

    store.write([thing(price=Decimal(5))])
    send, broken = upsert.send, [True]

    def lose_once(*arguments: Any) -> Any:
        if broken.pop() if broken else False:
            raise AutoReconnect("the line is cut")
        return send(*arguments)

    monkeypatch.setattr(upsert, "send", lose_once)
    monkeypatch.setattr("scraper.storage.outage.FIRST_WAIT_S", 0.01)
    assert store.write([thing(price=Decimal(6))]) == [CHANGED]
    assert not broken
    assert assert_history_agrees(database) == 1


def test_an_update_that_the_server_refuses_takes_its_changes_along(store: Store, database: Mongo) -> None:
    database.things.create_index("note", unique=True, name="no_two_alike")
    store.write([thing("a", note="1", price=Decimal(1)), thing("b", note="2")])
    assert store.write([thing("a", note="2", price=Decimal(3)), thing("b", note="3")]) == [REFUSED, CHANGED]
    assert told(database) == [("b", "note", "2", "3")]
    assert assert_history_agrees(database) == 1


def test_a_record_that_was_removed_meanwhile_is_stored_anew(
    store: Store, database: Mongo, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scraper.storage.records import upsert

    store.write([thing("a", price=Decimal(1)), thing("b", price=Decimal(1))])
    send = upsert.send

    def remove_first(collection: Any, requests: Any) -> Any:
        database.things.delete_many({"first_seen": {"$lt": datetime.now(UTC)}, "price": Decimal128("1")})
        return send(collection, requests)

    monkeypatch.setattr(upsert, "send", remove_first)
    store.write([thing("a", price=Decimal(1)), thing("b", price=Decimal(2))])
    assert {row["name"]: row["price"] for row in database.things.find()} == {
        "a": Decimal128("1"), "b": Decimal128("2"),
    }  # fmt: skip


def test_a_clock_that_jumps_back_keeps_changes_in_their_order(
    store: Store, database: Mongo, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step, hours in enumerate((0, 5, 1, 3)):
        monkeypatch.setattr("scraper.storage.records.store._now", lambda hours=hours: WHEN + hours * HOUR)
        store.write([thing(price=Decimal(step))])
    assert [old.to_decimal() for _, _, old, _ in told(database)] == [0, 1, 2]
    assert assert_history_agrees(database) == 3


# Gone


@pytest.fixture
def run_of(database: Mongo) -> Any:
    def begin(
        started_at: datetime, start: str = "http://127.0.0.1/", spider: str = "things", **limits: int
    ) -> ObjectId:
        arguments = {"start": start, **limits}
        run = {"spider": spider, "arguments": arguments, "started_at": started_at, "state": "running"}
        return database.runs.insert_one(run).inserted_id

    return begin


def test_what_a_complete_run_did_not_see_is_gone_and_comes_back_when_seen(
    connection: Connection, database: Mongo, run_of: Any, clock: Any
) -> None:
    first = run_of(WHEN)
    Store(connection, first, "things").write([thing("a"), thing("b")])
    second = run_of(WHEN + HOUR)
    Store(connection, second, "things").write([thing("a")])
    assert mark_gone(database, [Thing], second, WHEN + 2 * HOUR) == 1
    assert mark_gone(database, [Thing], second, WHEN + 2 * HOUR) == 0, "marking again marks nothing"
    record = database.things.find_one({"name": "b"})
    assert record is not None
    assert (record["gone_at"], record["changed_at"]) == (WHEN + 2 * HOUR, WHEN + 2 * HOUR)
    assert (record["run"], record["last_seen"]) == (first, WHEN), "it was not seen"
    assert told(database) == [("b", "gone_at", None, WHEN + 2 * HOUR)]
    next(clock), next(clock)
    third = Store(connection, run_of(WHEN + 3 * HOUR), "things")
    assert third.write([thing("b", note="back"), thing("b", note="back")]) == [CHANGED, UNCHANGED]
    record = database.things.find_one({"name": "b"})
    assert record is not None
    assert (record["gone_at"], record["note"]) == (None, "back")
    assert sorted(told(database), key=str) == [
        ("b", "gone_at", None, WHEN + 2 * HOUR),
        ("b", "gone_at", WHEN + 2 * HOUR, None),
        ("b", "note", None, "back"),
    ]
    assert assert_history_agrees(database) == 3


def test_only_the_scope_of_the_run_is_marked(connection: Connection, database: Mongo, run_of: Any) -> None:
    seen_by = {
        "same": run_of(WHEN),
        "limited": run_of(WHEN, max_pages=1),
        "mirror": run_of(WHEN, start="http://127.0.0.2/"),
        "category": run_of(WHEN, start="http://127.0.0.1/travel/"),
        "other spider": run_of(WHEN, spider="others"),
        "forgotten run": ObjectId(),
    }
    for name, run in seen_by.items():
        Store(connection, run, "things").write([thing(name)])
    later = run_of(datetime.now(UTC) + HOUR)
    database.things.insert_one({**(database.things.find_one({"name": "same"}) or {}), "_id": 1, "name": "seen by a run "
                                "that goes on", "last_seen": datetime.now(UTC) + 2 * HOUR})  # fmt: skip
    Store(connection, later, "things").write([thing("of the run")])
    assert records_of(database, Thing, later) == RunRecords(stored=1, taken=1, unseen=2)
    assert records_of(database, Thing, seen_by["forgotten run"]) == RunRecords(stored=1), (
        "nothing is known of its scope"
    )
    assert mark_gone(database, [Thing], later, datetime.now(UTC) + 2 * HOUR) == 2
    assert records_of(database, Thing, later) == RunRecords(stored=1, taken=1)
    assert sorted(row["name"] for row in database.things.find({"gone_at": {"$ne": None}})) == ["limited", "same"]


def test_what_another_run_saw_meanwhile_still_counts_for_the_run_that_saw_it_before(
    connection: Connection, database: Mongo, run_of: Any
) -> None:
    earlier, this, other = run_of(WHEN - HOUR), run_of(WHEN), run_of(WHEN, spider="others")
    Store(connection, earlier, "things").write([thing(name) for name in "abcd"])
    database.things.update_many({}, {"$set": {"last_seen": WHEN - HOUR}})
    Store(connection, this, "things").write([thing(name) for name in "abc"])
    Store(connection, other, "things").write([thing(name) for name in "bcxy"])
    of_run = records_of(database, Thing, this)
    assert (of_run.stored, of_run.taken, of_run.known(3)) == (1, 4, 3)
    assert of_run.known(0) == 1, "no more than it found is put down to it"


def test_a_record_that_is_declared_gone_while_it_is_seen_comes_back_at_once(
    connection: Connection, database: Mongo, run_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scraper.storage.records import upsert

    Store(connection, run_of(WHEN), "things").write([thing("a"), thing("b")])
    run, send, marked = run_of(datetime.now(UTC) + HOUR), upsert.send, []

    def mark_first(collection: Any, requests: Any) -> Any:
        if not marked:
            marked.append(mark_gone(database, [Thing], run, datetime.now(UTC)))
        return send(collection, requests)

    monkeypatch.setattr(upsert, "send", mark_first)
    outcomes = Store(connection, run_of(WHEN), "things").write([thing("a"), thing("b", url="http://127.0.0.1/2")])
    assert marked == [2]
    assert outcomes == [CHANGED, CHANGED]
    assert database.things.count_documents({"gone_at": None}) == 2
    assert assert_history_agrees(database) == 4


# As of a time


def test_records_are_shown_as_they_were(connection: Connection, database: Mongo, run_of: Any, clock: Any) -> None:
    first = Store(connection, run_of(WHEN), "things")
    first.write([thing("a", price=Decimal(1), note="x"), thing("b", price=Decimal(9)), thing("c", price=Decimal(4))])
    first.write([thing("a", price=Decimal(2))])
    first.write([thing("a", price=Decimal(3), note=None), thing("d", price=Decimal(5))])
    second = run_of(WHEN + 2.5 * HOUR)
    Store(connection, second, "things").write([thing(name) for name in "acd"])
    mark_gone(database, [Thing], second, WHEN + 4 * HOUR)
    next(clock)
    Store(connection, run_of(WHEN + 5 * HOUR), "things").write([thing("b", price=Decimal(8))])

    def at(hours: float, conditions: dict[str, Any] | None = None) -> dict[str, Any]:
        chosen = Selection(Thing, conditions or {}, WHEN + hours * HOUR)
        rows = list(chosen.rows(database, ["name", "price", "note", "changed_at"], [("name", 1)]))
        assert chosen.count(database) == len(rows)
        for row in rows:
            assert row["changed_at"] < WHEN + hours * HOUR
        return {row["name"]: (int(str(row["price"])), row.get("note")) for row in rows}

    assert at(0) == {}
    assert at(0.5) == {"a": (1, "x"), "b": (9, None), "c": (4, None)}
    assert at(1.5) == {"a": (2, "x"), "b": (9, None), "c": (4, None)}
    assert at(2.5) == {"a": (3, None), "b": (9, None), "c": (4, None), "d": (5, None)}
    assert at(4.5) == {"a": (3, None), "c": (4, None), "d": (5, None)}
    assert at(9) == {"a": (3, None), "b": (8, None), "c": (4, None), "d": (5, None)}
    assert at(1.5, {"price": Decimal128("2")}) == {"a": (2, "x")}
    assert at(2.5, {"price": Decimal128("2")}) == {}
    ordered = Selection(Thing, {}, WHEN + HOUR).rows(database, ["name"], [("price", -1)], 2)
    assert [row["name"] for row in ordered] == ["b", "c"]


# The command line


@pytest.fixture
def priced(database: Mongo) -> ObjectId:
    """A stored book whose price fell, with hostile values."""
    run, book = ObjectId(), ObjectId()
    times = {"first_seen": WHEN, "last_seen": WHEN + 9 * HOUR, "changed_at": WHEN + 8 * HOUR, "gone_at": None}
    database.books.insert_one(
        {"_id": book, "upc": "a1", "title": "=1+1\x1b[31m", "price": Decimal128("7.00"), "rating": 4, "run": run,
         "url": "http://127.0.0.1/", **times}
    )  # fmt: skip
    values = ["10.00", "8.00", "12.50", "7.00"]
    for number, (old, new) in enumerate(pairwise(values)):
        _change(database, book, run, "price", Decimal128(old), Decimal128(new), WHEN + (number + 2) * HOUR)
    _change(database, book, run, "title", "\x1b]0;x\x07Old", "=1+1\x1b[31m", WHEN + 8 * HOUR)
    _change(database, book, run, "rating", 4, 5, WHEN + 10 * HOUR)
    return book


def _change(database: Mongo, book: ObjectId, run: ObjectId, field: str, old: Any, new: Any, when: datetime) -> None:
    row = {"_id": f"{book}/{when}", "records": "books", "record": book, "key": "a1", "field": field, "old": old}
    database.changes.insert_one({**row, "new": new, "when": when, "run": run, "url": "http://127.0.0.1/"})


def test_history_shows_the_changes_latest_first_and_a_chart_of_the_price(swathe: Swathe, priced: ObjectId) -> None:
    out = swathe("history", "books", "a1", TZ="UTC").out
    lines = [line.split() for line in out.splitlines()]
    shown = [line[2:5] for line in lines if line[2:3] in (["price"], ["title"])]
    assert shown[0][0] == "title"
    assert shown[1:] == [["price", "12.50", "7.00"], ["price", "8.00", "12.50"], ["price", "10.00", "8.00"]]
    assert "rating" not in out, "a change that was claimed and never made is shown"
    assert "4 changes; seen from 2026-11-21 09:30" in out
    chart = [line for line in out.splitlines() if "█" in line]
    assert chart[0].startswith("12.5 ")
    assert "7.0 " in chart[-1]
    assert "\x1b" not in out
    assert "\x07" not in out


def test_history_is_json_or_csv_for_programs(swathe: Swathe, priced: ObjectId) -> None:
    rows = json.loads(swathe("history", "books", "a1", "--format", "json", "--limit", "2").out, parse_float=str)
    assert [(row["field"], row["old"], row["new"]) for row in rows][1] == ("price", "12.50", "7.00")
    assert set(rows[0]) == {"when", "field", "old", "new", "run", "url"}
    assert len(swathe("history", "books", "a1", "--format", "jsonl").out.splitlines()) == 4
    out = swathe("history", "books", "a1", "--format", "csv").out
    assert out.splitlines()[0] == "when,field,old,new,run,url"
    assert ",'=1+1[31m," in out
    assert "4 changes; 1 shown, --limit 0 shows all" in swathe("history", "books", "a1", "--limit", "1").out


def test_a_record_is_found_by_its_whole_key_and_an_unknown_one_gets_near_matches(
    swathe: Swathe, database: Mongo, priced: ObjectId
) -> None:
    times = {"first_seen": WHEN, "last_seen": WHEN, "changed_at": WHEN, "gone_at": None}
    database.quotes.insert_one({"text": "Now / then", "author": "Ann \x1b[1m", **times})
    assert "0 changes" in swathe("history", "quotes", "Now / then", "Ann \x1b[1m").out
    assert "0 changes" in swathe("history", "quotes", "Now / then / Ann \x1b[1m").out
    line = swathe("history", "books", "A", code=2).error_line
    assert line == "swathe: there is no record 'A' in books: did you mean 'a1'?"
    line = swathe("history", "quotes", "Now / them / Ann", code=2).error_line
    assert "did you mean 'Now / then / Ann [1m'?" in line
    assert (
        "the key of quotes is text / author, found 1 of its 2" in swathe("history", "quotes", "No", code=2).error_line
    )
    assert "there are no records 'runs'" in swathe("history", "runs", "x", code=2).error_line


def test_a_key_with_many_joints_is_not_taken_apart_for_ever(database: Mongo) -> None:
    from models.quotes import Quote

    with pytest.raises(UsageError, match="there is no record"):
        find_record(database, Quote, [" / ".join("a" * 5000)])


def test_query_as_of_shows_and_filters_what_was(swathe: Swathe, priced: ObjectId) -> None:
    at = "2026-11-21T12:00:00Z"
    show = ["--select", "upc,price", "--format", "jsonl", "--as-of", at]
    assert swathe("query", "books", "price=8", *show).out == '{"upc": "a1", "price": 8.00}\n'
    assert swathe("query", "books", "price=7", *show).out == ""
    assert swathe("query", "books", "price=7", "--as-of", "2026-11-21", "--count", TZ="UTC").out == "1\n"
    assert swathe("query", "books", "--as-of", "2026-11-20", "--count", TZ="UTC").out == "0\n"
    assert "a1" in swathe("query", "books", "--sort", "-price", "--limit", "1", "--as-of", at).out
    assert (
        "the time is 'soon', expected a time such as" in swathe("query", "books", "--as-of", "soon", code=2).error_line
    )
    assert "'runs' has no history" in swathe("query", "runs", "--as-of", "2026-11-21", code=2).error_line


def test_a_chart_draws_gaps_and_a_single_value() -> None:
    lines = draw_chart([(WHEN, 1.0), (WHEN + HOUR, None), (WHEN + 2 * HOUR, 3.0)], WHEN + 3 * HOUR, 13)
    assert lines[0] == "3.0       ███"
    assert lines[5] == "1.0 ▁▁▁   ███"
    assert draw_chart([(WHEN, 5.0)], WHEN, 8)[5] == "5.0 ████"
    assert draw_chart([(WHEN, None)], WHEN, 8) == []
    assert "█" not in "".join(draw_chart([(WHEN, 1.0), (WHEN + HOUR, 2.0)], WHEN + 2 * HOUR, 12, ascii_only=True))


@pytest.mark.parametrize("after", [timedelta(hours=5), timedelta(days=8), timedelta(days=400), timedelta(days=9000)])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_a_value_that_held_shorter_than_a_column_is_drawn(after: timedelta, ascii_only: bool) -> None:
    points = [(WHEN + number * HOUR / 4, value) for number, value in enumerate([10.0, 8.0, 12.5, 7.0, 10.0])]
    lines = draw_chart(points, WHEN + after, 40, ascii_only=ascii_only)
    blocks = set("_#" if ascii_only else "▁▂▃▄▅▆▇█")
    assert lines[0].startswith("12.5 ")
    assert lines[5].startswith(" 7.0 ")
    assert blocks & set(lines[0]), "the highest value"
    reach = [max(row for row in range(6) if lines[row].ljust(40)[column] in blocks) for column in range(5, 40)]
    assert max(reach) == 5, "the lowest value"
    assert len(set(lines[5][-10:])) == 1, "a column without a change is of one height"


def test_a_column_of_a_chart_is_solid_between_its_extremes_and_shaded_below() -> None:
    minute = timedelta(minutes=1)
    points = [(WHEN, 0.0), (WHEN + HOUR, 24.0), (WHEN + HOUR + minute, 47.0), (WHEN + HOUR + 2 * minute, 24.0)]
    assert [line[5:] for line in draw_chart(points, WHEN + 3 * HOUR, 8)[:6]] == [" █", " █", " █▁", " ░█", " ░█", "▁░█"]
    points = [(WHEN, 0.0), (WHEN + minute, 3.0), (WHEN + HOUR, 47.0), (WHEN + HOUR + minute, 45.0)]
    drawn = [line[5:] for line in draw_chart(points, WHEN + 2 * HOUR, 7)[:6]]
    assert drawn == [" ▒", " ░", " ░", " ░", " ░", "▒░"], "the two values of one cell are told apart from one"


# Whole crawls


@pytest.fixture
def mirror(swathe: Swathe, database: Mongo) -> Mirror:
    return Mirror(swathe, database)


def test_ten_new_prices_are_exactly_ten_changes_and_no_other_write(
    mirror: Mirror, swathe: Swathe, database: Mongo
) -> None:
    mirror.crawl(SITE)
    before = books_of(database)
    assert len(before) == 60
    dearer = {book.upc: book.price + Decimal("1.50") for book in SITE.all_books[5:55:5]}
    site = with_books(replace(book, price=dearer.get(book.upc, book.price)) for book in SITE.all_books)
    run = mirror.crawl(site)
    changes = list(database.changes.find())
    old = {book.upc: book.price for book in SITE.all_books}
    assert {(row["key"], row["field"], row["old"].to_decimal(), row["new"].to_decimal()) for row in changes} == {
        (upc, "price", old[upc], new) for upc, new in dearer.items()
    }
    assert len(changes) == len(dearer) == 10
    assert {row["run"] for row in changes} == {run["_id"]}
    after = books_of(database)
    for upc, book in before.items():
        now = after[upc]
        assert (now["run"], now["last_seen"] > book["last_seen"]) == (run["_id"], True)
        moved = {"run", "last_seen", *(("price", "changed_at") if upc in dearer else ())}
        assert {name for name in now if now[name] != book[name]} == moved
        assert now["url"] == next(row["url"] for row in changes if row["key"] == upc) if upc in dearer else True
    counts = run["counts"]
    assert [counts[f"items_{what}"] for what in ("new", "changed", "unchanged", "gone")] == [0, 10, 50, 0]
    assert_history_agrees(database, "books")
    out = swathe("query", "books", "--as-of", before_of(changes), "--select", "upc,price", "--format", "jsonl").out
    rows = [json.loads(line, parse_float=Decimal) for line in out.splitlines()]
    assert {row["upc"]: row["price"] for row in rows} == old


def before_of(changes: list[dict[str, Any]]) -> str:
    return (min(row["when"] for row in changes) - timedelta(milliseconds=5)).isoformat()


def test_products_removed_from_the_site_are_gone_and_come_back(mirror: Mirror, database: Mongo) -> None:
    mirror.crawl(SITE)
    dropped = {book.upc for book in SITE.all_books[10:13]}
    fewer = with_books(book for book in SITE.all_books if book.upc not in dropped)
    run = mirror.crawl(fewer)
    assert run["verdict"] == "complete"
    gone = [row for row in books_of(database).values() if row["gone_at"]]
    assert {row["upc"] for row in gone} == dropped
    assert {row["gone_at"] for row in gone} == {run["ended_at"]}
    assert run["counts"]["items_gone"] == 3
    assert sorted(told(database)) == sorted((upc, "gone_at", None, run["ended_at"]) for upc in dropped)
    again = mirror.crawl(SITE)
    assert (again["counts"]["items_changed"], again["counts"]["items_gone"]) == (3, 0)
    assert database.books.count_documents({"gone_at": None}) == 60
    assert database.changes.count_documents({"field": "gone_at", "new": None}) == 3
    assert assert_history_agrees(database, "books") == 6


def test_a_run_that_lost_a_page_marks_nothing_gone(mirror: Mirror, database: Mongo) -> None:
    mirror.crawl(SITE)
    fewer = with_books(SITE.all_books[3:])
    run = mirror.crawl(fewer, code=3, faults={"/books/catalogue/page-2.html": Fault(status=500)})  # type: ignore[arg-type]
    assert run["verdict"] == "incomplete"
    assert run["counts"]["items_gone"] == 0
    assert database.books.count_documents({"gone_at": None}) == 60
    assert database.changes.count_documents({}) == 0
    assert mirror.crawl(fewer)["counts"]["items_gone"] == 3


def test_a_limited_crawl_and_one_of_a_category_mark_nothing_gone(
    mirror: Mirror, swathe: Swathe, database: Mongo
) -> None:
    mirror.crawl(SITE)
    with PracticeServer(with_books(SITE.all_books[3:]), port=mirror._port) as server:
        swathe("crawl", "books", "--start", f"{server.url}books/", "--max-pages", "8", code=3)
        folder = SITE.category_folder(SITE.all_books[0].category)
        swathe("crawl", "books", "--start", f"{server.url}books/catalogue/category/{folder}/index.html", code=None)
    assert [run["counts"]["items_gone"] for run in database.runs.find()] == [0, 0, 0]
    assert database.books.count_documents({"gone_at": None}) == 60
