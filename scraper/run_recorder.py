"""Keep one document in `runs` per crawl: written at its start, alive with a heartbeat, closed with a verdict."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from bson import ObjectId
from pymongo.errors import PyMongoError
from scrapy import signals
from scrapy.exceptions import CloseSpider, NotConfigured
from scrapy.utils.asyncio import run_in_thread

from models.system import Problem, Run, RunCounts
from scraper.completeness import Findings, examine, stored_by
from scraper.crawl_kind import stores_records
from scraper.errors import DatabaseError, SwatheError
from scraper.failures import PageFailures, PageProblem
from scraper.heartbeat import HEARTBEAT_S, mark_lost_runs
from scraper.incremental.memory import MISSING, NOT_THERE
from scraper.migration.check import refuse_older_schema
from scraper.mongo.connection import connection_to
from scraper.mongo.indexes import ensure_indexes
from scraper.new_run import begin_run
from scraper.page_limit import REACHED
from scraper.page_records import PageRecords
from scraper.quality.assessment import assess
from scraper.quality.measures import Measures
from scraper.run_counts import counts_of, notes_of
from scraper.spider import SiteSpider
from scraper.storing.gone import mark_gone
from scraper.verdict import Evidence, Verdict, judge

if TYPE_CHECKING:
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from twisted.python.failure import Failure

    from scraper.config import Config

logger = logging.getLogger(__name__)

TOO_DEEP = "depth/request_ignored_count"
"""Scrapy's statistic of the links that DEPTH_LIMIT left out."""


