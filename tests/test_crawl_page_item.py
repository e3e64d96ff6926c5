"""The records of one page: two that differ and have one key are told by the field."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from mongoengine import IntField, ListField, StringField

from models.noise import Percent
from models.record import Found, Record
from pipelines.validate import validate
from scraper.crawl.page_item import PageRecords


class Priced(Record):
    """A record with fields of every sort that counts here."""

    meta: ClassVar = {"collection": "priced_things"}
    name = StringField(required=True, key=True)
    site = IntField(required=True, key=True)
    price = IntField(db_field="p", ignore=Percent(5))
    seen_by = IntField(track=False)
    tags = ListField(StringField())


def found(adding: bool = False, **values: Any) -> Found:
    one = Found(Priced, "http://h/", {}, {"name": "Lamp", "site": 1, "url": "http://h/", **values})
    validate(one)
    return one.adding("tags") if adding else one


@pytest.mark.parametrize(
    ("one", "other", "field"),
    [
        ({"price": 100}, {"price": 120}, "price"),
        ({"price": 100}, {"price": 102}, ""),
        ({"price": 100}, {"price": None, "tags": ["a"]}, ""),
        ({"price": 100}, {"price": 200, "site": 2}, ""),
        ({"price": 100}, {"price": 200, "site": None}, ""),
        ({"seen_by": 1}, {"seen_by": 2}, ""),
        ({"tags": ["a"]}, {"tags": ["b"]}, "tags"),
        ({"tags": ["a"], "adding": True}, {"tags": ["b"]}, ""),
    ],
)
def test_two_records_of_a_page_under_one_key_are_told_by_what_differs(
    one: dict[str, Any], other: dict[str, Any], field: str
) -> None:
    page = PageRecords("http://h/", [found(**one), found(price=None), found(**other)])
    assert page.clash == (f"priced_things 'Lamp / 1' with two values of `{field}`" if field else "")
