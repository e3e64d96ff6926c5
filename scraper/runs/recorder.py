"""Keep one document in `runs` per crawl: written at its start, alive with a heartbeat, closed with a verdict."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Self

from bson import ObjectId
from pymongo.errors import PyMongoError
from scrapy import signals
from scrapy.exceptions import CloseSpider, NotConfigured
from scrapy.utils.asyncio import run_in_thread

from models.record import schema_of
from models.system import Problem, Run, RunCounts
from scraper.core import statistics
from scraper.core.crawl_control import stores_records, take_control
from scraper.core.supervision import MOST_IN_A_ROW, supervised
from scraper.crawl.list_reader import stated_by
from scraper.errors import DatabaseError, SwatheError
from scraper.frontier.stores import stored_runs
from scraper.pages.visit_store import NOT_THERE
from scraper.runs.completeness import Findings, counted_by_list, examine
from scraper.runs.evidence import Certificates, Outcomes, notes_of, requests_in_memory
from scraper.runs.owner import Ownership
from scraper.runs.quality.baseline import assess
from scraper.runs.quality.measures import Measures
from scraper.runs.start import Begun, given_to, new_run
from scraper.runs.verdict import Verdict, judge
from scraper.spider import SiteSpider
from scraper.storage.connection import connection_to
from scraper.storage.indexes import ensure_indexes
from scraper.storage.migration.stored import refuse_older_schema
from scraper.storage.records.gone import RunRecords, mark_gone, records_of
from scraper.storage.run_heartbeat import HEARTBEAT_S, mark_lost_runs

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from models.record import Record
    from scraper.core.config import Config
    from scraper.runs.verdict import Evidence

logger = logging.getLogger(__name__)


class RunRecorder:
    """Scrapy extension that writes the run's document; `verdict` is set once the crawl is over."""

    def __init__(self, crawler: Crawler) -> None:
        self._config: Config = crawler.settings["SWATHE"]
        self._crawler = crawler
        self.connection = connection_to(self._config.mongodb)
        self.begun: Begun | None = crawler.settings.get("SWATHE_RUN")
        """The run as the command has begun it; None where something else of Scrapy's crawls, such as `runspider`."""
        self.run_id = self.begun.run_id if self.begun else crawler.settings.get("SWATHE_RUN_ID") or ObjectId()
        self.ownership = Ownership(self.run_id, owns=not self.is_joined)
        self.worker = token_hex(8)
        """What tells this process from others that work on the run before, beside or after it."""
        self.outcomes = Outcomes.watching(crawler)
        self.certificates = Certificates.watching(crawler)
        self.verdict: Verdict | None = None
        self.findings = Findings()
        self.measures = Measures()
        self.records: dict[str, int] = {}
        """How many different records the run has stored, by collection; known at its end."""
        self._stored: dict[type[Record], RunRecords] = {}
        self.others_share: Counter[str] = Counter()
        """What other processes have done for the run beside this one, as they said last: for people, not for the
        verdict."""
        self._database_error = self._ended_early = ""
        self._ready = self._is_open = False
        self._heartbeat: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build the extension for a crawl; raise NotConfigured where nothing is stored, as in `scrapy shell`."""
        if not stores_records(crawler):
            raise NotConfigured
        recorder = cls(crawler)
        take_control(crawler, recorder)
        crawler.signals.connect(recorder._opened, signal=signals.spider_opened)
        crawler.signals.connect(recorder._closed, signal=signals.spider_closed)
        return recorder

    @property
    def is_durable(self) -> bool:
        """Whether the run's requests are to outlast this process."""
        return self.begun is not None and self.begun.durable

    @property
    def is_joined(self) -> bool:
        """Whether another process has begun the run."""
        return self.begun is not None and self.begun.joined

    @property
    def database_is_lost(self) -> bool:
        """Whether the crawl is being ended for want of its database."""
        return bool(self._database_error)

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

    def note(self, text: str) -> None:
        """Add to the run what a person should know and what does not count against it."""
        self.findings.notes.append(text)

    def _end(self, reason: str) -> None:
        if self._is_open:
            # Not awaited: it waits for what is in flight. asyncio itself keeps only a weak reference to a task.
            self._closing = asyncio.create_task(self._crawler.engine.close_spider_async(reason=reason))

    def counts(self) -> dict[str, int]:
        """Return what the run has done so far, by the field of RunCounts."""
        return {name: self.outcomes.tallies.total(statistic) for name, statistic in statistics.COUNTS.items()}

    def abandon(self) -> None:
        """Close the run of a crawl that was stopped at once and could not close it itself. Blocks."""
        if self.verdict is None and self.ownership.owns:
            self.verdict = judge(self._evidence("shutdown", forced=True))
            self._finish(self.verdict, "shutdown", datetime.now(UTC))

    async def begin(self, spider: SiteSpider) -> bool:
        """Get ready to store, once; return False when there is no database."""
        if not self._ready:
            self._ready = True
            try:
                await run_in_thread(self._begin, spider)
            except (SwatheError, PyMongoError) as error:
                self._database_error = str(error)
                logger.error("%s", error)
        return not self._database_error

    async def _opened(self, spider: SiteSpider) -> None:
        if not await self.begin(spider):
            raise CloseSpider("database_unavailable")
        self._is_open = True
        known = supervised()
        if known is not None and known.exhausted:
            self.end_early(f"every page may hang: {MOST_IN_A_ROW} did, one after the other, the last: {known.told}")
        self._heartbeat = asyncio.create_task(self._beat_until_closed())

    def _begin(self, spider: SiteSpider) -> None:
        database = self.connection.open()
        if self.begun is None:
            ensure_indexes(database, Run)
            mark_lost_runs()
            new_run(type(spider), given_to(spider), store=None, run_id=self.run_id)
        spider.reader.decisions.load(database)
        spider.reader.keep_evidence_in(self._config.mongodb.data_dir / "evidence" / str(self.run_id))
        refuse_older_schema(database, spider.stored_records)
        self._describe()
        if self.is_durable:
            self._go_on(spider)

    def _describe(self) -> None:
        """Write down where this process's log is, and whether somebody wants to be told of the end."""
        log = self._crawler.settings.get("LOG_FILE")
        known: dict[str, Any] = {} if self.is_joined else {"alerts": self._config.alerts.by_hand}
        if log:
            known["add_to_set__logs"] = str(log)
        if known:  # MongoEngine refuses an update without a field
            self._update(**known)

    def _go_on(self, spider: SiteSpider) -> None:
        """Read the site's lists in the way in which the run began to, whatever was learned since."""
        run = Run.objects.get(id=self.run_id)
        if spider.reader.evidence:
            spider.reader.evidence.kept = [dict(page) for page in run.evidence]
        if not spider.reads_lists:
            return
        if "api" in run.frontier:
            spider.kind = spider.kind_from(run.frontier["api"])
        else:
            self._update(frontier__api=spider.known_api())

    async def _beat_until_closed(self) -> None:
        began = {"since": datetime.now(UTC), "before": self.counts()}
        while self.verdict is None:
            await asyncio.sleep(HEARTBEAT_S)
            try:
                progress = {**began, "queued": self._queued(), "stated": stated_by(self._crawler.spider)}
                beat = partial(self.ownership.beat, RunCounts(**self.counts()), progress=progress)
                if not await run_in_thread(beat):
                    self.end_early("another process has ended the run")
                if self.is_durable:
                    await run_in_thread(self._share)
            except PyMongoError as error:
                # A missed beat is no reason to stop: the next write of records decides whether MongoDB is lost.
                logger.warning("The run's heartbeat could not be written: %s", type(error).__name__)

    def _queued(self) -> int:
        slot = self._crawler.engine._slot
        return len(slot.scheduler) if slot is not None else 0  # type: ignore[arg-type]

    def _share(self) -> None:
        """Write down what this process has done, and read what the others have. Blocks."""
        mine = {name: self.outcomes.tallies.here(statistic) for name, statistic in statistics.COUNTS.items()}
        run = Run.objects(id=self.run_id).only("shares").modify(new=True, **{f"set__shares__{self.worker}": mine})
        shares = run.shares if run is not None else {}
        self.others_share = sum((Counter(done) for name, done in shares.items() if name != self.worker), Counter())

    async def _closed(self, spider: SiteSpider, reason: str) -> None:
        self._is_open = False
        over = reason == "finished"
        if self.ownership.owns or (over and await self.ownership.falls_to_us(RunCounts(**self.counts()))):
            await self._judge(spider, reason)
        if self._heartbeat:
            self._heartbeat.cancel()

    async def _judge(self, spider: SiteSpider, reason: str) -> None:
        """Examine what the run has stored, and write its verdict."""
        try:
            self.findings = await run_in_thread(self._examine, spider, reason)
        except (PyMongoError, DatabaseError) as error:
            logger.error("The run could not be held against earlier ones: %s", type(error).__name__)
            self._database_error = self._database_error or f"MongoDB was lost at the end: {type(error).__name__}"
        now = datetime.now(UTC)
        verdict = judge(self._evidence(reason))
        held = verdict if self._config.quality.hold_gone else judge(replace(self._evidence(reason), deviations=()))
        if held.completeness == "complete" and not spider.crawl_limit("since_known"):
            try:
                await run_in_thread(self._mark_gone, now)
            except (PyMongoError, DatabaseError) as error:
                self._database_error = f"what is gone could not be written: {type(error).__name__}"
                verdict = judge(self._evidence(reason))
        self.verdict = verdict
        try:
            await run_in_thread(self._finish, verdict, reason, now)
        except (PyMongoError, DatabaseError) as error:
            logger.error("The run's verdict could not be written: %s", type(error).__name__)

    def _examine(self, spider: SiteSpider, reason: str) -> Findings:
        """Return what the lists and records show, held against the last runs. Blocks."""
        if self._database_error:
            return Findings()
        total, stats = self.outcomes.tallies.total, self._crawler.stats
        cut_short = (
            spider.crawl_limit("since_known")
            or reason != "finished"
            or total(statistics.PAGE_LIMIT_REACHED)
            or total(statistics.LINKS_TOO_DEEP)
        )
        spider.reader.decisions.save(self.run_id)
        database = self.connection.open()
        self._stored = {document: records_of(database, document, self.run_id) for document in spider.stored_records}
        records = self.records = {
            schema_of(document).collection: of.known(self.measures.found(document))
            for document, of in self._stored.items()
        }
        findings = examine(spider, records, whole=not cut_short)
        findings.notes += [
            *self.findings.notes,
            *notes_of(stats, self.outcomes.tallies),
            *(self.begun.notes if self.begun else ()),
        ]
        if (lost := self.outcomes.tallies.others.counts[statistics.REQUESTS_IN_MEMORY]) and self.begun:
            findings.doubts.append(
                f"{requests_in_memory(lost, self.outcomes.tallies)}, and were made by a process before this one"
            )
        if missing := total(statistics.ITEMS_MISSING):
            findings.gaps.append(f"{missing} {NOT_THERE}")
        counts = RunCounts(**self.counts())
        lists = counted_by_list(spider)
        quality = self.measures.quality(database, self.run_id, self._stored, stats, lists)
        run = Run.objects(id=self.run_id).modify(new=True, records=records, counts=counts, quality=quality)
        if run is not None and not cut_short and self._config.quality.enabled:
            assess(run, findings)
        return findings

    def _mark_gone(self, now: datetime) -> None:
        ended_at = now.replace(microsecond=now.microsecond // 1000 * 1000)
        listeners = self._config.listeners
        unseen = [document for document, of in self._stored.items() if of.unseen]
        gone = mark_gone(self.connection.open(), unseen, self.run_id, ended_at, listeners)
        self._crawler.stats.inc_value(statistics.ITEMS_GONE, gone)

    def _finish(self, verdict: Verdict, reason: str, now: datetime) -> None:
        """Write the verdict, and then clear the frontier of what nobody will ask for any more."""
        self._update(
            unset__progress=True,
            state=verdict.state,
            verdict=verdict.completeness,
            reasons=verdict.reasons,
            notes=self.findings.notes,
            suspect=verdict.suspect,
            deviations=self.findings.deviations,
            lists=self.findings.lists,
            certificates=self.certificates.rows(),
            evidence=self.findings.evidence,
            exit_code=verdict.exit_code,
            finish_reason="database_lost" if self._database_error else reason,
            ended_at=now,
            heartbeat_at=now,
            counts=RunCounts(**self.counts()),
            cause=verdict.cause,
            failed=self.outcomes.tallies.failed_by_reason(),
            problems=[Problem(url=one.url, reason=one.reason, what=one.what) for one in self.outcomes.problems],
        )
        if self._database_error or not self.is_durable:
            return
        if verdict.state == "finished" or reason == "finished":
            letters = stored_runs(self._config, self.connection.open()).clear_unless_dead(self.run_id)
            self._update(dead_letters=letters, workers={}, shares={}, **({} if letters else {"frontier": {}}))

    def _update(self, **fields: Any) -> None:
        Run.objects(id=self.run_id).update_one(**fields)

    def _evidence(self, reason: str, *, forced: bool = False) -> Evidence:
        evidence = self.outcomes.evidence(reason, self.findings, self._database_error, forced=forced)
        return replace(evidence, ended_early=self._ended_early)
