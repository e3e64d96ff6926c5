"""How fast pages that need JavaScript are read in each way: pages/s, and ratios to the usual ways in the same run.

    python benchmarks/rendering.py
    python benchmarks/rendering.py --pages 40 --rounds 3
    python benchmarks/rendering.py --soak 500                    # memory over 500 pages of our pool, and what is left
    pip install playwright && python benchmarks/rendering.py     # with Playwright's row

Every way fetches the same pages of a practice site (in a process of its own) over HTTP and reads the quotes on them; it
must find them all. `fetch` is one requests.Session. Browsers are started before they are timed, except in "new driver".

    html           the static page: fetch, read_item
    data           the page whose script holds the data: fetch, data inside the page, read_data
    api            the API behind the scrolling page: fetch, read_data
    one driver     the usual way on the page whose script holds the data: one reused driver, page_source, BeautifulSoup
    browser x1     the same page in our pool of one driver, read_item
    shell x1       the same with a Chromium without windows, where one is installed
    pictures: ...  the same two on pages with a picture of 48 KB to each quote, as a shop's list has them
    new driver     a new Selenium driver for each page
    playwright x4  Playwright's async API with four pages, content(), BeautifulSoup (where it is installed)
    wait: x1, x4   our pool of one and of four drivers on pages that wait 500 ms for their data
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import psutil  # noqa: E402
import requests  # noqa: E402
from bs4 import BeautifulSoup  # noqa: E402
from scrapy.http import HtmlResponse, JsonResponse  # noqa: E402

from models.record import Found  # noqa: E402
from scraper.core.config import load_config  # noqa: E402
from scraper.fetch.browser.installed import SHELLS, first_of  # noqa: E402
from scraper.fetch.browser.job import PageJob  # noqa: E402
from scraper.fetch.browser.pool import BrowserPool  # noqa: E402
from scraper.fetch.browser.processes import memory_mb, session_of  # noqa: E402
from scraper.page_data import data_in, record_lists  # noqa: E402
from scraper.select import each  # noqa: E402
from spiders.quotes import QuotesSpider  # noqa: E402

PER_PAGE = 10
CHUNK, SOAK_STEP = 5, 50
SCRIPT_PAGE, PICTURE_PAGE, WAITING_PAGE = "quotes/js/page/{}/", "js/portraits/?page={}", "js/xhr-slow/?page={}"
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
            lists = [entries for data in data_in(page.text) for entries in record_lists(data)]
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

    def pool(self, drivers: int, path: str, chromium: str = "") -> Callable[[range], int]:
        """Return a way that renders pages in our pool, with the Chromium that it finds or is given."""
        rendering = load_config().rendering.model_copy(update={"drivers": drivers, "chromium": chromium})
        pool = BrowserPool(rendering, self.data_dir)

        def read(numbers: range) -> int:
            jobs = [pool.submit(PageJob(f"{self.site}{path.format(number)}", wait_for=".quote")) for number in numbers]
            # Each is read while the pool goes on with the next, as in a crawl.
            pages = (job.result() for job in jobs)
            return sum(self._items(HtmlResponse(page.url, body=page.body, encoding="utf-8")) for page in pages)

        read.close = pool.close  # type: ignore[attr-defined]
        return read

    def one_driver(self, path: str) -> Callable[[range], int]:
        """Return the way of one reused driver."""
        driver = new_driver()

        def read(numbers: range) -> int:
            return sum(self._selenium(driver, number, path) for number in numbers)

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

    def _selenium(self, driver: Any, number: int, path: str = SCRIPT_PAGE) -> int:
        driver.get(self.site + path.format(number))
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


def pair(ways: dict[str, Callable[[range], int]], pages: int, rounds: int) -> dict[str, float]:
    """Return pages/s of each way, measured in turns of a few pages, so that all meet the same machine.

    Prints the processor's time a page as well, with the site's and the browsers'.
    """
    seconds, processor = dict.fromkeys(ways, 0.0), dict.fromkeys(ways, 0.0)
    for way in ways.values():
        way(range(1, 3))
    for _ in range(rounds):
        for start in range(1, pages + 1, CHUNK):
            numbers = range(start, min(start + CHUNK, pages + 1))
            for name, way in ways.items():
                used, started = processor_s(), time.perf_counter()
                found = way(numbers)
                seconds[name] += time.perf_counter() - started
                processor[name] += processor_s() - used
                if found != len(numbers) * PER_PAGE:
                    sys.exit(f"{name} found {found} records, expected {len(numbers) * PER_PAGE}")
    for way in ways.values():
        way.close()  # type: ignore[attr-defined]
    for name, used in processor.items():
        print(f"{name}: {used / rounds / pages * 1000:.1f} ms of the processor a page")
    return {name: rounds * pages / took for name, took in seconds.items()}


def soak(ways: Ways, pages: int, data_dir: Path) -> None:
    """Print the memory of this process and of the pool's browsers while pages go by; end when a process is left."""
    way = ways.pool(2, PICTURE_PAGE)
    held: list[tuple[float, float]] = []
    for start in range(0, pages, SOAK_STEP):
        for number in range(start, start + SOAK_STEP, 2):
            way(range(number % 38 + 1, number % 38 + 3))
        browsers = sum(memory_mb(int(record["processes"][0]["pid"])) for record in records_in(data_dir))
        held.append((own_mb(), browsers))
        print(f"after {start + SOAK_STEP:>4} pages: {held[-1][0]:>5.0f} MB here, {browsers:>5.0f} MB in the browsers")
    sessions = [record["session"] for record in records_in(data_dir)]
    way.close()  # type: ignore[attr-defined]
    left = [member.command() for session in sessions for member in session_of(session)]
    here, there = (held[-1][place] / held[1][place] for place in (0, 1))
    print(f"the last to the second: {here:.2f} x here, {there:.2f} x in the browsers")
    print(f"processes left: {len(left)}")
    if left:
        sys.exit("\n".join(left))


