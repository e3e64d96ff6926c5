"""One crawl in this process, from the check that it can start to its verdict."""

from __future__ import annotations

import asyncio
import gc
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from scrapy.utils.misc import load_object

from scraper.core import statistics
from scraper.core.log import on_every_line, set_level
from scraper.core.text import counted
from scraper.crawl.components import missing_components
from scraper.errors import EXIT_FAILED, CrawlError
from scraper.fetch.browser.handler import HTTP
from scraper.frontier.stores import doubts, stored_runs
from scraper.runs.join import farewell, joined
from scraper.runs.recorder import RunRecorder
from scraper.runs.start import begin_run, close_failed, taken_over
from scraper.runs.team import tell_begun
from scraper.storage.connection import connection_to

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scrapy.crawler import Crawler, CrawlerProcessBase

    from models.system import Run
    from scraper.core.config import Config
    from scraper.runs.start import Begun, How
    from scraper.runs.verdict import Verdict
    from scraper.spider import SiteSpider

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class CrawlResult:
    """How a crawl ended."""

    spider: str
    run_id: str
    verdict: Verdict | None
    counts: Mapping[str, int]
    records: Mapping[str, int]
    """How many different records were stored, by collection; empty when that is not known."""
    notes: list[str]
    """What is worth a look although it does not count against the run."""
    goes_on: bool = False
    """Whether the same command takes it up where it ended."""

    @property
    def exit_code(self) -> int:
        """The exit code of the command; a crawl that never came to a verdict has failed."""
        return self.verdict.exit_code if self.verdict else EXIT_FAILED

    @property
    def line(self) -> str:
        """One line for a person: the verdict, what was stored, and why."""
        if self.verdict is None:
            return f"{self.spider}: failed before the crawl began: see the log above"
        counts = statistics.of_different_records(self.counts, self.records)
        stored = ", ".join(f"{counts[f'items_{kind}']} {kind}" for kind in ("new", "changed", "unchanged", "refused"))
        stored += f", {gone} gone" if (gone := self.counts["items_gone"]) else ""
        why = f"; {'; '.join(self.verdict.reasons)}" if self.verdict.reasons else ""
        why += "; run it again to go on" if self.goes_on else ""
        same = f" ({same} not modified)" if (same := self.counts["not_modified"]) else ""
        begin = f"{self.spider}: {self.verdict.word}: {counted(self.counts['pages'], 'page')}{same}, records"
        return f"{begin} {stored}{why} (run {self.run_id})"


def tune_process(crawler: Crawler) -> None:
    """Spare a crawl costs that grow with it: log lines that nobody keeps, and garbage collection of the program.

    What was imported, some 300,000 objects, need not be looked through for garbage again and again, nor what a page
    leaves, of which hardly anything is garbage.
    """
    set_level(crawler.settings["LOG_LEVEL"])
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def crawl(
    spider: type[SiteSpider],
    arguments: Mapping[str, Any],
    process: CrawlerProcessBase,
    how: How = "resume",
    *,
    tell: Callable[[str], None] = logger.info,
) -> CrawlResult:
    """Run one spider to its end and return how it ended; raise UsageError or DatabaseError before it begins.

    `tell` gets a line when it goes on with an earlier run.
    """
    spider.check_arguments(arguments)
    config: Config = process.settings["SWATHE"]
    crawler = process.create_crawler(spider)
    missing = missing_components(crawler.settings)
    with connection_to(config.mongodb) as database:
        for doubt in (*doubts(config), *missing):
            tell(f"warning: {doubt}")
        store = stored_runs(config, database) if config.frontier.backend != "memory" else None
        firing, run_id = process.settings.get("SWATHE_FIRING"), process.settings.get("SWATHE_RUN_ID")
        begun = taken_over() or begin_run(database, spider, arguments, how, store=store, firing=firing, run_id=run_id)
        on_every_line(run=str(begun.run_id))
        tell_begun(str(begun.run_id))
        _tell_of(begun, spider, tell)
        begun = replace(begun, notes=(*begun.notes, *missing))
        try:
            recorder = _carry_out(crawler, arguments, process, begun)
        except CrawlError as error:
            close_failed(begun.run_id, str(error))
            raise
        if recorder is None:
            close_failed(begun.run_id)
            return CrawlResult(spider.name, "", None, {}, {}, [])
        return _result(spider, recorder)


