"""What comes of a run's pages and records, each counted where it came from, and told for the verdict."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import CertificateBuilder, Name
from OpenSSL.crypto import X509
from scrapy import Request, signals
from scrapy.exceptions import DropItem
from scrapy.http import Response, TextResponse
from scrapy.utils.test import get_crawler
from support import configured
from twisted.internet import ssl
from twisted.python.failure import Failure

from models.books import Book
from scraper.core import meta, statistics
from scraper.core.failed_page import FailedPage
from scraper.crawl.failures import KEPT, PageFailures
from scraper.crawl.page_item import PageRecords, RecordsRefusedError
from scraper.crawl.request_stats import Tallies
from scraper.errors import DatabaseLostError
from scraper.runs.completeness import Findings
from scraper.runs.evidence import MOST_HOSTS, Certificates, Outcomes, notes_of
from spiders.books import BooksSpider

NOON, DAY = datetime(2026, 11, 21, 12, tzinfo=UTC), timedelta(days=1)
PAGE = "http://h/1"


class Crawl:
    """A crawl as its signals tell of it, with nothing that fetches."""

    def __init__(self) -> None:
        self.crawler: Any = get_crawler(BooksSpider, {"SWATHE": configured()})
        self.crawler.spider = BooksSpider.from_crawler(self.crawler)
        self.outcomes = Outcomes.watching(self.crawler)
        self.tallies = Tallies.of(self.crawler)
        failures = PageFailures(self.crawler)
        self.crawler.get_spider_middleware = lambda _: failures

    def tell(self, signal: object, **what: Any) -> None:
        """Send a signal of Scrapy's; what a receiver raises is raised here."""
        for _, answer in self.crawler.signals.send_catch_log(signal, spider=self.crawler.spider, **what):
            if isinstance(answer, Failure):
                answer.raiseException()

    def evidence(self, reason: str = "finished") -> Any:
        """What the verdict is made of."""
        return self.outcomes.evidence(reason, Findings(), "", forced=False)


@pytest.fixture
def crawl() -> Crawl:
    return Crawl()


def raised(error: Exception) -> Failure:
    try:
        raise error
    except type(error):
        return Failure()


def answer(url: str = PAGE, **given: Any) -> Response:
    return TextResponse(url, request=Request(url, **given), encoding="utf-8")


def test_a_page_counts_once_however_often_it_is_answered_and_robots_txt_never(crawl: Crawl) -> None:
    page = answer()
    assert page.request is not None
    crawl.tell(signals.response_received, response=page, request=page.request)
    for request in (page.request, page.request.copy(), Request(PAGE, meta={meta.DONT_OBEY_ROBOTSTXT: True})):
        crawl.tell(signals.response_received, response=page, request=request)
    assert crawl.evidence().pages == 1
    assert crawl.tallies.tally(page.request).counts == {statistics.PAGES: 1}


def test_a_callback_that_raises_is_an_error_of_its_page_in_one_line(crawl: Crawl) -> None:
    page = answer()
    crawl.tell(signals.spider_error, failure=raised(ValueError("no\n  number" + "x" * 900)), response=page)
    (problem,) = crawl.outcomes.problems
    assert (problem.url, problem.reason, problem.unread) == (PAGE, "own-code", False)
    assert problem.what.startswith("raised in the spider: ValueError: no numberx")
    assert len(problem.what) == 500
    counts = crawl.tallies.tally(page.request).counts
    assert (counts[statistics.ERRORS], counts[statistics.SPIDER_EXCEPTIONS]) == (1, 1)
    assert crawl.evidence().first_problem == str(problem)


def test_a_page_that_is_no_json_where_a_callback_asks_for_it_has_changed(crawl: Crawl) -> None:
    page = answer()
    try:
        page.json()  # type: ignore[attr-defined]
    except ValueError:
        failure = Failure()
    crawl.tell(signals.spider_error, failure=failure, response=page)
    crawl.tell(signals.spider_error, failure=raised(ValueError("of its own")), response=page)
    assert [problem.reason for problem in crawl.outcomes.problems] == ["layout-changed", "own-code"]


def test_an_error_that_came_of_no_answer_is_one_of_its_request(crawl: Crawl) -> None:
    failure = raised(KeyError("name"))
    failure.request = Request(PAGE)  # type: ignore[attr-defined]
    crawl.tell(signals.spider_error, failure=failure, response=failure)
    assert str(crawl.outcomes.problems[0]) == f"{PAGE} raised in the spider: KeyError: 'name'"


