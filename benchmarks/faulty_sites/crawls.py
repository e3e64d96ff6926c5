"""Crawl generated sites in this process, each served at a loopback address of its own, and hold what came of it."""

from __future__ import annotations

import asyncio
import re
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from mongoengine import StringField

from faulty_sites.faults import FAULTS, faulty
from faulty_sites.healthy import generated, twin
from faulty_sites.site import XML, Reply, Site
from models import cleaners
from models.record import Record
from scraper.select import first, texts
from scraper.spider import SiteSpider

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random


class VerdictThing(Record):
    """A record of a generated site."""

    meta: ClassVar = {"collection": "verdict_things"}
    name = StringField(required=True, key=True, clean=cleaners.one_line)
    site = StringField(required=True, key=True)
    price = StringField(required=True, clean=cleaners.one_line)


class Generated(SiteSpider):
    """Reads a generated site."""

    start_url = "http://127.0.0.1:9/"
    records = (VerdictThing,)
    site = ""

    def found(self, page: Any, name: Any, price: Any) -> Any:
        """Return a record."""
        return VerdictThing.found(page, name=name, site=self.site, price=price)

    def read_item(self, page: Any, item: Any) -> Iterator[Any]:
        """Read an entry, or follow its link."""
        if links := texts(item, "a[href^='/item/']::attr(href)"):
            yield from self.follow_record(page, links)
        else:
            yield self.found(page, first(item, ".t::text"), first(item, ".p::text"))

    def read_data(self, page: Any, data: Any) -> Iterator[Any]:
        """Read an entry of an API or a feed; follow one of a sitemap."""
        if "loc" in data:
            yield from self.follow_record(page, [data["loc"]])
        else:
            name = data.get("name") or data.get("title")
            yield self.found(page, name, data.get("price") or data.get("summary"))

    def read_page(self, page: Any) -> Iterator[Any]:
        """Read a record's own page."""
        if first(page, "h1.t::text"):
            yield self.found(page, first(page, "h1.t::text"), first(page, ".p::text"))


def spider_of(site: Site) -> type[Generated]:
    """Return a spider for a site."""
    least = {VerdictThing: site.expected} if site.total and site.kind in XML else {}
    fields = {"name": site.name, "site": site.name, "start_url": site.url, "at_least": least}
    more = {"items": site.look.items, "pagination": site.pagination()}
    return type("GeneratedSite", (Generated,), {**fields, **more})


class Server:
    """Serves one site at a loopback address of its own."""

    def __init__(self, site: Site, number: int) -> None:
        self._site, self._host = site, f"127.{1 + number // 62_500}.{1 + number // 250 % 250}.{1 + number % 250}"

    async def __aenter__(self) -> Server:
        self._server = await asyncio.start_server(self._serve, self._host, 0)
        self._site.url = f"http://{self._host}:{self._server.sockets[0].getsockname()[1]}/"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            length = re.search(r"content-length: *(\d+)", head, re.IGNORECASE)
            sent = (await reader.readexactly(int(length[1]) if length else 0)).decode()
            target = head.split()[1]
            reply = Reply(b"", 404)
            if target != "/robots.txt":
                reply = self._site.answer(target, sent)
                self._site.said.append((target, sent, reply))
            self._send(writer, reply)
        except asyncio.IncompleteReadError:
            pass  # the crawl has gone
        finally:
            writer.close()

    def _send(self, writer: asyncio.StreamWriter, reply: Reply) -> None:
        if reply.ends == "reset":
            writer.transport.abort()
            return
        body, headers = reply.body, [("Content-Type", reply.type), ("Connection", "close"), *reply.headers]
        headers += [] if reply.ends == "close" else [("Content-Length", str(len(body)))]
        lines = [f"HTTP/1.1 {reply.status} Said", *(f"{name}: {value}" for name, value in headers)]
        body = body[: len(body) // 2] if reply.ends else body
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)


@dataclass(frozen=True)
class Outcome:
    """How a crawl ended, held against the truth."""

    verdict: str
    reasons: list[str]
    is_whole: bool
    gone: int
    stored: tuple[str, ...]
    """The names of the records that are stored."""
    is_like_healthy: bool = False
    """Whether a healthy site would have given the same answers, byte for byte."""

    @property
    def is_right(self) -> bool:
        """Whether the verdict is right, whatever the site did."""
        return not self.gone and (self.is_whole if self.verdict == "complete" else bool(self.reasons))


class Crawls:
    """Crawls one site after the other, in this process."""

    def __init__(self) -> None:
        from scrapy.crawler import AsyncCrawlerRunner

        from scraper.core.config import load_config
        from scraper.spider.loader import project_settings

        self.config, self.settings = load_config(), project_settings()
        # The log of a thousand crawls is nobody's; what is wrong with a crawl stands in its run.
        self.settings.set("LOG_ENABLED", False, priority="cmdline")
        self.runner = AsyncCrawlerRunner(self.settings)
        self.count = 0

    async def once(self, site: Site) -> Outcome:
        """Crawl a site that is being served."""
        from scraper.frontier.stores import stored_runs
        from scraper.runs.recorder import RunRecorder
        from scraper.runs.start import begin_run
        from scraper.storage.connection import connection_to

        database = connection_to(self.config.mongodb).open()
        spider = spider_of(site)
        site.said.clear()
        begun = begin_run(database, spider, {"start": site.url}, "fresh", store=stored_runs(self.config, database))
        crawler = self.runner.create_crawler(spider)
        crawler.settings.set("SWATHE_RUN", begun, priority="cmdline")
        await self.runner.crawl(crawler, start=site.url)
        recorder = crawler.get_extension(RunRecorder)
        if recorder is None or recorder.verdict is None:
            sys.exit(f"{site.name}: the crawl came to no verdict")
        self.count += 1
        stored = list(database[VerdictThing._get_collection_name()].find({"site": site.name}))
        seen = {one["name"]: one["price"] for one in stored if one["gone_at"] is None}
        gone = sum(one["gone_at"] is not None and one["name"] in site.truth for one in stored)
        fresh = all(one["run"] == begun.run_id for one in stored if one["gone_at"] is None)
        verdict = recorder.verdict
        return Outcome(verdict.completeness, verdict.reasons, seen == site.truth and fresh, gone, tuple(seen))


async def inject(crawls: Crawls, number: int, cell: tuple[str, str, bool, bool]) -> Outcome:
    """Crawl a site with one fault, after a healthy crawl where the run is to be a later one."""
    name, kind, total, later = cell
    site = faulty(number, kind, total=total)
    async with Server(site, number):
        if later and (before := await crawls.once(site)).verdict != "complete":
            sys.exit(f"{site.name}: a healthy {kind} list is {before.verdict}: {before.reasons}")
        FAULTS[name].befall(site)
        outcome = await crawls.once(site)
        # What an earlier run has seen tells a site with a fault from any that was always so.
        alike = not (later or outcome.is_right) and twin(site, outcome.stored) is not None
        return replace(outcome, is_like_healthy=alike)


async def healthy(crawls: Crawls, number: int, random: Random) -> list[tuple[Site, Outcome]]:
    """Crawl a healthy site, some of them again when it has grown."""
    site = generated(number, random)
    async with Server(site, 10_000 + number):
        ends = [(site, await crawls.once(site))]
        if random.random() < 0.2 and len(site.records) > 10:
            site.records.append(len(site.records) + 1)
            ends.append((site, await crawls.once(site)))
    return ends
