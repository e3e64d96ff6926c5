"""How fast pages that need JavaScript are read in each way: pages/s, and ratios to the usual ways in the same run.

    python benchmarks/rendering.py
    python benchmarks/rendering.py --pages 40 --rounds 3
    pip install playwright && python benchmarks/rendering.py     # with Playwright's row

Every way fetches the same pages of a practice site (in a process of its own) over HTTP and reads the quotes on them; it
must find them all. `fetch` is one requests.Session. Browsers are started before they are timed, except in "new driver".

    html           the static page: fetch, read_item
    data           the page whose script holds the data: fetch, data inside the page, read_data
    api            the API behind the scrolling page: fetch, read_data
    browser x1     the page whose script holds the data, in our pool of one driver, read_item
    one driver     the usual way: one reused Selenium driver, page_source, BeautifulSoup
    new driver     a new Selenium driver for each page
    playwright x4  Playwright's async API with four pages, content(), BeautifulSoup (where it is installed)
    wait: x1, x4   our pool of one and of four drivers on pages that wait 500 ms for their data
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import wait
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import requests  # noqa: E402
from bs4 import BeautifulSoup  # noqa: E402
from scrapy.http import HtmlResponse, JsonResponse  # noqa: E402

from models.record import Found  # noqa: E402
from scraper.browser.job import PageJob  # noqa: E402
from scraper.browser.pool import BrowserPool  # noqa: E402
from scraper.config import load_config  # noqa: E402
from scraper.page_data import data_in, record_lists  # noqa: E402
from scraper.select import each  # noqa: E402
from spiders.quotes import QuotesSpider  # noqa: E402

PER_PAGE = 10
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
CHROMIUM, CHROMEDRIVER = "/usr/bin/chromium", "/usr/bin/chromedriver"


def records(outputs: Any) -> int:
    """Count the records among what a spider's methods gave."""
    return sum(isinstance(output, Found) for output in outputs)


class Ways:
    """Each way reads the pages of some numbers and returns how many records it found."""

    def __init__(self, site: str, data_dir: Path) -> None:
        self.site, self.data_dir = site, data_dir
        self.session = requests.Session()
        self.spider = QuotesSpider()

    def _fetch(self, path: str) -> tuple[str, bytes]:
        return self.site + path, self.session.get(self.site + path, timeout=30).content

    def _items(self, page: HtmlResponse) -> int:
        return sum(records(self.spider.read_item(page, item)) for item in each(page, ".quote"))

    def html(self, numbers: range) -> int:
        """Read static pages."""
        pages = (self._fetch(f"quotes/page/{number}/") for number in numbers)
        return sum(self._items(HtmlResponse(url, body=body, encoding="utf-8")) for url, body in pages)

    def data(self, numbers: range) -> int:
        """Read the data inside pages."""
        found = 0
        for number in numbers:
            url, body = self._fetch(f"quotes/js/page/{number}/")
            page = HtmlResponse(url, body=body, encoding="utf-8")
            lists = [entries for data in data_in(page.text, url) for entries in record_lists(data)]
            best = max(lists, key=lambda entries: len(entries.entries))
            found += sum(records(self.spider.read_data(page, entry)) for entry in best.entries)
        return found

    def api(self, numbers: range) -> int:
        """Read an API."""
        found = 0
        for number in numbers:
            url, body = self._fetch(f"quotes/api/quotes?page={number}")
            page = JsonResponse(url, body=body)
            found += sum(records(self.spider.read_data(page, entry)) for entry in page.json()["quotes"])
        return found

    def pool(self, drivers: int, path: str) -> Callable[[range], int]:
        """Return a way that renders pages in our pool."""
        rendering = load_config().rendering.model_copy(update={"drivers": drivers})
        pool = BrowserPool(rendering, self.data_dir)

        def read(numbers: range) -> int:
            jobs = [pool.submit(PageJob(f"{self.site}{path.format(number)}", wait_for=".quote")) for number in numbers]
            wait(jobs)
            pages = [job.result() for job in jobs]
            return sum(self._items(HtmlResponse(page.url, body=page.body, encoding="utf-8")) for page in pages)

        read.close = pool.close  # type: ignore[attr-defined]
        return read

    def one_driver(self) -> Callable[[range], int]:
        """Return the way of one reused driver."""
        driver = new_driver()

        def read(numbers: range) -> int:
            return sum(self._selenium(driver, number) for number in numbers)

        read.close = driver.quit  # type: ignore[attr-defined]
        return read

    def new_driver(self, numbers: range) -> int:
        """Start a driver for each page."""
        found = 0
        for number in numbers:
            driver = new_driver()
            found += self._selenium(driver, number)
            driver.quit()
        return found

    def _selenium(self, driver: Any, number: int) -> int:
        driver.get(f"{self.site}quotes/js/page/{number}/")
        return soup_records(driver.page_source)

    def playwright(self, numbers: range) -> int:
        """Render with four of Playwright's pages; needs the package playwright."""
        from playwright.async_api import async_playwright  # type: ignore[import-not-found]

        async def run() -> tuple[int, float]:
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS[1:]))
                tabs = [await browser.new_page() for _ in range(4)]
                queue = list(numbers)
                started = time.perf_counter()

                async def work(tab: Any) -> int:
                    found = 0
                    while queue:
                        await tab.goto(f"{self.site}quotes/js/page/{queue.pop()}/")
                        found += soup_records(await tab.content())
                    return found

                found = sum(await asyncio.gather(*(work(tab) for tab in tabs)))
                took = time.perf_counter() - started
                await browser.close()
                return found, took

        found, self.took = asyncio.run(run())
        return found


