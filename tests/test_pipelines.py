"""The steps that a record goes through: cleaned, held against its document with every fault named, and stored."""

from __future__ import annotations

from typing import Any

import mongoengine
import pytest
from scrapy import Spider
from scrapy.exceptions import NotConfigured
from scrapy.utils.test import get_crawler
from support import configured

from models.books import Book
from models.record import Found, Record, schema_of
from pipelines.clean import CleanPipeline
from pipelines.store import StorePipeline
from pipelines.validate import MISSING, ValidatePipeline
from scraper.crawl.page_item import PageRecords
from spiders.books import BooksSpider

BOOK = {"upc": "a1", "title": "A", "price": "£5.00", "currency": "£5.00", "in_stock": "In stock (3 available)"}


class PageOf:
    url = "http://h/dir/"


class Parcel(Record):
    """A record with a field that MongoDB calls otherwise, and a rule between fields."""

    meta = {"collection": "parcels_of_pipelines"}  # noqa: RUF012
    number = mongoengine.IntField(required=True, key=True, db_field="n")
    content = mongoengine.DynamicField()
    low = mongoengine.IntField()
    high = mongoengine.IntField(max_value=9)

    def clean(self) -> None:
        """Refuse an interval that ends before it begins."""
        if self.low is not None and self.high < self.low:
            raise mongoengine.ValidationError(f"high is {self.high}, expected {self.low} or more")


def through(*records: Found) -> list[Found]:
    """Clean and validate the records of one page."""
    page = CleanPipeline().process_item(PageRecords(PageOf.url, list(records)))
    return ValidatePipeline().process_item(page).records


def test_what_is_no_record_is_refused_and_says_what_to_yield() -> None:
    for item in ({"title": "a dict"}, "text", None):
        with pytest.raises(TypeError, match=rf"a spider yielded a {type(item).__name__}, expected a record"):
            CleanPipeline().process_item(item)


def test_a_record_is_cleaned_and_what_is_stored_has_the_names_of_mongodb() -> None:
    book, parcel = through(Book.found(PageOf(), **BOOK), Parcel.found(PageOf(), number=7, low=None))
    assert (book.faults, parcel.faults) == ({}, {})
    assert (str(book.values["price"]), book.values["in_stock"]) == ("5.00", True)
    assert parcel.stored == {"n": 7, "low": None, "url": PageOf.url}, "what is not named is not touched"


def test_every_field_at_fault_is_named_and_the_others_are_read() -> None:
    (book,) = through(Book.found(PageOf(), **{**BOOK, "upc": None, "price": "free", "title": "  The  Sea "}))
    assert book.faults["upc"] == MISSING
    assert "free" in book.faults["price"]
    assert set(book.faults) == {"upc", "price"}
    assert book.values["title"] == "The Sea"


def test_a_field_that_the_page_does_not_name_is_missed_only_where_it_is_required() -> None:
    (book,) = through(Book.found(PageOf(), upc="a1"))
    assert set(book.faults) == {name for name in schema_of(Book).required if name != "upc"}
    assert set(book.faults.values()) == {MISSING}


def test_links_are_relative_to_the_page_s_base_and_the_record_to_the_page() -> None:
    found = Book.found(PageOf(), **BOOK, image_url="cover.jpg")
    found.base_url = "http://h/base/"
    (book,) = through(found)
    assert (book.values["image_url"], book.values["url"]) == ("http://h/base/cover.jpg", "http://h/dir/")


def test_a_bug_in_a_cleaner_refuses_its_record_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def buggy(value: Any, _url: str) -> Any:
        return value.no_such_method() if value == "b" else value

    monkeypatch.setitem(schema_of(Parcel).cleaners, "content", buggy)
    first, second = through(*(Parcel.found(PageOf(), number=number, content=text) for number, text in enumerate("ab")))
    assert first.faults == {}
    assert second.faults == {
        "content": "its cleaner raised AttributeError: 'str' object has no attribute 'no_such_method'"
    }


@pytest.mark.parametrize(
    ("raw", "faults"),
    [
        ({"low": 1, "high": 2}, {}),
        ({"low": 2, "high": 1}, {"(record)": "high is 1, expected 2 or more"}),
        ({"low": 1, "high": 10}, {"high": "Integer value is too large"}),
        ({"low": 1, "high": "2.5"}, {"high": None}),  # the rule does not see what is no number
        ({"low": 1, "high": None}, {"(record)": None}),  # its own bug: it compares a number with nothing
    ],
)
def test_a_rule_between_fields_sees_exact_values_only(raw: dict[str, Any], faults: dict[str, str | None]) -> None:
    (parcel,) = through(Parcel.found(PageOf(), number=1, **raw))
    assert parcel.faults.keys() == faults.keys()
    for name, fault in faults.items():
        assert fault is None or parcel.faults[name] == fault
    if faults.get("(record)", "") is None:
        assert parcel.faults["(record)"].startswith("Parcel.clean() raised TypeError")


def test_an_address_that_is_none_is_a_fault_of_the_record() -> None:
    (parcel,) = through(Found(Parcel, "mailto:ann@h", {"number": 1}))
    assert list(parcel.faults) == ["url"]


def test_a_crawl_that_is_no_run_stores_nothing_and_goes_through_no_step() -> None:
    class Plain(Spider):
        name = "plain"

    crawler = get_crawler(Plain, {"SWATHE": configured()})
    for step in (CleanPipeline, ValidatePipeline, StorePipeline):
        with pytest.raises(NotConfigured):
            step.from_crawler(crawler)


def test_without_the_recorder_of_the_run_nothing_is_stored_in_no_run() -> None:
    step = StorePipeline.from_crawler(get_crawler(BooksSpider, {"SWATHE": configured()}))
    with pytest.raises(RuntimeError, match="RunRecorder is missing from EXTENSIONS"):
        step.open_spider()
