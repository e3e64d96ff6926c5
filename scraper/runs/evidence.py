"""Gather what comes of a run: pages and records with the request they came from, for the verdict, and certificates."""

from __future__ import annotations

from traceback import walk_tb
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from scrapy import signals
from scrapy.http import TextResponse

from scraper.core import meta as meta_keys
from scraper.core import statistics
from scraper.core.failed_page import FailedPage
from scraper.crawl.failures import KEPT, PageFailures
from scraper.crawl.limits import limit_of
from scraper.crawl.page_item import PageRecords, RecordsRefusedError
from scraper.crawl.request_stats import DROPPED, IN_MEMORY, Tallies
from scraper.errors import DatabaseError, SwatheError
from scraper.runs.verdict import Evidence, dropped_items

if TYPE_CHECKING:
    from datetime import datetime

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.statscollectors import StatsCollector
    from twisted.python.failure import Failure

    from scraper.core.failed_page import Reason
    from scraper.runs.completeness import Findings


class Outcomes:
    """What one run's pages and records came to, in this process and in others before or beside it."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self.tallies = Tallies.of(crawler)

    @classmethod
    def watching(cls, crawler: Crawler) -> Self:
        """Return those of a crawl that is about to begin."""
        outcomes = cls(crawler)
        crawler.signals.connect(outcomes._response, signal=signals.response_received)
        crawler.signals.connect(outcomes._callback_failed, signal=signals.spider_error)
        crawler.signals.connect(outcomes._item_failed, signal=signals.item_error)
        crawler.signals.connect(outcomes._item_dropped, signal=signals.item_dropped)
        return outcomes

    @property
    def problems(self) -> list[FailedPage]:
        """The first pages and records that failed, those of other processes before."""
        theirs = self.tallies.others.dead
        # A page that another process has given up may have failed here, too, before this one stood still.
        given_up = {failed.url for failed in theirs if failed.unread}
        own = [one for one in PageFailures.of(self._crawler).problems if not (one.unread and one.url in given_up)]
        return [*theirs, *own][:KEPT]

    def evidence(self, reason: str, findings: Findings, database_error: str, *, forced: bool) -> Evidence:
        """Return what the verdict is made of; `reason` is Scrapy's word for why the crawl ended."""
        total, problems, here = self.tallies.total, self.problems, PageFailures.of(self._crawler).first_unread
        unread = next((failed for failed in self.tallies.others.dead if failed.unread), here)
        return Evidence(
            finish_reason=reason,
            pages=total(statistics.PAGES),
            items_stored=sum(total(statistics.items(kind)) for kind in ("new", "changed", "unchanged")),
            items_refused=total(statistics.ITEMS_REFUSED),
            items_dropped=total(statistics.ITEMS_DROPPED),
            first_dropped=next(iter(self.tallies.noted(DROPPED)), ""),
            dead_pages=total(statistics.DEAD_PAGES),
            first_dead_page=str(unread) if unread else "",
            failed=self.tallies.failed_by_reason(),
            callback_errors=total(statistics.SPIDER_EXCEPTIONS),
            item_errors=total(statistics.ITEM_ERRORS),
            unstored_requests=total(statistics.UNSTORED_REQUESTS),
            first_problem=str(problems[0]) if problems else "",
            database_error=database_error,
            page_limit=limit_of(self._crawler.spider, "max_pages") if total(statistics.PAGE_LIMIT_REACHED) else None,
            links_too_deep=total(statistics.LINKS_TOO_DEEP),
            gaps=tuple(findings.gaps),
            doubts=tuple(findings.doubts),
            is_empty=findings.is_empty,
            deviations=tuple(findings.deviations),
            forced=forced,
        )

    def _response(self, response: Response, request: Request) -> None:
        if not (request.meta.get(meta_keys.DONT_OBEY_ROBOTSTXT) or request.meta.get(meta_keys.READ)):
            self.tallies.count(request, statistics.PAGES)
            request.meta[meta_keys.READ] = True

    def _callback_failed(self, failure: Failure, response: Response | Failure | None) -> None:
        request = getattr(response, "request", None)
        url = getattr(response, "url", "") or (request.url if request else "")
        self.tallies.count(request, statistics.ERRORS)
        self.tallies.tally(request).counts[statistics.SPIDER_EXCEPTIONS] += (
            1  # Scrapy itself counts it for this process
        )
        what = f"{type(failure.value).__name__}: {failure.value}"
        if _is_of_json(failure.value):
            self._keep(request, url, f"answered with what is no JSON: {what}", "layout-changed")
        else:
            self._keep(request, url, f"raised in the spider: {what}")

    def _item_failed(self, item: Any, response: Response | Failure | None, failure: Failure) -> None:
        lost = len(item.records) if isinstance(item, PageRecords) else 1
        request = getattr(response, "request", None)
        self.tallies.count(request, statistics.ERRORS, lost)
        self.tallies.count(request, statistics.ITEM_ERRORS, lost)
        url = getattr(response, "url", "") or getattr(item, "url", "")
        if isinstance(failure.value, DatabaseError):
            self.tallies.tally(request).unfinished = True
        why = _in_words(failure.value)
        self._keep(request, url, f"gave {lost} record{'s'[: lost > 1]} that could not be stored: {why}")

    def _item_dropped(self, response: Response | Failure | None, exception: Exception) -> None:
        if isinstance(exception, RecordsRefusedError):
            return
        request = getattr(response, "request", None)
        self.tallies.count(request, statistics.ITEMS_DROPPED)
        why = " ".join(str(exception).split())[:300] or type(exception).__name__
        if why not in self.tallies.noted(DROPPED):
            self.tallies.note(request, DROPPED, why)

    def _keep(self, request: Request | None, url: str, what: str, reason: Reason = "own-code") -> None:
        failed = FailedPage(url, " ".join(what.split())[:500], reason)
        PageFailures.of(self._crawler).keep(request, failed)


