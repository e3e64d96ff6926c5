"""Crawl the list pages of `pipeline.py` with another library, in that library's own environment.

`pipeline.py --peers` makes the environment from `peers.txt`, and starts this file in it: nothing of Swathe is there.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

CONCURRENCY = 16
PINS = Path(__file__).with_name("peers.txt")

Items = list[dict[str, Any]]
Crawl = Callable[[list[str]], Items]


def crawlee(folder: str) -> Crawl:
    """Crawl with Crawlee's `ParselCrawler`; records go to its dataset: in memory, or in files of a folder."""
    from crawlee import ConcurrencySettings, service_locator
    from crawlee.configuration import Configuration
    from crawlee.crawlers import ParselCrawler, ParselCrawlingContext
    from crawlee.events import LocalEventManager
    from crawlee.storage_clients import FileSystemStorageClient, MemoryStorageClient

    configuration = Configuration(storage_dir=folder, log_level="WARNING")
    service_locator.set_configuration(configuration)

    async def crawl(urls: list[str]) -> Items:
        crawler = ParselCrawler(
            concurrency_settings=ConcurrencySettings(
                min_concurrency=CONCURRENCY, desired_concurrency=CONCURRENCY, max_concurrency=CONCURRENCY
            ),
            configuration=configuration,
            event_manager=LocalEventManager.from_config(configuration),
            storage_client=FileSystemStorageClient() if folder else MemoryStorageClient(),
            configure_logging=False,
        )

        async def read(context: ParselCrawlingContext) -> None:
            await context.push_data(by_css(context.selector))

        crawler.router.default_handler(read)
        await crawler.run(urls)
        return [item async for item in (await crawler.get_dataset()).iterate_items()]

    return lambda urls: asyncio.run(crawl(urls))


def scrapling(_: str) -> Crawl:
    """Crawl with Scrapling's spider, which keeps its records in memory."""
    from scrapling.spiders import Response, Spider

    class Quotes(Spider):
        name = "quotes"
        concurrent_requests = CONCURRENCY
        logging_level = logging.WARNING

        async def parse(self, response: Response) -> Any:
            for item in by_css(response):
                yield item

    def crawl(urls: list[str]) -> Items:
        Quotes.start_urls = urls
        return list(Quotes().start().items)

    return crawl


def requests_lxml(_: str) -> Crawl:
    """Ask for one page after the other with requests, and read it with lxml's XPath."""
    import requests
    from lxml import html

    def crawl(urls: list[str]) -> Items:
        items: Items = []
        with requests.Session() as session:
            for url in urls:
                items += [
                    {
                        "text": quote.xpath("string(.//span[@class='text'])"),
                        "author": quote.xpath("string(.//small[@class='author'])"),
                        "tags": quote.xpath(".//a[@class='tag']/text()"),
                    }
                    for quote in html.fromstring(session.get(url).content).xpath("//div[@class='quote']")
                ]
        return items

    return crawl


def aiohttp_selectolax(_: str) -> Crawl:
    """Ask for pages with aiohttp, so many at once, and read them with selectolax: about the limit in Python."""
    import aiohttp
    from selectolax.lexbor import LexborHTMLParser

    async def work(session: aiohttp.ClientSession, waiting: list[str], items: Items) -> None:
        while waiting:
            async with session.get(waiting.pop()) as response:
                tree = LexborHTMLParser(await response.read())
            items.extend(
                {
                    "text": quote.css_first("span.text").text(),
                    "author": quote.css_first("small.author").text(),
                    "tags": [tag.text() for tag in quote.css("a.tag")],
                }
                for quote in tree.css("div.quote")
            )

    async def crawl(urls: list[str]) -> Items:
        waiting, items = urls[::-1], list[dict[str, Any]]()
        async with aiohttp.ClientSession() as session:
            await asyncio.gather(*(work(session, waiting, items) for _ in range(CONCURRENCY)))
        return items

    return lambda urls: asyncio.run(crawl(urls))


def by_css(page: Any) -> Items:
    """Return the quotes of a page, read with the selectors that Scrapy, Crawlee and Scrapling have alike."""
    return [
        {
            "text": quote.css("span.text::text").get(),
            "author": quote.css("small.author::text").get(),
            "tags": quote.css("a.tag::text").getall(),
        }
        for quote in page.css("div.quote")
    ]


PEERS: dict[str, tuple[Callable[[str], Crawl], tuple[str, ...], str]] = {
    "crawlee": (crawlee, ("crawlee",), "Parsel, memory"),
    "crawlee-files": (crawlee, ("crawlee",), "Parsel, files"),
    "scrapling": (scrapling, ("scrapling",), "memory"),
    "requests": (requests_lxml, ("requests", "lxml"), "one after the other"),
    "aiohttp": (aiohttp_selectolax, ("aiohttp", "selectolax"), "memory"),
}
"""By the names of the variants: what imports and returns the crawl, the distributions whose versions are told, and how
they are used."""


def digest(items: Items) -> str:
    """Return what two crawls have alike that have found the same texts, authors and tags."""
    lines = sorted(json.dumps([item["text"], item["author"], sorted(item["tags"])]) for item in items)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def peers_python() -> str:
    """Return the Python of the environment that has the other libraries; make it where there is none.

    It stands in the user's cache, by what is pinned and by the version of Python. Ends the benchmark when it cannot
    be made.
    """
    pins = hashlib.sha256(PINS.read_bytes() + sys.version.encode()).hexdigest()[:12]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "swathe-benchmarks" / f"peers-{pins}"
    python, whole = folder / "bin" / "python", folder / "installed"
    if not whole.exists():
        print(f"the other libraries are installed into {folder}", file=sys.stderr)
        for command in (
            [sys.executable, "-m", "venv", "--clear", str(folder)],
            [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", str(PINS)],
        ):
            made = subprocess.run(command, capture_output=True, text=True)
            if made.returncode:
                why = (made.stderr.strip() or made.stdout.strip()).splitlines()[-1]
                sys.exit(f"--peers: their environment cannot be had, expected pip to install {PINS.name}: {why}")
        whole.touch()
    return str(python)


def main() -> None:
    """Crawl once and print the figures as JSON."""
    name, site, pages = sys.argv[1:]
    prepare, distributions, how = PEERS[name]
    urls = [f"{site}quotes/page/{number}/" for number in range(1, int(pages) + 1)]
    with tempfile.TemporaryDirectory() as folder:
        crawl = prepare(folder if name.endswith("-files") else "")
        begun_s, used_s = time.perf_counter(), time.process_time()
        items = crawl(urls)
        seconds, processor_s = time.perf_counter() - begun_s, time.process_time() - used_s
    figures = {"pages": len(urls), "items": len(items), "seconds": seconds, "processor": processor_s, "mongod": 0.0}
    title = f"{' + '.join(f'{one} {version(one)}' for one in distributions)} ({how})"
    print(json.dumps({**figures, "found": digest(items), "title": title}))


if __name__ == "__main__":
    main()
