"""How fast the full pipeline is: as ratios to plain Scrapy, to the same crawl without storage, and to save() an item.

    python benchmarks/pipeline.py                 # all three crawls, 5 rounds
    python benchmarks/pipeline.py --rounds 3 --crawl lists

The variants of one crawl run in turn, each in a process of its own, into an empty database of an embedded MongoDB
that acknowledges from its journal. Beside the seconds stands the processor time of the crawl's own process, which a
busy machine changes less. The practice site serves a large, healthy copy of itself from another process.

    lists   500 pages of 20 quotes each, and nothing else
    quotes  the same, and the pages of the 50 authors, whose links are on every page
    books   1,500 pages of one record each, and their lists

    plain  a spider of Scrapy's own that reads the same pages and fields: `response.css` for every field, 16 requests at
           once, each page of the list asked for at the start, repeated links left to Scrapy's filter as its tutorial
           does, Scrapy's settings as they are, nothing stored (not for `books`)
    off    the spider with the pipelines off: pages are fetched and parsed, nothing is cleaned or stored
    dicts  the spider of `plain`, taken into a run as it is: its dicts are stored with their history (not for `books`)
    full   the crawl as shipped: clean, validate, store with its history, and a frontier that survives a kill
    save   one item at a time: clean, then one blocking save(), which validates; as most projects do it
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.record import Found
    from scraper.spider import SiteSpider

VARIANTS = ("plain", "off", "dicts", "full", "save")
OF_SCRAPY = ("plain", "dicts")
LIST_PAGES = 500
SITE = [
    "--quotes",
    str(20 * LIST_PAGES),
    "--quotes-per-page",
    "20",
    "--authors",
    "50",
    "--books",
    "1500",
    "--padding-kb",
    "20",
]
STARTS = {"lists": "quotes/", "quotes": "quotes/", "books": "books/"}
COLLECTIONS = {"lists": ("quotes",), "quotes": ("quotes", "authors"), "books": ("books",)}


class SaveEachItem:
    """The usual way: every item by itself through the pipeline, cleaned and then saved with one blocking save()."""

    def process_item(self, item: Found) -> Found:
        """Clean and save the record; save() validates it."""
        from pipelines.clean import clean

        clean(item)
        item.document(**item.values).save()
        return item


def plain_spider(crawl: str, site: str) -> type[Any]:
    """Return a spider of Scrapy's own for the quotes."""
    import scrapy

    class PlainQuotes(scrapy.Spider):
        name = "plain"

        async def start(self) -> Any:
            for number in range(1, LIST_PAGES + 1):
                yield scrapy.Request(f"{site}quotes/page/{number}/")

        def parse(self, response: Any, **_: Any) -> Any:
            for quote in response.css("div.quote"):
                yield {
                    "text": quote.css("span.text::text").get(),
                    "author": quote.css("small.author::text").get(),
                    "tags": quote.css("a.tag::text").getall(),
                }
            if crawl == "quotes":
                yield from response.follow_all(css="a[href*='/author/']", callback=self.parse_author)

        def parse_author(self, response: Any) -> Any:
            yield {
                name: response.css(f".author-{name.replace('_', '-')}::text").get()
                for name in ("title", "born_date", "born_location", "description")
            }

    return PlainQuotes


def crawl_plainly(crawl: str, site: str) -> dict[str, float]:
    """Crawl the quotes with Scrapy alone and return the same figures as `crawl_once`."""
    from scrapy.crawler import AsyncCrawlerProcess

    settings = {"CONCURRENT_REQUESTS_PER_DOMAIN": 16, "LOG_LEVEL": "INFO", "LOG_FILE": os.devnull}
    process = AsyncCrawlerProcess({**settings, "TELNETCONSOLE_ENABLED": False, "REMOTE_CONTROL_ENABLED": False})
    crawler = process.create_crawler(plain_spider(crawl, site))
    process.crawl(crawler)
    begun_s = time.process_time()
    process.start()
    processor_s = time.process_time() - begun_s
    value = crawler.stats.get_value
    items = value("item_scraped_count")
    pages, seconds = value("response_received_count"), value("elapsed_time_seconds")
    return {"pages": pages, "items": items, "stored": items, "seconds": seconds, "processor": processor_s}


def spider_of(crawl: str) -> type[SiteSpider]:
    """Return the spider of a crawl."""
    from models.quotes import Quote
    from scraper.select import first, texts
    from scraper.spider.loader import spider_class
    from spiders.quotes import QuotesSpider

    class ListedQuotes(QuotesSpider):
        def read_item(self, page: Any, item: Any) -> Iterator[Found]:
            """Read a quote, and leave its author."""
            text, author = first(item, "span.text::text"), first(item, "small.author::text")
            yield Quote.found(page, text=text, author=author, tags=texts(item, "a.tag::text"))

    return ListedQuotes if crawl == "lists" else spider_class(crawl)