@pytest.mark.parametrize(
    ("error", "why", "unfinished"),
    [
        (DatabaseLostError("MongoDB is gone"), "MongoDB is gone", True),
        (KeyError("name"), "KeyError: 'name'", False),
        (TypeError("a spider yielded a str"), "a spider yielded a str", False),
    ],
)
def test_every_record_of_a_page_that_cannot_be_stored_counts(
    crawl: Crawl, error: Exception, why: str, *, unfinished: bool
) -> None:
    page = answer()
    records = [Book.found(page, upc=upc) for upc in "abc"]
    item = PageRecords(PAGE, records, page.request)
    crawl.tell(signals.item_error, item=item, response=page, failure=raised(error))
    assert crawl.evidence().item_errors == 3
    assert str(crawl.outcomes.problems[0]) == f"{PAGE} gave 3 records that could not be stored: {why}"
    assert crawl.tallies.tally(page.request).unfinished is unfinished


def test_items_that_others_drop_are_noted_once_for_each_reason_and_refused_records_are_not_among_them(
    crawl: Crawl,
) -> None:
    page = answer()
    for why in ("too\n dear", "too dear", "", "old"):
        crawl.tell(signals.item_dropped, item=None, response=page, exception=DropItem(why))
    crawl.tell(signals.item_dropped, item=None, response=page, exception=RecordsRefusedError("all 2 records"))
    assert (crawl.evidence().items_dropped, crawl.evidence().first_dropped) == (4, "too dear")
    assert crawl.tallies.tally(page.request).notes == {"dropped": ["too dear", "DropItem", "old"]}
    assert any("too dear" in note for note in notes_of(crawl.crawler.stats, crawl.tallies))


def test_a_page_that_another_process_has_given_up_is_told_once(crawl: Crawl) -> None:
    hung = FailedPage(PAGE, "held the crawl", "hung", unread=True)
    crawl.tallies.others.dead = [hung]
    failures = PageFailures.of(crawl.crawler)
    failures.keep(None, FailedPage(PAGE, "answered 500", "server-error", unread=True))
    other = FailedPage("http://h/2", "answered 404", "not-found", unread=True)
    failures.keep(None, other)
    same = FailedPage(PAGE, "raised in the spider: x", "own-code")
    failures.keep(None, same)
    assert crawl.outcomes.problems == [hung, other, same]
    assert crawl.evidence().first_dead_page == str(hung)


def test_only_the_first_problems_are_told(crawl: Crawl) -> None:
    crawl.tallies.others.dead = [FailedPage(f"http://h/{number}", "x") for number in range(KEPT)]
    PageFailures.of(crawl.crawler).keep(None, FailedPage(PAGE, "y"))
    assert crawl.outcomes.problems == crawl.tallies.others.dead


def test_pages_that_could_not_be_kept_are_worth_a_note_each_way(crawl: Crawl) -> None:
    assert notes_of(crawl.crawler.stats, crawl.tallies) == []
    crawl.crawler.stats.set_value(statistics.PAGES_TOO_LARGE, 1)
    crawl.crawler.stats.set_value(statistics.PAGES_NOT_KEPT, 2)
    assert notes_of(crawl.crawler.stats, crawl.tallies) == [
        "1 page could not be kept to be read again: 16 MB cannot hold them even when compressed",
        "2 pages could not be kept to be read again: MongoDB failed",
    ]


def certificate(days: int) -> Any:
    key, name = ec.generate_private_key(ec.SECP256R1()), Name([])
    made = CertificateBuilder(name, name, key.public_key(), 1, NOON, NOON + days * DAY).sign(key, SHA256())
    return ssl.Certificate(X509.from_cryptography(made))


def test_the_certificate_of_each_host_s_first_answer_is_noted_of_a_bounded_number_of_hosts() -> None:
    seen, first, later = Certificates(), certificate(9), certificate(30)
    for url, shown in (("http://plain/", None), ("https://x.org/a", first), ("https://x.org:8443/b", later)):
        seen.look(Response(url, certificate=shown))
    assert seen.rows() == [{"host": "x.org", "ends_at": NOON + 9 * DAY}]
    for number in range(2 * MOST_HOSTS):
        seen.look(Response(f"https://h{number}.org/", certificate=later))
    assert len(seen.rows()) == MOST_HOSTS