def processor_s() -> float:
    """Return the seconds of the processor that this process and all that it has started have used."""
    used = 0.0
    for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):  # it ended; its parent has its time
            used += sum(process.cpu_times()[:4])
    return used


def own_mb() -> float:
    """Return the resident memory of this process alone, in megabytes."""
    return psutil.Process().memory_info().rss / 2**20


def records_in(data_dir: Path) -> list[dict[str, Any]]:
    """Return what the pool has noted of its running drivers."""
    return [json.loads(path.read_text()) for path in (data_dir / "browsers").glob("*.json")]


def main() -> None:
    """Run every way in turn and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=40, help="pages a round (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--soak", type=int, metavar="PAGES", help="only render so many pages and show the memory")
    options = parser.parse_args()
    size = ["--quotes", str(options.pages * PER_PAGE), "--quotes-per-page", str(PER_PAGE), "--books", "1"]
    command = [sys.executable, "-m", "practice", "--port", "0", *size]
    with (
        tempfile.TemporaryDirectory(prefix="swathe-bench-") as folder,
        subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT / "tests", text=True) as server,
    ):
        assert server.stdout is not None
        ways = Ways(server.stdout.readline().strip(), Path(folder))
        if options.soak:
            soak(ways, options.soak, Path(folder))
            server.terminate()
            return
        shell = first_of(SHELLS) or ""
        many, few, rounds = options.pages, max(3, options.pages // 10), options.rounds
        rates = {name: measure(getattr(ways, name), many, rounds) for name in ("html", "data", "api")}
        for title, path in (("", SCRIPT_PAGE), ("pictures: ", PICTURE_PAGE)):
            turns = {f"{title}one driver": ways.one_driver(path), f"{title}browser x1": ways.pool(1, path)}
            if shell:
                turns[f"{title}shell x1"] = ways.pool(1, path, shell)
            rates |= pair(turns, many, rounds)
        rates["new driver"] = measure(ways.new_driver, few, 1, warm=False)
        try:
            ways.playwright(range(1, many + 1))
            rates["playwright x4"] = many / ways.took
        except ImportError:
            print("playwright is not installed: its row is left out")
        rates["wait: x1"] = measure(ways.pool(1, WAITING_PAGE), many, 1)
        rates["wait: x4"] = measure(ways.pool(4, WAITING_PAGE), many, rounds)
        server.terminate()
    print(f"\n{many} pages of {PER_PAGE} quotes, {rounds} rounds, median")
    print(f"{'way':<21}{'pages/s':>9}{'of one driver':>15}{'of a new driver a page':>24}")
    for name, rate in rates.items():
        print(f"{name:<21}{rate:>9.1f}{rate / rates['one driver']:>13.1f} x{rate / rates['new driver']:>22.0f} x")
    for title in ("", "pictures: "):
        ratio = rates[f"{title}browser x1"] / rates[f"{title}one driver"]
        print(f"{title}pool of 1 to one plain driver: {ratio:.2f} x")
        if shell:
            ratio = rates[f"{title}shell x1"] / rates[f"{title}browser x1"]
            print(f"{title}Chromium without windows to the full one: {ratio:.2f} x")
    print(f"pool of 4 to pool of 1 where pages wait: {rates['wait: x4'] / rates['wait: x1']:.1f} x")


if __name__ == "__main__":
    main()
