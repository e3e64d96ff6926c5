"""How fast the full pipeline is, beside plain Scrapy, a crawl that stores nothing, save() an item, and other libraries.

    python benchmarks/pipeline.py                             # all four crawls, 5 rounds
    python benchmarks/pipeline.py --crawl lists --peers       # beside Crawlee, Scrapling, requests and aiohttp, too
    python benchmarks/pipeline.py --rounds 3 --crawl lists --only plain --only full

The variants of one crawl run in turn, each in a process of its own, the first of them another in every round. The pages
are a large, healthy copy of the practice site, as files that nginx serves (the standard library where there is none).
Every variant has 16 requests under way at once, finds its pages in the same way, and builds no records of log lines
that nobody keeps. Its time is that from the end of its imports until all is over: with set-up, connecting, indexes
and, for a run, its verdict. MongoDB is an embedded one with an empty database, which acknowledges from its journal; its
processor time is that of the same span.

    lists   500 pages of 20 quotes each; everybody knows how many pages there are
    next    the same, each page found by the next link of the one before
    quotes  as lists, and the pages of the 50 authors, whose links are on every page
    books   1,500 pages of one record each, found on 75 pages of a list by next links

    plain    a spider of Scrapy's own that reads the same pages and fields: `response.css` for every field, Scrapy's
             settings as they are, repeated links left to its filter, nothing stored (not for `books`)
    jsonl    the same with a feed export to a file
    off      our spider with the pipelines off: pages are fetched and parsed, nothing is cleaned or stored
    dicts    the spider of `plain`, taken into a run as it is: its dicts are stored with their history
    ordered  the crawl as shipped, told to follow next links one after the other, as `plain` must
    full     the crawl as shipped: clean, validate, store with its history, and a frontier that survives a kill; of next
             links it makes out the pages' numbers, and reads them side by side
    save     our spider, and one item at a time: clean, then one blocking save(), which validates
    peers    see `peers.py`; `requests` asks for one page after the other, `crawlee-files` stores records in files
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks"), str(ROOT / "tests")]

from peers import PEERS, by_css, digest, peers_python  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.record import Found
    from scraper.spider import SiteSpider

LIST_PAGES, PER_PAGE, BOOKS, PADDING_KB = 500, 20, 1_500, 34
CONCURRENCY = 16
CRAWLS = {
    "lists": ("plain", "jsonl", "off", "dicts", "full", "save"),
    "next": ("plain", "ordered", "full"),
    "quotes": ("plain", "off", "dicts", "full", "save"),
    "books": ("off", "full", "save"),
}
OF_SCRAPY = ("plain", "jsonl")
STORED = ("dicts", "ordered", "full", "save")


class SaveEachItem:
    """The usual way: every item by itself through the pipeline, cleaned and then saved with one blocking save()."""

    def process_item(self, item: Found) -> Found:
        """Clean and save the record; save() validates it."""
        from pipelines.clean import clean

        clean(item)
        item.document(**item.values).save()
        return item


class Span:
    """The seconds, and the processor seconds of this process and of mongod, from its making on."""

    def __init__(self, database: Any = None) -> None:
        self._database = database
        self._begun = self._now()

    def figures(self) -> dict[str, float]:
        """Return what has passed."""
        passed = [now - begun for begun, now in zip(self._begun, self._now(), strict=True)]
        return dict(zip(("seconds", "processor", "mongod"), passed, strict=True))

    def _now(self) -> tuple[float, float, float]:
        used = {"user_time_us": 0, "system_time_us": 0}
        if self._database is not None:
            used = self._database.command("serverStatus")["extra_info"]
        return time.perf_counter(), time.process_time(), (used["user_time_us"] + used["system_time_us"]) / 1e6


def plain_spider(crawl: str, site: str) -> type[Any]:
    """Return a spider of Scrapy's own for the quotes."""
    import scrapy

    class PlainQuotes(scrapy.Spider):
        name = "plain"

        async def start(self) -> Any:
            for number in range(1, 2 if crawl == "next" else LIST_PAGES + 1):
                yield scrapy.Request(f"{site}quotes/page/{number}/")

        def parse(self, response: Any, **_: Any) -> Any:
            yield from by_css(response)
            if crawl == "next":
                yield from response.follow_all(css="li.next a")
            if crawl == "quotes":
                yield from response.follow_all(css="a[href*='/author/']", callback=self.parse_author)

        def parse_author(self, response: Any) -> Any:
            yield {
                name: response.css(f".author-{name.replace('_', '-')}::text").get()
                for name in ("title", "born_date", "born_location", "description")
            }

    return PlainQuotes