def new_driver() -> Any:
    """Start Chromium as most projects do."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in FLAGS:
        options.add_argument(flag)
    return webdriver.Chrome(options=options, service=Service(CHROMEDRIVER))


def soup_records(html: str) -> int:
    """Read a page's quotes with BeautifulSoup, as most projects do."""
    found = 0
    for quote in BeautifulSoup(html, "lxml").select(".quote"):
        text, author = quote.select_one(".text"), quote.select_one(".author")
        tags = [tag.get_text() for tag in quote.select(".tag")]
        found += bool(text and author and all(tags))
    return found


def measure(way: Callable[[range], int], pages: int, rounds: int, warm: bool = True) -> float:
    """Return pages/s, the median of the rounds; end the benchmark when records are missing."""
    if warm:
        way(range(1, 3))
    rates = []
    for _ in range(rounds):
        started = time.perf_counter()
        found = way(range(1, pages + 1))
        took = time.perf_counter() - started
        if found != pages * PER_PAGE:
            sys.exit(f"{way} found {found} records, expected {pages * PER_PAGE}")
        rates.append(pages / took)
    close = getattr(way, "close", None)
    if close:
        close()
    return statistics.median(rates)


def main() -> None:
    """Run every way in turn and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=40, help="pages a round (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    options = parser.parse_args()
    size = ["--quotes", str(options.pages * PER_PAGE), "--quotes-per-page", str(PER_PAGE), "--books", "1"]
    command = [sys.executable, "-m", "scraper.practice", "--port", "0", *size]
    with (
        tempfile.TemporaryDirectory(prefix="swathe-bench-") as folder,
        subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as server,
    ):
        assert server.stdout is not None
        ways = Ways(server.stdout.readline().strip(), Path(folder))
        many, few, rounds = options.pages, max(3, options.pages // 10), options.rounds
        rates = {name: measure(getattr(ways, name), many, rounds) for name in ("html", "data", "api")}
        rates["one driver"] = measure(ways.one_driver(), many, rounds)
        rates["browser x1"] = measure(ways.pool(1, "quotes/js/page/{}/"), many, rounds)
        rates["new driver"] = measure(ways.new_driver, few, 1, warm=False)
        try:
            ways.playwright(range(1, many + 1))
            rates["playwright x4"] = many / ways.took
        except ImportError:
            print("playwright is not installed: its row is left out")
        rates["wait: x1"] = measure(ways.pool(1, "js/xhr-slow/?page={}"), many, 1)
        rates["wait: x4"] = measure(ways.pool(4, "js/xhr-slow/?page={}"), many, rounds)
        server.terminate()
    print(f"\n{many} pages of {PER_PAGE} quotes, {rounds} rounds, median")
    print(f"{'way':<15}{'pages/s':>9}{'of one driver':>15}{'of a new driver a page':>24}")
    for name, rate in rates.items():
        print(f"{name:<15}{rate:>9.1f}{rate / rates['one driver']:>13.1f} x{rate / rates['new driver']:>22.0f} x")
    print(f"pool of 4 to pool of 1 where pages wait: {rates['wait: x4'] / rates['wait: x1']:.1f} x")


if __name__ == "__main__":
    main()
