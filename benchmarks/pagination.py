"""How much sooner a list whose number of pages is known is read than page after page: as a ratio in the same run.

    python benchmarks/pagination.py
    python benchmarks/pagination.py --pages 50 --latency-ms 50 --concurrency 8 --rounds 5

Two variants of one crawl run in turn, each in a process of its own, full pipeline, into an empty database. They read
the same list of a practice site that answers after the latency; only the line that declares the pagination differs.

    chain          NextLink("li.next a"): each page is asked for when the one before has arrived
    side by side   the same, with last=".state", where the site states "Page 1 of 50"

The time is from the first request for a page of the list to the last answer, as the site sees it.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from practice import PracticeServer, enlarge, load_site  # noqa: E402

from models.quotes import Quote  # noqa: E402
from scraper.paging import NextLink  # noqa: E402
from scraper.select import first, texts  # noqa: E402
from scraper.spider import SiteSpider  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIANTS = ("chain", "side by side")
PER_PAGE = 10


class Chain(SiteSpider):
    """Reads a list page after page."""

    name = "chain"
    start_url = "http://127.0.0.1:9/"
    records = (Quote,)
    items = ".quote"
    pagination = NextLink("li.next a")

    def read_item(self, page: Any, item: Any) -> Iterator[Any]:
        """Read a quote."""
        yield Quote.found(
            page, text=first(item, ".text::text"), author=first(item, ".author::text"), tags=texts(item, ".tag::text")
        )


class SideBySide(Chain):
    """Reads a list whose number of pages is stated."""

    name = "side by side"
    pagination = NextLink("li.next a", last=".state")


def crawl_once(variant: str, options: argparse.Namespace, data_dir: Path) -> float:
    """Crawl in a process of its own and return the seconds that the site saw."""
    environ = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}:{ROOT / 'benchmarks'}",
        "SCRAPY_SETTINGS_MODULE": "scraper.settings",
        "SWATHE_MONGODB_DATA_DIR": str(data_dir),
        "SWATHE_MONGODB_DATABASE": f"b{os.urandom(4).hex()}",
        "SWATHE_CRAWL_CONCURRENCY": str(options.concurrency),
    }
    site = enlarge(load_site(), quotes=options.pages * PER_PAGE, books=1, quotes_per_page=PER_PAGE, authors=20)
    with PracticeServer(site, latency_ms=options.latency_ms) as server:
        command = [sys.executable, "-m", "scrapy", "crawl", variant, "-a", f"start={server.url}lists/stated-next/"]
        settings = ["-s", "SPIDER_MODULES=pagination", "-s", "LOG_ENABLED=0"]
        done = subprocess.run([*command, *settings], env=environ, cwd=ROOT, capture_output=True, text=True, check=False)
        asked = [request.at_s for request in server.requests if request.path.startswith("/lists/")]
    if done.returncode or f"{options.pages * PER_PAGE} new" not in done.stderr:
        sys.exit(f"the crawl '{variant}' ended with {done.returncode}: {done.stderr}")
    return float(max(asked) - min(asked) + options.latency_ms / 1000)


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("pages", 50), ("latency-ms", 50), ("concurrency", 8), ("rounds", 5)):
        parser.add_argument(f"--{name}", type=int, default=default, help="default: %(default)s")
    options = parser.parse_args()
    seconds: dict[str, list[float]] = {variant: [] for variant in VARIANTS}
    with tempfile.TemporaryDirectory(prefix="swathe-bench-") as folder:
        for _ in range(options.rounds):
            for variant in VARIANTS:
                seconds[variant].append(crawl_once(variant, options, Path(folder)))
    ratios = [slow / fast for slow, fast in zip(*seconds.values(), strict=True)]
    print(f"{options.pages} pages, {options.latency_ms} ms, concurrency {options.concurrency}, {options.rounds} rounds")
    print(f"{'variant':<14}{'median s':>10}{'pages/s':>10}{'sooner by':>11}")
    for variant in VARIANTS:
        middle = statistics.median(seconds[variant])
        ratio = statistics.median(ratios) if variant != "chain" else 1.0
        print(f"{variant:<14}{middle:>10.2f}{options.pages / middle:>10.0f}{ratio:>9.2f} x")


if __name__ == "__main__":
    main()