def crawl_plainly(crawl: str, variant: str, site: str) -> dict[str, Any]:
    """Crawl the quotes with Scrapy alone and return the same figures as `crawl_once`."""
    from scrapy.crawler import AsyncCrawlerProcess

    with tempfile.TemporaryDirectory() as folder:
        span = Span()
        settings: dict[str, Any] = {
            "CONCURRENT_REQUESTS": CONCURRENCY,
            "CONCURRENT_REQUESTS_PER_DOMAIN": CONCURRENCY,
            "LOG_LEVEL": "INFO",
            "LOG_FILE": os.devnull,
            "TELNETCONSOLE_ENABLED": False,
            "FEEDS": {f"{folder}/quotes.jsonl": {"format": "jsonlines"}} if variant == "jsonl" else {},
        }
        process = AsyncCrawlerProcess(settings)
        logging.getLogger("scrapy").setLevel(logging.INFO)
        crawler = process.create_crawler(plain_spider(crawl, site))
        process.crawl(crawler)
        process.start()
        figures = span.figures()
    value = crawler.stats.get_value
    return {"pages": value("response_received_count"), "items": value("item_scraped_count"), **figures}


def spider_of(crawl: str, variant: str) -> type[SiteSpider]:
    """Return our spider of a crawl."""
    from models.quotes import Quote
    from scraper import NextLink, PageNumbers
    from scraper.select import first, texts
    from spiders.books import BooksSpider
    from spiders.quotes import QuotesSpider

    class KnownQuotes(QuotesSpider):
        pagination = PageNumbers("page/{page}/", last=LIST_PAGES)  # type: ignore[assignment]

    class ListedQuotes(KnownQuotes):
        records = (Quote,)  # type: ignore[assignment]

        def read_item(self, page: Any, item: Any) -> Iterator[Found]:
            """Read a quote, and leave its author."""
            text, author = first(item, "span.text::text"), first(item, "small.author::text")
            yield Quote.found(page, text=text, author=author, tags=texts(item, "a.tag::text"))

    class LinkedQuotes(ListedQuotes):
        pagination = NextLink("li.next a")  # type: ignore[assignment]
        in_order = variant == "ordered"

    return {"lists": ListedQuotes, "next": LinkedQuotes, "quotes": KnownQuotes, "books": BooksSpider}[crawl]


def crawl_once(crawl: str, variant: str, site: str) -> dict[str, Any]:
    """Crawl in this process and return pages, items, what was stored, and seconds."""
    from scrapy.crawler import AsyncCrawlerProcess

    from models.record import schema_of
    from scraper.core.config import load_config
    from scraper.runs.crawl import crawl as run
    from scraper.spider.loader import project_settings
    from scraper.spider.plain_spider import adopted
    from scraper.storage.connection import connection_to

    gc.set_threshold(20_000, 20, 20)  # as the command line does
    config = load_config()
    spider = spider_of(crawl, variant)
    start = f"{site}{'books/' if crawl == 'books' else 'quotes/'}"
    with connection_to(config.mongodb) as database:
        database.client.drop_database(database.name)
        span = Span(database)
        settings = project_settings()
        settings.set("LOG_LEVEL", "WARNING", priority="cmdline")
        settings.set("LOG_INSTALL_ROOT_HANDLER", False, priority="cmdline")  # or Scrapy has all records built anew
        if variant in ("off", "save"):
            collections = [schema_of(document).collection for document in spider.records]
            result = _without_a_run(spider, start, AsyncCrawlerProcess(settings), save=variant == "save")
        else:
            kind = adopted(plain_spider(crawl, site)) if variant == "dicts" else spider  # type: ignore[arg-type]
            ended = run(kind, {"start": start}, AsyncCrawlerProcess(settings), "fresh")
            result, collections = {"pages": ended.counts["pages"], "items": ended.counts["items_new"]}, [*ended.records]
        figures = span.figures()
    with connection_to(config.mongodb) as database:
        stored = sum(database[name].count_documents({}) for name in collections)
    return {**result, "stored": stored, **figures}


