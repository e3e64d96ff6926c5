"""Storing: upsert by key, exact outcomes, one bad document alone, and nothing changed by storing again."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import mongoengine
import pytest
from bson import Decimal128, ObjectId
from support import configured

from models.books import Book
from models.quotes import Quote
from models.record import Found, Record, schema_of
from pipelines.clean import clean
from pipelines.validate import validate
from scraper.errors import DatabaseLostError
from scraper.storage.connection import Connection
from scraper.storage.records.group_commit import GroupCommit
from scraper.storage.records.plan import Entry, WritePlan
from scraper.storage.records.store import Store
from scraper.storage.records.upsert import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database

NEW, CHANGED, UNCHANGED, REFUSED, _ = Outcome
BOOK = {"upc": "a1", "title": "A", "price": "£5.00", "currency": "£5.00", "in_stock": "In stock (3 available)"}


class PageOf:
    def __init__(self, url: str) -> None:
        self.url = url


class Parcel(Record):
    """A record with a second unique index, to be refused by MongoDB itself."""

    meta = {"collection": "parcels"}  # noqa: RUF012
    number = mongoengine.IntField(required=True, key=True)
    content = mongoengine.DynamicField()


def through(found: Found) -> Found:
    """Clean and validate, as the pipelines do."""
    clean(found)
    validate(found)
    return found


def book(url: str = "http://127.0.0.1/1", **raw: Any) -> Found:
    return through(Book.found(PageOf(url), **{**BOOK, **raw}))


@pytest.fixture
def connection(data_dir: Path, database: Database[dict[str, Any]], server: Any) -> Iterator[Connection]:
    config = configured(SWATHE_MONGODB_DATA_DIR=str(data_dir), SWATHE_MONGODB_DATABASE=database.name)
    connection = Connection(config.mongodb)
    with connection:
        yield connection


@pytest.fixture
def store(connection: Connection) -> Store:
    return Store(connection, ObjectId(), "books")


def test_a_new_record_is_stored_exactly_with_its_bookkeeping(store: Store, database: Database[dict[str, Any]]) -> None:
    before = datetime.now(UTC)
    assert store.write([book(description=None)]) == [NEW]
    stored = database.books.find_one({}, {"_id": 0})
    assert stored is not None
    times = [stored.pop(name) for name in ("first_seen", "last_seen", "changed_at")]
    assert before.timestamp() - 0.001 <= times[0].timestamp() <= datetime.now(UTC).timestamp()
    assert times[0] == times[1] == times[2]
    assert stored == {
        "upc": "a1",
        "title": "A",
        "price": Decimal128("5.00"),
        "currency": "GBP",
        "in_stock": True,
        "description": None,
        "url": "http://127.0.0.1/1",
        "gone_at": None,
        "run": store._run,
    }


def test_storing_the_same_page_twice_changes_nothing_but_when_it_was_seen(
    store: Store, connection: Connection, database: Database[dict[str, Any]]
) -> None:
    store.write([book()])
    first = database.books.find_one()
    assert first is not None
    later = Store(connection, ObjectId(), "books")
    assert later.write([book()]) == [UNCHANGED]
    again = database.books.find_one()
    assert again is not None
    assert again.pop("last_seen") >= first.pop("last_seen")
    assert (again.pop("run"), first.pop("run")) == (later._run, store._run)
    assert again == first
    assert database.books.count_documents({}) == 1


def test_a_changed_record_keeps_when_it_was_first_seen(store: Store, database: Database[dict[str, Any]]) -> None:
    store.write([book()])
    first = database.books.find_one()
    assert first is not None
    assert store.write([book(price="£6.00")]) == [CHANGED]
    changed = database.books.find_one()
    assert changed is not None
    assert changed["price"] == Decimal128("6.00")
    assert changed["first_seen"] == first["first_seen"]
    assert changed["changed_at"] > first["changed_at"]


def test_a_page_that_moved_is_no_change_of_its_record(store: Store, database: Database[dict[str, Any]]) -> None:
    store.write([book("http://127.0.0.1/1")])
    assert store.write([book("http://127.0.0.1/2")]) == [UNCHANGED]
    stored = database.books.find_one()
    assert stored is not None
    assert stored["url"] == "http://127.0.0.1/2"
    assert stored["changed_at"] == stored["first_seen"]


def test_a_field_that_a_page_does_not_show_stays_as_it_is(store: Store, database: Database[dict[str, Any]]) -> None:
    page = PageOf("http://127.0.0.1/")
    quote = {"text": "“So be it.”", "author": "Ann"}
    store.write([through(Quote.found(page, **quote, tags=["a"], goodreads_url="/show/1"))])
    assert store.write([through(Quote.found(page, **quote))]) == [UNCHANGED]
    assert store.write([through(Quote.found(page, **quote, tags=[]))]) == [CHANGED]
    stored = database.quotes.find_one()
    assert stored is not None
    assert (stored["text"], stored["tags"], stored["goodreads_url"]) == ("So be it.", [], "http://127.0.0.1/show/1")


def test_records_of_one_key_in_one_batch_are_stored_as_if_one_after_the_other_and_count_once(
    store: Store, database: Database[dict[str, Any]]
) -> None:
    outcomes = store.write([book(), book(), book(title="B"), book(upc="b2"), book(title="B")])
    assert outcomes == [NEW, UNCHANGED, UNCHANGED, NEW, UNCHANGED]
    assert {stored["upc"]: stored["title"] for stored in database.books.find()} == {"a1": "B", "b2": "A"}


def test_records_with_keys_of_several_fields_are_looked_up_alone_and_not_in_every_combination(
    store: Store, database: Database[dict[str, Any]]
) -> None:
    def quotes(pairs: list[tuple[int, int]], tags: list[str]) -> list[Found]:
        page = PageOf("http://127.0.0.1/")
        return [through(Quote.found(page, text=f"Word {a}.", author=f"Ann {b}", tags=tags)) for a, b in pairs]

    store.write(quotes([(a, b) for a in range(20) for b in range(20)], []))
    database.command("profile", 2)
    diagonal, column, row = ([(a, a) for a in range(20)], [(a, 1) for a in range(20)], [(2, b) for b in range(20)])
    for number, pairs in enumerate((diagonal, column, row, [(3, 4)])):
        assert store.write(quotes(pairs, [f"tag {number}"])) == [CHANGED] * len(pairs)
    database.command("profile", 0)
    reads = database["system.profile"].find({"op": "query", "ns": f"{database.name}.quotes"}, sort=[("ts", 1)])
    assert [(read["nreturned"], read["docsExamined"]) for read in reads] == [(n, n) for n in (20, 20, 20, 1)]


def test_what_a_record_came_to_in_an_earlier_round_stays_when_it_is_decided_again() -> None:
    found = book(title="B")
    plan = WritePlan(schema_of(Book), [Entry(found, dict(found.stored), CHANGED)], dict(found.stored))
    plan.decide()
    assert (plan.tracked, plan.entries[0].outcome) == ({}, CHANGED)


def test_a_refused_record_keeps_every_field_at_fault_and_what_the_page_had(
    store: Store, database: Database[dict[str, Any]]
) -> None:
    bad = book(title=" ", price="call us", currency="call us", rating="Zero")
    good = book(upc="b2")
    assert store.write([bad, good]) == [REFUSED, NEW]
    kept = database.rejected.find_one()
    assert kept is not None
    assert [fault["field"] for fault in kept["faults"]] == ["price", "currency", "rating", "title"]
    assert kept["faults"][0] == {
        "field": "price",
        "found": "call us",
        "problem": "'call us' holds no amount, expected a price such as '£51.77'",
    }
    assert kept["raw"] == {**BOOK, "title": " ", "price": "call us", "currency": "call us", "rating": "Zero"}
    assert (kept["records"], kept["url"], kept["run"]) == ("books", "http://127.0.0.1/1", store._run)


def test_the_same_refused_item_is_kept_once_with_the_first_and_last_time(
    store: Store, database: Database[dict[str, Any]]
) -> None:
    store.write([book(price="call us")])
    store.write([book(price="call us")])
    kept = list(database.rejected.find())
    assert len(kept) == 1
    assert kept[0]["last_seen"] > kept[0]["first_seen"]
    store.write([book(price="ask us")])
    assert database.rejected.count_documents({}) == 2


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("x" * (16 * 2**20), "bytes, expected"),
        ("half a pair \ud83d", "MongoDB cannot hold it"),
        (2**70, "MongoDB cannot hold it"),
        ({"a": {1, 2}}, "MongoDB cannot hold it"),
    ],
)
def test_a_document_that_mongodb_cannot_hold_is_refused_alone(
    store: Store, database: Database[dict[str, Any]], content: Any, problem: str
) -> None:
    page = PageOf("http://127.0.0.1/")
    parcels = [
        through(Parcel.found(page, number=1, content=content)),
        through(Parcel.found(page, number=2, content="fine")),
    ]
    assert store.write(parcels) == [REFUSED, NEW]
    kept = database.rejected.find_one()
    assert kept is not None
    assert kept["faults"][0]["field"] == "(record)"
    assert problem in kept["faults"][0]["problem"]
    assert [stored["number"] for stored in database.parcels.find()] == [2]


def test_a_document_that_the_server_refuses_does_not_take_its_batch_along(
    store: Store, database: Database[dict[str, Any]]
) -> None:
    database.parcels.create_index("content", unique=True, name="no_two_alike")
    page = PageOf("http://127.0.0.1/")
    parcels = [through(Parcel.found(page, number=number, content=content)) for number, content in enumerate("abac")]
    assert store.write(parcels) == [NEW, NEW, REFUSED, NEW]
    kept = database.rejected.find_one()
    assert kept is not None
    assert "no_two_alike" in kept["faults"][0]["problem"]
    assert kept["raw"] == {"number": 2, "content": "a"}


def test_many_writers_of_the_same_records_store_each_once_and_count_each_once(
    connection: Connection, database: Database[dict[str, Any]]
) -> None:
    outcomes: list[Outcome] = []

    def write(price: str) -> None:
        found = [book(upc=str(number), price=price) for number in range(40)]
        outcomes.extend(Store(connection, ObjectId(), "books").write(found))

    threads = [threading.Thread(target=write, args=(f"£{1 + number % 2}.00",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert database.books.count_documents({}) == 40
    assert len(outcomes) == 240
    assert outcomes.count(NEW) == 40


def test_a_batch_is_written_again_when_mongod_is_killed_under_it(tmp_path: Path) -> None:
    connection = Connection(
        configured(SWATHE_MONGODB_DATA_DIR=str(tmp_path / "data"), SWATHE_MONGODB_IDLE_STOP_S="0").mongodb
    )
    assert connection.server is not None
    with connection as database:
        store = Store(connection, ObjectId(), "books")
        store.write([book()])
        os.kill(int((connection.server.folder.database / "mongod.lock").read_text()), signal.SIGKILL)
        assert store.write([book(upc=str(number)) for number in range(50)]).count(NEW) == 50
        assert database.books.count_documents({}) == 51


def test_a_database_that_stays_away_is_an_error_of_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    connection = Connection(configured(SWATHE_MONGODB_DATA_DIR=str(tmp_path / "data"), SWATHE_MONGODB_IDLE_STOP_S="0",
                                       SWATHE_MONGODB_CONNECT_TIMEOUT_S="0.3").mongodb)  # fmt: skip
    monkeypatch.setattr("scraper.storage.outage.FIRST_WAIT_S", 0.01)
    assert connection.server is not None
    with connection:
        store = Store(connection, ObjectId(), "books")
        store.write([book()])
        connection.server.stop()
        monkeypatch.setattr(connection, "revive", lambda: None)
        with pytest.raises(DatabaseLostError, match=r"the last batch is not stored: MongoDB at .* does not answer"):
            store.write([book()])


def test_group_commit_answers_each_entry_and_gathers_what_arrives_meanwhile() -> None:
    batches: list[list[int]] = []

    def write(batch: list[int]) -> list[int]:
        batches.append(batch)
        return [number * 10 for number in batch]

    async def run() -> list[int]:
        commit = GroupCommit(write, size=4, wait_s=0.01)
        answers = await asyncio.gather(*(commit.put([number, number + 1]) for number in range(0, 10, 2)))
        await commit.close()
        return [answer for page in answers for answer in page]

    assert asyncio.run(run()) == [number * 10 for number in range(10)]
    assert batches == [[0, 1, 2, 3], [4, 5, 6, 7, 8, 9]]


def test_group_commit_writes_what_is_there_when_the_time_is_up() -> None:
    batches: list[list[int]] = []

    async def run() -> list[int]:
        commit = GroupCommit(lambda batch: batches.append(batch) or batch, size=100, wait_s=0.01)
        return await commit.put([1])

    assert asyncio.run(run()) == [1]
    assert batches == [[1]]


def test_group_commit_hands_an_error_to_every_entry_of_its_batch_and_goes_on() -> None:
    def write(batch: list[int]) -> list[int]:
        if 1 in batch:
            raise DatabaseLostError("gone")
        return batch

    async def run() -> list[Any]:
        commit = GroupCommit(write, size=2, wait_s=0.01)
        answers = [*await asyncio.gather(commit.put([0]), commit.put([1]), return_exceptions=True)]
        answers += await asyncio.gather(commit.put([2]), commit.put([3]), return_exceptions=True)
        await commit.close()
        return answers

    answers = asyncio.run(run())
    assert [type(answer) for answer in answers[:2]] == [DatabaseLostError, DatabaseLostError]
    assert answers[2:] == [[2], [3]]


def test_closing_writes_what_is_still_waiting() -> None:
    written: list[int] = []

    async def run() -> None:
        commit = GroupCommit(lambda batch: written.extend(batch) or batch, size=100, wait_s=60)  # type: ignore[func-returns-value]
        waiting = asyncio.ensure_future(commit.put([1]))
        await asyncio.sleep(0)
        await commit.close()
        assert await waiting == [1]

    asyncio.run(run())
    assert written == [1]


def test_money_is_exact_from_the_page_to_the_query(store: Store, database: Database[dict[str, Any]]) -> None:
    store.write([book(upc=str(number), price="£0.10") for number in range(3)])
    total = database.books.aggregate([{"$group": {"_id": None, "sum": {"$sum": "$price"}}}]).next()["sum"]
    assert total.to_decimal() == Decimal("0.30")
    assert Book.objects.first().price == Decimal("0.10")


def test_times_are_aware_and_in_utc(store: Store) -> None:
    store.write([book()])
    assert Book.objects.first().first_seen.utcoffset() is not None
    assert Book.objects.first().first_seen.utcoffset().total_seconds() == 0


class Interval(Record):
    """A record with a rule between its fields."""

    meta = {"collection": "intervals"}  # noqa: RUF012
    name = mongoengine.StringField(required=True, key=True)
    low = mongoengine.IntField(required=True)
    high = mongoengine.IntField(required=True)

    def clean(self) -> None:
        """Refuse an interval that ends before it begins."""
        if self.high < self.low:
            raise mongoengine.ValidationError(f"high is {self.high}, expected {self.low} or more")


def test_a_rule_between_fields_is_kept_as_mongoengine_users_expect(
    store: Store, database: Database[dict[str, Any]]
) -> None:
    page = PageOf("http://127.0.0.1/")
    good = through(Interval.found(page, name="good", low=1, high=2))
    bad = through(Interval.found(page, name="bad", low=2, high=1))
    broken = through(Interval.found(page, name="broken", low=2, high=None))
    assert store.write([good, bad, broken]) == [NEW, REFUSED, REFUSED]
    faults = {kept["raw"]["name"]: kept["faults"][0] for kept in database.rejected.find()}
    assert faults["bad"] == {"field": "(record)", "found": None, "problem": "high is 1, expected 2 or more"}
    assert "Interval.clean() raised TypeError" in faults["broken"]["problem"]
