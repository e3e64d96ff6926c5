"""What documents say of themselves: their key, names and cleaners, which there are, and a record on its way."""

from __future__ import annotations

import ast
from typing import Any

import mongoengine
import pytest
from mongoengine import Document
from support import ROOT

import models
from models.books import Book
from models.broken import BROKEN
from models.learned import LearnedRecord, holds, joined
from models.questions import RecordQuerySet, text_search
from models.quotes import Quote
from models.record import Found, Record, key_text, schema_of
from models.registry import SYSTEM, all_documents, check_record, record_documents


class PageOf:
    url = "http://127.0.0.1/"


def document(**fields: Any) -> type[Record]:
    """Return a record's document with these fields, one of the tests' own."""
    meta = {"collection": "things_of_models", **fields.pop("meta", {})}
    return type("Thing", (Record,), {"meta": meta, "__module__": __name__, **fields})


def key(**given: Any) -> Any:
    return mongoengine.StringField(required=True, key=True, **given)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"name": mongoengine.StringField()}, "Thing names no key: give `key=True`"),
        ({"name": mongoengine.StringField(key=True)}, "Thing.name is part of the key: give it `required=True`"),
        ({"n": mongoengine.FloatField(required=True, key=True)}, "Thing.n cannot be part of the key: expected one of"),
        ({"name": key(track=False)}, "Thing.name is part of the key and never changes: drop track= and ignore="),
        ({"name": key(), "x": mongoengine.StringField(db_field="_untold")}, "Thing has a field '_untold' in MongoDB"),
        ({"name": key(), "meta": {"segment": "kind"}}, "Thing has `segment` 'kind' in its meta: expected one of name"),
    ],
)
def test_a_document_whose_records_could_not_be_told_apart_is_refused(fields: dict[str, Any], why: str) -> None:
    with pytest.raises(TypeError, match=why):
        schema_of(document(**fields))


def test_a_schema_has_the_names_of_both_sides() -> None:
    thing = document(
        name=key(db_field="n"), price=mongoengine.DecimalField(track=False, db_field="p"), tags=mongoengine.ListField()
    )
    schema = schema_of(thing)
    assert (schema.key, schema.content, schema.required) == (("name",), ("name", "price", "tags"), ("name",))
    assert (schema.columns["name"], schema.untracked) == ("n", {"p"})
    assert key_text(thing, {"n": "a", "p": 1}) == "a"
    assert key_text(document(a=key(), b=key()), {"a": 1, "b": None}) == "1 / None"


def test_a_field_that_the_document_does_not_have_is_named() -> None:
    with pytest.raises(TypeError, match="Book has no field 'prize': expected some of upc, title, price"):
        Book.found(PageOf(), prize="£1")
    with pytest.raises(TypeError, match="Book has no field 'url'"):
        Book.found(PageOf(), url="http://elsewhere/")


def test_a_record_is_what_its_page_shows_until_it_is_cleaned_and_then_its_values() -> None:
    found = Quote.found(PageOf(), text="a", author=None)
    assert (found["text"], found.get("tags", "none"), "tags" in found, "author" in found) == ("a", "none", False, True)
    found["tags"] = ["x"]
    found["url"] = "http://127.0.0.1/2"
    assert (found.raw["tags"], found.url) == (["x"], "http://127.0.0.1/2")
    with pytest.raises(KeyError, match="Quote has no field 'prize'"):
        found["prize"] = 1
    found.values = {"text": "A", "url": found.url}
    found["text"] = "B"
    assert (found["text"], found.raw["text"]) == ("B", "a")
    del found["text"]
    assert "text" not in found
    with pytest.raises(KeyError):
        del found["text"]


def test_only_to_a_list_can_values_be_added() -> None:
    assert Quote.found(PageOf(), text="a", tags=["x"]).adding("tags").added == {"tags"}
    for name in ("author", "prize"):
        with pytest.raises(TypeError, match=rf"Quote.{name} is no ListField"):
            Quote.found(PageOf(), text="a").adding(name)


def test_what_a_page_lacks_and_what_it_is_are_told_before_it_is_cleaned() -> None:
    found = Found(Book, "http://h/", {"upc": "a1", "title": "", "price": None, "rating": ""})
    assert found.lacks == ["title", "price"], "a field that is not named is not missed, nor one that may be absent"
    assert found.identity == ("Book", "a1")


def test_every_document_of_a_module_is_known_by_its_collection() -> None:
    """A module with documents that is in no list would have neither indexes, nor questions, nor a backup of its own."""
    known = {(kind.__module__, kind.__name__) for kind in all_documents().values()}
    declared = set()
    for file in (ROOT / "models").glob("*.py"):
        module = ast.parse(file.read_text())
        for node in module.body:
            if isinstance(node, ast.ClassDef) and any(
                isinstance(part, ast.Constant) and part.value == "collection" for part in ast.walk(node)
            ):
                declared.add((f"models.{file.stem}", node.name))
    assert len(declared) > len(SYSTEM)
    assert declared - known == set()


def test_collections_have_one_document_each_and_records_those_of_the_project() -> None:
    records = record_documents()
    own = {name: kind for name, kind in records.items() if not issubclass(kind, LearnedRecord)}
    assert set(own) == {"authors", "books", "quotes"}
    assert records.items() <= all_documents().items()
    for kind in own.values():
        assert issubclass(kind._meta["queryset_class"], RecordQuerySet), kind
    assert models.RECORDS_IN == "models"


def test_a_record_in_a_collection_of_swathe_s_own_is_left_out_with_its_place() -> None:
    class Mine(Record):
        meta = {"collection": "runs"}  # noqa: RUF012
        name = key()

    try:
        assert not check_record(Mine)
        assert "Mine has the collection 'runs', which is of Swathe's Run" in str(BROKEN[__name__])
    finally:
        BROKEN.pop(__name__, None)
    assert check_record(Book)


@pytest.mark.parametrize("words", ["", "  ", "- !", "\u3000"])
def test_a_search_for_no_word_is_refused(words: str) -> None:
    with pytest.raises(ValueError, match="word"):
        text_search(words)


def test_a_search_takes_every_word_and_nothing_for_an_operator() -> None:
    (text,) = text_search('-sea "blue $where (é)').values()
    assert text["$search"].split() == ['"sea"', '"blue"', '"where"', '"é"']


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "nothing"), (True, "truth"), (1, "whole"), (1.0, "number"), ("a", "text"), (["a"], "texts"),
        ([], "any"), (["a", 1], "any"), ({"a": 1}, "any"), (2**63 - 1, "whole"), (-(2**63), "whole"),
    ],
)  # fmt: skip
def test_what_an_item_of_scrapy_s_holds_is_known_by_its_value(value: object, kind: str) -> None:
    assert holds(value) == kind


def test_a_number_that_mongodb_cannot_hold_is_refused_in_few_characters() -> None:
    with pytest.raises(ValueError, match="out of range") as fault:
        holds(10**4000)
    assert len(str(fault.value)) < 200


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [("nothing", "text", "text"), ("whole", "number", "number"), ("truth", "whole", "any"), ("text", "texts", "any")],
)
def test_a_field_that_held_several_kinds_holds_what_has_room_for_them(one: str, other: str, both: str) -> None:
    assert joined(one, other) == joined(other, one) == both
    assert joined(both, one) == both


def test_documents_of_the_tests_are_none_of_the_project() -> None:
    class Stranger(Document):
        meta = {"collection": "strangers"}  # noqa: RUF012

    assert "strangers" not in all_documents()
