"""docs/reference/queries.md: every example prints what the page says, and the questions that it names use indexes."""

from __future__ import annotations

import doctest
import re
import shlex
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from practice import load_site
from practice_records import RUN, URLS, store_practice_records
from support import ROOT, Swathe, configured

from models.books import Book, BookQuerySet
from models.questions import ChangeQuerySet, RecordQuerySet, RejectedQuerySet, RunQuerySet
from models.quotes import Author, Quote, QuoteQuerySet
from models.registry import all_documents
from models.system import Change, Rejected, Run
from scraper.core.config import load_config
from scraper.query.explain import plan_of
from scraper.query.question import Wanted, ask
from scraper.storage.connection import Connection, connection_to
from scraper.storage.indexes import ensure_indexes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pymongo.database import Database

    Mongo = Database[dict[str, Any]]

PAGE = (ROOT / "docs/reference/queries.md").read_text()
CONSOLE = "\n".join(re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL))
EXAMPLES = re.findall(r"^\$ swathe (.*)\n((?:(?!\$ ).*\n)*)", CONSOLE, re.MULTILINE)
QUOTE = load_site().quotes[0]
DAY = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture(scope="module")
def environ(data_dir: Path, server: Any, client: Any) -> Iterator[dict[str, str]]:
    """The environment of a database with the practice site's records."""
    environ = {"SWATHE_MONGODB_DATA_DIR": str(data_dir), "SWATHE_MONGODB_DATABASE": "queries_page"}
    connection = Connection(configured(**environ).mongodb)
    with connection as database:
        store_practice_records(connection)
        for document in all_documents().values():
            ensure_indexes(database, document, for_search=True)
    yield environ
    client.drop_database("queries_page")


@pytest.fixture
def records(environ: dict[str, str]) -> Iterator[Mongo]:
    """The same database, with MongoEngine connected to it."""
    with Connection(configured(**environ).mongodb) as database:
        yield database