def crawl_once(crawl: str, variant: str, site: str) -> dict[str, float]:
    """Crawl in this process and return pages, items and seconds (of the crawl, without Python's start)."""
    from scrapy import signals
    from scrapy.crawler import AsyncCrawlerProcess

    from scraper.core.config import load_config
    from scraper.crawl.page_item import PageRecords
    from scraper.frontier.stores import stored_runs
    from scraper.runs.crawl import tune_process
    from scraper.runs.start import begin_run
    from scraper.spider.loader import project_settings
    from scraper.spider.plain_spider import adopted
    from scraper.storage.connection import connection_to
    from scraper.storage.indexes import ensure_indexes

    settings = project_settings()
    settings.set("LOG_LEVEL", "WARNING", priority="cmdline")
    if variant in ("off", "save"):
        own = {f"{__name__}.SaveEachItem": 100} if variant == "save" else {}
        settings.set("ITEM_PIPELINES_BASE", {}, priority="cmdline")
        settings.set("ITEM_PIPELINES", own, priority="cmdline")
        settings.set("EXTENSIONS", {"scraper.runs.recorder.RunRecorder": None}, priority="cmdline")
        # Without a run there are no pages to keep for it.
        unused = {"scraper.pages.keep.KeepPages": None}
        unused |= {"scraper.pages.gather.GatherRecords": None} if variant == "save" else {}
        settings.set("SPIDER_MIDDLEWARES", unused, priority="cmdline")
    items = 0

    def count(item: Any, **_: Any) -> None:
        nonlocal items
        items += len(item.records) if isinstance(item, PageRecords) else 1

    process = AsyncCrawlerProcess(settings)
    kind = spider_of(crawl)
    if variant == "dicts":
        kind = adopted(plain_spider(crawl, site))  # type: ignore[arg-type]  # a class is hashable
    with connection_to(load_config().mongodb) as database:
        for document in spider_of(crawl).records:
            database.drop_collection(document._get_collection_name())
            ensure_indexes(database, document)
        # What is known of the pages would spare most of the work.
        database.drop_collection("visits")
        crawler = process.create_crawler(kind)
        tune_process(crawler)
        crawler.signals.connect(count, signal=signals.item_scraped)
        start = site + STARTS[crawl]
        if variant in ("full", "dicts"):
            # As shipped: what is still to be asked for is stored, too.
            begun = begin_run(database, kind, {"start": start}, "fresh", store=stored_runs(load_config(), database))
            crawler.settings.set("SWATHE_RUN", begun, priority="cmdline")
        process.crawl(crawler, start=start)
        begun_s = time.process_time()
        process.start()
        processor_s = time.process_time() - begun_s
        stored = sum(database[name].count_documents({}) for name in COLLECTIONS[crawl])
    value = crawler.stats.get_value
    return {
        "pages": value("response_received_count"),
        "items": items,
        "stored": stored,
        "seconds": value("elapsed_time_seconds"),
        "processor": processor_s,
    }


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="crawls of each variant (default 5)")
    parser.add_argument("--crawl", choices=STARTS, action="append", help="default: all")
    parser.add_argument("--one", nargs=3, metavar=("CRAWL", "VARIANT", "SITE"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        crawl, variant, site = args.one
        print(json.dumps(crawl_plainly(crawl, site) if variant == "plain" else crawl_once(crawl, variant, site)))
        return
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, "SWATHE_MONGODB_DATA_DIR": folder, "SWATHE_MONGODB_IDLE_STOP_S": "30"}
        server = subprocess.Popen(
            [sys.executable, "-m", "practice", "--port", "0", *SITE],
            cwd=ROOT / "tests",
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert server.stdout is not None
            site = server.stdout.readline().strip()
            for crawl in args.crawl or STARTS:
                report(crawl, measure(crawl, site, args.rounds, environ))
        finally:
            server.terminate()
            server.wait()
            subprocess.run([sys.executable, "main.py", "db", "stop", "--force"], cwd=ROOT, env=environ, check=True)


def measure(crawl: str, site: str, rounds: int, environ: dict[str, str]) -> dict[str, list[dict[str, float]]]:
    """Return the results of each variant; the first round warms up and is not counted."""
    variants = [variant for variant in VARIANTS if variant not in OF_SCRAPY or crawl != "books"]
    results: dict[str, list[dict[str, float]]] = {variant: [] for variant in variants}
    for number in range(rounds + 1):
        for variant in variants:
            command = [sys.executable, __file__, "--one", crawl, variant, site]
            run = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True)
            result = json.loads(run.stdout.splitlines()[-1])
            if not result["items"] or (variant != "off" and result["stored"] != result["items"]):
                raise SystemExit(f"{crawl} {variant}: {result['items']} items, but {result['stored']} stored")
            if number:
                results[variant].append(result)
                print(f"{crawl} round {number}/{rounds} {variant}: {result['seconds']:.2f} s", file=sys.stderr)
    return results


def report(crawl: str, results: dict[str, list[dict[str, float]]]) -> None:
    """Print medians, and the ratios of the rounds' pairs."""
    print(f"\n{crawl}: {results['full'][0]['pages']:.0f} pages, {results['full'][0]['items']:.0f} records")
    print(
        f"{'variant':<8}{'median s':>10}{'processor':>10}{'pages/s':>10}{'items/s':>10}"
        f"{'full is':>12}{'by processor':>14}"
    )
    for variant in results:
        seconds = statistics.median(result["seconds"] for result in results[variant])
        pages, items = results[variant][0]["pages"], results[variant][0]["items"]
        processor = statistics.median(result["processor"] for result in results[variant])
        pairs = list(zip(results[variant], results["full"], strict=True))
        ratios = [statistics.median(one[of] / full[of] for one, full in pairs) for of in ("seconds", "processor")]
        rates = f"{processor:>10.2f}{pages / seconds:>10.0f}{items / seconds:>10.0f}"
        print(f"{variant:<8}{seconds:>10.2f}{rates}{f'{ratios[0]:.2f} x':>12}{f'{ratios[1]:.2f} x':>14}")


if __name__ == "__main__":
    main()