def _is_of_json(error: BaseException | None) -> bool:
    """Return whether a callback failed as it asked for a page's JSON: a page of another kind, or nested too deeply."""
    frames = walk_tb(error.__traceback__ if error else None)
    return any(frame.f_code is TextResponse.json.__code__ for frame, _ in frames)


def _in_words(error: BaseException | None) -> str:
    """Return what an error says; such as a KeyError says nothing without its name."""
    return str(error) if isinstance(error, SwatheError | TypeError) else f"{type(error).__name__}: {error}"


def requests_in_memory(count: int, tallies: Tallies) -> str:
    """Say how many requests waited in a process alone, and why the first could not be stored."""
    first = tallies.noted(IN_MEMORY)[0]
    return f"{count} request{'s' if count > 1 else ''} could not be stored ({first[:300]})"


def notes_of(stats: StatsCollector, tallies: Tallies) -> list[str]:
    """Return what is worth a note among the statistics of a crawl."""
    dropped = tallies.total(statistics.ITEMS_DROPPED)
    notes = [dropped_items(dropped, tallies.noted(DROPPED)[0])] if dropped else []
    if beside := tallies.here(statistics.REQUESTS_IN_MEMORY):
        notes.append(f"{requests_in_memory(beside, tallies)}: a crash would have lost them")
    whys = {
        statistics.PAGES_TOO_LARGE: "16 MB cannot hold them even when compressed",
        statistics.PAGES_NOT_KEPT: "MongoDB failed",
    }
    return notes + [
        f"{count} page{'s'[: count > 1]} could not be kept to be read again: {why}"
        for name, why in whys.items()
        if (count := stats.get_value(name, 0))
    ]


MOST_HOSTS = 50
"""Hosts whose certificates are kept of a run; a crawl of the whole web has more than anybody looks at."""


class Certificates:
    """Notes the certificate of each host's first answer."""

    def __init__(self) -> None:
        self._ends: dict[str, datetime] = {}

    @classmethod
    def watching(cls, crawler: Crawler) -> Certificates:
        """Begin to listen to a crawl."""
        certificates = cls()
        crawler.signals.connect(certificates.look, signal=signals.response_received)
        return certificates

    def look(self, response: Response) -> None:
        """Note the certificate that an answer came with, if any."""
        if response.certificate is None or len(self._ends) >= MOST_HOSTS:
            return
        host = urlsplit(response.url).hostname or ""
        if host not in self._ends:
            self._ends[host] = end_of(response.certificate)

    def rows(self) -> list[dict[str, Any]]:
        """Return `host` and `ends_at` (UTC) of each."""
        return [{"host": host, "ends_at": ends_at} for host, ends_at in sorted(self._ends.items())]


def end_of(certificate: Any) -> datetime:
    """Return until when a certificate of Twisted's is good (UTC)."""
    ends_at: datetime = certificate.original.to_cryptography().not_valid_after_utc
    return ends_at
