"""The document of a run, from its first line to a verdict, whatever becomes of the crawl and of the database."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from bson import ObjectId
from scrapy import Spider
from scrapy.exceptions import CloseSpider, NotConfigured
from scrapy.utils.test import get_crawler
from support import configured

from scraper.core import statistics
from scraper.core.crawl_control import control_of
from scraper.crawl.failures import PageFailures
from scraper.crawl.request_stats import Tallies
from scraper.errors import DatabaseLostError
from scraper.runs.recorder import RunRecorder
from scraper.runs.start import Begun
from spiders.books import BooksSpider

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pymongo.database import Database

    Mongo = Database[dict[str, Any]]

START = "http://127.0.0.1/"


@pytest.fixture
def recorder(data_dir: Path, database: Mongo, server: Any) -> Any:
    """Return what makes the recorder of a crawl that fetches nothing."""
    made: list[RunRecorder] = []

    def recorder_of(begun: Begun | None = None, **environ: str) -> RunRecorder:
        environ = {"SWATHE_MONGODB_DATA_DIR": str(data_dir), "SWATHE_MONGODB_DATABASE": database.name, **environ}
        crawler: Any = get_crawler(BooksSpider, {"SWATHE": configured(**environ), "SWATHE_RUN": begun})
        crawler.spider = BooksSpider.from_crawler(crawler, start=START)
        failures = PageFailures(crawler)
        crawler.get_spider_middleware = lambda _: failures
        made.append(RunRecorder.from_crawler(crawler))
        return made[-1]

    yield recorder_of
    for one in made:
        if one.connection.is_open:
            one.connection.close()


def spider_of(recorder: RunRecorder) -> Any:
    return recorder._crawler.spider


def test_a_crawl_that_something_of_scrapy_s_began_has_a_run_too(
    recorder: Callable[..., RunRecorder], database: Mongo
) -> None:
    recorded = recorder()
    assert control_of(recorded._crawler) is recorded
    assert asyncio.run(recorded.begin(spider_of(recorded)))
    run = database.runs.find_one({"_id": recorded.run_id})
    assert run is not None
    assert (run["state"], run["spider"], run["arguments"]) == ("running", "books", {"start": START})
    assert not recorded.is_durable
    assert asyncio.run(recorded.begin(spider_of(recorded))), "once is enough"
    assert database.runs.count_documents({}) == 1


def test_a_crawl_that_is_stopped_at_once_closes_its_run_once(
    recorder: Callable[..., RunRecorder], database: Mongo
) -> None:
    recorded = recorder()
    asyncio.run(recorded.begin(spider_of(recorded)))
    Tallies.of(recorded._crawler).count(None, statistics.PAGES, 3)
    recorded.abandon()
    run = database.runs.find_one()
    assert run is not None
    assert (run["state"], run["verdict"], run["exit_code"]) == ("interrupted", "incomplete", 3)
    assert run["reasons"] == ["stopped at once, records in flight are not stored"]
    assert run["counts"]["pages"] == 3
    database.runs.update_one({}, {"$set": {"state": "what came later"}})
    recorded.abandon()
    assert database.runs.find_one()["state"] == "what came later"  # type: ignore[index]


def test_a_worker_that_keeps_no_log_joins_and_its_end_leaves_the_run_to_its_owner(
    recorder: Callable[..., RunRecorder], database: Mongo
) -> None:
    run = ObjectId()
    database.runs.insert_one({"_id": run, "state": "running", "spider": "books"})
    recorded = recorder(Begun(run, durable=False, joined=True))
    assert asyncio.run(recorded.begin(spider_of(recorded)))
    recorded.abandon()
    assert recorded.verdict is None
    assert database.runs.find_one()["state"] == "running"  # type: ignore[index]


def test_without_a_database_nothing_is_crawled(recorder: Callable[..., RunRecorder]) -> None:
    gone = {"SWATHE_MONGODB_URI": "mongodb://127.0.0.1:1/", "SWATHE_MONGODB_CONNECT_TIMEOUT_S": "0.1"}
    recorded = recorder(**gone)
    assert not asyncio.run(recorded.begin(spider_of(recorded)))
    assert recorded.database_is_lost
    with pytest.raises(CloseSpider) as closed:
        asyncio.run(recorded._opened(spider_of(recorded)))
    assert closed.value.reason == "database_unavailable"


def test_the_first_reason_for_an_end_counts(recorder: Callable[..., RunRecorder], database: Mongo) -> None:
    recorded = recorder()
    asyncio.run(recorded.begin(spider_of(recorded)))
    recorded.end_early("the budget is used up")
    recorded.end_early("another reason")
    recorded.note("worth a look")
    recorded.abandon()
    run = database.runs.find_one()
    assert run is not None
    assert (run["reasons"], run["notes"]) == (["the budget is used up"], ["worth a look"])


def test_a_database_that_is_lost_is_told_once_and_fails_the_run(
    recorder: Callable[..., RunRecorder], database: Mongo, caplog: pytest.LogCaptureFixture
) -> None:
    recorded = recorder()
    asyncio.run(recorded.begin(spider_of(recorded)))
    for what in ("MongoDB is gone", "it still is"):
        recorded.database_lost(DatabaseLostError(what))
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == ["MongoDB is gone"]
    recorded.abandon()
    run = database.runs.find_one()
    assert run is not None
    assert (run["state"], run["finish_reason"], run["reasons"]) == ("failed", "database_lost", ["MongoDB is gone"])


def test_what_other_processes_have_done_is_told_beside_what_this_one_has(
    recorder: Callable[..., RunRecorder], database: Mongo
) -> None:
    recorded = recorder()
    asyncio.run(recorded.begin(spider_of(recorded)))
    shares = {"a": {"pages": 4, "errors": 1}, "b": {"pages": 6}}
    database.runs.update_one({}, {"$set": {"shares": shares}})
    Tallies.of(recorded._crawler).count(None, statistics.PAGES, 2)
    recorded._share()
    assert recorded.others_share == {"pages": 10, "errors": 1}
    written = database.runs.find_one()["shares"]  # type: ignore[index]
    assert written.keys() == {"a", "b", recorded.worker}
    assert written[recorded.worker]["pages"] == 2
    assert recorded.counts()["pages"] == 2, "the verdict is of what is proved"


def test_what_is_no_run_is_not_recorded() -> None:
    class Plain(Spider):
        name = "plain"

    with pytest.raises(NotConfigured):
        RunRecorder.from_crawler(get_crawler(Plain, {"SWATHE": configured()}))
