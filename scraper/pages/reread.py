"""Read kept pages again with today's spiders: the same callbacks, cleaning and validation as in a crawl, no network."""

from __future__ import annotations

import asyncio
import inspect
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Self

from bson import ObjectId
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.spiderloader import get_spider_loader
from scrapy.utils.asyncgen import collect_asyncgen
from scrapy.utils.misc import build_from_crawler, load_object

from models.record import Found
from models.system import Run, RunCounts
from scraper.core import meta as meta_keys
from scraper.crawl.attempt import Awaited
from scraper.crawl.failures import PageFailures
from scraper.crawl.page_item import PageRecords
from scraper.pages.document import CannotReadAgainError, as_response
from scraper.select import let_go
from scraper.spider import SiteSpider
from scraper.spider.loader import project_settings, spider_class
from scraper.storage.run_heartbeat import HEARTBEAT_S, open_run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import TracebackType

    from pymongo.database import Database
    from scrapy.http import Response
    from scrapy.settings import Settings

    from scraper.core.config import Config
    from scraper.storage.records.plan import Outcome

    Mongo = Database[dict[str, Any]]


@dataclass
class Reading:
    """What today's spider makes of a page."""

    found: list[Found] = field(default_factory=list)
    """Cleaned and validated; those with faults would be refused."""
    requests: list[Request] = field(default_factory=list)
    """What it asks for next."""
    error: str = ""
    """What the spider raised, or why it could not be asked; what it found before that is in `found`."""
    wish: str = ""
    """Why the spider wants to see the page in the browser; then it found nothing yet."""


class OfflineCrawl(Crawler):
    """A crawl without an engine, for a spider that is given pages by hand."""

    def __init__(self, spider: type[SiteSpider], settings: Settings) -> None:
        super().__init__(spider, settings)
        self.stats = load_object(self.settings["STATS_CLASS"])(self)
        self.failures = PageFailures(self)

    def get_spider_middleware(self, cls: type[Any]) -> Any:
        """Return the one middleware there is, if it is of that class."""
        return self.failures if isinstance(self.failures, cls) else None