def _without_a_run(spider: type[SiteSpider], start: str, process: Any, *, save: bool) -> dict[str, int]:
    """Crawl outside of a run: nothing is stored, unless each item is saved by itself."""
    from scrapy import signals

    from scraper.core.config import load_config
    from scraper.crawl.page_item import PageRecords
    from scraper.runs.crawl import tune_process
    from scraper.storage.connection import connection_to
    from scraper.storage.indexes import ensure_indexes

    settings, items = process.settings, 0
    settings.set("ITEM_PIPELINES_BASE", {}, priority="cmdline")
    settings.set("ITEM_PIPELINES", {f"{__name__}.SaveEachItem": 100} if save else {}, priority="cmdline")
    settings.set("EXTENSIONS", {"scraper.runs.recorder.RunRecorder": None}, priority="cmdline")
    # Without a run there are no pages to keep for it.
    unused = {"scraper.pages.keep.KeepPages": None, **({"scraper.pages.gather.GatherRecords": None} if save else {})}
    settings.set("SPIDER_MIDDLEWARES", unused, priority="cmdline")

    def count(item: Any, **_: Any) -> None:
        nonlocal items
        items += len(item.records) if isinstance(item, PageRecords) else 1

    with connection_to(load_config().mongodb) as database:
        for document in spider.records if save else ():
            ensure_indexes(database, document)
        crawler = process.create_crawler(spider)
        tune_process(crawler)
        crawler.signals.connect(count, signal=signals.item_scraped)
        process.crawl(crawler, start=start)
        process.start()
    return {"pages": crawler.stats.get_value("response_received_count"), "items": items}


@contextmanager
def mongodb(folder: str) -> Iterator[dict[str, str]]:
    """Start an embedded MongoDB of this benchmark's own; give the environment of those that use it."""
    # Where nothing may be written, ours alone would be compiled anew in each process: what is installed is not.
    written = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environ = {
        **written,
        "SWATHE_MONGODB_DATA_DIR": folder,
        "SWATHE_MONGODB_IDLE_STOP_S": "30",
        "SWATHE_CRAWL_CONCURRENCY": str(CONCURRENCY),
    }
    subprocess.run([sys.executable, "main.py", "db", "start"], cwd=ROOT, env=environ, check=True, capture_output=True)
    try:
        yield environ
    finally:
        stop = [sys.executable, "main.py", "db", "stop", "--force"]
        subprocess.run(stop, cwd=ROOT, env=environ, check=True, capture_output=True)


def read_by_parsel(site: str) -> str:
    """Return the digest of what all list pages have, read without any crawler."""
    from parsel import Selector

    items = []
    for number in range(1, LIST_PAGES + 1):
        with urllib.request.urlopen(f"{site}quotes/page/{number}/") as answer:  # noqa: S310 - of ours
            items += by_css(Selector(answer.read().decode()))
    return digest(items)


def check(crawl: str, variant: str, result: dict[str, Any], found: str) -> None:
    """End the benchmark when a crawl has not found, or not stored, all that there is."""
    quotes, authors = LIST_PAGES * PER_PAGE, 50 if crawl == "quotes" else 0
    expected = BOOKS if crawl == "books" else quotes + authors
    stored = result["stored"] if variant in STORED else expected
    if result["items"] != expected or stored != expected or result.get("found", found) != found:
        sys.exit(f"{crawl} {variant}: {result['items']} items and {stored} stored, expected {expected}, or other texts")