def work_on(
    spider: type[SiteSpider], run: Run, process: CrawlerProcessBase, tell: Callable[[str], None]
) -> tuple[int, str]:
    """Work on a run that another process has begun, until it is over; return the exit code and a line for a person.

    Should the other process die, this one ends the run.
    """
    begun = taken_over() or joined(spider, run, process.settings["SWATHE"].frontier.backend)
    if run.state != "running":  # it was ended while this process was replaced
        code, line = farewell(begun, 0)
        return code, f"{spider.name}: {line}"
    arguments = {name: str(value) for name, value in run.arguments.items()}
    spider.check_arguments(arguments)
    _tell_of(begun, spider, tell)
    recorder = _carry_out(process.create_crawler(spider), arguments, process, begun)
    if recorder is None:
        return EXIT_FAILED, f"{spider.name}: the crawl could not be set up: see the log"
    if recorder.verdict is not None:
        result = _result(spider, recorder)
        return result.exit_code, result.line
    code, line = farewell(begun, recorder.outcomes.tallies.here(statistics.PAGES))
    return EXIT_FAILED if recorder.database_is_lost else code, f"{spider.name}: {line}"


def _tell_of(begun: Begun, spider: type[SiteSpider], tell: Callable[[str], None]) -> None:
    if begun.line:
        tell(f"{spider.name}: {begun.line}")
    if taken_over():
        logger.error("%s", begun.line)


def _carry_out(
    crawler: Crawler, arguments: Mapping[str, Any], process: CrawlerProcessBase, begun: Begun
) -> RunRecorder | None:
    """Crawl; return what has recorded it, or None when it could not be set up."""
    # Imported from deep within the reactor they take a fifth of a second longer: Scrapy then looks at the whole stack.
    settings = process.settings
    for path in (settings["DOWNLOAD_HANDLERS_BASE"]["http"], settings.get("HTTP_HANDLER", HTTP)):
        load_object(path)
    crawler.settings.set("SWATHE_RUN", begun, priority="cmdline")
    tune_process(crawler)
    crawling: Any = process.crawl(crawler, **{name: value for name, value in arguments.items() if value})
    process.start()
    recorder = crawler.get_extension(RunRecorder) if crawler._extensions else None
    if (error := _why_not_set_up(crawling)) and (recorder is None or recorder.verdict is None):
        raise CrawlError(f"the crawl of '{crawler.spidercls.name}' could not be set up: {error}")
    if recorder is not None:
        recorder.abandon()
        if recorder.verdict is not None:
            for path in process.settings.getlist("AFTER_CRAWL"):
                load_object(path)(process.settings["SWATHE"], recorder.run_id)
    return recorder


def _why_not_set_up(crawling: Any) -> str:
    """Return the error that a crawl ended with, which Scrapy only logs; empty without one."""
    if not isinstance(crawling, asyncio.Task) or not crawling.done() or crawling.cancelled():
        return ""
    error = crawling.exception()
    return f"{type(error).__name__}: {' '.join(str(error).split())[:500]}" if error is not None else ""


def _result(spider: type[SiteSpider], recorder: RunRecorder) -> CrawlResult:
    notes = recorder.findings.notes
    counts, verdict = recorder.counts(), recorder.verdict
    stopped = recorder.database_is_lost or (verdict is not None and verdict.state == "interrupted")
    goes_on = recorder.is_durable and stopped
    return CrawlResult(spider.name, str(recorder.run_id), verdict, counts, recorder.records, notes, goes_on)
