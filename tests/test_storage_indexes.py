"""Indexes are made where they are missing, replaced where a text search looks elsewhere, and never quietly left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mongoengine
import pytest
from pymongo.errors import DuplicateKeyError

from models.books import Book
from models.quotes import Author
from models.record import UNTOLD, schema_of
from models.system import RenderDecision
from scraper.errors import DatabaseError
from scraper.storage.indexes import KEY_INDEX, TEXT_INDEX, ensure_indexes, ensure_untold_index, key_columns

if TYPE_CHECKING:
    from pymongo.database import Database

    Mongo = Database[dict[str, Any]]


class Renamed(mongoengine.Document):
    """A document whose fields have other names in MongoDB."""

    meta = {"collection": "renamed", "auto_create_index": False}  # noqa: RUF012
    place = mongoengine.StringField(db_field="p", key=True)
    day = mongoengine.DateTimeField(db_field="d", key=True, index=True)


def test_there_is_an_index_of_the_key_and_one_for_each_field_that_asks_for_it(database: Mongo) -> None:
    ensure_indexes(database, Book)
    made = database.books.index_information()
    assert made.keys() - {"_id_"} == {KEY_INDEX, *schema_of(Book).indexes}
    assert made[KEY_INDEX]["unique"]
    assert TEXT_INDEX not in made, "it is made for the first one who searches"
    database.books.insert_one({"upc": "a"})
    with pytest.raises(DuplicateKeyError):
        database.books.insert_one({"upc": "a"})
    ensure_indexes(database, Book)
    assert database.books.index_information() == made


def test_indexes_are_over_the_names_that_fields_have_in_mongodb(database: Mongo) -> None:
    ensure_indexes(database, Renamed)
    assert key_columns(database.renamed) == ("p", "d")
    assert database.renamed.index_information()["day"]["key"] == [("d", 1)]


def test_a_document_without_indexes_makes_no_collection(database: Mongo) -> None:
    class Plain(mongoengine.Document):
        meta = {"collection": "plain", "auto_create_index": False}  # noqa: RUF012
        name = mongoengine.StringField()

    ensure_indexes(database, Plain)
    assert database.list_collection_names() == []
    assert key_columns(database.plain) is None
    ensure_indexes(database, RenderDecision)
    assert key_columns(database.render_decisions) == ("spider", "template")


def test_a_text_index_over_other_fields_takes_the_place_of_the_old_one(database: Mongo) -> None:
    database.authors.create_index([("born_location", "text")], name=TEXT_INDEX)
    for _ in range(2):
        ensure_indexes(database, Author, for_search=True)
        assert set(database.authors.index_information()[TEXT_INDEX]["weights"]) == set(schema_of(Author).searched)


def test_records_that_the_key_cannot_tell_apart_are_one_clear_line(database: Mongo) -> None:
    database.books.insert_many([{"upc": "a"}, {"upc": "a"}])
    with pytest.raises(DatabaseError, match=r"indexes of 'books' cannot be made \(.*duplicate key.*`swathe migrate"):
        ensure_indexes(database, Book)


def test_an_index_of_another_kind_under_our_name_is_told_and_not_dropped(database: Mongo) -> None:
    database.books.create_index([("title", 1)], name=KEY_INDEX)
    with pytest.raises(DatabaseError, match="the indexes of 'books' cannot be made"):
        ensure_indexes(database, Book, for_search=True)
    assert database.books.index_information()[KEY_INDEX]["key"] == [("title", 1)]


def test_what_has_been_told_takes_no_room_in_the_index_of_the_untold(database: Mongo) -> None:
    ensure_untold_index(database.changes)
    (made,) = (index for name, index in database.changes.index_information().items() if name != "_id_")
    assert made["partialFilterExpression"] == {UNTOLD: {"$exists": True}}
    database.changes.insert_many([{"when": number} for number in range(50)])
    database.changes.insert_one({UNTOLD: ["events"], "when": 1})
    plan = database.changes.find({UNTOLD: "events"}).hint("untold").explain()
    assert plan["executionStats"]["totalKeysExamined"] <= 2