class RunRecorder:
    """Scrapy extension that writes the run's document; `verdict` is set once the crawl is over."""

    def __init__(self, crawler: Crawler) -> None:
        self._config: Config = crawler.settings["SWATHE"]
        self._crawler = crawler
        self.connection = connection_to(self._config.mongodb)
        self.run_id = crawler.settings.get("SWATHE_RUN") or ObjectId()
        self.verdict: Verdict | None = None
        self.findings = Findings()
        self.measures = Measures()
        self._database_error = self._ended_early = ""
        self._heartbeat: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension for a crawl; raise NotConfigured where nothing is stored, as in `scrapy shell`."""
        if not stores_records(crawler):
            raise NotConfigured
        recorder = cls(crawler)
        connect = crawler.signals.connect
        connect(recorder._opened, signal=signals.spider_opened)
        connect(recorder._response, signal=signals.response_received)
        connect(recorder._callback_failed, signal=signals.spider_error)
        connect(recorder._item_failed, signal=signals.item_error)
        connect(recorder._closed, signal=signals.spider_closed)
        return recorder

    def database_lost(self, error: DatabaseError) -> None:
        """End the crawl: without the database there is nothing to crawl for."""
        if not self._database_error:
            self._database_error = str(error)
            logger.error("%s", error)
            self._end("database_lost")

    def end_early(self, why: str) -> None:
        """End the crawl as interrupted, for a reason that is no failure of its own."""
        self._ended_early = self._ended_early or why
        self._end("ended_early")

    def _end(self, reason: str) -> None:
        # Not awaited: it waits for what is in flight. asyncio itself keeps only a weak reference to a task.
        self._closing = asyncio.create_task(self._crawler.engine.close_spider_async(reason=reason))

    def counts(self) -> dict[str, int]:
        """Return what the run has done so far, by the field of RunCounts."""
        return counts_of(self._crawler.stats)

    def abandon(self) -> None:
        """Close the run of a crawl that was stopped at once and could not close it itself. Blocks."""
        if self.verdict is None:
            self.verdict = judge(self._evidence("shutdown", forced=True))
            self._finish(self.verdict, datetime.now(UTC))

    async def _opened(self, spider: SiteSpider) -> None:
        try:
            await run_in_thread(self._begin, spider)
        except SwatheError as error:
            self._database_error = str(error)
            logger.error("%s", error)
            raise CloseSpider("database_unavailable") from error
        self._heartbeat = asyncio.create_task(self._beat_until_closed())

    def _begin(self, spider: SiteSpider) -> None:
        database = self.connection.open()
        ensure_indexes(database, Run)
        mark_lost_runs()
        spider.reader.decisions.load(database)
        spider.reader.keep_evidence_in(self._config.mongodb.data_dir / "evidence" / str(self.run_id))
        begin_run(self.run_id, spider, self._crawler.settings.get("SWATHE_FIRING"))
        refuse_older_schema(database, spider.records)

    async def _beat_until_closed(self) -> None:
        while self.verdict is None:
            await asyncio.sleep(HEARTBEAT_S)
            try:
                await run_in_thread(self._update, heartbeat_at=datetime.now(UTC), counts=RunCounts(**self.counts()))
            except PyMongoError as error:
                # A missed beat is no reason to stop: the next write of records decides whether MongoDB is lost.
                logger.warning("The run's heartbeat could not be written: %s", type(error).__name__)

    async def _closed(self, spider: SiteSpider, reason: str) -> None:
        try:
            self.findings = await run_in_thread(self._examine, spider, reason)
        except (PyMongoError, DatabaseError) as error:
            logger.error("The run could not be held against earlier ones: %s", type(error).__name__)
            self._database_error = self._database_error or f"MongoDB was lost at the end: {type(error).__name__}"
        now = datetime.now(UTC)
        verdict = judge(self._evidence(reason))
        held = verdict if self._config.quality.hold_gone else judge(replace(self._evidence(reason), deviations=()))
        if held.completeness == "complete" and not spider.since_known:
            try:
                await run_in_thread(self._mark_gone, spider, now)
            except (PyMongoError, DatabaseError) as error:
                self._database_error = f"what is gone could not be written: {type(error).__name__}"
                verdict = judge(self._evidence(reason))
        self.verdict = verdict
        if self._heartbeat is not None:
            self._heartbeat.cancel()
        try:
            await run_in_thread(self._finish, verdict, now)
        except (PyMongoError, DatabaseError) as error:
            logger.error("The run's verdict could not be written: %s", type(error).__name__)

    def _examine(self, spider: SiteSpider, reason: str) -> Findings:
        """Return what the lists and records show, held against the last runs. Blocks."""
        if self._database_error:
            return Findings()
        stats = self._crawler.stats
        cut_short = spider.since_known or reason != "finished" or stats.get_value(REACHED) or stats.get_value(TOO_DEEP)
        spider.reader.decisions.save(self.run_id)
        records = stored_by(spider, self.run_id)
        findings = examine(spider, records, whole=not cut_short)
        findings.notes += [*self.findings.notes, *notes_of(stats)]
        if missing := stats.get_value(MISSING, 0):
            findings.gaps.append(f"{missing} {NOT_THERE}")
        counts = RunCounts(**self.counts())
        quality = self.measures.quality(self.connection.open(), self.run_id, spider.records, stats)
        run = Run.objects(id=self.run_id).modify(new=True, records=records, counts=counts, quality=quality)
        if run is not None and not cut_short and self._config.quality.enabled:
            assess(run, findings)
        return findings

    def _mark_gone(self, spider: SiteSpider, now: datetime) -> None:
        ended_at = now.replace(microsecond=now.microsecond // 1000 * 1000)
        gone = mark_gone(self.connection.open(), spider.records, self.run_id, ended_at)
        self._crawler.stats.inc_value("swathe/items_gone", gone)

    def _finish(self, verdict: Verdict, now: datetime) -> None:
        self._update(
            state=verdict.state,
            verdict=verdict.completeness,
            reasons=verdict.reasons,
            notes=self.findings.notes,
            suspect=verdict.suspect,
            deviations=self.findings.deviations,
            lists=self.findings.lists,
            evidence=self.findings.evidence,
            exit_code=verdict.exit_code,
            ended_at=now,
            heartbeat_at=now,
            counts=RunCounts(**self.counts()),
            problems=[Problem(url=p.url, what=p.what) for p in PageFailures.of(self._crawler).problems],
        )

    def _update(self, **fields: Any) -> None:
        Run.objects(id=self.run_id).update_one(**fields)

    def _evidence(self, reason: str, *, forced: bool = False) -> Evidence:
        stats, counts, failures = self._crawler.stats, self.counts(), PageFailures.of(self._crawler)
        return Evidence(
            finish_reason=reason,
            pages=counts["pages"],
            items_stored=counts["items_new"] + counts["items_changed"] + counts["items_unchanged"],
            items_refused=counts["items_refused"],
            dead_pages=counts["dead_pages"],
            first_dead_page=failures.first_dead_page,
            callback_errors=stats.get_value("spider_exceptions/count", 0),
            item_errors=stats.get_value("swathe/item_errors", 0),
            first_problem=str(failures.problems[0]) if failures.problems else "",
            database_error=self._database_error,
            page_limit=getattr(self._crawler.spider, "max_pages", None) if stats.get_value(REACHED) else None,
            links_too_deep=stats.get_value(TOO_DEEP, 0),
            gaps=tuple(self.findings.gaps),
            doubts=tuple(self.findings.doubts),
            deviations=tuple(self.findings.deviations),
            forced=forced,
            ended_early=self._ended_early,
        )

    def _response(self, response: Response) -> None:
        if not response.meta.get("dont_obey_robotstxt"):
            self._crawler.stats.inc_value("swathe/pages")

    def _callback_failed(self, failure: Failure, response: Response) -> None:
        self._crawler.stats.inc_value("swathe/errors")
        self._keep(response.url, f"raised in the spider: {type(failure.value).__name__}: {failure.value}")

    def _item_failed(self, item: Any, response: Response | None, failure: Failure) -> None:
        lost = len(item.records) if isinstance(item, PageRecords) else 1
        self._crawler.stats.inc_value("swathe/errors", lost)
        self._crawler.stats.inc_value("swathe/item_errors", lost)
        url = response.url if response is not None else getattr(item, "url", "")
        self._keep(url, f"gave {lost} record{'s'[: lost > 1]} that could not be stored: {failure.value}")

    def _keep(self, url: str, what: str) -> None:
        PageFailures.of(self._crawler).keep(PageProblem(url, " ".join(what.split())[:500]))