class TodaysSpiders:
    """The spiders as they are now; one object for all pages that were crawled with the same arguments."""

    def __init__(
        self, database: Mongo, settings: Settings | None = None, classes: Mapping[str, type[SiteSpider]] | None = None
    ) -> None:
        """Take the spiders of the project; those of `classes` by their names instead."""
        self._database, self._classes = database, classes or {}
        self._settings = (settings or project_settings()).copy()
        config: Config = self._settings["SWATHE"]
        # A page is not read in another way now and then, to learn: there is nothing to learn from it.
        rendering = config.rendering.model_copy(update={"recheck_share": 0})
        self._settings.set("SWATHE", config.model_copy(update={"rendering": rendering}), priority="cmdline")
        self._spiders: dict[tuple[str, str], SiteSpider] = {}
        self._steps: list[Any] = []

    def read(self, page: dict[str, Any], body: bytes) -> Reading:
        """Return what today's spider makes of a kept page; raise UsageError when there is no such spider any more."""
        reading = Reading()
        spider = self.spider(page["spider"], self._arguments(page))
        try:
            response = as_response(page, body, spider)
            for output in self._outputs(spider, response, page["request"]):
                if isinstance(output, Found):
                    reading.found.append(output)
                elif isinstance(output, Request) and meta_keys.RENDER_CAUSE in output.meta:
                    reading.wish = str(output.meta[meta_keys.RENDER_EVIDENCE])
                elif isinstance(output, Request):
                    reading.requests.append(output)
                elif output is not None and spider.takes_any_page:
                    reading.found.append(self._record_of(output, response, spider))
        except CannotReadAgainError as error:
            reading.error = str(error)
        except Exception as error:  # noqa: BLE001 - whatever the spider raises is what the caller wants to know
            reading.error = f"raised in the spider: {type(error).__name__}: {error}"
        self.check(reading.found)
        return reading

    def check(self, found: list[Found]) -> None:
        """Clean and validate records, as a crawl does before it stores them."""
        page = PageRecords(found[0].url if found else "", found)
        for step in self._steps or self._build_steps():
            step.process_item(page)

    def _outputs(self, spider: SiteSpider, response: Response, kept: dict[str, Any]) -> Iterator[Any]:
        request = response.request
        assert request is not None and request.callback is not None  # noqa: PT018 - as_response() has set both
        crawl = spider.crawler
        assert isinstance(crawl, OfflineCrawl)
        crawl.failures.process_spider_input(response)
        dead = len(crawl.failures.problems)
        try:
            for output in in_full(request.callback(response, **request.cb_kwargs)):
                if isinstance(output, Awaited):
                    output.wait_in_thread()
                else:
                    yield output
        finally:
            let_go(response)
        if len(crawl.failures.problems) > dead:
            raise CannotReadAgainError(crawl.failures.problems.pop().what)

    def _record_of(self, item: Any, response: Response, spider: SiteSpider) -> Found:
        """Return the record that an item of a plain Scrapy spider is; raise CannotReadAgainError."""
        if spider.crawler.settings["ITEM_PIPELINES"]:
            raise CannotReadAgainError("its items go through pipelines of the spider's own, which are not called again")
        return spider.record_of(item, response)

    def spider(self, name: str, arguments: dict[str, Any]) -> SiteSpider:
        """Return a spider as a crawl with these arguments would have it; raise UsageError for one that is not there."""
        identity = (name, json.dumps(arguments, sort_keys=True))
        if identity not in self._spiders:
            kind = self._classes.get(name) or spider_class(name, get_spider_loader(self._settings))
            spider = kind.from_crawler(OfflineCrawl(kind, self._settings), **arguments)
            spider.reader.decisions.load(self._database)
            self._spiders[identity] = spider
        return self._spiders[identity]

    def _arguments(self, page: dict[str, Any]) -> dict[str, Any]:
        """Return the address that the page's crawl began at; it decides which pagination the spider uses."""
        run = self._database[Run._get_collection_name()].find_one({"_id": page["run"]}, ["arguments.start"])
        return dict(run["arguments"]) if run else {}

    def _build_steps(self) -> list[Any]:
        crawl = OfflineCrawl(SiteSpider, self._settings)
        steps = sorted(self._settings["RECORD_STEPS"].items(), key=lambda step: step[1])
        self._steps = [build_from_crawler(load_object(path), crawl) for path, _ in steps]
        return self._steps


def in_full(result: Any) -> Iterable[Any]:
    """Return what a callback gives, however it was written."""
    if isinstance(result, AsyncIterator):
        return asyncio.run(collect_asyncgen(result))
    if inspect.iscoroutine(result):
        return in_full(asyncio.run(result))
    return result or ()


class RereadRun:
    """A run that fetches nothing; use it in a `with`. It has no verdict, and says of no record that it is gone."""

    def __init__(self, kind: Literal["replay", "redrive"], spider: str, arguments: dict[str, Any]) -> None:
        self.id = ObjectId()
        self._kind, self._spider, self._arguments = kind, spider, arguments
        self._counts: Counter[str] = Counter()
        self._beat_at = 0.0

    def count(self, outcomes: Iterable[Outcome], pages: int = 1) -> None:
        """Take in what became of a page's records, and show from time to time that the run lives. Blocks."""
        self._counts["pages"] += pages
        self._counts.update(f"items_{outcome}" for outcome in outcomes)
        if time.monotonic() - self._beat_at > HEARTBEAT_S:
            self._beat_at = time.monotonic()
            self._update(heartbeat_at=datetime.now(UTC))

    def __enter__(self) -> Self:
        open_run(self.id, self._spider, self._arguments, kind=self._kind)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        state = "finished" if kind is None else "failed" if issubclass(kind, Exception) else "interrupted"
        now = datetime.now(UTC)
        reasons = [" ".join(str(error).split())[:500]] if error is not None and str(error) else []
        self._update(state=state, reasons=reasons, ended_at=now, heartbeat_at=now)

    def _update(self, **fields: Any) -> None:
        known = {name: count for name, count in self._counts.items() if name in RunCounts._fields}
        Run.objects(id=self.id).update_one(counts=RunCounts(**known), **fields)