def lines_of(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize(("command", "printed"), EXAMPLES, ids=[command for command, _ in EXAMPLES])
def test_an_example_of_the_page_prints_what_the_page_shows(
    swathe: Swathe, environ: dict[str, str], command: str, printed: str
) -> None:
    result = swathe(*shlex.split(command), **environ, COLUMNS="100", TZ="UTC")
    assert lines_of(result.out) == lines_of(printed)


def test_the_python_examples_of_the_page_print_what_it_shows(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    (code,) = re.findall(r"```pycon\n(.*?)```", PAGE, re.DOTALL)
    test = doctest.DocTestParser().get_doctest(code, {}, "queries.md", None, None)
    told: list[str] = []
    try:
        assert doctest.DocTestRunner().run(test, out=told.append).failed == 0, "".join(told)
    finally:
        connection_to(load_config().mongodb).close()


def test_the_page_names_every_question() -> None:
    for kind in (RecordQuerySet, BookQuerySet, QuoteQuerySet, RunQuerySet, ChangeQuerySet, RejectedQuerySet):
        for name in vars(kind):
            assert name.startswith("_") or f"`{name}(" in PAGE, f"{kind.__name__}.{name}"


QUESTIONS = {
    "gone_at": lambda: Book.objects.present(),
    "gone_at, again": lambda: Quote.objects.gone(),
    "changed_at": lambda: Author.objects.changed_since(DAY),
    "url": lambda: Quote.objects.on_page(URLS["quotes"]),
    "record_text": lambda: Quote.objects.containing("sea"),
    "price": lambda: Book.objects.in_stock().cheaper_than(20),
    "category": lambda: Book.objects.in_category("Poetry"),
    "author": lambda: Quote.objects.by_author("Tobias Wrenfield"),
    "tags": lambda: Quote.objects.tagged("craft"),
    "spider": lambda: Run.objects.of("books"),
    "verdict": lambda: Run.objects.complete(),
    "verdict, again": lambda: Run.objects.incomplete(),
    "state": lambda: Run.objects.running(),
    "state, again": lambda: Run.objects.broken_off(),
    "started_at": lambda: Run.objects.since(DAY),
    "record": lambda: Change.objects.of(RUN).of_field("price"),
    "when": lambda: Change.objects.since(DAY),
    "run, of changes": lambda: Change.objects.seen_by(RUN),
    "records": lambda: Rejected.objects.of("books").at_fault("price"),
    "run, of rejected": lambda: Rejected.objects.seen_by(RUN),
}


@pytest.fixture
def one_of_each(records: Mongo) -> Iterator[None]:
    """A document in every system collection: MongoDB makes no plan for an empty one."""
    for name in ("runs", "changes", "rejected"):
        records[name].insert_one({"_id": "one"})
    yield
    for name in ("runs", "changes", "rejected"):
        records[name].delete_one({"_id": "one"})


@pytest.mark.parametrize("index", QUESTIONS)
def test_a_question_is_served_by_its_index(records: Mongo, one_of_each: None, index: str) -> None:
    asked = QUESTIONS[index]()
    command = {"find": asked._collection.name, "filter": asked._query}
    plan = plan_of(records, command)
    assert plan.indexes == (index.split(",")[0],), plan
    assert plan.indexed


@pytest.mark.parametrize(
    ("collection", "filters", "sort", "index"),
    [
        ("books", ["upc=e85bf9fe3e21bf60"], "", "record_key"),
        ("quotes", [f"text={QUOTE['text']}", f"author={QUOTE['author']}"], "", "record_key"),
        ("authors", ["name=B"], "", "record_key"),
        ("books", ["price<20", "in_stock=true"], "price", "price"),
        ("books", [], "-price", "price"),
        ("books", ["changed_at>=yesterday"], "", "changed_at"),
        ("books", ["gone_at"], "", "gone_at"),
        ("books", ["!gone_at"], "", "gone_at"),
        ("books", [f"url={URLS['books']}"], "", "url"),
        ("quotes", ["tags:sea,craft"], "", "tags"),
        ("authors", ["born_date<1850-01-01"], "-born_date", "born_date"),
        ("runs", [], "-started_at", "started_at"),
        ("changes", ["when>=-1h"], "-when", "when"),
        ("rejected", ["last_seen>=today"], "", "last_seen"),
    ],
)
def test_a_usual_query_is_served_by_an_index(
    records: Mongo, one_of_each: None, collection: str, filters: list[str], sort: str, index: str
) -> None:
    plan = ask(Wanted(collection, filters, sort=sort)).plan(records)
    assert plan.indexes == (index,), plan
    assert plan.indexed
    assert "SORT" not in plan.stages


def test_the_questions_find_what_they_say(records: Mongo) -> None:
    site = load_site()
    cheap = {row["upc"] for row in site.books if row["price"] < 20 and row["in_stock"]}
    assert {book.upc for book in Book.objects.present().in_stock().cheaper_than(20)} == cheap
    assert cheap
    tagged = {row["text"] for row in site.quotes if {"craft", "time"} <= set(row["tags"])}
    assert set(Quote.objects.tagged("craft", "time").scalar("text")) == tagged
    assert tagged
    assert Book.objects.gone().count() == 0
    assert Author.objects.changed_since(datetime.now(UTC) + timedelta(days=1)).count() == 0


def test_a_text_search_finds_whole_words_in_any_case_all_of_them_and_obeys_none(records: Mongo) -> None:
    def found(words: str) -> set[str]:
        return set(Quote.objects.containing(words).scalar("text"))

    def holding(*words: str) -> set[str]:
        return {
            row["text"]
            for row in load_site().quotes
            if all(re.search(rf"\b{word}\b", f"{row['text']} {row['author']}", re.IGNORECASE) for word in words)
        }

    assert found("SEA") == holding("sea")
    assert found("the sea") == holding("the", "sea")
    assert len(found("the")) > len(found("the sea")) > 0
    assert found("-sea") == found('"sea') == found("sea")
    assert found("sea nosuchword") == set()


def test_a_field_called_language_changes_nothing_of_the_text_index(records: Mongo) -> None:
    records.quotes.insert_one({"text": "the running klingons", "author": "x", "language": "klingon"})
    try:
        assert Quote.objects.containing("running klingons").count() == 1
        assert Quote.objects.containing("run").filter(author="x").count() == 0
    finally:
        records.quotes.delete_one({"author": "x"})