def measure(
    crawl: str, variants: list[str], rounds: int, site: str, environ: dict[str, str], python: str
) -> dict[str, list[dict[str, Any]]]:
    """Return the results of each variant; the first round warms up and is not counted."""
    results: dict[str, list[dict[str, Any]]] = {variant: [] for variant in variants}
    found = read_by_parsel(site) if python else ""
    for number in range(rounds + 1):
        for variant in variants[number % len(variants) :] + variants[: number % len(variants)]:
            command = [sys.executable, __file__, "--one", crawl, variant, site]
            if variant in PEERS:
                command = [python, str(ROOT / "benchmarks/peers.py"), variant, site, str(LIST_PAGES)]
            begun_s, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
            run = subprocess.run(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True)
            after, whole_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - begun_s
            if run.returncode:
                sys.exit(f"{crawl} {variant}: exit {run.returncode}")
            result = json.loads(run.stdout.splitlines()[-1])
            check(crawl, variant, result, found)
            result["both"] = result["processor"] + result["mongod"]
            result["whole"] = whole_s
            result["whole_processor"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            if number:
                results[variant].append(result)
                print(f"{crawl} round {number}/{rounds} {variant}: {result['seconds']:.2f} s", file=sys.stderr)
    return results


def report(crawl: str, server: str, results: dict[str, list[dict[str, Any]]]) -> None:
    """Print a table in Markdown: medians, least and most, and ratios, each of one round's pair."""
    base, rounds = next(iter(results)), len(next(iter(results.values())))
    one = results[base][0]
    print(f"\n{crawl}: {one['pages']} pages, {one['items']} records, from {server}, {rounds} rounds, {machine()}\n")
    heads = [crawl, "s", "least - most", "processor s", "of mongod", "together", "from Python's start, s"]
    rows = [[*heads, f"as fast as {base}", "by processor", "full is"]]
    for variant, these in results.items():
        seconds = [result["seconds"] for result in these]
        medians = [statistics.median(result[name] for result in these) for name in SHOWN]
        ratios = [_ratio(results[base], these, "seconds"), _ratio(results[base], these, "both")]
        full = _ratio(these, results["full"], "seconds") if "full" in results else "-"
        figures = [
            f"{medians[0]:.2f}",
            f"{min(seconds):.2f} - {max(seconds):.2f}",
            *(f"{one:.2f}" for one in medians[1:]),
        ]
        rows.append([these[0].get("title", variant), *figures, *ratios, full])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        print(f"| {row[0]:<{widths[0]}} | {' | '.join(map(str.rjust, row[1:], widths[1:]))} |")
        if not number:
            print(f"|{'-' * (widths[0] + 2)}|{'|'.join('-' * (width + 1) + ':' for width in widths[1:])}|")


SHOWN = ("seconds", "processor", "mongod", "both", "whole")


def _ratio(of: list[dict[str, Any]], to: list[dict[str, Any]], name: str) -> str:
    return f"{statistics.median(one[name] / other[name] for one, other in zip(of, to, strict=True)):.2f} x"


def machine() -> str:
    """Return what the figures were measured on, in words."""
    model = platform.processor() or platform.machine()
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), model)
    return f"{os.cpu_count()} cores of {model}, Python {platform.python_version()}, Scrapy {version('scrapy')}"


def main() -> None:
    """Run the rounds and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="crawls of each variant (default: %(default)s)")
    parser.add_argument("--crawl", choices=CRAWLS, action="append", help="default: all")
    variants = sorted({variant for those in CRAWLS.values() for variant in those})
    parser.add_argument("--only", choices=variants, action="append", help="variants, default: all")
    parser.add_argument("--peers", action="store_true", help="other libraries beside them, for lists")
    parser.add_argument("--without-nginx", action="store_true", help="serve by the standard library")
    parser.add_argument("--one", nargs=3, metavar=("CRAWL", "VARIANT", "SITE"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps((crawl_plainly if args.one[1] in OF_SCRAPY else crawl_once)(*args.one)))
        return
    python = peers_python() if args.peers else ""

    from practice.enlargement import enlarge
    from static_site import served

    from scraper.demo.site import load_site

    site = enlarge(load_site(), quotes=LIST_PAGES * PER_PAGE, quotes_per_page=PER_PAGE, authors=50, books=BOOKS)
    with (
        tempfile.TemporaryDirectory() as folder,
        served(site, padding_kb=PADDING_KB, nginx=not args.without_nginx) as (url, server),
        mongodb(folder) as environ,
    ):
        for crawl in args.crawl or CRAWLS:
            chosen = [variant for variant in CRAWLS[crawl] if variant in (args.only or variants)]
            chosen += PEERS if python and crawl == "lists" else ()
            report(crawl, server, measure(crawl, chosen, args.rounds, url, environ, python))


if __name__ == "__main__":
    main()
